package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
	"yhat/pipeline/flow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sum is a model whose prediction is x1 + 10 x2, so that results are read off
// by eye. x1 is filled with 0.5, x2 must be within 0 … 100.
func sum() *nn.Model {
	return &nn.Model{
		Name: "sum",
		Features: []nn.Feature{
			{Name: "x1", Scale: 1, Fill: number(0.5)},
			{Name: "x2", Scale: 1, Min: number(0), Max: number(100)},
		},
		Layers: []nn.Layer{
			{Name: "twice", In: 2, Out: 2, W: []float64{2, 0, 0, 2}, B: []float64{0, 0}},
			{Name: "out", In: 2, Out: 1, W: []float64{0.5, 5}, B: []float64{0}},
		},
	}
}

func number(v float64) *float64 { return &v }

// run is a job over files written for one test.
type run struct {
	job     pipeline.Job
	read    table.ReadOptions
	write   table.WriteOptions
	to      table.Format
	zip     string
	out     bytes.Buffer
	rejects bytes.Buffer
	alloc   *memory.CheckedAllocator
	open    int // sources that are not closed
}

// held is a source that counts among the open ones until it is closed.
type held struct {
	table.Source
	close func()
}

func (h *held) Close() error         { h.close(); return h.Source.Close() }
func (h *held) Unwrap() table.Source { return h.Source }

// newRun is a job with defaults that reads the files.
func newRun(files ...string) *run {
	r := &run{to: table.CSV, alloc: memory.NewCheckedAllocator(memory.DefaultAllocator)}
	r.read.Alloc, r.write.Alloc = r.alloc, r.alloc
	r.write.FloatFixed = -1
	r.job = pipeline.Job{
		Model: sum(), Precision: 32, Inputs: files, Workers: 2,
		Columns: pipeline.Columns{KeepAll: true},
		Bad:     pipeline.BadRows{Policy: pipeline.Fail, Max: -1, MaxPercent: 100, Rejects: &r.rejects},
	}
	r.job.Open = func(path string) (table.Source, error) {
		source, err := table.Open(path, r.read)
		if err != nil {
			return nil, err
		}
		r.open++
		return &held{source, sync.OnceFunc(func() { r.open-- })}, nil
	}
	r.job.Raw = func(f table.Format) bool { return f == r.to || f.Delimited() && r.to.Delimited() }
	r.job.Create = func(l table.Layout, first table.Source) (table.Sink, error) {
		return table.NewSink(&r.out, r.to, r.zip, l, first, r.write)
	}
	parallel := func(ctx context.Context, n int, f func(int) error) error { return flow.Each(ctx, r.job.Workers, n, f) }
	r.read.Parallel, r.write.Parallel = parallel, parallel
	return r
}

// score runs the job and checks that no Arrow memory is left, and no file open.
func (r *run) score(t require) (*pipeline.Report, error) {
	report, err := pipeline.Run(context.Background(), &r.job)
	r.alloc.AssertSize(t, 0)
	if r.open != 0 {
		t.Errorf("%d sources are open", r.open)
	}
	return report, err
}

// require is what tests and rapid have in common.
type require interface {
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Helper()
}

// file writes a file for one test.
func file(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScoreKeepsRowsAndCells(t *testing.T) {
	r := newRun(file(t, "in.csv", "name,x2,x1\n\"Smith, J\",007,1.50\nb,12.50,\n"))
	report, err := r.score(t)
	if err != nil {
		t.Fatal(err)
	}
	want := "name,x2,x1,y_hat\n\"Smith, J\",007,1.50,71.5\nb,12.50,,125.5\n"
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Error(diff)
	}
	if report.Rows != (pipeline.ReportRows{Read: 2, Scored: 2}) {
		t.Errorf("rows %+v", report.Rows)
	}
}

const someBad = "id,x1,x2\n1,1,1\n2,1,oops\n\n3,1,500\n4,1\n5,1,2\n"

func TestFailNamesTheFirstBadRow(t *testing.T) {
	r := newRun(file(t, "in.csv", someBad))
	report, err := r.score(t)
	row, ok := errors.AsType[*table.RowError](err)
	if !ok {
		t.Fatalf("error %v", err)
	}
	want := table.Place{File: r.job.Inputs[0], Row: 2, Line: 3, Offset: 15, Column: "x2"}
	if row.Place != want || row.Reason != table.NotANumber || strings.Contains(err.Error(), "oops") {
		t.Errorf("error %+v", row)
	}
	if got := r.out.String(); got != "id,x1,x2,y_hat\n1,1,1,11\n" {
		t.Errorf("written before it: %q", got)
	}
	if report.Rows != (pipeline.ReportRows{Read: 2, Scored: 1}) || !maps.Equal(report.Reasons, map[string]int64{"not_a_number": 1}) {
		t.Errorf("rows %+v, reasons %v", report.Rows, report.Reasons)
	}
}

