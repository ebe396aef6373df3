package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
)

// clinic is a table with numbers of many sizes, words, names and holes.
func clinic(rows int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("id,x1,x2,sex,empty\n")
	for i := range rows {
		x1 := fmt.Sprintf("%.3f", 70+15*r.NormFloat64())
		if r.IntN(20) == 0 {
			x1 = "NA"
		}
		fmt.Fprintf(&b, "p%d,%s,%d,%s,\n", i, x1, r.IntN(60), []string{"f", "m", "f", "m", "x"}[r.IntN(5)])
	}
	return b.String()
}

// The profile of a table is the same for any workers and blocks, and of any
// format.
func TestProfileOfATable(t *testing.T) {
	path := file(t, "in.csv", clinic(9000, 1))
	look := func(path string, workers, block int) *nn.Profiles {
		src, err := table.Open(path, table.ReadOptions{BlockSize: block})
		if err != nil {
			t.Fatal(err)
		}
		found, err := pipeline.InspectTable(t.Context(), pipeline.Inspection{Source: src, Missing: table.DefaultMissing, Workers: workers, Profile: true})
		if err != nil {
			t.Fatal(err)
		}
		return found.Profile
	}
	want := look(path, 1, 1<<20)
	if p := want.Features[0]; p.Words == nil || len(p.Words) != 0 || p.Other != 9000 {
		t.Errorf("of names: %+v", p)
	}
	if p := want.Features[1]; p.Missing < 300 || len(p.Edges) < 9 || *p.Low < 20 || *p.High > 120 {
		t.Errorf("of numbers: %+v", p)
	}
	if p := want.Features[3]; !cmp.Equal(p.Words, []string{"f", "m", "x"}) {
		t.Errorf("of words: %+v", p)
	}
	if p := want.Features[4]; p.Missing != 9000 {
		t.Errorf("of nothing: %+v", p)
	}
	if got := look(path, 3, 999); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(got, want))
	}
	for _, format := range []table.Format{table.Parquet, table.Arrow} {
		r := newRun(path)
		r.to = format
		if _, err := r.score(t); err != nil {
			t.Fatal(err)
		}
		got := look(file(t, "in."+string(format), r.out.String()), 2, 1<<16)
		if got.Features = got.Features[:5]; !cmp.Equal(got.Features[:4], want.Features[:4]) {
			t.Errorf("%s: %s", format, cmp.Diff(got, want))
		}
	}
}

func TestProfileWantsRows(t *testing.T) {
	src, err := table.Open(file(t, "in.csv", clinic(19, 1)), table.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = pipeline.InspectTable(t.Context(), pipeline.Inspection{Source: src, Workers: 1, Profile: true}); err == nil || !strings.Contains(err.Error(), "at least 20 rows") {
		t.Errorf("error %v", err)
	}
}

// The profile of a model's features and predictions is the same for any
// workers and blocks, and follows --map.
func TestProfileOfAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path := file(t, "in.csv", clinic(rapid.IntRange(20, 3000).Draw(rt, "rows"), rapid.Uint64().Draw(rt, "seed")))
		made := func(workers, block int) *nn.Profiles {
			r := newRun(path)
			r.job.Model.(*nn.Model).Features[1].Max = nil
			r.job.Bind.Map = map[string]pipeline.Source{"x2": {Column: "x1", Factor: 2, Plus: -50}}
			r.job.Workers, r.read.BlockSize = workers, block
			p, _, err := pipeline.MakeProfile(t.Context(), &r.job)
			r.alloc.AssertSize(rt, 0)
			if err != nil {
				rt.Fatal(err)
			}
			return p
		}
		want := made(1, 1<<20)
		if got := made(rapid.IntRange(1, 7).Draw(rt, "workers"), rapid.SampledFrom([]int{100, 5000, 1 << 20}).Draw(rt, "block")); !cmp.Equal(got, want) {
			rt.Fatal(cmp.Diff(got, want))
		}
		if x1, x2 := want.Features[0], want.Features[1]; x1.Missing != x2.Missing || x1.Low != nil && x2.Low != nil && *x2.Low > *x1.Low*2-40 {
			rt.Fatalf("%+v\n%+v", x1, x2)
		}
		// It goes into the model, and comes out of it again.
		m := sum()
		if err := pipeline.GiveProfile(m, want); err != nil {
			rt.Fatal(err)
		}
		if got := pipeline.CarriedProfile(m); !cmp.Equal(got, want) {
			rt.Fatal(cmp.Diff(got, want))
		}
	})
}

func TestProfilesThatDoNotFit(t *testing.T) {
	numbers := nn.Profile{Rows: 30, Counts: []int64{30}}
	words := nn.Profile{Rows: 30, Categorical: true, Other: 30}
	for want, p := range map[string]*nn.Profiles{
		"none of the model's features":                         {Features: []nn.NamedProfile{{Name: "z", Profile: numbers}}},
		`the profile of "x1" is of words, the model's feature`: {Features: []nn.NamedProfile{{Name: "x1", Profile: words}}},
	} {
		if err := pipeline.GiveProfile(sum(), p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
