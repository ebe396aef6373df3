// Package train makes networks learn: the gradient of a loss over a shard of
// rows, the steps of optimisers, and measures of how good predictions are.
//
// Everything here is a pure function of its arguments: no goroutines, no
// files, no clocks. A batch is cut into shards of ShardRows rows whatever the
// number of workers, a shard's gradient is summed in the order of its rows,
// and shards are added in order, so the same seed gives the same bytes on one
// worker or many.
//
// Rows travel in panels, as in package nn, and the forward pass runs on the
// same kernels as scoring. The backward pass has two more: the product with the
// transposed weights, which is a dense layer without bias, and the outer product
// that sums over the lanes, which is the gradient of the weights.
package train

import (
	"fmt"
	"slices"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// ShardRows is how many rows one gradient takes in at most.
const ShardRows = 256

// Net is a network being trained. Its parameters are one flat vector of
// float64: for each layer W (out×in, row by row), then b. Set rounds them to T
// for the kernels; between two calls of Set a Net may be used by many
// goroutines.
type Net[T nn.Float] struct {
	set     *kernel.Set[T]
	layers  []layer[T]
	loss    Loss
	dropout float64
	targets int // numbers a row has as its target
	size    int
	pieces  []Piece
}

// layer is one layer with its place among the parameters.
type layer[T nn.Float] struct {
	in, out int
	room    int // of a panel of outputs, in units
	act     kernel.Activation[T]
	first   int              // of W among the parameters; b follows
	dense   *kernel.Dense[T] // W and b
	back    *kernel.Dense[T] // Wᵀ without bias; nil for the first layer
}

// Options say what is minimised.
type Options struct {
	Loss Loss
	// Dropout is the share of hidden units left out of each row in training,
	// the others growing by 1/(1−Dropout) (Srivastava et al. 2014, JMLR 15).
	Dropout float64
}

// New makes a network of the layers' shapes and activations, with their
// weights. The losses CrossEntropy and Multiclass take the last layer's
// activation on themselves: it must be Sigmoid with one unit, or Softmax.
func New[T nn.Float](layers []nn.Layer, o Options, k nn.Kernel) (*Net[T], error) {
	n := &Net[T]{set: kernel.Choose[T](k.Name()), loss: o.Loss, dropout: o.Dropout}
	if len(layers) == 0 {
		return nil, fmt.Errorf("no layers")
	}
	for i := range layers {
		l := &layers[i]
		if i > 0 && l.In != layers[i-1].Out {
			return nil, fmt.Errorf("layer %d takes %d inputs, the one before it gives %d", i+1, l.In, layers[i-1].Out)
		}
		n.add(l, i == len(layers)-1)
	}
	if err := n.judgeLast(&layers[len(layers)-1]); err != nil {
		return nil, err
	}
	n.Set(Parameters(layers))
	return n, nil
}

// room is how many units panels of wide layers have room for, so that unit u of
// the panels of a shard falls into different lines of the first cache, whatever
// the number of units: the outer product walks through all panels.
func room(units int) int {
	if units < nn.Lanes {
		return units
	}
	return (units+3)/8*8 + 4
}

// runs calls work for panels from … to-1, as many at a time as lie together.
func (l *layer[T]) runs(from, to int, work func(from, to int)) {
	once := to - from
	if l.room > l.out {
		once = 1
	}
	for ; from < to; from += once {
		work(from, from+once)
	}
}

// of are the outputs in panels from … to-1 that lie together.
func (l *layer[T]) of(v []T, from, to int) []T {
	return v[from*l.room*nn.Lanes:][:(to-from)*l.out*nn.Lanes]
}

// add appends a layer of the shape of l.
func (n *Net[T]) add(l *nn.Layer, last bool) {
	a := l.Activation
	made := layer[T]{in: l.In, out: l.Out, room: room(l.Out), first: n.size,
		act: kernel.Activation[T]{Func: kernel.Func(a.Func), Alpha: T(a.Alpha), Beta: T(a.Beta)}}
	none := make([]float64, l.In*l.Out+max(l.In, l.Out))
	if last {
		made.room = l.Out
	}
	made.dense = kernel.Pack[T](l.In, l.Out, none, none, n.set.Block)
	made.dense.X, made.dense.Y = room(l.In), made.room
	if len(n.layers) > 0 {
		made.back = kernel.Pack[T](l.Out, l.In, none, none, n.set.Block)
		made.back.X, made.back.Y = made.dense.Y, made.dense.X
	}
	n.layers = append(n.layers, made)
	n.cut(len(n.layers) - 1)
	n.size += l.In*l.Out + l.Out
}

// judgeLast fits loss and last layer together: a loss on logits replaces the
// activation.
func (n *Net[T]) judgeLast(l *nn.Layer) error {
	last := &n.layers[len(n.layers)-1]
	n.targets = l.Out
	switch f := l.Activation.Func; n.loss {
	case CrossEntropy:
		if f != nn.Sigmoid || l.Out != 1 {
			return fmt.Errorf("binary cross-entropy wants one sigmoid unit at the end, not %d of %s", l.Out, f)
		}
		last.act.Func = kernel.Identity
	case Multiclass:
		if f != nn.Softmax {
			return fmt.Errorf("cross-entropy over classes wants softmax at the end, not %s", f)
		}
		last.act.Func, n.targets = kernel.Identity, 1
	}
	return nil
}

// Size is the number of parameters.
func (n *Net[T]) Size() int { return n.size }

// Inputs, Outputs and Targets are how many numbers a row has of each.
func (n *Net[T]) Inputs() int { return n.layers[0].in }

// Outputs is the number of units of the last layer.
func (n *Net[T]) Outputs() int { return n.layers[len(n.layers)-1].out }

// Targets is how many numbers a row's target has: the class's index for the
// losses of classes, else one for each output.
func (n *Net[T]) Targets() int { return n.targets }

// Weights tells which parameters are weights rather than biases.
func (n *Net[T]) Weights() []bool {
	is := make([]bool, n.size)
	for i := range n.layers {
		l := &n.layers[i]
		for j := range l.in * l.out {
			is[l.first+j] = true
		}
	}
	return is
}

// Parameters is the flat vector of the layers' weights and biases.
func Parameters(layers []nn.Layer) []float64 {
	var p []float64
	for i := range layers {
		p = append(append(p, layers[i].W...), layers[i].B...)
	}
	return p
}

// WithParameters is a copy of the layers with the weights and biases of p.
func WithParameters(layers []nn.Layer, p []float64) []nn.Layer {
	made := slices.Clone(layers)
	for i := range made {
		l := &made[i]
		l.W, p = slices.Clone(p[:l.In*l.Out]), p[l.In*l.Out:]
		l.B, p = slices.Clone(p[:l.Out]), p[l.Out:]
	}
	return made
}
