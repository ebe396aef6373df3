package pipeline_test

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
)

// sexed is a model of a number and a category.
func sexed() *nn.Model {
	return &nn.Model{
		Features: []nn.Feature{
			{Name: "x1", Scale: 1, Fill: number(70)},
			{Name: "sex", Categories: []string{"f", "m", "x"}, UnknownZeros: true},
		},
		Layers: []nn.Layer{{In: 4, Out: 1, W: []float64{0.01, 1, 2, 3}, B: []float64{0}}},
	}
}

// profiledJob is a run over a file, whose model has the profile of another.
func profiledJob(t testing.TB, of, path string) *run {
	r := newRun(of)
	m := sexed()
	r.job.Model = m
	p, _, err := pipeline.MakeProfile(t.Context(), &r.job)
	if err != nil {
		t.Fatal(err)
	}
	if err := pipeline.GiveProfile(m, p); err != nil {
		t.Fatal(err)
	}
	r.job.Inputs = []string{path}
	r.job.Watch, r.job.Stats = &pipeline.Watch{}, true
	return r
}

// The figures are the same for any workers and blocks, also where bad rows or
// a limit cut a block short, and in any format.
func TestDriftHoweverTheWorkIsCut(t *testing.T) {
	base := file(t, "base.csv", clinic(3000, 7))
	rapid.Check(t, func(rt *rapid.T) {
		text := clinic(rapid.OneOf(rapid.IntRange(18, 22), rapid.IntRange(0, 500)).Draw(rt, "rows"), rapid.Uint64().Draw(rt, "seed"))
		if rapid.Bool().Draw(rt, "bad rows") {
			lines := strings.SplitAfter(text, "\n")
			at := rapid.IntRange(1, len(lines)-1).Draw(rt, "at")
			text = strings.Join(lines[:at], "") + "p,heavy,1,f,\nq,80,1\nr,80,1,q,\n" + strings.Join(lines[at:], "")
		}
		path := file(t, "in.csv", text)
		policy := rapid.SampledFrom([]pipeline.Policy{pipeline.Fail, pipeline.Reject, pipeline.Null}).Draw(rt, "policy")
		limit := rapid.SampledFrom([]int64{0, 0, 33, 200}).Draw(rt, "limit")
		drifts := func(path string, workers, block int) ([]pipeline.NamedDrift, string) {
			r := profiledJob(t, base, path)
			r.job.Workers, r.read.BlockSize, r.job.Bad.Policy, r.job.Limit = workers, block, policy, limit
			report, err := r.score(rt)
			return report.Drifts(), fmt.Sprint(err)
		}
		want, failure := drifts(path, 1, 1<<20)
		got, failure2 := drifts(path, rapid.IntRange(1, 7).Draw(rt, "workers"), rapid.SampledFrom([]int{1, 50, 2000}).Draw(rt, "block"))
		if !cmp.Equal(got, want) || failure != failure2 {
			rt.Fatalf("%s\n%s %s", cmp.Diff(got, want), failure, failure2)
		}
		if policy == pipeline.Fail {
			return
		}
		checkDrift(rt, want, text, limit)
	})
}

// checkDrift counts missing and unknown cells again, plainly.
func checkDrift(t *rapid.T, got []pipeline.NamedDrift, text string, limit int64) {
	rows, missing, words, unknown := 0, 0, 0, 0
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
	if limit > 0 {
		lines = lines[:min(int(limit), len(lines))]
	}
	for _, line := range lines {
		cells := strings.Split(line, ",")
		if _, err := strconv.ParseFloat(cells[1], 64); err == nil {
			rows++
		} else if cells[1] == "NA" {
			rows++
			missing++
		}
		if len(cells) > 3 {
			words++
			if cells[3] == "q" {
				unknown++
			}
		}
	}
	if rows == 0 {
		return
	}
	if d := got[0]; *d.Missing != float64(missing)/float64(rows) || (d.PSI != nil) != (rows >= 20) {
		t.Fatalf("%d of %d rows are missing: %+v", missing, rows, *d.Drift)
	}
	if d := got[1]; words >= 20 && (d.OutOfRange == nil || *d.OutOfRange != float64(unknown)/float64(words)) {
		t.Fatalf("%d of %d words are unknown: %+v", unknown, words, *d.Drift)
	}
}

