package train

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// outer computes the gradient of a layer's weights, Σ over rows of d·xᵀ, on the
// kernels of the forward pass: it is a dense layer whose inputs are the rows.
// One side is laid out as that layer's weights, row by row, the other as its
// panels, where 32 units stand in lanes instead of 32 rows. The sides are
// chosen so that fewer lanes stay empty.
type outer[T nn.Float] struct {
	weights kernel.Dense[T]
	lanes   []T // [units/32][rows][32]
	sums    []T // [units/32][units of the other side][32]
}

// newOuter makes room for every layer of a network.
func newOuter[T nn.Float](n *Net[T]) outer[T] {
	weights, lanes, sums := 0, 0, 0
	for i := range n.layers {
		l := &n.layers[i]
		across, down := l.in, l.out
		if !acrossInputs(l.out, l.in) {
			across, down = l.out, l.in
		}
		weights = max(weights, down*(ShardRows+1))
		lanes = max(lanes, nn.Panels(across)*ShardRows*nn.Lanes)
		sums = max(sums, nn.Panels(across)*down*nn.Lanes)
	}
	return outer[T]{kernel.Dense[T]{W: make([]T, weights)}, make([]T, lanes), make([]T, sums)}
}

// acrossInputs reports whether the inputs stand in lanes.
func acrossInputs(out, in int) bool { return nn.Panels(in)*out <= nn.Panels(out)*in }

// product sets g (out×in) to the sum over the rows of d ([panel][out][32])
// times x ([panel][in][32]).
func (o *outer[T]) product(set *kernel.Set[T], d, x []T, out, in, panels int, g []float64) {
	if acrossInputs(out, in) {
		o.run(set, d, x, out, in, panels)
		o.read(g, out, in, in, 1)
	} else {
		o.run(set, x, d, in, out, panels)
		o.read(g, in, out, 1, in)
	}
}

// run multiplies: down's units are the layer's units, across's its lanes.
func (o *outer[T]) run(set *kernel.Set[T], down, across []T, units, lanes, panels int) {
	rows := panels * nn.Lanes
	w := &o.weights
	w.In, w.Out, w.Blocks = rows, units, blocks(w.Blocks[:0], units, rows, set.Block)
	for _, b := range w.Blocks {
		layRows(w.W[b.Offset:][:b.Units*(rows+1)], down, b, units, panels)
	}
	for k := range lanes {
		to := o.lanes[k/nn.Lanes*rows*nn.Lanes+k%nn.Lanes:]
		for p := range panels {
			from := across[(p*lanes+k)*nn.Lanes:][:nn.Lanes]
			for j, v := range from {
				to[(p*nn.Lanes+j)*nn.Lanes] = v
			}
		}
	}
	set.Dense(w, o.lanes, o.sums, nn.Panels(lanes), false)
}

// blocks cuts units into even blocks of at most limit, as kernel.Pack does.
func blocks(list []kernel.Block, units, rows, limit int) []kernel.Block {
	count := (units + limit - 1) / limit
	for first := 0; first < units; {
		left := count - len(list)
		size := (units - first + left - 1) / left
		list = append(list, kernel.Block{First: first, Units: size, Offset: first * (rows + 1)})
		first += size
	}
	return list
}

// layRows writes a block of units as weights: no bias, then row by row.
func layRows[T nn.Float](w, d []T, b kernel.Block, units, panels int) {
	clear(w[:b.Units])
	w = w[b.Units:]
	for u := range b.Units {
		for p := range panels {
			from := d[(p*units+b.First+u)*nn.Lanes:][:nn.Lanes]
			to := w[p*nn.Lanes*b.Units+u:]
			for j, v := range from {
				to[j*b.Units] = v
			}
		}
	}
}

// read takes the sums out of their panels; g has a step from unit to unit and
// one from lane to lane.
func (o *outer[T]) read(g []float64, units, lanes, unitStep, laneStep int) {
	for u := range units {
		for k := range lanes {
			g[u*unitStep+k*laneStep] = float64(o.sums[(k/nn.Lanes*units+u)*nn.Lanes+k%nn.Lanes])
		}
	}
}
