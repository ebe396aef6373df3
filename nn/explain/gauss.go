package explain

import (
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// rule is Gauss's with its nodes in 0 … 1 (Legendre polynomials).
type rule[T nn.Float] struct{ nodes, weights []T }

// The numbers of nodes a piece that are tried in turn: a smooth integrand needs
// few, one with corners many.
const (
	fewNodes    = 8
	fewestNodes = 4 // between two kinks
	mostNodes   = 128
	mostCorner  = 4096
	pieceMost   = 16
)

// closeEnough is what sums are made right to, and how much twice the nodes may
// change a contribution.
const closeEnough = Tolerance / 5

// chooseRules makes the rules for the layers above the kinked lines. One layer
// that has a formula needs none.
func (e *Explainer[T]) chooseRules() {
	e.smooth = true
	above := e.layers[e.kinked:]
	for i := range above {
		e.smooth = e.smooth && smooth(nn.Func(above[i].act.Func))
	}
	most := mostNodes
	if !e.smooth {
		most = mostCorner
	}
	if len(above) == 0 {
		most = 0
	} else if _, ok := kernel.CurveOf[T](above[0].act.Func); ok && len(above) == 1 {
		most = 0
	}
	few := fewNodes
	if e.kinked > 0 && e.smooth {
		few = fewestNodes
	}
	for n := few; n <= most; n *= 2 {
		e.rules = append(e.rules, newRule[T](n))
	}
}

// smooth reports whether a function has all derivatives everywhere.
func smooth(f nn.Func) bool {
	switch f {
	case nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.HardSigmoid, nn.HardSwish, nn.Softsign:
		return false
	}
	return true
}

// newRule has n nodes, in pieces of at most pieceMost.
func newRule[T nn.Float](n int) rule[T] {
	r := rule[T]{make([]T, 0, n), make([]T, 0, n)}
	pieces := (n + pieceMost - 1) / pieceMost
	for p := range pieces {
		each := n / pieces
		for i := range each {
			x, weight := legendre(each, i)
			r.nodes = append(r.nodes, T((float64(p)+(1-x)/2)/float64(pieces)))
			r.weights = append(r.weights, T(weight/2/float64(pieces)))
		}
	}
	return r
}

// legendre is the i-th largest zero of the Legendre polynomial of degree n, by
// Newton's method, and its weight.
func legendre(n, i int) (x, weight float64) {
	x = math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
	for range 10 {
		p, before := x, 1.0
		for k := 2; k <= n; k++ {
			p, before = (float64(2*k-1)*x*p-float64(k-1)*before)/float64(k), p
		}
		slope := float64(n) * (x*p - before) / (x*x - 1)
		x -= p / slope
		weight = 2 / ((1 - x*x) * slope * slope)
	}
	return x, weight
}
