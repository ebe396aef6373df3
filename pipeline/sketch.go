package pipeline

import (
	"math"
	"slices"

	"yhat/nn"
)

// sketchCells is how many different cells a sketch may count before its cells
// are made twice as wide, and sketchFresh how many numbers it gathers before it
// sorts them in.
const sketchCells, sketchFresh = 4096, 2048

// sketch counts numbers by cells of nearly equal relative width. As long as
// there are no more than sketchCells different numbers, each is a cell of its
// own; then pairs of cells become one, again and again (UDDSketch: Epicoco,
// Melle, Cafaro, Pulimeno and Morelli 2020, Distributed UDDSketch, IEEE Access
// 8; here the cells are runs of floating-point numbers instead of powers).
//
// The cells depend on the set of numbers alone: they are the narrowest of which
// there are no more than sketchCells. So numbers may come in any order, and
// sketches of parts may be merged in any order: the result is the same.
type sketch struct {
	shift  uint // numbers whose keys agree but for the last shift bits share a cell
	keys   []int64
	counts []int64
	fresh  []int64
	total  int64

	spareKeys, spareCounts []int64
}

// keyOf numbers the finite floats in their order, 0 at 0.
func keyOf(v float64) int64 {
	if v < 0 {
		return -int64(math.Float64bits(-v))
	}
	return int64(math.Float64bits(v + 0)) // -0 is 0
}

// floatOf is the number of a key.
func floatOf(key int64) float64 {
	if key < 0 {
		return -math.Float64frombits(uint64(-key))
	}
	return math.Float64frombits(uint64(key))
}

// add counts a finite number.
func (s *sketch) add(v float64) {
	s.fresh = append(s.fresh, keyOf(v)>>s.shift)
	if s.total++; len(s.fresh) == sketchFresh {
		s.settle()
	}
}

// settle sorts the fresh numbers in.
func (s *sketch) settle() {
	slices.Sort(s.fresh)
	s.mergeIn(s.fresh, nil)
	s.fresh = s.fresh[:0]
}

// merge adds what another sketch counted.
func (s *sketch) merge(o *sketch) {
	s.settle()
	o.settle()
	for s.shift < o.shift {
		s.coarsen()
	}
	keys := slices.Clone(o.keys)
	for i := range keys {
		keys[i] >>= s.shift - o.shift
	}
	s.total += o.total
	s.mergeIn(keys, o.counts)
}

// mergeIn adds sorted keys, each once or so many times.
func (s *sketch) mergeIn(keys, counts []int64) {
	toKeys, toCounts := s.spareKeys[:0], s.spareCounts[:0]
	put := func(key, n int64) {
		if last := len(toKeys) - 1; last >= 0 && toKeys[last] == key {
			toCounts[last] += n
			return
		}
		toKeys, toCounts = append(toKeys, key), append(toCounts, n)
	}
	i := 0
	for j, key := range keys {
		for ; i < len(s.keys) && s.keys[i] <= key; i++ {
			put(s.keys[i], s.counts[i])
		}
		n := int64(1)
		if counts != nil {
			n = counts[j]
		}
		put(key, n)
	}
	for ; i < len(s.keys); i++ {
		put(s.keys[i], s.counts[i])
	}
	s.spareKeys, s.spareCounts, s.keys, s.counts = s.keys, s.counts, toKeys, toCounts
	for len(s.keys) > sketchCells {
		s.coarsen()
	}
}

// coarsen makes each cell twice as wide.
func (s *sketch) coarsen() {
	s.shift++
	n := 0
	for i, key := range s.keys {
		if key >>= 1; n > 0 && s.keys[n-1] == key {
			s.counts[n-1] += s.counts[i]
			continue
		}
		s.keys[n], s.counts[n] = key, s.counts[i]
		n++
	}
	s.keys, s.counts = s.keys[:n], s.counts[:n]
	for i := range s.fresh {
		s.fresh[i] >>= 1
	}
}

