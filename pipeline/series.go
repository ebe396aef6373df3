package pipeline

import (
	"math"

	"yhat/io/table"
	"yhat/nn"
)

// fewest is how many rows a mean or a bin must be made of to be told: of
// fewer, it is nearly somebody's cell.
const fewest = 20

// sumRows is how many rows of the input one partial sum takes in. It is fixed,
// so that a mean does not depend on how the input was cut.
const sumRows = 1024

// series sums numbers in the order of their rows.
type series struct {
	count       int64
	total, part float64
	chunk       int64
	low, high   float64
}

// add takes in the value of a row, counted from 0 in the whole input.
func (s *series) add(row int64, v float64) {
	if c := row / sumRows; c != s.chunk {
		s.total, s.part, s.chunk = s.total+s.part, 0, c
	}
	if s.count == 0 {
		s.low, s.high = v, v
	}
	s.low, s.high = min(s.low, v), max(s.high, v)
	s.part += v
	s.count++
}

// tell gives the mean, and the range where values may be shown.
func (s *series) tell(showValues bool, mean, low, high **float64) {
	m := (s.total + s.part) / float64(s.count)
	if s.count >= fewest && !math.IsInf(m, 0) && !math.IsNaN(m) { // a sum may overflow
		*mean = &m
	}
	if showValues && s.count > 0 {
		*low, *high = &s.low, &s.high
	}
}

// lanesOf sees one unit of a layer's panels.
func lanesOf[T nn.Float](data []T, units, unit int) table.Lanes[T] {
	return table.Lanes[T]{Data: data, Units: units, Unit: unit}
}

// cell is the number of a row, and whether it is there.
func cell(col *table.Feature, row int) (float64, bool) {
	switch {
	case col.Codes != nil:
		return 0, col.Codes[row] != table.CodeMissing
	case col.Missing(row):
		return 0, false
	case col.F32 != nil:
		v := float64(col.F32[row])
		return v, !math.IsNaN(v)
	}
	return col.F64[row], !math.IsNaN(col.F64[row])
}

// Bins of a histogram: twenty equal ones from 0 to 1, where probabilities are
// (1 itself counts with the last of them), and beyond that one for each power
// of two.
const (
	unitBins = 20
	lowBins  = 1026 // bins below 0
	allBins  = lowBins + unitBins + 1026
)

// histogram counts values by bin; bin b is at lowBins+b.
type histogram [allBins]int64

func (h *histogram) add(v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		h[lowBins+binOf(v)]++
	}
}

// binOf numbers the bin of a value.
func binOf(v float64) int {
	switch {
	case v == 1:
		return unitBins - 1 // a probability of one belongs with those just below
	case v >= 0 && v < 1:
		return int(v * unitBins)
	case v > 1:
		_, e := math.Frexp(v)
		return unitBins + e - 1
	}
	f, e := math.Frexp(-v)
	if f == 0.5 { // a power of two is the lower edge of its bin
		e--
	}
	return -1 - max(0, e)
}

// edges are the values a bin lies between. The outermost end at the largest
// number there is: JSON knows no infinity.
func edges(bin int) (from, to float64) {
	switch {
	case bin < -1:
		return -min(math.Ldexp(1, -1-bin), math.MaxFloat64), -math.Ldexp(1, -2-bin)
	case bin == -1:
		return -1, 0
	case bin < unitBins:
		return float64(bin) / unitBins, float64(bin+1) / unitBins
	}
	return math.Ldexp(1, bin-unitBins), min(math.Ldexp(1, bin-unitBins+1), math.MaxFloat64)
}

// bins lists the bins that are not empty, in order.
func (h *histogram) bins() []Bin {
	var bins []Bin
	for i, n := range h {
		if n > 0 {
			from, to := edges(i - lowBins)
			bins = append(bins, Bin{from, to, n})
		}
	}
	return bins
}
