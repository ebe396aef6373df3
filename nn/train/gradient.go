package train

import (
	"math/rand/v2"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Space is what it takes to compute the gradient of one shard.
type Space[T nn.Float] struct {
	z       [][]T // σ's inputs, where the backward pass needs them
	a       [][]T // σ's outputs
	fed     [][]T // what the next layer sees: a, or a after dropout
	mask    [][]T // of dropout
	d       [][]T // the loss's derivatives by a, then by z
	help    []T   // for slopes, each panel its own: as wide as the widest layer
	widest  int
	scratch []T
	ones    []T // the input that biases have
}

// NewSpace makes a space for this network.
func (n *Net[T]) NewSpace() *Space[T] {
	s := &Space[T]{}
	for i := range n.layers {
		l := &n.layers[i]
		a := make([]T, ShardRows*l.room)
		z, fed, mask := a, a, []T(nil)
		if needsInput(l.act.Func) {
			z = make([]T, len(a))
		}
		if n.drops(i) {
			fed, mask = make([]T, len(a)), make([]T, len(a))
		}
		s.z, s.a, s.fed, s.mask = append(s.z, z), append(s.a, a), append(s.fed, fed), append(s.mask, mask)
		s.d = append(s.d, make([]T, len(a)))
		if smooth(l.act.Func) {
			s.widest = max(s.widest, l.out)
		}
	}
	s.help = make([]T, ShardRows*s.widest)
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
//
// It is Drop, Forward, Loss, Backward and Sum, one after the other, which
// several goroutines may also share: a row's numbers do not depend on the rows
// beside it, nor a parameter's sum on the parameters beside it.
func (n *Net[T]) Gradient(s *Space[T], b *Shard[T], g []T) float64 {
	n.Drop(s, b)
	n.Forward(s, b, 0, b.Panels)
	loss := n.Loss(s, b)
	n.Backward(s, b, 0, b.Panels)
	for _, piece := range n.pieces {
		n.Sum(s, b, piece, g)
	}
	return loss
}

// Drop draws which units of which rows the shard's pass leaves out.
func (n *Net[T]) Drop(s *Space[T], b *Shard[T]) {
	if n.dropout == 0 {
		return
	}
	random := rand.NewPCG(0, 0)
	keep := uint64((1 - n.dropout) * (1 << 32))
	grown := T(1 / (1 - n.dropout))
	for i := range n.layers {
		if !n.drops(i) {
			continue
		}
		random.Seed(b.Seed, uint64(i))
		l := &n.layers[i]
		l.runs(0, b.Panels, func(from, to int) {
			mask := l.of(s.mask[i], from, to)
			for j := 0; j < len(mask); j += 2 {
				bits := random.Uint64()
				for k := range 2 {
					mask[j+k] = 0
					if bits>>(32*k)&(1<<32-1) < keep {
						mask[j+k] = grown
					}
				}
			}
		})
	}
}

// Forward computes a_1 … a_L of panels from … to-1, after Drop.
func (n *Net[T]) Forward(s *Space[T], b *Shard[T], from, to int) {
	x := b.X
	for i := range n.layers {
		l := &n.layers[i]
		n.set.Dense(l.dense, within(x, l.dense.X, from, to), within(s.a[i], l.room, from, to), to-from, false)
		l.runs(from, to, func(from, to int) {
			a := l.of(s.a[i], from, to)
			if needsInput(l.act.Func) {
				copy(l.of(s.z[i], from, to), a)
			}
			if l.act.Func != kernel.Identity {
				n.set.Activate(l.act, a, l.out, to-from)
			}
			if s.mask[i] != nil {
				fed := l.of(s.fed[i], from, to)
				for j, v := range l.of(s.mask[i], from, to) {
					fed[j] = a[j] * v
				}
			}
		})
		x = s.fed[i]
	}
}

// Loss is the shard's loss, after Forward, and the start of Backward.
func (n *Net[T]) Loss(s *Space[T], b *Shard[T]) float64 {
	last := len(n.layers) - 1
	return n.differ(b, s.a[last], s.d[last], s.scratch)
}

// Backward computes the loss's derivatives by z_L … z_1 of panels from … to-1,
// after Loss.
func (n *Net[T]) Backward(s *Space[T], b *Shard[T], from, to int) {
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := &n.layers[i]
		l.runs(from, to, func(from, to int) {
			n.chain(l.act, l.of(s.z[i], from, to), l.of(s.a[i], from, to), l.of(s.d[i], from, to), within(s.help, s.widest, from, to), l.out, to-from)
		})
		if i == 0 {
			return
		}
		below := &n.layers[i-1]
		n.set.Dense(l.back, within(s.d[i], l.room, from, to), within(s.d[i-1], below.room, from, to), to-from, false)
		if s.mask[i-1] != nil {
			below.runs(from, to, func(from, to int) {
				d := below.of(s.d[i-1], from, to)
				for j, v := range below.of(s.mask[i-1], from, to) {
					d[j] *= v
				}
			})
		}
	}
}

// Sum sets the piece's parameters in g to their gradient, after Backward: Σ over
// rows of d·xᵀ for weights and of d for biases, a bias being a weight whose
// input is 1.
func (n *Net[T]) Sum(s *Space[T], b *Shard[T], piece Piece, g []T) {
	i, l := piece.layer, &n.layers[piece.layer]
	x := b.X
	if i > 0 {
		x = s.fed[i-1]
	}
	weights, biases := parts(piece, g)
	shape := kernel.Outer{From: piece.from, To: piece.to, Inputs: l.in, D: l.room, X: l.dense.X}
	n.set.Outer(shape, s.d[i], x, b.Panels, weights)
	shape.Inputs, shape.X = 1, 1
	n.set.Outer(shape, s.d[i], s.ones, b.Panels, biases)
}

// within are panels from … to-1 with room for so many units.
func within[T nn.Float](v []T, units, from, to int) []T {
	return v[from*units*nn.Lanes : to*units*nn.Lanes]
}