// Figures that would tell of single rows are not told of fewer than 20.
func TestDriftOfFewRows(t *testing.T) {
	base := file(t, "base.csv", clinic(3000, 7))
	for rows, told := range map[int]bool{19: false, 20: true} {
		report, err := profiledJob(t, base, file(t, "in.csv", clinic(rows, 3))).score(t)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range report.Drifts() {
			if (d.PSI != nil) != told {
				t.Errorf("%d rows: the index of %s is %v", rows, d.Name, d.PSI)
			}
		}
	}
}

func TestDriftInEveryFormat(t *testing.T) {
	base, path := file(t, "base.csv", clinic(3000, 7)), file(t, "in.csv", clinic(900, 8))
	r := profiledJob(t, base, path)
	report, err := r.score(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []table.Format{table.Parquet, table.Arrow, table.NDJSON} {
		conv := newRun(path)
		conv.to, conv.job.Model = format, sexed()
		if _, err := conv.score(t); err != nil {
			t.Fatal(err)
		}
		again := profiledJob(t, base, file(t, "in."+string(format), conv.out.String()))
		again.job.Columns.Prefix = "again_"
		got, err := again.score(t)
		if err != nil || !cmp.Equal(got.Drifts(), report.Drifts()) {
			t.Errorf("%s: %v %s", format, err, cmp.Diff(got.Drifts(), report.Drifts()))
		}
	}
	double := profiledJob(t, base, path)
	double.job.Precision = 64
	got, err := double.score(t)
	if err != nil || len(got.Drifts()) != len(report.Drifts()) {
		t.Fatal(err, got.Drifts())
	}
	for i, d := range got.Drifts() { // a prediction near an edge may be in the next bin
		if want := report.Drifts()[i]; d.Name != want.Name || math.Abs(*d.PSI-*want.PSI) > 0.01 {
			t.Errorf("in float64 the index of %s is %v, want %v", d.Name, *d.PSI, *want.PSI)
		}
	}
}

// A table like the profile's own has an index of nothing; kilograms taken for
// pounds, and a column of zeros, have a large one.
func TestLimits(t *testing.T) {
	base := file(t, "base.csv", clinic(3000, 7))
	psi := func(limit float64) pipeline.Watch { return pipeline.Watch{MaxPSI: pipeline.Limits{All: &limit}} }
	share := func(limit float64, of string) pipeline.Watch {
		return pipeline.Watch{MaxMissing: pipeline.Limits{Of: map[string]float64{of: limit}}}
	}
	pounds := map[string]pipeline.Source{"x1": {Column: "x1", Factor: 2.2046}}
	zeros := map[string]pipeline.Source{"x1": {Column: "x1", Factor: 0}}
	for _, c := range []struct {
		name  string
		watch pipeline.Watch
		bind  map[string]pipeline.Source
		want  string
	}{
		{"the same rows", psi(0), nil, ""},
		{"pounds", psi(0.25), pounds, `feature "x1": PSI `},
		{"pounds, and their predictions", psi(0.25), pounds, `; prediction "y_hat": PSI `},
		{"zeros", psi(0.25), zeros, `feature "x1": PSI `},
		{"as many missing as may be", share(0.06, "x1"), nil, ""},
		{"more missing than may be", share(0.01, "x1"), nil, `feature "x1": `},
		{"no such feature", share(0.01, "x"), nil, `no feature of the model; the nearest name is "x1"`},
	} {
		r := profiledJob(t, base, base)
		r.job.Watch, r.job.Bind.Map = &c.watch, c.bind
		_, err := r.score(t)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if err != nil && errors.Is(err, table.ErrData) == strings.Contains(c.want, "no feature") {
			t.Errorf("%s: %v is of the wrong kind", c.name, err)
		}
	}
}

// Chance alone does not fail a small table that is like the profile.
func TestChanceIsNoDrift(t *testing.T) {
	base := file(t, "base.csv", clinic(3000, 7))
	limit, failed, above := 0.02, 0, 0
	for seed := range uint64(60) {
		r := profiledJob(t, base, file(t, "in.csv", clinic(60, 100+seed)))
		r.job.Watch.MaxPSI.All = &limit
		report, err := r.score(t)
		if err != nil {
			failed++
		}
		for _, d := range report.Drifts() {
			if *d.PSI > limit {
				above++
			}
			if math.IsNaN(*d.PSI) {
				t.Fatal("no number")
			}
		}
	}
	if failed > 10 || above < 60 {
		t.Errorf("%d of 60 tables failed; %d figures were above the limit", failed, above)
	}
}
