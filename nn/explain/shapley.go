package explain

import (
	"math/bits"

	"yhat/nn"
)

// coalitions is what Shapley values need.
type coalitions[T nn.Float] struct {
	mixed  []T // rows of which some features are the baseline's
	worth  []T // [set of features][row]: what it predicts
	space  *nn.Workspace[T]
	out    [][]T
	weight []float64 // by the size of the set without the feature
}

func (e *Explainer[T]) newCoalitions(lanes int) coalitions[T] {
	n, last := len(e.features), len(e.layers)-1
	c := coalitions[T]{mixed: make([]T, lanes*e.layers[0].in), worth: make([]T, lanes<<n),
		space: e.net.NewWorkspace(), out: make([][]T, len(e.layers)), weight: make([]float64, n)}
	c.out[last] = make([]T, lanes*e.layers[last].out)
	// s! (n−s−1)! / n!, from 1/n on.
	c.weight[0] = 1 / float64(n)
	for size := 1; size < n; size++ {
		c.weight[size] = c.weight[size-1] * float64(size) / float64(n-size)
	}
	return c
}

// shapley predicts each row with every set of its features in place of the
// baseline's, one feature changing from set to set (Gray's code).
func (e *Explainer[T]) shapley(s *Space[T], t *chunk[T]) {
	c, n, inputs := &s.coals, len(e.features), e.layers[0].in*nn.Lanes
	for p := range t.panels {
		copy(c.mixed[p*inputs:][:inputs], e.base)
	}
	set := uint(0)
	for k := uint(1); ; k++ {
		e.net.Forward(c.space, c.mixed, t.panels, c.out)
		e.value(s, t, set)
		if k == 1<<n {
			break
		}
		f := bits.TrailingZeros(k)
		set ^= 1 << f
		e.turn(c, t, f, set>>f&1 == 1)
	}
	for f := range n {
		e.share(s, t, f)
	}
	e.check(t)
}

// check sets failed for the rows whose contributions do not sum to what moved.
func (e *Explainer[T]) check(t *chunk[T]) {
	n := len(e.features)
	for i := range t.outputs {
		p, j, sum := i/nn.Lanes, i%nn.Lanes, T(0)
		for f := range n {
			sum += t.phi[(p*n+f)*nn.Lanes+j]
		}
		if e.apart(t, uint(i), sum, Tolerance) {
			t.failed[p] |= 1 << j
		}
	}
}

// value notes what a set of features predicts of each row.
func (e *Explainer[T]) value(s *Space[T], t *chunk[T], set uint) {
	outputs := e.layers[len(e.layers)-1].out
	y, lanes := s.coals.out[len(e.layers)-1], e.tile*nn.Lanes
	worth := s.coals.worth[int(set)*lanes:][:len(t.outputs)]
	for i := range worth {
		worth[i] = y[(i/nn.Lanes*outputs+int(t.outputs[i]))*nn.Lanes+i%nn.Lanes]
	}
}

// share is the mean of what feature f adds to the sets without it, those of one
// size weighing as much as those of another.
func (e *Explainer[T]) share(s *Space[T], t *chunk[T], f int) {
	c, n, lanes := &s.coals, len(e.features), e.tile*nn.Lanes
	for p := range t.panels {
		var sum [nn.Lanes]float64
		for set := range uint(1 << n) {
			if set>>f&1 == 1 {
				continue
			}
			weight := c.weight[bits.OnesCount(set)]
			without, with := c.worth[int(set)*lanes+p*nn.Lanes:][:nn.Lanes], c.worth[int(set|1<<f)*lanes+p*nn.Lanes:][:nn.Lanes]
			for j := range sum {
				sum[j] += weight * (float64(with[j]) - float64(without[j]))
			}
		}
		for j, v := range sum {
			t.phi[(p*n+f)*nn.Lanes+j] = T(v)
		}
	}
}

// turn gives feature f the rows' values, or the baseline's.
func (e *Explainer[T]) turn(c *coalitions[T], t *chunk[T], f int, rows bool) {
	inputs, at, size := e.layers[0].in*nn.Lanes, e.features[f].first*nn.Lanes, e.features[f].width*nn.Lanes
	for p := range t.panels {
		from := e.base[at:]
		if rows {
			from = t.x[p*inputs+at:]
		}
		copy(c.mixed[p*inputs+at:][:size], from)
	}
}
