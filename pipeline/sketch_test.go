package pipeline

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yhat/nn"
)

// sketchOf counts numbers as they come.
func sketchOf(numbers []float64) *sketch {
	s := &sketch{}
	for _, v := range numbers {
		s.add(v)
	}
	s.settle()
	return s
}

// numbersLike draws a column: few or many different numbers, round or not, of
// one size or of many.
func numbersLike(t *rapid.T) []float64 {
	one := rapid.SampledFrom([]*rapid.Generator[float64]{
		rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(-3, 90).Draw(t, "whole")) }),
		rapid.Float64Range(-1, 1),
		rapid.Custom(func(t *rapid.T) float64 { return math.Exp(rapid.Float64Range(-300, 300).Draw(t, "log")) }),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64),
		rapid.SampledFrom([]float64{0, 0, 0, 0, 1, 1, math.Copysign(0, -1), 1e-300, 7.25}),
	}).Draw(t, "kind")
	few := rapid.SliceOfN(one, 1, 200).Draw(t, "numbers")
	// Many more near them, as a real column has.
	copies := rapid.SampledFrom([]int{1, 3, 100}).Draw(t, "copies")
	var all []float64
	for i := range copies {
		for _, v := range few {
			if next := v * (1 + float64(i)/1024); !math.IsInf(next, 0) {
				all = append(all, next)
			}
		}
	}
	return all
}

// A sketch is the same in whatever order numbers come and parts are merged.
func TestSketchOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := numbersLike(t)
		want := sketchOf(numbers).profile(3)
		shuffled := rapid.Permutation(numbers).Draw(t, "order")
		cut := rapid.IntRange(0, len(numbers)).Draw(t, "cut")
		parts := sketchOf(shuffled[:cut])
		parts.merge(sketchOf(shuffled[cut:]))
		whole := sketchOf(numbers)
		if !slices.Equal(whole.keys, parts.keys) || !slices.Equal(whole.counts, parts.counts) || whole.shift != parts.shift {
			t.Fatalf("%d cells of shift %d, in parts %d of %d", len(whole.keys), whole.shift, len(parts.keys), parts.shift)
		}
		if got := parts.profile(3); !sameProfile(got, want) {
			t.Fatalf("%+v\n%+v", got, want)
		}
	})
}

// The cells are the narrowest of which there are no more than sketchCells.
func TestSketchCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := numbersLike(t)
		cells := map[int64]int64{}
		shift := uint(0)
		for ; ; shift++ {
			clear(cells)
			for _, v := range numbers {
				cells[keyOf(v)>>shift]++
			}
			if len(cells) <= sketchCells {
				break
			}
		}
		s := sketchOf(numbers)
		got := map[int64]int64{}
		for i, key := range s.keys {
			got[key] = s.counts[i]
		}
		if s.shift != shift || !maps.Equal(got, cells) || !slices.IsSorted(s.keys) || s.total != int64(len(numbers)) {
			t.Fatalf("%d cells of shift %d, want %d of %d", len(got), s.shift, len(cells), shift)
		}
	})
}

// The bins of a profile hold exactly the rows that lie in them, and each holds
// enough rows to hide in, or none.
func TestProfileCountsAreExactAndHide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := numbersLike(t)
		p := sketchOf(numbers).profile(0)
		counts := make([]int64, len(p.Edges)+1)
		for _, v := range numbers {
			bin := 0
			for bin < len(p.Edges) && v >= p.Edges[bin] {
				bin++
			}
			counts[bin]++
		}
		if !slices.Equal(counts, p.Counts) {
			t.Fatalf("edges %v: counts %v, want %v", p.Edges, p.Counts, counts)
		}
		for i, n := range counts {
			if n > 0 && n < fewest && len(counts) > 1 {
				t.Fatalf("bin %d of %v holds %d rows", i, p.Edges, n)
			}
		}
		if len(numbers) < fewest && (p.Low != nil || p.High != nil || p.Edges != nil) {
			t.Fatalf("%d rows tell %+v", len(numbers), p)
		}
		if p.Low != nil && p.High != nil && *p.Low >= *p.High {
			t.Fatalf("from %v to %v", *p.Low, *p.High)
		}
	})
}

func sameProfile(a, b nn.Profile) bool { return cmp.Equal(a, b) }

func TestRoundest(t *testing.T) {
	for _, c := range []struct{ low, high, want float64 }{
		{54.2, 57.9, 56}, {-1, 1, 0}, {-1, 0, 0}, {0, 1, 1}, {0, 0.9, 0.5}, {61, 61, 61}, {61, 62, 62},
		{0.1, 0.3, 0.25}, {-130, -127, -128}, {-3.5, -3.1, -3.25}, {1e300, 1.5e300, math.Ldexp(1, 997)},
		{5e-324, 1e-323, 1e-323}, {-math.MaxFloat64, math.MaxFloat64, 0},
	} {
		if got := roundest(c.low, c.high); got != c.want {
			t.Errorf("between %v and %v: %v, want %v", c.low, c.high, got, c.want)
		}
	}
}

// A number that many rows have is a bin of its own.
func TestProfileOfMasses(t *testing.T) {
	var numbers []float64
	for i := range 1000 {
		numbers = append(numbers, math.Max(0, float64(i-900))) // nine tenths are 0
	}
	p := sketchOf(numbers).profile(0)
	if p.Counts[0] != 0 || *p.Low != 0 || p.Edges[0] != 0 || p.Edges[1] <= 0 || p.Counts[1] < 900 {
		t.Errorf("%+v", p)
	}
	if p = sketchOf(slices.Repeat([]float64{7}, 50)).profile(0); len(p.Edges) != 2 || p.Counts[1] != 50 || *p.High <= 7 {
		t.Errorf("%+v", p)
	}
}

func TestWords(t *testing.T) {
	words := newWordCounts()
	words.add("rare", fewest-1)
	words.add("b", 30)
	words.add("a", 20)
	p := words.profile(5)
	if !slices.Equal(p.Words, []string{"a", "b"}) || !slices.Equal(p.Counts, []int64{20, 30}) || p.Other != fewest-1 || p.Rows != 74 {
		t.Errorf("%+v", p)
	}
	if q := ofCategories(p, []string{"b", "c"}); !slices.Equal(q.Counts, []int64{30, 0}) || q.Other != fewest-1+20 || q.Rows != 74 {
		t.Errorf("%+v", q)
	}
	for i := range wordsCounted {
		words.add(string(rune('一'+i)), 30)
	}
	if p = words.profile(0); len(p.Words) != 0 || p.Other != p.Rows {
		t.Errorf("%d words told of a column of names", len(p.Words))
	}
}
