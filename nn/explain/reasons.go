package explain

import "yhat/nn"

// Reasons finds the k features that moved each row most, by |φ|, the first of
// equals first. which[i] receives the i-th feature of each row, and values
// ([panel][k][32]) its contribution.
func (e *Explainer[T]) Reasons(phi []T, panels int, which [][]int32, values []T) {
	var before []int32
	var last []T
	for i := range which {
		value := values[i*nn.Lanes:]
		e.set.Path.Largest(phi, len(e.features), panels, before, which[i], last, value, len(which))
		before, last = which[i], value
	}
}
