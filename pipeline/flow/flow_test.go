package flow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"yhat/pipeline/flow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// job is a ticket of the tests: a number that work squares.
type job struct{ n, square int }

func tickets(n int) []*job {
	all := make([]*job, n)
	for i := range all {
		all[i] = new(job)
	}
	return all
}

// count fills tickets with 0 … n-1.
func count(n int) func(*job) error {
	next := 0
	return func(t *job) error {
		if next == n {
			return io.EOF
		}
		t.n = next
		next++
		return nil
	}
}

func TestOrderIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "tickets filled")
		workers := rapid.IntRange(1, 8).Draw(t, "workers")
		slots := rapid.IntRange(1, 10).Draw(t, "slots")
		var got []int
		err := flow.Map(context.Background(), workers, tickets(slots), flow.Steps[job]{
			Fill:  count(n),
			Work:  func(_ int, j *job) error { j.square = j.n * j.n; return nil },
			Drain: func(j *job) error { got = append(got, j.square); return nil },
		})
		if err != nil || len(got) != n {
			t.Fatalf("%d drained, error %v; want %d", len(got), err, n)
		}
		for i, s := range got {
			if s != i*i {
				t.Fatalf("ticket %d came out as %d", i, s)
			}
		}
	})
}

// The error that counts is the first in the order of filling, however late its
// worker is, and all before it is drained.
func TestFirstErrorInOrderWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drained := 0
		err := flow.Map(t.Context(), 4, tickets(6), flow.Steps[job]{
			Fill: count(50),
			Work: func(_ int, j *job) error {
				if j.n == 3 {
					time.Sleep(time.Second)
					return errors.New("three")
				}
				if j.n > 3 {
					return fmt.Errorf("ticket %d", j.n)
				}
				return nil
			},
			Drain: func(*job) error { drained++; return nil },
		})
		if err == nil || err.Error() != "three" || drained != 3 {
			t.Errorf("error %v after %d tickets; want three after 3", err, drained)
		}
	})
}

func TestFillErrorComesAfterWhatWasFilled(t *testing.T) {
	broken := errors.New("disk")
	fill, drained, stopped := count(5), 0, false
	err := flow.Map(t.Context(), 2, tickets(4), flow.Steps[job]{
		Fill: func(j *job) error {
			if err := fill(j); err != nil {
				return broken
			}
			return nil
		},
		Work:  func(int, *job) error { return nil },
		Drain: func(*job) error { drained++; return nil },
		Stop:  func() { stopped = true },
	})
	if !errors.Is(err, broken) || drained != 5 || !stopped {
		t.Errorf("error %v, %d drained, stopped %v", err, drained, stopped)
	}
}

func TestStopEndsWithoutError(t *testing.T) {
	drained := 0
	err := flow.Map(t.Context(), 2, tickets(4), flow.Steps[job]{
		Fill: count(1 << 30),
		Work: func(int, *job) error { return nil },
		Drain: func(*job) error {
			if drained++; drained == 7 {
				return flow.ErrStop
			}
			return nil
		},
	})
	if err != nil || drained != 7 {
		t.Errorf("error %v after %d", err, drained)
	}
}

func TestNoMoreTicketsThanGiven(t *testing.T) {
	var alive, most atomic.Int32
	err := flow.Map(t.Context(), 3, tickets(5), flow.Steps[job]{
		Fill: func() func(*job) error {
			fill := count(500)
			return func(j *job) error {
				if err := fill(j); err != nil {
					return err
				}
				most.Store(max(most.Load(), alive.Add(1)))
				return nil
			}
		}(),
		Work:  func(int, *job) error { return nil },
		Drain: func(*job) error { alive.Add(-1); return nil },
	})
	if err != nil || most.Load() > 5 {
		t.Errorf("error %v, %d tickets alive at once", err, most.Load())
	}
}

