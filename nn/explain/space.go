package explain

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Space is what one goroutine needs to explain rows.
type Space[T nn.Float] struct {
	target []int32 // the output explained, of each row
	moved  []T     // its ŷ − ŷ₀
	// Rows whose contributions are still to be made, or made better; fresh: they
	// have none yet. changed are those whose contributions changed.
	open, changed []uint32
	fresh         bool

	path  path[T]
	coals coalitions[T]
}

// path is where the rows of a tile are on their ways from baseline to x.
type path[T nn.Float] struct {
	t      []T   // of each row
	ends   [][]T // ends[i]: where layer i's stretch ends; the last is the next t
	z      []kernel.Stretch[T]
	tau    [][]T
	a      [][]T
	before []T // a of the last layer at t, where it has a formula
	// Of layers without one: a node of each row, and ∂ŷ/∂z of the lowest of them.
	node, above []T
	delta       [2][]T
	sum         []T // of ∂ŷ/∂z_1
	gradient    []T // of ∂ŷ/∂x
}

// NewSpace makes a space for this explainer.
func (e *Explainer[T]) NewSpace() *Space[T] {
	lanes := e.tile * nn.Lanes
	s := &Space[T]{target: make([]int32, lanes), moved: make([]T, lanes), open: make([]uint32, e.tile), changed: make([]uint32, e.tile)}
	if e.method == Shapley {
		s.coals = e.newCoalitions(lanes)
	} else {
		s.path = e.newPath(lanes)
	}
	return s
}

func (e *Explainer[T]) newPath(lanes int) path[T] {
	s := path[T]{t: make([]T, lanes), ends: [][]T{make([]T, lanes)}}
	for i := range lanes {
		s.ends[0][i] = 1
	}
	widest := e.layers[0].in
	for i := range e.layers {
		l := &e.layers[i]
		widest = max(widest, l.out)
		z := kernel.Stretch[T]{Units: l.out, Z0: l.z0, Same: i == 0 && e.kinked > 0, Z1: make([]T, lanes*l.out), Start: make([]T, lanes), End: s.ends[i]}
		if !z.Same {
			z.Z0 = make([]T, lanes*l.out)
		}
		s.z, s.ends = append(s.z, z), append(s.ends, make([]T, lanes))
		s.tau, s.a = append(s.tau, make([]T, lanes*l.out)), append(s.a, make([]T, lanes*l.out))
	}
	if e.kinked < len(e.layers) {
		s.node, s.above = make([]T, lanes), make([]T, lanes*e.layers[e.kinked].out)
	}
	s.before = make([]T, lanes*e.layers[len(e.layers)-1].out)
	s.delta = [2][]T{make([]T, lanes*widest), make([]T, lanes*widest)}
	s.sum, s.gradient = make([]T, lanes*e.layers[0].out), make([]T, lanes*e.layers[0].in)
	return s
}
