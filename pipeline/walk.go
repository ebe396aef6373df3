package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline/flow"
)

// Run scores the job's inputs into the sink that the job creates. It returns
// a report also when it fails, as far as it came. Errors are table's kinds and
// *table.RowError; the output is for the caller to publish or discard.
func Run(ctx context.Context, job *Job) (*Report, error) {
	report := newReport(job)
	var err error
	if job.Precision == 64 {
		err = run[float64](ctx, job, report, nil)
	} else {
		err = run[float32](ctx, job, report, nil)
	}
	report.finish(job)
	return report, err
}

// walk is a run under way. Its fields belong to the goroutine of one step.
type walk[T nn.Float] struct {
	job    *Job
	scorer *scorer[T]
	cutter *cutter
	end    *end[T]
}

// run is the plot: make the network ready, open the first input, bind it, make
// the sink, and let the blocks go round.
func run[T nn.Float](ctx context.Context, job *Job, report *Report, verifier *verifier) error {
	cutter := &cutter{job: job, input: &input{}}
	columns, err := cutter.features()
	if err != nil {
		return err
	}
	scorer, err := newScorer[T](job, columns)
	if err != nil {
		cutter.close()
		return err
	}
	report.Explanations = scorer.explaining.told()
	if err := cutter.bind(scorer.card, scorer.sources, verifier.stored(scorer.columns)); err != nil {
		return err
	}
	layout := table.Layout{Kept: cutter.binder.kept, Made: scorer.layout()}
	if job.plan != nil {
		job.plan.bound(scorer.card, cutter.input.binding, cutter.input.info, layout)
	}
	if scorer.sink, err = createSink(job, scorer.columns, layout, cutter, verifier); err != nil {
		cutter.close()
		return err
	}
	end := newEnd[T](job, report, scorer, cutter.input)
	if err := end.start(); err != nil {
		cutter.close()
		return err
	}
	w := &walk[T]{job, scorer, cutter, end}
	err = w.flow(ctx)
	end.tell()
	if err == nil {
		if err := end.judgeEmpty(); err != nil {
			return err // not even a header is written
		}
	}
	// What was written before a failure is passed on, and compressors end.
	if closed := scorer.sink.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := end.judgeShare(); err != nil {
		return err
	}
	return end.judgeDrift()
}

// createSink checks the columns' names and makes the sink; a verifier is one.
func createSink(job *Job, c *columns, layout table.Layout, first *cutter, v *verifier) (table.Sink, error) {
	if v != nil {
		bound := first.input.binding
		v.slots, v.why = bound.extra, bound.why
		if v.why < 0 { // a later input may have it, as its last slot
			v.why = len(bound.request.Features)
		}
		return v, v.check()
	}
	if err := c.check(layout.Kept, layout.Made); err != nil {
		return nil, err
	}
	return job.Create(layout, first.source)
}

// flow sends the trips round.
func (w *walk[T]) flow(ctx context.Context) error {
	workers := make([]*worker[T], w.job.Workers)
	for i := range workers {
		workers[i] = w.scorer.newWorker()
	}
	trips := make([]*trip[T], w.trips())
	for i := range trips {
		trips[i] = w.scorer.newTrip()
	}
	defer func() {
		for _, t := range trips {
			t.release()
		}
		for _, w := range workers {
			w.desk.rows.Reset()
		}
	}()
	return flow.Map(ctx, w.job.Workers, trips, flow.Steps[trip[T]]{
		Fill:  w.cut,
		Work:  func(i int, t *trip[T]) error { return w.scorer.work(workers[i], t) },
		Drain: w.end.take,
		Stop:  w.cutter.close,
	})
}

// trips is how many blocks may be under way: one with each worker, one with
// each end. A page of Parquet holds many blocks, so that decoding and making
// pages comes in bursts; with more blocks the one goes on beside the other.
func (w *walk[T]) trips() int {
	n := w.job.Workers + 2
	if w.cutter.input.info.Format == table.Parquet {
		n += w.job.Ahead
	}
	return n
}

// cut fills a trip with the next block.
func (w *walk[T]) cut(t *trip[T]) error {
	clock := startClock()
	t.block.Release()
	var err error
	t.spent = stages{}
	t.from, err = w.cutter.next(&t.block)
	t.read, t.readHere = w.cutter.done+w.cutter.here, w.cutter.here
	clock.lap(&t.spent.cut)
	return err
}

// release frees what the trip holds outside Go's own memory.
func (t *trip[T]) release() {
	t.block.Release()
	t.rows.Reset()
	t.part.Release()
}

// input is one of the inputs of a walk. The running totals belong to the
// ordered end.
type input struct {
	index   int
	info    table.Info // as it was opened
	binding *binding
	rows    int64
	lines   int64
	bytes   int64 // of the decompressed stream
	read    int64 // as it lies on disk
}

// cutter cuts the inputs, one after the other, into blocks.
type cutter struct {
	job    *Job
	binder *binder
	source table.Source
	input  *input
	done   int64 // bytes of the inputs before this one
	here   int64 // bytes consumed of this one
}

// features are the columns that --features names; of all, those of the first
// input, which is opened for it.
func (c *cutter) features() ([]string, error) {
	if !c.job.Bind.All {
		return c.job.Bind.Features, nil
	}
	if err := c.open(); err != nil {
		return nil, err
	}
	return fieldNames(c.source.Fields()), nil
}

// open opens the first input, if it is not open yet.
func (c *cutter) open() (err error) {
	if len(c.job.Inputs) == 0 {
		return fmt.Errorf("%w: no input", table.ErrUsage)
	}
	if c.source == nil {
		c.source, err = c.job.Open(c.job.Inputs[0])
	}
	return err
}

// bind ties the features of a network to the first input.
func (c *cutter) bind(card *nn.Card, sources []string, extra stored) error {
	err := c.open()
	if err != nil {
		return err
	}
	if c.binder, c.input.binding, err = newBinder(c.job, card, sources, c.source, extra); err == nil {
		err = c.start()
	}
	if err != nil {
		c.close()
	}
	return err
}

// start tells the open source what is wanted.
func (c *cutter) start() error {
	c.input.info = c.source.Info()
	c.input.lines, c.input.bytes = c.input.info.HeadLines, c.input.info.HeadBytes
	return c.source.Start(c.input.binding.request)
}

// next cuts the next block, of this input or the one after it.
func (c *cutter) next(b *table.Block) (*input, error) {
	for {
		if c.source == nil {
			return nil, io.EOF
		}
		err := c.source.Next(b)
		c.here = c.source.Info().Bytes
		if !errors.Is(err, io.EOF) {
			return c.input, err
		}
		c.done, c.here = c.done+c.here, 0
		if err := c.advance(); err != nil {
			return c.input, err
		}
	}
}

// advance closes this input and opens the next, if there is one.
func (c *cutter) advance() error {
	c.close()
	next := c.input.index + 1
	if next == len(c.job.Inputs) {
		return nil
	}
	var err error
	if c.source, err = c.job.Open(c.job.Inputs[next]); err != nil {
		return err
	}
	c.input = &input{index: next}
	if c.input.binding, err = c.binder.bind(c.source); err != nil {
		return err
	}
	return c.start()
}

// close frees the open input.
func (c *cutter) close() {
	if c.source != nil {
		c.source.Close()
		c.source = nil
	}
}
