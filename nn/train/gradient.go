package train

import (
	"math/rand/v2"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Space is what one goroutine needs to compute gradients.
type Space[T nn.Float] struct {
	z       [][]T // σ's inputs, where the backward pass needs them
	a       [][]T // σ's outputs
	fed     [][]T // what the next layer sees: a, or a after dropout
	mask    [][]T // of dropout
	delta   [2][]T
	scratch []T
	ones    []T // the input that biases have
	random  *rand.PCG
}

// NewSpace makes a space for this network.
func (n *Net[T]) NewSpace() *Space[T] {
	s := &Space[T]{random: rand.NewPCG(0, 0)}
	widest := n.Inputs()
	for i := range n.layers {
		l := &n.layers[i]
		widest = max(widest, l.out)
		a := make([]T, ShardRows*l.out)
		z, fed, mask := a, a, []T(nil)
		if needsInput(l.act.Func) {
			z = make([]T, len(a))
		}
		if n.drops(i) {
			fed, mask = make([]T, len(a)), make([]T, len(a))
		}
		s.z, s.a, s.fed, s.mask = append(s.z, z), append(s.a, a), append(s.fed, fed), append(s.mask, mask)
	}
	s.delta = [2][]T{make([]T, ShardRows*widest), make([]T, ShardRows*widest)}
	s.scratch = make([]T, ShardRows*n.Outputs())
	s.ones = make([]T, ShardRows)
	for i := range s.ones {
		s.ones[i] = 1
	}
	return s
}

// drops reports whether dropout follows layer i: all but the last.
func (n *Net[T]) drops(i int) bool { return n.dropout > 0 && i < len(n.layers)-1 }

// Gradient sets g to the gradient of the shard's loss by the parameters,
// summed over its rows with their weights, and returns the loss. Sums over
// the rows of a shard are made in T in a fixed order, losses in float64.
func (n *Net[T]) Gradient(s *Space[T], b *Shard[T], g []float64) float64 {
	x := b.X
	for i := range n.layers {
		n.forward(s, b, i, x)
		x = s.fed[i]
	}
	last := len(n.layers) - 1
	d := s.delta[last%2]
	loss := n.differ(b, s.a[last], d, s.scratch)
	for i := last; i >= 0; i-- {
		l := &n.layers[i]
		n.chain(l.act, s.z[i], s.a[i], d, l.out, b.Panels)
		x := b.X
		if i > 0 {
			x = s.fed[i-1]
		}
		n.outer(s, l, d, x, b.Panels, g)
		if i > 0 {
			below := s.delta[(i+1)%2]
			n.set.Dense(l.back, d, below, b.Panels, false)
			if s.mask[i-1] != nil {
				scaleBy(below[:b.Panels*l.in*nn.Lanes], s.mask[i-1])
			}
			d = below
		}
	}
	return loss
}

// forward computes layer i from x.
func (n *Net[T]) forward(s *Space[T], b *Shard[T], i int, x []T) {
	l, a := &n.layers[i], s.a[i]
	used := b.Panels * l.out * nn.Lanes
	n.set.Dense(l.dense, x, a, b.Panels, false)
	if needsInput(l.act.Func) {
		copy(s.z[i][:used], a)
	}
	if l.act.Func != kernel.Identity {
		n.set.Activate(l.act, a, l.out, b.Panels)
	}
	if s.mask[i] != nil {
		n.drop(s, i, b.Seed, used)
	}
}

// drop draws which units of which rows are left out.
func (n *Net[T]) drop(s *Space[T], i int, seed uint64, used int) {
	s.random.Seed(seed, uint64(i))
	keep := uint64((1 - n.dropout) * (1 << 32))
	grown := T(1 / (1 - n.dropout))
	a, fed, mask := s.a[i][:used], s.fed[i][:used], s.mask[i][:used]
	for j := 0; j < used; j += 2 {
		bits := s.random.Uint64()
		for k := range 2 {
			mask[j+k] = 0
			if bits>>(32*k)&(1<<32-1) < keep {
				mask[j+k] = grown
			}
			fed[j+k] = a[j+k] * mask[j+k]
		}
	}
}

func scaleBy[T nn.Float](d, by []T) {
	for i := range d {
		d[i] *= by[i]
	}
}
