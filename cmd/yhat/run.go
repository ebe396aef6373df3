package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
	"time"

	"yhat/io/table"
	"yhat/pipeline"
	"yhat/pipeline/flow"
)

// scoring is one run of yhat score: the job, where it reads and writes, and
// what is open while it runs.
type scoring struct {
	ui   *ui
	job  *pipeline.Job
	in   *inputs
	out  *outputs
	bar  *progress
	sink *closeOnce
	// rejected is what went to --rejects, once it is published.
	rejected *table.Output
	watching

	when   string        // --progress
	expect int64         // rows, or -1
	most   time.Duration // that the run may take; 0: any
	digest string        // of the flags that decide what is written
}

// readScoring reads all flags of yhat score.
func readScoring(ctx context.Context, u *ui, s *settings) (*scoring, error) {
	r := &scoring{ui: u, job: readJob(u, s)}
	r.in = readInputs(ctx, u, s, r.job.Workers)
	r.out = readOutputs(u, s, r.job.Workers)
	r.expect, r.most = s.whole("expect-rows", -1, 0), s.duration("max-duration")
	r.when, r.digest = s.choice("progress", "auto", "auto", "always", "never"), s.digest()
	r.watching = readWatch(s)
	if s.yes("json", false) && !s.yes("plan", false) {
		s.refuseUse("--json goes with --plan; a run tells JSON by --report and --summary")
	}
	if s.err != nil {
		return nil, s.err
	}
	var err error
	r.job.Kernel, err = chooseKernel()
	return r, err
}

// run scores and publishes: rejects, output, report, in this order. The report
// is written also when the run fails, unless it was asked for wrongly.
func (r *scoring) run(ctx context.Context) error {
	report, began := emptyReport(r.job), time.Now()
	limited, stop := r.limit(ctx)
	defer stop()
	err := flow.Try(func() error { return r.score(limited, &report) })
	report.Clock(began)
	return r.finish(ctx, report, err)
}

// finish tells machines how a run ended, and gives the error that it ends with.
func (r *scoring) finish(ctx context.Context, report *pipeline.Report, err error) error {
	code := exitCode(ctx, err)
	if code == 64 {
		return err
	}
	if err != nil {
		report.Error, report.ExitCode, report.Output = explain(err, code), code, nil
	}
	if r.out.report != "" {
		err = r.after(err, "report", r.writeReport(report))
	}
	if r.out.metrics != "" {
		err = r.after(err, "metrics", r.publish(r.out.metrics, metricsText(report, exitCode(ctx, err))))
	}
	if r.out.summary {
		err = r.after(err, "summary", r.writeSummary(report, exitCode(ctx, err)))
	}
	return err
}

// neverBegan tells machines of a run whose job file cannot be used, as far as
// the other flags say where.
func neverBegan(ctx context.Context, u *ui, s *settings, err error) error {
	kernel, bad := chooseKernel()
	if bad != nil {
		return err
	}
	job := &pipeline.Job{Kernel: kernel, Workers: s.workers(), About: pipeline.About{ModelPath: s.text("model"), Version: release, RunID: u.runID}}
	job.BlockSize = s.blockSize(job.Workers)
	job.Ahead = s.ahead(job.Workers, job.BlockSize)
	r := &scoring{ui: u, job: job, out: &outputs{report: s.text("report"), metrics: s.text("metrics"), summary: s.yes("summary", false)}}
	return r.finish(ctx, emptyReport(job), err)
}

// after adds what went wrong in telling about a run to how the run ended,
// which goes before it.
func (r *scoring) after(err error, what string, failed error) error {
	if failed == nil {
		return err
	}
	if failed = fmt.Errorf("%s: %w", what, failed); !errors.Is(failed, table.ErrIO) {
		failed = fmt.Errorf("%w: %w", table.ErrIO, failed)
	}
	if err == nil {
		return failed
	}
	r.ui.log.Error(oneLine(failed.Error()))
	return err
}

// score does the work up to the publication of the output, or of a folder of
// outputs.
func (r *scoring) score(ctx context.Context, report **pipeline.Report) error {
	if err := r.prepare(*report); err != nil {
		return err
	}
	if r.out.folder {
		return r.scoreFolder(ctx, *report)
	}
	r.bar = r.ui.newProgress(r.when, r.in.paths, r.out.path == "-")
	defer r.bar.done()
	return r.scoreStream(ctx, report)
}

