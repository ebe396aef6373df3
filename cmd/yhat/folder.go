package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"yhat/io/table"
	"yhat/pipeline"
)

// folder is a run that makes one output of each input. Its journal is locked
// while it runs; an output that the journal or the manifest tells of, made of
// the same input by the same model and flags, is not made again.
type folder struct {
	*scoring
	dir      string // with its slash
	files    table.FS
	journal  *table.Journal
	told     map[string]entry // by the manifest and the journal, by name of the output
	done     map[string]entry // of this run's inputs, those that are done
	report   *pipeline.Report // the sum of all outputs
	firstErr error            // of an input that could not be scored
}

// scoreFolder scores each input into an output of its own.
func (r *scoring) scoreFolder(ctx context.Context, report *pipeline.Report) error {
	f := &folder{scoring: r, dir: r.out.path, files: r.ui.files(), report: report, told: map[string]entry{}, done: map[string]entry{}}
	report.Files = &pipeline.ReportFiles{}
	tasks, err := r.plan()
	if err != nil {
		return err
	}
	if err := f.open(ctx); err != nil {
		return err
	}
	defer f.journal.Close()
	pending, err := f.pending(ctx, tasks)
	if err == nil && len(pending) > 0 {
		err = f.removeMark()
	}
	if err == nil {
		err = f.scoreAll(ctx, pending)
	}
	return f.finish(err, len(pending))
}

// open makes the folders, locks the outputs' and reads what is known of it.
func (f *folder) open(ctx context.Context) error {
	for _, dir := range []string{f.dir, f.out.rejects} {
		if err := f.makeFolder(dir); err != nil {
			return err
		}
	}
	var lines [][]byte
	err := f.patiently(ctx, func() (err error) {
		f.journal, lines, err = table.OpenJournal(f.dir+journalName, f.files)
		return err
	})
	if err != nil {
		return err
	}
	if err = readManifest(f.dir+manifestName, f.told); err == nil {
		addEntries(f.told, lines)
		err = table.SweepPartials(f.dir, f.files)
	}
	if err == nil && f.out.rejects != "" {
		err = table.SweepPartials(f.out.rejects, f.files)
	}
	if err != nil {
		f.journal.Close()
	}
	return err
}

// makeFolder makes a folder, but not the one that it stands in: that one may be
// what is not mounted.
func (f *folder) makeFolder(dir string) error {
	info, err := os.Stat(dir)
	if dir == "" || err == nil && info.IsDir() {
		return nil
	}
	if err = f.files.Mkdir(filepath.Clean(dir), 0o777); err == nil || errors.Is(err, fs.ErrExist) {
		err = f.files.SyncDir(filepath.Dir(filepath.Clean(dir)))
	}
	if err != nil {
		return table.CreateFault(dir, err)
	}
	return nil
}

// pending are the tasks that are not done.
func (f *folder) pending(ctx context.Context, tasks []task) ([]task, error) {
	var left []task
	for _, t := range tasks {
		e, ok := f.told[t.name]
		if ok && !f.out.force && t.err == nil {
			ok, err := f.isDone(ctx, t, &e)
			if err != nil {
				return nil, err
			}
			if ok {
				f.done[t.name] = e
				f.report.Files.DoneBefore++
				continue
			}
		}
		left = append(left, t)
	}
	return left, nil
}

// isDone reports whether an entry is what scoring the task would give again,
// and brings the input's path and age up to date in it.
func (f *folder) isDone(ctx context.Context, t task, e *entry) (bool, error) {
	if e.ModelSHA256 != f.job.About.ModelSHA256 || e.FlagsSHA256 != f.digest || e.Version != release {
		return false, nil
	}
	if e.SHA256 != "" {
		if ok, err := e.holds(ctx, f.dir+t.name); !ok {
			return false, err
		}
	}
	if e.Rejects != nil {
		if ok, err := e.Rejects.holds(ctx, f.rejectsOf(t)); !ok {
			return false, err
		}
	}
	now, err := sumInput(ctx, t.input)
	if err != nil {
		return false, stopping(err)
	}
	same := now.SHA256 == e.Input.SHA256
	e.Input = now
	return same, nil
}

