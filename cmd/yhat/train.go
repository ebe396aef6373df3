package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
)

const trainExamples = `yhat train patients.csv --target heart_disease --features weight_kg,height_cm,age_years -o heart.json
yhat train visits.parquet --target cost --features age,sex,ward --hidden 32,16 --validate 0.2 -o cost.json
yhat train survey.csv --target sick --features age,bmi --validate-where year=2016 --test-where year=2018 -o sick.json
yhat train iris.csv --target species --features a,b,c,d --optimizer lbfgs --report run.json -o iris.json
yhat train spirals.csv --target to_1,to_2 --features x,y --hidden 2,2,2 --activation tanh --output-activation tanh \
    --optimizer sgd --learning-rate 0.01 --batch all --epochs 10000 --patience 0 --l2 0 --validate 0 --standardize=false \
    --restarts 50 --until-separated -o spirals.json
`

func trainCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "train",
		Usage:       "learn a network from a table",
		UsageText:   "yhat train DATA --target NAME --features LIST -o MODEL [FLAGS]",
		Description: trainExamples,
		Flags:       trainFlags(),
		Action: u.begins(func(ctx context.Context, u *ui, s *settings) error {
			r, err := readTraining(ctx, u, s)
			if err != nil {
				return err
			}
			return r.run(ctx)
		}),
	}
}

// learning is one run of yhat train.
type learning struct {
	ui             *ui
	job            *pipeline.TrainJob
	in             *inputs
	output, report string
	state          string // of learning, to be resumed
	bar            string
	memory         int
	started        time.Time
	stdin          map[int]bool // inputs that came from a pipe
}

// run reads, learns and publishes the model, then the report.
func (l *learning) run(ctx context.Context) error {
	l.started = time.Now()
	if err := l.in.find(l.output, l.report, l.state); err != nil {
		return err
	}
	for _, out := range []string{l.output, l.report, l.state} {
		if err := table.CheckDistinct(l.in.paths, out); err != nil {
			return err
		}
	}
	room := &room{folder: l.in.opt.TempDir, memory: l.memory}
	defer room.close()
	l.stdin = map[int]bool{}
	for i, path := range l.in.paths {
		l.stdin[i] = path == "-"
	}
	if err := room.spoolStdin(l.in); err != nil {
		return err
	}
	m, report, err := l.learn(ctx, room)
	if err != nil {
		return err
	}
	if m.Provenance, err = l.provenance(report); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := model.Encode(&text, m); err != nil {
		return err
	}
	digest, err := l.publish(l.output, text.Bytes())
	if err != nil {
		return err
	}
	l.tell(report)
	return l.writeReport(report, digest)
}

// learn trains, with a bar for the reading and a line for the epochs.
func (l *learning) learn(ctx context.Context, room *room) (*nn.Model, *pipeline.TrainReport, error) {
	l.job.Inputs, l.job.Open, l.job.Room = l.in.paths, l.in.open, room.make
	bar := l.ui.newProgress(l.bar, l.in.paths, false)
	l.job.Progress = bar.show
	line := &epochLine{ui: l.ui, restarts: l.job.Fit.Restarts, epochs: l.job.Fit.Epochs}
	if l.bar == "always" || l.bar == "auto" && l.ui.chatty() {
		l.job.Epoch = func(restart int, e pipeline.Epoch) { bar.done(); line.show(restart, e) }
	}
	if err := l.resume(bar); err != nil {
		return nil, nil, err
	}
	m, report, err := pipeline.Train(ctx, l.job)
	bar.done()
	line.done()
	return m, report, err
}

// stateEvery is how long a state may be out of date.
const stateEvery = 5 * time.Second

// resume reads the state of an earlier run, if there is one, and has this run
// keep its own.
func (l *learning) resume(bar *progress) error {
	if l.state == "" {
		return nil
	}
	text, err := os.ReadFile(l.state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: --resume: %w", table.ErrIO, err)
	}
	l.job.Resume = &pipeline.Resume{State: text, Every: stateEvery, Save: func(state []byte) error {
		_, err := l.publish(l.state, state)
		return err
	}}
	l.job.Resumed = func(restart, epochs int) {
		if bar.done(); l.ui.chatty() {
			l.ui.log.Info(fmt.Sprintf("%s: going on after epoch %d", l.state, epochs))
		}
	}
	return nil
}

// publish writes a file whole or not at all, and returns its digest.
func (l *learning) publish(path string, text []byte) (string, error) {
	out, err := table.Create(path, table.OutputOptions{Stdout: l.ui.stdout, Hash: true})
	if err != nil {
		return "", err
	}
	defer out.Discard()
	if _, err := out.Write(text); err != nil {
		return "", err
	}
	err = out.Commit()
	return out.SHA256(), err
}

// writeReport publishes the report of the run.
func (l *learning) writeReport(r *pipeline.TrainReport, digest string) error {
	if l.report == "" {
		return nil
	}
	r.Version, r.RunID, r.Started, r.Seconds = release, l.ui.runID, l.started.UTC(), time.Since(l.started).Seconds()
	r.Output = &pipeline.TrainModel{Path: l.output, SHA256: digest}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		_, err = l.publish(l.report, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%w: report: %w", table.ErrIO, err)
	}
	return nil
}

// tell says to a person who watches what was learned.
func (l *learning) tell(r *pipeline.TrainReport) {
	if !l.ui.chatty() {
		return
	}
	line := fmt.Sprintf("%s: %s rows trained it, best of %d epochs was %d", l.output, count(r.Rows.Training), len(r.Epochs), r.BestEpoch)
	if r.Rows.NoTarget > 0 {
		line += fmt.Sprintf("; %s rows have no target", count(r.Rows.NoTarget))
	}
	if r.Rows.Rejected > 0 {
		line += fmt.Sprintf("; %s rejected", count(r.Rows.Rejected))
	}
	if r.Separated != nil {
		line += fmt.Sprintf("; separated, seed %d, attempt %d", r.Seed, r.Tried)
	}
	for _, part := range []struct {
		name string
		m    *pipeline.Measures
	}{{"validation", r.Validation}, {"test", r.Test}} {
		if part.m != nil {
			line += fmt.Sprintf("; %s (%s rows) %s", part.name, count(int64(part.m.Rows)), part.m.Short())
		}
	}
	l.ui.log.Info(line)
}

// epochLine is the line that follows the epochs on a terminal.
type epochLine struct {
	ui               *ui
	restarts, epochs int
	last             time.Time
	shown            bool
}

func (p *epochLine) show(restart int, e pipeline.Epoch) {
	if time.Since(p.last) < 100*time.Millisecond && e.Epoch < p.epochs {
		return
	}
	p.last, p.shown = time.Now(), true
	text := fmt.Sprintf("epoch %d/%d  loss %.5g", e.Epoch, p.epochs, e.Loss)
	if p.restarts > 1 {
		text = fmt.Sprintf("network %d/%d  ", restart+1, p.restarts) + text
	}
	if e.Validation != nil {
		text += fmt.Sprintf("  validation %.5g", *e.Validation)
	}
	if e.Measure != nil {
		text += fmt.Sprintf("  %s %.5g", e.MeasureName, *e.Measure)
	}
	text += fmt.Sprintf("  %s left", e.Left.Round(time.Second))
	fmt.Fprint(p.ui.stderr, "\r\x1b[K"+text)
}

func (p *epochLine) done() {
	if p.shown {
		fmt.Fprint(p.ui.stderr, "\r\x1b[K")
	}
}

// modelName is a name for a model in a file: heart-disease.json is heart-disease.
func modelName(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
