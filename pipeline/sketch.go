package pipeline

import (
	"math"
	"slices"
	"sort"

	"yhat/nn"
)

// sketchCells is how many different cells a sketch may count before its cells
// are made twice as wide, sketchFresh how many numbers it gathers before it
// counts them, one sketch at a time being in the cache, and sketchBits the
// logarithm of how many slots there are to find cells by.
const sketchCells, sketchFresh, sketchBits = 4096, 2048, 13

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
	slots  []uint16 // by a key's hash: the place of its cell, from 1 on, or in a slot behind
	fresh  []int64
	total  int64
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
		s.absorb()
	}
}

// absorb counts the fresh numbers.
func (s *sketch) absorb() {
	for i := range s.fresh {
		s.count(s.fresh[i], 1) // which may change those that are left
	}
	s.fresh = s.fresh[:0]
}

// settle counts what is left and puts the cells in order.
func (s *sketch) settle() {
	s.absorb()
	s.order()
}

// merge adds what another sketch counted.
func (s *sketch) merge(o *sketch) {
	s.absorb()
	o.absorb()
	for s.shift < o.shift {
		s.coarsen()
	}
	for i, key := range o.keys {
		s.count(key>>(s.shift-o.shift), o.counts[i])
	}
	s.total += o.total
	s.order()
}

// count adds n to the cell of a key.
func (s *sketch) count(key, n int64) {
	if s.slots == nil {
		s.slots = make([]uint16, 1<<sketchBits)
	}
	slot := s.slot(key)
	if s.slots[slot] > 0 {
		s.counts[s.slots[slot]-1] += n
		return
	}
	s.keys, s.counts = append(s.keys, key), append(s.counts, n)
	s.slots[slot] = uint16(len(s.keys))
	for len(s.keys) > sketchCells {
		s.coarsen()
	}
}

// slot is where the cell of a key is to be found, or to be put (Knuth, The Art
// of Computer Programming 3, 6.4, algorithm L; the factor is 2^64 over the
// golden ratio).
func (s *sketch) slot(key int64) uint64 {
	at := uint64(key) * 0x9e3779b97f4a7c15 >> (64 - sketchBits)
	for s.slots[at] > 0 && s.keys[s.slots[at]-1] != key {
		at = (at + 1) % (1 << sketchBits)
	}
	return at
}

// order sorts the cells.
func (s *sketch) order() {
	if !slices.IsSorted(s.keys) {
		sort.Sort((*byKey)(s))
		s.index()
	}
}

// byKey orders the cells of a sketch.
type byKey sketch

func (s *byKey) Len() int           { return len(s.keys) }
func (s *byKey) Less(i, j int) bool { return s.keys[i] < s.keys[j] }
func (s *byKey) Swap(i, j int) {
	s.keys[i], s.keys[j] = s.keys[j], s.keys[i]
	s.counts[i], s.counts[j] = s.counts[j], s.counts[i]
}

// index puts every cell into its slot.
func (s *sketch) index() {
	clear(s.slots)
	for i, key := range s.keys {
		s.slots[s.slot(key)] = uint16(i + 1)
	}
}

// coarsen makes each cell twice as wide.
func (s *sketch) coarsen() {
	s.order()
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
	s.index()
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