// rejectsOf is the path of a task's rejects.
func (f *folder) rejectsOf(t task) string { return f.out.rejects + t.name + ".rejects.csv" }

// removeMark takes back that the folder is complete.
func (f *folder) removeMark() error {
	err := f.files.Remove(f.dir + successName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = f.files.SyncDir(f.dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %w", f.dir+successName, table.ErrIO, err)
	}
	return nil
}

// scoreAll scores the tasks one after the other. An input that cannot be scored
// is told, and the others go on; any other error ends the run.
func (f *folder) scoreAll(ctx context.Context, tasks []task) error {
	var paths []string
	for _, t := range tasks {
		paths = append(paths, t.input)
	}
	f.bar = f.ui.newProgress(f.when, paths, false)
	defer f.bar.done()
	for _, t := range tasks {
		err := f.scoreTask(ctx, t)
		f.bar.next()
		if stop := stopping(err); stop != nil {
			return stop
		}
		if err != nil {
			f.fail(ctx, t, err)
		}
	}
	return nil
}

// stopping is an error that ends the whole run: not one of a single input.
func stopping(err error) error {
	switch exitCode(context.Background(), err) {
	case 65, 66, 70, 77:
		return nil
	}
	return err
}

// fail tells of an input that could not be scored.
func (f *folder) fail(ctx context.Context, t task, err error) {
	code := exitCode(ctx, err)
	f.report.Files.Failed++
	f.ui.log.Error(explain(err, code), errorAttributes(err, code)...)
	if f.firstErr == nil {
		f.firstErr = err
	}
}

// scoreTask scores one input and writes down that it is done.
func (f *folder) scoreTask(ctx context.Context, t task) error {
	if t.err != nil {
		return t.err
	}
	input, err := sumInput(ctx, t.input)
	if err != nil {
		return err
	}
	one, report := f.forTask(t), emptyReport(f.job)
	err = one.scoreStream(ctx, &report)
	if err != nil && !errors.Is(err, pipeline.ErrNothing) {
		report.Error, report.ExitCode, report.Output = explain(err, exitCode(ctx, err)), exitCode(ctx, err), nil
		f.report.Add(report)
		return err
	}
	f.report.Add(report)
	if err := input.unchanged(); err != nil {
		return err
	}
	return f.note(t, f.entryOf(t, input, one, report))
}

// forTask is the run for one task alone.
func (f *folder) forTask(t task) *scoring {
	one, in, out := *f.scoring, *f.in, *f.out
	in.paths = []string{t.input}
	out.path, out.format, out.zip, out.first = f.dir+t.name, t.format, t.zip, ""
	if out.rejects != "" {
		out.rejects = f.rejectsOf(t)
	}
	one.in, one.out, one.expect = &in, &out, -1
	return &one
}

// entryOf is what there is to remember of a task.
func (f *folder) entryOf(t task, input inputSum, one *scoring, p *pipeline.Report) entry {
	e := entry{Output: t.name, Input: input, ModelSHA256: f.job.About.ModelSHA256, FlagsSHA256: f.digest, Version: release,
		Rows: p.Rows, Reasons: p.Reasons}
	if p.Output != nil {
		e.fileSum = fileSum{p.Output.Bytes, p.Output.SHA256}
	}
	if one.rejected != nil && p.Output != nil {
		e.Rejects = &fileSum{one.rejected.Bytes(), one.rejected.SHA256()}
	}
	return e
}

// note remembers that a task is done. An input without rows that is skipped has
// no output, and no old one either.
func (f *folder) note(t task, e entry) error {
	if e.SHA256 == "" {
		f.report.Files.Skipped++
		for _, old := range []string{f.dir + t.name, f.rejectsOf(t)} {
			if err := f.files.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s: %w: %w", old, table.ErrIO, err)
			}
		}
	} else {
		f.report.Files.Scored++
	}
	f.done[t.name] = e
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return f.journal.Add(line)
}
