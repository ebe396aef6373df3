package pipeline

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yhat/nn"
)

// The index of shares 0.5, 0.5 and 0.25, 0.75 is 0.25 ln 2 + 0.25 ln 1.5, by
// hand; an empty bin counts as a ten-thousandth.
func TestPSI(t *testing.T) {
	for _, c := range []struct {
		profile, table []int64
		want           float64
	}{
		{[]int64{50, 50}, []int64{500, 500}, 0},
		{[]int64{50, 50}, []int64{25, 75}, 0.25*math.Ln2 + 0.25*math.Log(1.5)},
		{[]int64{100, 0}, []int64{100, 0}, 0},
		{[]int64{100, 0}, []int64{0, 100}, 2 * 0.9999 * math.Log(1e4)},
	} {
		got, _ := psi(c.profile, c.table)
		back, _ := psi(c.table, c.profile)
		if math.Abs(got-c.want) > 1e-12 || math.Abs(got-back) > 1e-12 {
			t.Errorf("%v to %v: %v, back %v, want %v", c.profile, c.table, got, back, c.want)
		}
	}
}

// A bin that nobody is in on either side is none: chance is that of two bins.
func TestChanceOfWhatIsThere(t *testing.T) {
	_, want := psi([]int64{50, 50}, []int64{10, 30})
	if _, got := psi([]int64{50, 0, 50}, []int64{10, 0, 30}); got != want || want != chiSquared99(1)*(1./40+1./100) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Unknown words, and those too few to be told, are the profile's others.
func TestObservedWords(t *testing.T) {
	w := watched{profile: &nn.Profile{Categorical: true, Missing: 1, Counts: []int64{50, 0, 90}, Other: 3}, categories: 3}
	want := []int64{2, 10, 0, 6, 4 + 1}
	if got := w.observed([]int64{2, 4, 10, 1, 6}); !slices.Equal(got, want) || len(got) != len(w.expected()) {
		t.Errorf("%v, want %v; expected %v", got, want, w.expected())
	}
}

// The 99 % points of χ² as tables print them (R's qchisq).
func TestChiSquared(t *testing.T) {
	for degrees, want := range map[int]float64{1: 6.635, 2: 9.210, 5: 15.086, 9: 21.666, 12: 26.217, 100: 135.807} {
		if got := chiSquared99(degrees); math.Abs(got-want) > 0.012*want {
			t.Errorf("%d degrees: %v, want %v", degrees, got, want)
		}
	}
	if chiSquared99(0) != 0 {
		t.Error("one bin can only be as it is")
	}
}

// A number's bin is where a walk along the edges finds it.
func TestBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.Float64Range(-1e308, 1e308), rapid.Float64Range(0, 1e-300),
			rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 9).Draw(t, "whole")) }))
		p := &nn.Profile{Edges: rapid.SliceOfN(edge, 0, 14).Draw(t, "edges")}
		if rapid.Bool().Draw(t, "bounded") {
			low := edge.Draw(t, "low")
			p.Low = &low
		}
		b := newBins(p, rapid.SampledFrom(kernels(t)).Draw(t, "kernel"))
		numbers := rapid.SliceOfN(rapid.OneOf(edge, rapid.Float64(), rapid.Custom(func(t *rapid.T) float64 {
			return math.Nextafter(append(b.edges, 0)[rapid.IntRange(0, len(b.edges)).Draw(t, "near")], rapid.Float64().Draw(t, "towards"))
		})), 1, 40).Draw(t, "numbers")
		want := make([]int64, len(b.edges)+1)
		wantMissing := int64(0)
		valid := make([]byte, len(numbers)/8+1)
		for i, x := range numbers {
			if rapid.IntRange(0, 20).Draw(t, "missing") == 0 {
				wantMissing++
				continue
			}
			valid[i/8] |= 1 << (i % 8)
			if math.IsInf(x, 0) {
				continue
			}
			bin := 0
			for bin < len(b.edges) && x >= b.edges[bin] {
				bin++
			}
			want[bin]++
		}
		got := make([]int64, len(want))
		missing := b.count(got, nn.Numbers{F64: numbers, Valid: valid, Factor: 1}, len(numbers))
		for i := range want {
			if got[i] != want[i] || missing != wantMissing {
				t.Fatalf("%v among %v: %v and %d missing, want %v and %d", numbers, b.edges, got, missing, want, wantMissing)
			}
		}
	})
}

func TestNoNumberHasNoBin(t *testing.T) {
	b := newBins(&nn.Profile{Edges: []float64{0, 1}}, nn.Kernel{})
	counts := make([]int64, 3)
	numbers := []float64{math.NaN(), math.Inf(1), 0.5, math.Inf(-1), math.MaxFloat64, math.Inf(1), math.NaN()}
	missing := b.count(counts, nn.Numbers{F64: numbers, Valid: []byte{0b0011111}, Factor: 1}, len(numbers))
	if missing != 3 || !slices.Equal(counts, []int64{0, 1, 1}) {
		t.Errorf("%d missing, %v", missing, counts)
	}
	single := []float32{float32(math.NaN()), float32(math.Inf(-1)), 0.5, -1}
	clear(counts)
	if missing := b.count(counts, nn.Numbers{F32: single, Factor: 2}, len(single)); missing != 1 || !slices.Equal(counts, []int64{1, 0, 1}) {
		t.Errorf("of float32: %d missing, %v", missing, counts)
	}
}

// kernels are those that run here.
func kernels(t *rapid.T) []nn.Kernel {
	var all []nn.Kernel
	for _, name := range nn.Kernels() {
		k, err := nn.ChooseKernel(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}
