package train

import (
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Loss is what training makes small, summed over rows, each with its weight.
type Loss uint8

// The losses. The cross-entropies work on the logits z, before the sigmoid or
// the softmax, where nothing overflows and no digit is lost.
const (
	// CrossEntropy is log(1+exp(z)) − y z for y in 0 … 1.
	CrossEntropy Loss = iota
	// Multiclass is −log softmax(z) at the row's class.
	Multiclass
	// Squared is half of Σ (a−y)².
	Squared
	// Huber is half of (a−y)² up to |a−y| = 1 and |a−y| − ½ beyond (Huber 1964,
	// Annals of Mathematical Statistics 35), summed over the outputs.
	Huber
)

var lossNames = [...]string{"cross_entropy", "multiclass", "squared", "huber"}

// String is the loss's name.
func (l Loss) String() string { return lossNames[l] }

// Shard is up to ShardRows rows in panels. Lanes past the last row must hold
// numbers and have weight 0.
type Shard[T nn.Float] struct {
	Panels int
	X      []T    // [panel][room(inputs)][32]
	Y      []T    // [panel][targets][32]
	Weight []T    // [panel][32]
	Seed   uint64 // of dropout

	set *kernel.Set[T]
}

// NewShard makes room for a full shard of the network's rows.
func (n *Net[T]) NewShard() *Shard[T] {
	return &Shard[T]{
		set:    n.set,
		X:      make([]T, ShardRows*room(n.Inputs())),
		Y:      make([]T, ShardRows*n.targets),
		Weight: make([]T, ShardRows),
	}
}

// differ computes the shard's loss from the last layer's a, and its derivative
// by a into d. scratch is as long as a.
func (n *Net[T]) differ(b *Shard[T], a, d, scratch []T) float64 {
	last := &n.layers[len(n.layers)-1]
	a, d, scratch = a[:b.Panels*last.out*nn.Lanes], d[:b.Panels*last.out*nn.Lanes], scratch[:b.Panels*last.out*nn.Lanes]
	switch n.loss {
	case CrossEntropy:
		return n.crossEntropy(b, a, d, scratch)
	case Multiclass:
		return n.multiclass(b, a, d, scratch, last.out)
	}
	sum := 0.0
	for p := range b.Panels {
		for u := range last.out {
			at := (p*last.out + u) * nn.Lanes
			sum += n.errors(a[at:][:nn.Lanes], b.Y[at:][:nn.Lanes], b.Weight[p*nn.Lanes:][:nn.Lanes], d[at:][:nn.Lanes])
		}
	}
	return sum
}

// errors is the loss of one output for 32 rows.
func (n *Net[T]) errors(a, y, weight, d []T) float64 {
	sum := 0.0
	for j := range a {
		e, w := float64(a[j])-float64(y[j]), float64(weight[j])
		loss, slope := 0.5*e*e, e
		if n.loss == Huber && math.Abs(e) > 1 {
			loss, slope = math.Abs(e)-0.5, math.Copysign(1, e)
		}
		sum += w * loss
		d[j] = T(w * slope)
	}
	return sum
}

// crossEntropy has the derivative sigmoid(z) − y.
func (n *Net[T]) crossEntropy(b *Shard[T], z, d, scratch []T) float64 {
	copy(d, z)
	n.set.Activate(kernel.Activation[T]{Func: kernel.Sigmoid}, d, 1, b.Panels)
	copy(scratch, z)
	n.set.Activate(kernel.Activation[T]{Func: kernel.Softplus}, scratch, 1, b.Panels)
	sum := 0.0
	for i := range d {
		w, y := b.Weight[i], b.Y[i]
		sum += float64(w) * (float64(scratch[i]) - float64(y)*float64(z[i]))
		d[i] = w * (d[i] - y)
	}
	return sum
}

// multiclass has the derivative softmax(z) − 1 at the row's class, and
// softmax(z) at the others.
func (n *Net[T]) multiclass(b *Shard[T], z, d, scratch []T, units int) float64 {
	copy(d, z)
	n.set.Activate(kernel.Activation[T]{Func: kernel.Softmax}, d, units, b.Panels)
	copy(scratch, z)
	n.set.Activate(kernel.Activation[T]{Func: kernel.LogSoftmax}, scratch, units, b.Panels)
	sum := 0.0
	for i, w := range b.Weight[:b.Panels*nn.Lanes] {
		p, j := i/nn.Lanes, i%nn.Lanes
		at := (p*units+int(b.Y[i]))*nn.Lanes + j
		sum -= float64(w) * float64(scratch[at])
		d[at] -= 1
		for u := range units {
			d[(p*units+u)*nn.Lanes+j] *= w
		}
	}
	return sum
}
