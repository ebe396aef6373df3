package train

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Predict computes what the network gives for a shard, as a finished model
// would, and the shard's loss. The predictions ([panel][outputs][32]) are good
// until the space is used again; nothing is dropped.
func (n *Net[T]) Predict(s *Space[T], b *Shard[T]) (predictions []T, loss float64) {
	x := b.X
	for i := range n.layers {
		l := &n.layers[i]
		n.set.Dense(l.dense, x, s.a[i], b.Panels, false)
		if l.act.Func != kernel.Identity {
			l.runs(0, b.Panels, func(from, to int) { n.set.Activate(l.act, l.of(s.a[i], from, to), l.out, to-from) })
		}
		x = s.a[i]
	}
	loss = n.Loss(s, b)
	units := n.Outputs()
	switch n.loss {
	case CrossEntropy:
		n.set.Activate(kernel.Activation[T]{Func: kernel.Sigmoid}, x, units, b.Panels)
	case Multiclass:
		n.set.Activate(kernel.Activation[T]{Func: kernel.Softmax}, x, units, b.Panels)
	}
	return x[:b.Panels*units*nn.Lanes], loss
}
