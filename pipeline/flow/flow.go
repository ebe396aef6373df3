// Package flow is the ordered parallel map, and the one place where yhat
// starts goroutines: one fills, some work, and the caller drains, in order.
//
// Libraries start goroutines of their own for zstd and gzip streams, for
// signals and for gonum's L-BFGS; each is owned by the value or the call that
// started it and ends with it.
package flow

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
)

// Panic is a panic of a step, caught and returned as an error.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("internal error: %v", p.Value) }

// Steps are what happens to a ticket on its way round.
type Steps[T any] struct {
	// Fill makes a ticket ready. It runs in one goroutine, ticket after
	// ticket; io.EOF ends the flow.
	Fill func(*T) error
	// Work changes a ticket, on any of the workers.
	Work func(worker int, t *T) error
	// Drain takes the tickets in the order they were filled, in the caller's
	// goroutine. ErrStop ends the flow without an error.
	Drain func(*T) error
	// Stop runs in Fill's goroutine after the last Fill, whatever happened.
	Stop func()
}

// ErrStop is returned by Drain when nothing more is wanted.
var ErrStop = fmt.Errorf("stop")

// slot is a ticket with what became of it.
type slot[T any] struct {
	ticket *T
	err    error
	done   chan struct{}
}

// Map sends the tickets round through the steps until Fill returns io.EOF or
// something fails. No more than len(tickets) are under way at any time, so
// they bound the memory. The error returned is the first in the order of
// filling: everything before it has been drained, whatever the workers did.
//
// When ctx is cancelled Map returns its cause as soon as every step that runs
// has returned: a Fill that may block must watch ctx itself.
func Map[T any](ctx context.Context, workers int, tickets []*T, steps Steps[T]) error {
	inner, cancel := context.WithCancel(ctx)
	free := make(chan *slot[T], len(tickets))
	todo := make(chan *slot[T], len(tickets))
	queue := make(chan *slot[T], len(tickets))
	for _, t := range tickets {
		free <- &slot[T]{ticket: t, done: make(chan struct{}, 1)}
	}
	var filling, working sync.WaitGroup
	filling.Go(func() { fill(inner, steps, free, todo, queue) })
	for w := range workers {
		working.Go(func() { work(inner, w, steps.Work, todo) })
	}
	err := drain(ctx, steps.Drain, queue, free)
	cancel()
	filling.Wait()
	working.Wait()
	return err
}

// fill cuts tickets until the end or an error, which travels in its place.
func fill[T any](ctx context.Context, steps Steps[T], free, todo, queue chan *slot[T]) {
	defer close(queue)
	defer close(todo)
	if steps.Stop != nil {
		defer steps.Stop()
	}
	for {
		var s *slot[T]
		select {
		case s = <-free:
		case <-ctx.Done():
			return
		}
		s.err = Try(func() error { return steps.Fill(s.ticket) })
		if s.err == io.EOF || ctx.Err() != nil {
			return
		}
		queue <- s
		if s.err != nil {
			s.done <- struct{}{}
			return
		}
		todo <- s
	}
}

// work handles tickets until there are no more.
func work[T any](ctx context.Context, worker int, step func(int, *T) error, todo chan *slot[T]) {
	for {
		select {
		case <-ctx.Done():
			return
		case s, more := <-todo:
			if !more {
				return
			}
			s.err = Try(func() error { return step(worker, s.ticket) })
			s.done <- struct{}{}
		}
	}
}

// drain takes the tickets in order and frees them.
func drain[T any](ctx context.Context, step func(*T) error, queue, free chan *slot[T]) error {
	for {
		var s *slot[T]
		var more bool
		select {
		case s, more = <-queue:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if !more { // the end, or a Fill that saw ctx end first
			return context.Cause(ctx)
		}
		select {
		case <-s.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if s.err != nil {
			return s.err
		}
		if err := Try(func() error { return step(s.ticket) }); err == ErrStop {
			return nil
		} else if err != nil {
			return err
		}
		free <- s
	}
}

// Each runs f(0) … f(n-1) on up to workers goroutines and returns the error of
// the lowest index. It returns when all have ended.
func Each(ctx context.Context, workers, n int, f func(i int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range min(workers, n) {
		group.Go(func() {
			for i := range next {
				if errs[i] = context.Cause(ctx); errs[i] == nil {
					errs[i] = Try(func() error { return f(i) })
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Abort is the value of a panic that is meant as an error: code that a library
// calls, such as an allocator, has no other way to return one.
type Abort interface{ Abort() error }

// Try runs f and returns a panic of it as an error.
func Try(f func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case Abort:
			err = v.Abort()
		default:
			err = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}
