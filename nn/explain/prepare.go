package explain

import (
	"math"
	"slices"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

func (e *Explainer[T]) newLayer(l *nn.Layer) layer[T] {
	a := l.Activation
	made := layer[T]{in: l.In, out: l.Out, alpha: -1,
		act: kernel.Activation[T]{Func: kernel.Func(a.Func), Alpha: T(a.Alpha), Beta: T(a.Beta)}}
	made.dense = kernel.Pack[T](l.In, l.Out, l.W, l.B, e.set.Block)
	turned := make([]float64, len(l.W))
	for i, w := range l.W {
		turned[i%l.In*l.Out+i/l.In] = w
	}
	made.turned = kernel.Pack[T](l.In, l.Out, l.W, make([]float64, l.Out), e.set.Block)
	made.back = kernel.Pack[T](l.Out, l.In, turned, make([]float64, l.In), e.set.Block)
	switch {
	case a.Func == nn.Identity:
		made.alpha, made.straight = 1, true
	case a.Func == nn.ReLU:
		made.alpha = 0
	case a.Func == nn.LeakyReLU && made.act.Alpha >= 0 && made.act.Alpha <= 1:
		made.alpha = made.act.Alpha
	}
	return made
}

// tileNumbers bounds the numbers a tile of panels works on, and chunkPanels is
// of how many panels the rows are sorted.
const (
	tileNumbers = 48 << 10
	chunkPanels = 64
)

// fit chooses how many panels are explained at once.
func (e *Explainer[T]) fit() {
	units := 0
	for _, l := range e.layers {
		units += 5*l.out + l.in
	}
	if e.method == Shapley {
		units = 1 << len(e.features)
	}
	e.tile = max(1, min(8, tileNumbers/(units*nn.Lanes)))
	e.chunk = chunkPanels
	if e.method == Shapley {
		e.chunk = e.tile
	}
}

// atBase computes what each layer gives of the baseline.
func (e *Explainer[T]) atBase() {
	x := e.base
	for i := range e.layers {
		l := &e.layers[i]
		l.z0 = make([]T, l.out*nn.Lanes)
		e.set.Dense(l.dense, x, l.z0, 1, false)
		x = slices.Clone(l.z0)
		e.set.Activate(l.act, x, l.out, 1)
		l.a0, l.off = x, make([]T, len(x))
		for j, v := range l.z0 {
			if i < e.kinked && !l.straight && !(v > 0) {
				l.off[j] = T(math.Copysign(0, -1))
			}
		}
	}
	for at := 0; at < len(x); at += nn.Lanes {
		e.baseY = append(e.baseY, x[at])
	}
	if e.pair {
		e.baseY = append(e.baseY, 1-e.baseY[0])
	}
}

// oneOfTwo makes of a last layer of softmax with two units the first of them alone:
// it is the sigmoid of the difference, which has a formula, and the second share is
// what the first leaves of 1.
func oneOfTwo(layers []nn.Layer) ([]nn.Layer, bool) {
	last := layers[len(layers)-1]
	if last.Activation.Func != nn.Softmax || last.Out != 2 {
		return layers, false
	}
	one := nn.Layer{In: last.In, Out: 1, B: []float64{last.B[0] - last.B[1]}, Activation: nn.Sigmoid.Default()}
	for i, w := range last.W[:last.In] {
		one.W = append(one.W, w-last.W[last.In+i])
	}
	return append(slices.Clone(layers[:len(layers)-1]), one), true
}

// identity is a layer that changes nothing.
func identity(units int) *nn.Layer {
	l := &nn.Layer{In: units, Out: units, W: make([]float64, units*units), B: make([]float64, units), Activation: nn.Identity.Default()}
	for u := range units {
		l.W[u*units+u] = 1
	}
	return l
}

// prepare makes the weights that paths through kinks begin with.
func (e *Explainer[T]) prepare(layers []nn.Layer) {
	first, second := &e.layers[0], identity(e.layers[0].out)
	if len(layers) > 1 {
		second = &layers[1]
	}
	e.next = second.W
	w, b := slices.Clone(second.W), make([]float64, second.Out)
	for i := range w {
		unit := i % second.In
		if !(first.z0[unit*nn.Lanes] > 0) {
			w[i] *= float64(first.alpha)
		}
		b[i/second.In] -= w[i] * float64(first.z0[unit*nn.Lanes])
	}
	e.launch = kernel.Pack[T](second.In, second.Out, w, b, e.set.Block)
	e.one = e.unitAbove(layers)
}

// unitAbove is what there is of a network of two kinked layers and one unit that
// has a formula; nil of others.
func (e *Explainer[T]) unitAbove(layers []nn.Layer) *kernel.One[T] {
	if e.kinked != 2 || len(layers) != 3 || layers[2].Out != 1 || e.layers[1].straight || len(e.rules) > 0 {
		return nil
	}
	second, last := &e.layers[1], &e.layers[2]
	one := &kernel.One[T]{Units: second.out, Alpha: second.alpha, Z0: slices.Clone(second.z0),
		Bias: T(layers[2].B[0]), Func: last.act.Func, Z: last.z0[0], A: last.a0[0]}
	for i, v := range second.off {
		one.Z0[i] = T(math.Copysign(float64(one.Z0[i]), math.Copysign(1, float64(v))))
	}
	for _, v := range layers[2].W {
		one.W = append(one.W, T(v))
	}
	return one
}
