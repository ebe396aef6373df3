package explain

import (
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Space is what one goroutine needs to explain rows.
type Space[T nn.Float] struct {
	outputs []int32 // which is explained, of a chunk's rows
	// The rows of a chunk that are still to be explained, those of most kinks
	// first, and what they are sorted by.
	rows, counts, starts []int32

	// A tile: some of those rows, side by side.
	panels  int
	x, gain []T     // inputs, and what each contributes
	phi     []T     // what each feature contributes; gain, if all have one input
	total   []T     // what all of a row contribute
	target  []int32 // the output explained, of each row
	place   []int32 // where each row lies in its chunk

	path  path[T]
	coals coalitions[T]
}

// path is where the rows of a tile are on their ways from baseline to x.
type path[T nn.Float] struct {
	corners *kernel.Corners[T]
	one     *kernel.One[T] // of networks that are followed to their ends at once
	dt      []T            // how long each row's piece is
	end     []T            // z_1 of x
	at      []place[T]     // of kinked layers, but for the first; of layer 2 at least
	// z of the first layer that is no kinked line, before and after a piece, and
	// σ(z) if it is the last layer.
	before, after, aBefore, aAfter []T
	// Of such layers: z and σ(z) at a node of a rule, and their sum.
	z, a     [][]T
	above    []T
	delta    [2][]T
	worth    []T // the sum of ∂ŷ/∂z_2 so far
	on       []T // ∂ŷ/∂a_1, of the whole path
	sum      []T // of ∂ŷ/∂z_1
	gradient []T // of ∂ŷ/∂x
}

// place is where a layer's rows are: z at t, dz/dt, which units are off, how
// long until they turn, and a number for each unit to work with.
type place[T nn.Float] struct{ z, slope, off, reach, a []T }

// NewSpace makes a space for this explainer.
func (e *Explainer[T]) NewSpace() *Space[T] {
	rows, lanes := e.chunk*nn.Lanes, e.tile*nn.Lanes
	s := &Space[T]{outputs: make([]int32, rows)}
	if e.method == Shapley {
		s.coals = e.newCoalitions(lanes)
		return s
	}
	s.rows, s.counts, s.starts = make([]int32, rows), make([]int32, rows), make([]int32, mostKinks+1)
	s.x, s.gain, s.total, s.target = make([]T, lanes*e.layers[0].in), make([]T, lanes*e.layers[0].in), make([]T, lanes), make([]int32, lanes)
	s.place = make([]int32, lanes)
	if s.phi = s.gain; e.layers[0].in != len(e.features) {
		s.phi = make([]T, lanes*len(e.features))
	}
	s.path = e.newPath(lanes)
	return s
}

func (e *Explainer[T]) newPath(lanes int) path[T] {
	numbers := func(units int) []T { return make([]T, lanes*units) }
	s := path[T]{dt: numbers(1), end: numbers(e.layers[0].out), sum: numbers(e.layers[0].out), gradient: numbers(e.layers[0].in)}
	widest, last := e.layers[0].in, e.layers[len(e.layers)-1].out
	for i := range e.layers {
		widest = max(widest, e.layers[i].out)
	}
	s.delta = [2][]T{numbers(widest), numbers(widest)}
	s.z, s.a = make([][]T, len(e.layers)), make([][]T, len(e.layers))
	for i := e.kinked; i < len(e.layers); i++ {
		s.z[i], s.a[i] = numbers(e.layers[i].out), numbers(e.layers[i].out)
	}
	if e.kinked < len(e.layers) {
		top := e.layers[e.kinked].out
		s.before, s.after, s.above, s.aBefore, s.aAfter = numbers(top), numbers(top), numbers(top), numbers(last), numbers(last)
	}
	if e.kinked == 0 {
		return s
	}
	s.corners = kernel.NewCorners[T](e.layers[0].out, e.layers[1].out, e.next, lanes/nn.Lanes)
	if e.one != nil {
		s.one = e.one.Room(lanes / nn.Lanes)
	}
	s.on, s.worth = numbers(e.layers[0].out), numbers(e.layers[1].out)
	s.at = make([]place[T], max(2, e.kinked))
	for i := 1; i < len(s.at); i++ {
		n := e.layers[i].out
		s.at[i] = place[T]{numbers(n), numbers(n), numbers(n), numbers(n), numbers(n)}
		for j := range s.at[i].reach {
			s.at[i].reach[j] = T(math.Inf(1))
		}
	}
	return s
}
