package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yhat/io/table"
	"yhat/pipeline"
)

// duration is a length of time such as 90s, 30m or 2h; 0 when it was not given.
func (s *settings) duration(name string) time.Duration {
	if !s.has(name) {
		return 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(s.text(name)))
	if err != nil || d <= 0 {
		s.refuse(name, "%q is no time such as 90s, 30m or 2h", s.text(name))
	}
	return d
}

// limit ends the context after --max-duration.
func (r *scoring) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.most == 0 {
		return ctx, func() {}
	}
	inner, stop := context.WithTimeoutCause(ctx, r.most, gaveUp(r.most))
	r.in.opt.Context = inner
	return inner, stop
}

// gaveUp is the error of a run that took longer than --max-duration.
type gaveUp time.Duration

func (g gaveUp) Error() string {
	return fmt.Sprintf("gave up after %s (--max-duration)", time.Duration(g))
}

// Unwrap makes it what contexts that end in time end with.
func (gaveUp) Unwrap() error { return context.DeadlineExceeded }

// judgeRows compares with --expect-rows.
func (r *scoring) judgeRows(read int64) error {
	if r.expect < 0 || r.expect == read {
		return nil
	}
	return fmt.Errorf("%w: %d rows were read, not %d (--expect-rows)", table.ErrData, read, r.expect)
}

// tryAgain is how long --wait waits before it tries the lock again.
const tryAgain = 100 * time.Millisecond

// create makes an output. With --wait it waits for the run that writes it.
func (r *scoring) create(ctx context.Context, path string, o table.OutputOptions) (out *table.Output, err error) {
	err = r.patiently(ctx, func() (err error) {
		out, err = table.Create(path, o)
		return err
	})
	return out, err
}

// patiently tries what another run may have locked: with --wait until it has
// not.
func (r *scoring) patiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		if !r.out.wait || !errors.Is(err, table.ErrLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			if ctx.Err() == context.Canceled {
				return ctx.Err()
			}
			return context.Cause(ctx)
		case <-time.After(tryAgain):
		}
	}
}

// publish writes a small file that is absent, old, or complete.
func (r *scoring) publish(path string, text []byte) error {
	out, err := table.Create(path, table.OutputOptions{FS: r.ui.fs, Stdout: r.ui.stdout})
	if err != nil {
		return err
	}
	defer out.Discard()
	if _, err := out.Write(text); err != nil {
		return err
	}
	return out.Commit()
}

// summary is what --summary prints.
type summary struct {
	RunID    string                 `json:"run_id"`
	ExitCode int                    `json:"exit_code"`
	Error    string                 `json:"error,omitempty"`
	Seconds  float64                `json:"seconds"`
	Rows     pipeline.ReportRows    `json:"rows"`
	Reasons  map[string]int64       `json:"reasons"`
	Model    pipeline.ReportModel   `json:"model"`
	Output   *pipeline.ReportOutput `json:"output"`
	Files    *pipeline.ReportFiles  `json:"files,omitempty"`
	Worst    *worstDrift            `json:"worst_psi,omitempty"`
}

// writeSummary prints one line, the last on stdout.
func (r *scoring) writeSummary(p *pipeline.Report, code int) error {
	line, err := json.Marshal(summary{p.RunID, code, p.Error, p.Seconds, p.Rows, p.Reasons, p.Model, p.Output, p.Files, worstOf(p)})
	if err != nil {
		return err
	}
	_, err = r.ui.stdout.Write(append(line, '\n'))
	return err
}

// metricsText is the run in Prometheus' text format. Labels are the model's
// name and codes: nothing that stands in a cell.
func metricsText(p *pipeline.Report, code int) []byte {
	var b bytes.Buffer
	add := func(name, help, labels string, value float64) {
		if help != "" {
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
		}
		fmt.Fprintf(&b, "%s{model=%s%s} %s\n", name, label(p.Model.Name), labels, strconv.FormatFloat(value, 'g', -1, 64))
	}
	add("yhat_run_exit_code", "How the last run ended; 0 is success.", "", float64(code))
	add("yhat_run_started_seconds", "When the last run began, in seconds since 1970.", "", float64(p.Started.UnixMilli())/1e3)
	add("yhat_run_duration_seconds", "How long the last run took.", "", p.Seconds)
	add("yhat_rows_read", "Data rows read.", "", float64(p.Rows.Read))
	add("yhat_rows_scored", "Rows with a prediction.", "", float64(p.Rows.Scored))
	add("yhat_rows_rejected", "Bad rows left out.", "", float64(p.Rows.Rejected))
	add("yhat_rows_null", "Bad rows kept without a prediction.", "", float64(p.Rows.Null))
	help := "Bad rows by reason."
	for _, reason := range sortedKeys(p.Reasons) {
		add("yhat_rows_bad", help, ",reason="+label(reason), float64(p.Reasons[reason]))
		help = ""
	}
	if f := p.Files; f != nil {
		add("yhat_files_scored", "Inputs scored into an output of their own.", "", float64(f.Scored))
		add("yhat_files_done_before", "Inputs that an earlier run had scored.", "", float64(f.DoneBefore))
		add("yhat_files_failed", "Inputs that could not be scored.", "", float64(f.Failed))
	}
	driftMetrics(p, add)
	return b.Bytes()
}

// label is a value of a label: backslash, quote and line feed are escaped.
func label(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