func TestCancelEndsEveryStep(t *testing.T) {
	gone := errors.New("signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := false
	err := flow.Map(ctx, 2, tickets(4), flow.Steps[job]{
		Fill:  func(*job) error { cancel(gone); <-ctx.Done(); return ctx.Err() },
		Work:  func(int, *job) error { return nil },
		Drain: func(*job) error { return nil },
		Stop:  func() { stopped = true },
	})
	if !errors.Is(err, gone) || !stopped {
		t.Errorf("error %v, want the cause; stopped %v", err, stopped)
	}
}

// A Fill that sees the end of its context may close the flow while the drain is
// busy, which then finds both at once: the run must not pass for complete.
func TestCancelIsNeverSuccess(t *testing.T) {
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		closing := make(chan struct{})
		filled := false
		err := flow.Map(ctx, 2, tickets(3), flow.Steps[job]{
			Fill: func(*job) error {
				if filled {
					cancel()
					return context.Cause(ctx)
				}
				filled = true
				return nil
			},
			Work: func(int, *job) error { return nil },
			Drain: func(*job) error {
				<-closing
				time.Sleep(100 * time.Microsecond)
				return nil
			},
			Stop: func() { close(closing) },
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	steps := flow.Steps[job]{
		Fill:  count(5),
		Work:  func(int, *job) error { return nil },
		Drain: func(*job) error { return nil },
	}
	bad := map[string]func(flow.Steps[job]) flow.Steps[job]{
		"fill":  func(s flow.Steps[job]) flow.Steps[job] { s.Fill = func(*job) error { panic("x") }; return s },
		"work":  func(s flow.Steps[job]) flow.Steps[job] { s.Work = func(int, *job) error { panic("x") }; return s },
		"drain": func(s flow.Steps[job]) flow.Steps[job] { s.Drain = func(*job) error { panic("x") }; return s },
	}
	for name, change := range bad {
		err := flow.Map(t.Context(), 2, tickets(3), change(steps))
		if p, ok := errors.AsType[*flow.Panic](err); !ok || len(p.Stack) == 0 {
			t.Errorf("%s: error %v, want a panic with its stack", name, err)
		}
	}
}

// A step that runs when the flow ends is waited for: what it holds may be freed.
func TestNothingRunsAfterTheEnd(t *testing.T) {
	broken := errors.New("disk")
	for _, slow := range []string{"fill", "work"} {
		synctest.Test(t, func(t *testing.T) {
			var running atomic.Int32
			sleep := func(step string, n int) {
				if step == slow && n > 0 {
					running.Add(1)
					time.Sleep(time.Hour)
					running.Add(-1)
				}
			}
			fill := count(2)
			err := flow.Map(t.Context(), 2, tickets(3), flow.Steps[job]{
				Fill:  func(j *job) error { err := fill(j); sleep("fill", j.n); return err },
				Work:  func(_ int, j *job) error { sleep("work", j.n); return nil },
				Drain: func(*job) error { time.Sleep(time.Second); return broken },
			})
			if !errors.Is(err, broken) || running.Load() != 0 {
				t.Errorf("error %v while %d of %s run", err, running.Load(), slow)
			}
		})
	}
}

type full struct{ error }

func (f full) Abort() error { return f.error }

func TestAbortIsItsError(t *testing.T) {
	limit := errors.New("too much memory")
	if err := flow.Try(func() error { panic(full{limit}) }); err != limit {
		t.Errorf("error %v, want %v", err, limit)
	}
}

func TestEachReturnsTheLowestError(t *testing.T) {
	for name, c := range map[string]struct {
		fails func(i int) bool
		want  string
	}{
		"several":  {func(i int) bool { return i%7 == 4 }, "index 4"},
		"the last": {func(i int) bool { return i == 19 }, "index 19"},
	} {
		var ran atomic.Int32
		err := flow.Each(t.Context(), 3, 20, func(i int) error {
			ran.Add(1)
			if c.fails(i) {
				return fmt.Errorf("index %d", i)
			}
			return nil
		})
		if err == nil || err.Error() != c.want || ran.Load() != 20 {
			t.Errorf("%s: error %v after %d calls", name, err, ran.Load())
		}
	}
}

func TestEachUsesEveryWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := flow.Each(t.Context(), 3, 6, func(int) error { time.Sleep(time.Minute); return nil })
		if took := time.Since(start); err != nil || took != 2*time.Minute {
			t.Errorf("6 calls of a minute by 3 workers took %v, error %v", took, err)
		}
	})
}