func TestRejectTakesBadRowsOut(t *testing.T) {
	r := newRun(file(t, "in.csv", someBad))
	r.job.Bad.Policy, r.job.Bad.Raw = pipeline.Reject, true
	report, err := r.score(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.out.String(); got != "id,x1,x2,y_hat\n1,1,1,11\n5,1,2,21\n" {
		t.Errorf("output %q", got)
	}
	f := r.job.Inputs[0]
	want := "file,row,line,byte_offset,column,reason,raw\n" +
		f + ",2,3,15,x2,not_a_number,\"2,1,oops\"\n" +
		f + ",3,5,25,x2,out_of_range,\"3,1,500\"\n" +
		f + ",4,6,33,,ragged,\"4,1\"\n"
	if diff := cmp.Diff(want, r.rejects.String()); diff != "" {
		t.Error(diff)
	}
	if report.Rows != (pipeline.ReportRows{Read: 5, Scored: 2, Rejected: 3}) || report.Reasons["ragged"] != 1 {
		t.Errorf("rows %+v, reasons %v", report.Rows, report.Reasons)
	}
}

func TestNullLeavesBadRowsInPlace(t *testing.T) {
	r := newRun(file(t, "in.csv", someBad))
	r.job.Bad.Policy = pipeline.Null
	r.job.Columns.Threshold = number(15)
	if _, err := r.score(t); err != nil {
		t.Fatal(err)
	}
	want := "id,x1,x2,y_hat,y_hat_label,y_hat_error\n1,1,1,11,0,\n2,1,oops,,,not_a_number\n3,1,500,,,out_of_range\n4,1,,,,ragged\n5,1,2,21,1,\n"
	if diff := cmp.Diff(want, r.out.String()); diff != "" {
		t.Error(diff)
	}
}

// Of bad rows the report knows no prediction.
func TestBadRowsAreNotInTheMeans(t *testing.T) {
	for _, policy := range []pipeline.Policy{pipeline.Reject, pipeline.Null} {
		r := newRun(file(t, "in.csv", "x1,x2\n1,500\n"+strings.Repeat("1,1\n", 30)+"1,500\n"))
		r.job.Bad.Policy, r.job.Stats = policy, true
		report, err := r.score(t)
		if err != nil {
			t.Fatal(err)
		}
		if p := report.Predictions["y_hat"]; *p.Mean != 11 || len(p.Histogram) != 1 || p.Histogram[0].Count != 30 {
			t.Errorf("policy %v: mean %v, histogram %v", policy, *p.Mean, p.Histogram)
		}
	}
}

// A page that is not as it was written ends the run with an error, wherever it
// is found out: the rows of other pages are not taken for all there are.
func TestADamagedPageEndsTheRun(t *testing.T) {
	var text strings.Builder
	text.WriteString("x1,x2\n")
	for i := range 40000 {
		fmt.Fprintf(&text, "%d,%d.5\n", i*7919%65521, i%100)
	}
	whole := newRun(file(t, "in.csv", text.String()))
	whole.to = table.Parquet
	if _, err := whole.score(t); err != nil {
		t.Fatal(err)
	}
	for at := 100; at < whole.out.Len()/2; at += whole.out.Len() / 10 {
		data := bytes.Clone(whole.out.Bytes())
		clear(data[at : at+8])
		r := newRun(file(t, "in.parquet", string(data)))
		r.job.Bad.Policy, r.job.Columns.KeepAll = pipeline.Null, false
		if report, err := r.score(t); !errors.Is(err, table.ErrData) || report.Rows.Read == 40000 {
			t.Errorf("zeros at %d: %v after %d rows", at, err, report.Rows.Read)
		}
	}
}

func TestMaxBadStopsAtTheNextOne(t *testing.T) {
	r := newRun(file(t, "in.csv", someBad))
	r.job.Bad.Policy, r.job.Bad.Max = pipeline.Reject, 1
	_, err := r.score(t)
	if !errors.Is(err, table.ErrData) || !strings.Contains(err.Error(), "row 3") {
		t.Errorf("error %v", err)
	}
	if got := r.out.String(); got != "id,x1,x2,y_hat\n1,1,1,11\n" {
		t.Errorf("output %q", got)
	}
}

func TestMaxBadPercentIsJudgedAtTheEnd(t *testing.T) {
	for percent, fails := range map[float64]bool{59: true, 60: false} {
		r := newRun(file(t, "in.csv", someBad))
		r.job.Bad.Policy, r.job.Bad.MaxPercent = pipeline.Reject, percent
		if _, err := r.score(t); errors.Is(err, table.ErrData) != fails {
			t.Errorf("3 of 5 bad, at most %v %%: error %v", percent, err)
		}
	}
}

func TestLimit(t *testing.T) {
	for limit, want := range map[int64]string{1: "1,1,1,11\n", 5: "1,1,1,11\n5,1,2,21\n", 50: "1,1,1,11\n5,1,2,21\n"} {
		r := newRun(file(t, "in.csv", someBad))
		r.job.Bad.Policy, r.job.Limit = pipeline.Reject, limit
		report, err := r.score(t)
		if err != nil || r.out.String() != "id,x1,x2,y_hat\n"+want || report.Rows.Read != min(limit, 5) {
			t.Errorf("limit %d: error %v, output %q, %+v", limit, err, r.out.String(), report.Rows)
		}
	}
}

func TestInputsAreOneStream(t *testing.T) {
	r := newRun(file(t, "a.csv", "id,x1,x2\n1,1,1\n"), file(t, "b.csv", "x2;extra;id;x1\n2;?;2;1\n"))
	r.job.Open = func(path string) (table.Source, error) {
		o := r.read
		if strings.HasSuffix(path, "b.csv") {
			o.Delimiter = ';'
		}
		return table.Open(path, o)
	}
	report, err := r.score(t)
	if err != nil || r.out.String() != "id,x1,x2,y_hat\n1,1,1,11\n2,1,2,21\n" {
		t.Errorf("error %v, output %q", err, r.out.String())
	}
	if report.Inputs[1].DroppedColumns != 1 || report.Inputs[1].Rows != 1 {
		t.Errorf("inputs %+v", report.Inputs)
	}
}

func TestMissingColumnNamesTheNearest(t *testing.T) {
	r := newRun(file(t, "in.csv", "id,x1,X_2\n1,1,1\n"))
	_, err := r.score(t)
	if !errors.Is(err, table.ErrData) || !strings.Contains(err.Error(), `no column "x2"; the nearest name is "X_2"`) {
		t.Errorf("error %v", err)
	}
}

func TestNameTakenByAKeptColumn(t *testing.T) {
	r := newRun(file(t, "in.csv", "y_hat,x1,x2\n1,1,1\n"))
	if _, err := r.score(t); !errors.Is(err, table.ErrData) || !strings.Contains(err.Error(), "--output-prefix") {
		t.Errorf("error %v", err)
	}
	r.job.Columns.Prefix = "new_"
	if _, err := r.score(t); err != nil || !strings.HasPrefix(r.out.String(), "y_hat,x1,x2,new_y_hat\n") {
		t.Errorf("error %v, output %q", err, r.out.String())
	}
}

func TestUnitsAreChangedByTheMap(t *testing.T) {
	r := newRun(file(t, "in.csv", "a,b\n2,3\n"))
	r.job.Bind.Map = map[string]pipeline.Source{"x1": {Column: "a", Factor: 2.5, Plus: 1}, "x2": {Column: "a", Factor: 1}}
	if _, err := r.score(t); err != nil || r.out.String() != "a,b,y_hat\n2,3,26\n" {
		t.Errorf("error %v, output %q", err, r.out.String())
	}
}

func TestCancelled(t *testing.T) {
	gone := errors.New("signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	r := newRun(file(t, "in.csv", someBad))
	if _, err := pipeline.Run(ctx, &r.job); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
}

// The bytes out depend on rows and flags alone: not on workers, blocks, or how
// the input is compressed.
func TestSameBytesHoweverTheWorkIsCut(t *testing.T) {
	formats := []struct {
		to  table.Format
		zip string
	}{{table.CSV, ""}, {table.CSV, "gz"}, {table.TSV, "zst"}, {table.NDJSON, ""}, {table.Parquet, ""}, {table.Arrow, ""}, {table.ArrowStream, "zst"}}
	dir := t.TempDir()
	count := 0
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom(formats).Draw(t, "format")
		policy := rapid.SampledFrom([]pipeline.Policy{pipeline.Fail, pipeline.Reject, pipeline.Null}).Draw(t, "policy")
		limit := rapid.SampledFrom([]int64{0, 0, 7, 40}).Draw(t, "limit")
		text := randomTable(t)
		count++
		path := filepath.Join(dir, fmt.Sprint(count, ".csv"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		outcome := func(workers, block int) (string, string, string, pipeline.ReportRows) {
			r := newRun(path)
			r.to, r.zip = format.to, format.zip
			r.job.Bad.Policy, r.job.Workers, r.read.BlockSize, r.job.Limit = policy, workers, block, limit
			r.job.Columns.Activations = []string{"all"}
			r.job.Stats = true
			report, err := r.score(t)
			return r.out.String(), r.rejects.String(), fmt.Sprint(err), report.Rows
		}
		out, rejects, failure, rows := outcome(1, 1<<20)
		workers := rapid.SampledFrom([]int{1, 2, 7}).Draw(t, "workers")
		block := rapid.SampledFrom([]int{1, 13, 64, 1000, 1 << 20}).Draw(t, "block size")
		out2, rejects2, failure2, rows2 := outcome(workers, block)
		if out != out2 && failure == "<nil>" || rejects != rejects2 || failure != failure2 || rows != rows2 {
			t.Fatalf("one worker, one block: %s %+v\n%q\n%d workers, blocks of %d: %s %+v\n%q", failure, rows, out, workers, block, failure2, rows2, out2)
		}
		if format.to == table.CSV && format.zip == "" && out != out2 {
			t.Fatalf("the text before the failure differs:\n%q\n%q", out, out2)
		}
	})
}

// randomTable is a CSV with quotes, blank lines and bad cells of every kind.
func randomTable(t *rapid.T) string {
	cells := []string{"1", "2.5", "-3e2", "", "NA", `"7"`, `"a,b"`, "x", "\"two\nlines\"", "99", "50", "0.125", `5" disk`, "1e400"}
	eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
	var b strings.Builder
	b.WriteString("note,x1,x2" + eol)
	good := rapid.Bool().Draw(t, "only good rows")
	for range rapid.IntRange(0, 120).Draw(t, "rows") {
		row := make([]string, rapid.SampledFrom([]int{3, 3, 3, 3, 3, 3, 3, 2, 4}).Draw(t, "cells"))
		for i := range row {
			row[i] = rapid.SampledFrom(cells).Draw(t, "cell")
		}
		if good {
			row = []string{rapid.SampledFrom(cells).Draw(t, "note"), rapid.SampledFrom(cells[:6]).Draw(t, "x1"), "12.5"}
		}
		b.WriteString(strings.Join(row, ",") + eol)
		if rapid.IntRange(0, 9).Draw(t, "blank") == 0 {
			b.WriteString(eol)
		}
	}
	return b.String()
}

func TestVerify(t *testing.T) {
	r := newRun(file(t, "a.csv", "x1,x2,y_hat\n1,1,11\n1,2,21\n"), file(t, "b.csv", "x1,x2,y_hat\n1,1,11\n1,2,21.25\n1,oops,\n"))
	d, _, err := pipeline.Verify(t.Context(), &r.job)
	want := pipeline.Difference{Rows: 5, Column: "y_hat", Largest: 0.25, File: r.job.Inputs[1], Row: 2}
	if err != nil || d != want {
		t.Errorf("%+v, error %v", d, err)
	}
}

func TestReportFigures(t *testing.T) {
	var b strings.Builder
	b.WriteString("x1,x2\n")
	for i := range 30 {
		fmt.Fprintf(&b, "%s,%d\n", []string{"", "2"}[i%2], i)
	}
	r := newRun(file(t, "in.csv", b.String()))
	r.job.Stats = true
	report, err := r.score(t)
	if err != nil {
		t.Fatal(err)
	}
	x1, x2, y := report.Features["x1"], report.Features["x2"], report.Predictions["y_hat"]
	if x1.Missing != 15 || x1.Filled != 15 || x1.Mean != nil || x2.Missing != 0 || *x2.Mean != 14.5 || x2.Min != nil {
		t.Errorf("features %+v %+v", x1, x2)
	}
	if *y.Mean != 146.25 || len(y.Histogram) == 0 {
		t.Errorf("predictions %+v", y)
	}
}