// scoreStream scores the inputs as one stream into one output.
func (r *scoring) scoreStream(ctx context.Context, report **pipeline.Report) error {
	started := time.Now()
	hash := r.out.report != "" || r.out.summary || r.out.folder
	out, err := r.create(ctx, r.out.path, table.OutputOptions{FS: r.ui.fs, Stdout: r.ui.stdout, Hash: hash})
	if errors.Is(err, syscall.EISDIR) {
		return fmt.Errorf("%w; for an output for each input write %s/", err, r.out.path)
	} else if err != nil {
		return err
	}
	defer out.Discard()
	rejects, err := r.createRejects(ctx)
	if err != nil {
		return err
	}
	if rejects != nil {
		defer rejects.Discard()
		r.job.Bad.Rejects, r.rejected = rejects, rejects
	}
	if *report, err = r.walk(ctx, out); err == nil {
		err = r.judgeRows((*report).Rows.Read)
	}
	if err != nil {
		return errors.Join(err, publishRejects(rejects, err))
	}
	if err := publishRejects(rejects, nil); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	(*report).Output = r.out.told(out, (*report).Rows)
	r.tell(*report, time.Since(started))
	return nil
}

// emptyReport is what there is to tell before anything has been read.
func emptyReport(job *pipeline.Job) *pipeline.Report {
	return &pipeline.Report{
		Version: job.About.Version, RunID: job.About.RunID, Started: time.Now().UTC(),
		Model: pipeline.ReportModel{Path: job.About.ModelPath}, Inputs: []pipeline.ReportInput{}, Reasons: map[string]int64{},
		Features: map[string]*pipeline.Feature{}, Predictions: map[string]*pipeline.Predicted{},
		Kernel: job.Kernel.Name(), Workers: job.Workers, BlockSize: job.BlockSize,
	}
}

// prepare loads the model and finds the inputs.
func (r *scoring) prepare(report *pipeline.Report) error {
	weights, err := loadModel(r.job)
	if err != nil {
		return err
	}
	if err := r.watching.prepare(r.job); err != nil {
		return err
	}
	report.Model = pipeline.DescribeModel(r.job)
	if err := r.in.find(r.out.path, r.out.rejects, r.out.report, r.out.metrics); err != nil {
		return err
	}
	return r.out.checkInputs(r.in.paths, weights)
}

// createRejects makes the file of --rejects, for its owner's eyes alone.
func (r *scoring) createRejects(ctx context.Context) (*table.Output, error) {
	if r.out.rejects == "" {
		return nil, nil
	}
	return r.create(ctx, r.out.rejects, table.OutputOptions{FS: r.ui.fs, Stdout: r.ui.stdout, Private: true, Hash: r.out.folder})
}

// walk runs the job into the open output.
func (r *scoring) walk(ctx context.Context, out *table.Output) (*pipeline.Report, error) {
	w := &writer{out: out}
	r.job.Inputs, r.job.Open, r.job.Progress = r.in.paths, r.in.open, r.bar.show
	r.job.Raw, r.job.Words = r.out.raw, r.out.words
	r.job.Create = func(l table.Layout, first table.Source) (table.Sink, error) {
		var err error
		if r.sink, err = r.out.sink(w, l, first); err != nil {
			return nil, err
		}
		return r.sink, nil
	}
	report, err := pipeline.Run(ctx, r.job)
	if err != nil && r.sink != nil {
		w.shut = true
		r.sink.Close()
	}
	return report, err
}

// publishRejects publishes the rejects of a run that succeeded, or that found
// the data too bad: then they say why. Otherwise they are dropped.
func publishRejects(rejects *table.Output, err error) error {
	if rejects == nil || err != nil && (!errors.Is(err, table.ErrData) || rejects.Bytes() == 0) {
		return nil
	}
	return rejects.Commit()
}

// writeReport publishes the report.
func (r *scoring) writeReport(report *pipeline.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return r.publish(r.out.report, append(text, '\n'))
}

// tell says to a person who watches what was done.
func (r *scoring) tell(report *pipeline.Report, took time.Duration) {
	if !r.ui.chatty() {
		return
	}
	rows := report.Rows
	line := fmt.Sprintf("%s rows in %s (%s rows/s) to %s", count(rows.Read), took.Round(time.Millisecond),
		count(int64(float64(rows.Read)/took.Seconds())), placeName(r.out.path))
	if rows.Rejected > 0 {
		line += fmt.Sprintf("; %s rejected", count(rows.Rejected))
	}
	if rows.Null > 0 {
		line += fmt.Sprintf("; %s without a prediction", count(rows.Null))
	}
	if e := report.Explanations; e != nil && e.Failed > 0 {
		line += fmt.Sprintf("; %s without reasons", count(e.Failed))
	}
	r.ui.log.Info(line)
}