// at is the lower end of the cell that holds the number of a rank, from 0; a
// rank that is none is the nearest.
func (s *sketch) at(rank int64) float64 {
	for i, n := range s.counts {
		if rank -= n; rank < 0 || i == len(s.counts)-1 {
			return floatOf(s.keys[i] << s.shift)
		}
	}
	return 0
}

// below counts the numbers below an edge, which must be the end of a cell.
func (s *sketch) below(edge float64) int64 {
	var n int64
	for i, key := range s.keys {
		if floatOf(key<<s.shift) >= edge {
			break
		}
		n += s.counts[i]
	}
	return n
}

// upTo counts the numbers up to those of the cell that starts at v.
func (s *sketch) upTo(v float64) int64 {
	var n int64
	for i, key := range s.keys {
		if floatOf(key<<s.shift) > v {
			break
		}
		n += s.counts[i]
	}
	return n
}

// profileBins is how many bins of about equal counts a profile has, as far as
// the numbers can be told apart.
const profileBins = 10

// profile makes the profile of a column of which missing further rows have no
// value. It must be nobody's value that is told: a bin holds at least fewest
// rows or none, and an edge is the roundest number within a run of ranks that
// holds as many, roundest in binary, so that the counts are exact.
func (s *sketch) profile(missing int64) nn.Profile {
	s.settle()
	p := nn.Profile{Rows: s.total + missing, Missing: missing, Counts: []int64{}}
	p.Low, p.High = s.bounds()
	counted := int64(0)
	for _, edge := range s.edges(p.Low, p.High) {
		n := s.below(edge)
		first, last := len(p.Edges) == 0 && n == 0, n == s.total && counted < n
		if (first || n-counted >= fewest) && (last || s.total-n >= fewest) {
			p.Edges, p.Counts, counted = append(p.Edges, edge), append(p.Counts, n-counted), n
		}
	}
	p.Counts = append(p.Counts, s.total-counted)
	return p
}

// edges are where a profile may be cut, in order: the bounds, each tenth of the
// ranks, and both ends of a number that very many rows have.
func (s *sketch) edges(low, high *float64) []float64 {
	if s.total < fewest {
		return nil
	}
	var edges []float64
	for _, bound := range []*float64{low, high} {
		if bound != nil && keyOf(*bound)&(1<<s.shift-1) == 0 {
			edges = append(edges, *bound)
		}
	}
	reach := max(fewest, s.total/50)
	for i := int64(1); i < profileBins; i++ {
		rank := i * s.total / profileBins
		from, to := s.at(max(0, rank-reach)), s.at(rank+reach)
		edges = append(edges, roundest(from, to))
		if beyond := s.at(s.upTo(to) + fewest); from == to && beyond > to {
			edges = append(edges, roundest(to, beyond))
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

// bounds are round numbers between which nearly all numbers lie: at most a
// hundredth is below the one, or not below the other. At least fewest rows lie
// at a bound or beyond it; a bound that would have to tell more is nil.
func (s *sketch) bounds() (low, high *float64) {
	if s.total < fewest {
		return nil, nil
	}
	few := s.total / 100
	deep := max(3*fewest, s.total*3/1000)
	first, last := s.at(fewest-1), s.at(s.total-fewest)
	if v := roundest(first, s.at(deep)); s.below(v) <= few {
		low = &v
	}
	inner := s.at(max(0, s.total-1-deep))
	if inner == last { // many rows hold the same
		width := max(math.Abs(last), last-first) / 64
		if width == 0 {
			width = 1.0 / 64
		}
		last += width
	}
	if v := roundest(inner, last); s.total-s.below(v) <= few && !math.IsInf(v, 0) {
		high = &v
	}
	return low, high
}

// roundest is the number above low and up to high that is written with the
// fewest binary digits; high itself if there is none between.
func roundest(low, high float64) float64 {
	if low < 0 && high >= 0 {
		return 0
	}
	_, e := math.Frexp(max(math.Abs(low), math.Abs(high)))
	for ; e > -1074; e-- {
		step := math.Ldexp(1, e)
		if v := math.Floor(high/step) * step; v > low && v <= high {
			return v
		}
		if math.Floor(high/step)*step == high {
			break // finer steps give the same
		}
	}
	return high
}
