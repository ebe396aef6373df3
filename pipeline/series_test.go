package pipeline

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A bin's edges hold the values it counts.
func TestBinsHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		powers := rapid.Custom(func(t *rapid.T) float64 {
			return math.Ldexp(rapid.SampledFrom([]float64{1, -1}).Draw(t, "sign"), rapid.IntRange(-70, 70).Draw(t, "e"))
		})
		v := rapid.OneOf(rapid.Float64(), powers).Draw(t, "v")
		from, to := edges(binOf(v))
		if !(v >= from && v < to) && v != 1 && to != math.MaxFloat64 {
			t.Errorf("%v is counted in %v … %v", v, from, to)
		}
	})
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 0.05, math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324} {
		var h histogram
		h.add(v)
		if bins := h.bins(); len(bins) != 1 || bins[0].Count != 1 {
			t.Errorf("%v: bins %v", v, bins)
		}
	}
}

func TestMeansOfFewRowsAreNotTold(t *testing.T) {
	var s series
	var mean, low, high *float64
	for row := range int64(fewest - 1) {
		s.add(row, 2)
	}
	s.tell(false, &mean, &low, &high)
	if mean != nil || low != nil {
		t.Errorf("told of %d rows", s.count)
	}
	s.add(fewest, 2)
	s.tell(true, &mean, &low, &high)
	if mean == nil || *mean != 2 || *low != 2 || *high != 2 {
		t.Errorf("mean %v, range %v to %v", mean, low, high)
	}
}

// The partial sums end at fixed rows, so rows left out elsewhere change only
// their own part.
func TestSumsArePartedAtFixedRows(t *testing.T) {
	var s series
	for row := range int64(3 * sumRows) {
		s.add(row, 1e-3*float64(row))
	}
	var want float64
	for c := range int64(3) {
		var part float64
		for row := c * sumRows; row < (c+1)*sumRows; row++ {
			part += 1e-3 * float64(row)
		}
		want += part
	}
	if got := s.total + s.part; got != want {
		t.Errorf("sum %v, want %v", got, want)
	}
}
