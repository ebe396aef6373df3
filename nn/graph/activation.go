package graph

import (
	"errors"
	"fmt"
	"math"

	"yhat/nn/internal/kernel"
)

// activations are the operators that the kernels know, with ONNX's default
// parameters.
var activations = map[string]kernel.Activation[float64]{
	"Relu":        {Func: kernel.ReLU},
	"LeakyRelu":   {Func: kernel.LeakyReLU, Alpha: float64(float32(0.01))},
	"Elu":         {Func: kernel.ELU, Alpha: 1},
	"Selu":        {Func: kernel.SELU},
	"Celu":        {Func: kernel.CELU, Alpha: 1},
	"Sigmoid":     {Func: kernel.Sigmoid},
	"HardSigmoid": {Func: kernel.HardSigmoid, Alpha: float64(float32(0.2)), Beta: 0.5},
	"Tanh":        {Func: kernel.Tanh},
	"Softplus":    {Func: kernel.Softplus},
	"Softsign":    {Func: kernel.Softsign},
	"Mish":        {Func: kernel.Mish},
	"HardSwish":   {Func: kernel.HardSwish},
	"Gelu":        {Func: kernel.GELU},
	"Swish":       {Func: kernel.SiLU},
}

func activationName(f kernel.Func) string {
	for name, a := range activations {
		if a.Func == f {
			return name
		}
	}
	return map[kernel.Func]string{kernel.GELUTanh: "Gelu", kernel.Softmax: "Softmax", kernel.LogSoftmax: "LogSoftmax"}[f]
}

// compileActivation is one of activations. It becomes part of a dense product
// that nobody else reads.
func compileActivation(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	act := activations[n.Op]
	alpha := n.float("alpha", float32(act.Alpha))
	switch {
	case n.Op == "Gelu" && n.string("approximate", "none") == "tanh":
		act.Func = kernel.GELUTanh
	case n.Op == "Selu" && (n.has("alpha") || n.has("gamma")):
		n.c.force(x)
		return n.selu(x)
	case n.Op == "Swish" && n.has("alpha") && alpha != 1:
		n.c.force(x)
		out := like(x, x.typ)
		n.set(0, out)
		return n.c.mapFloat(n.Op, out, x, func(v float64) float64 { return v / (1 + math.Exp(-alpha*v)) })
	case n.has("alpha") && n.Op != "Swish":
		act.Alpha = alpha
	}
	if n.has("beta") {
		act.Beta = n.float("beta", 0)
	}
	if n.fuseActivation(act) {
		return nil
	}
	n.c.force(x)
	out := like(x, x.typ)
	n.set(0, out)
	return n.c.activate(out, x, act, n.Op)
}

// selu is gamma (x for x > 0, else alpha (exp x − 1)).
func (n *node) selu(x *value) error {
	alpha, gamma := n.float("alpha", 1.67326319217681884765625), n.float("gamma", 1.05070102214813232421875)
	out := like(x, x.typ)
	n.set(0, out)
	return n.c.mapFloat(n.Op, out, x, func(v float64) float64 {
		if v > 0 {
			return gamma * v
		}
		return gamma * alpha * math.Expm1(v)
	})
}

// activate emits out = σ(x), on the kernels where x is to be computed.
func (c *compiler) activate(out, x *value, act kernel.Activation[float64], name string) error {
	switch {
	case act.Func == kernel.ReLU && x.typ.Storage() == I64:
		emit1(c, name, out, x, func(d, x []int64) {
			for i, v := range x {
				d[i] = max(v, 0)
			}
		})
		return nil
	case !x.typ.Float():
		return fmt.Errorf("element type %s", x.typ)
	case x.konst != nil:
		f := kernel.Scalar(act.Func)
		return c.mapFloat(name, out, x, func(v float64) float64 { return f(v, act.Alpha, act.Beta) })
	case x.typ == Float64:
		emitActivation[float64](c, out, x, act, name, x.len())
	default:
		emitActivation[float32](c, out, x, act, name, x.len())
	}
	return nil
}

// emitActivation applies σ to groups of units neighbouring elements.
func emitActivation[T floating](c *compiler, out, x *value, act kernel.Activation[float64], name string, units int) {
	set := kernel.Choose[T](c.opt.Kernel.Name())
	a := kernel.Activation[T]{Func: act.Func, Alpha: T(act.Alpha), Beta: T(act.Beta)}
	in, n := plainReader[T](c, x), x.len()
	buf := c.own(out)
	c.emit(name, func(ws *Workspace, panels int) {
		to := *field[T](&ws.bufs[buf])
		copy(to, in.base(ws)[:panels*n*lanes])
		set.Activate(a, to, units, panels*n/max(1, units))
	}, buf)
	c.round(out)
}

// compileThresholdedRelu is x where x > alpha, else 0.
func compileThresholdedRelu(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	alpha := n.float("alpha", 1)
	out := like(x, x.typ)
	n.set(0, out)
	return n.c.mapFloat(n.Op, out, x, func(v float64) float64 {
		if v > alpha {
			return v
		}
		return 0
	})
}

// compileSoftmax is Softmax, LogSoftmax or Hardmax along one axis. Before
// operator set 13 the axes from axis on were taken together.
func compileSoftmax(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	rank := len(x.shape)
	before := 1
	if n.Version >= 13 {
		before = -1
	}
	axis, err := axisOf(n.int("axis", before), max(1, rank))
	if err != nil {
		return err
	}
	if n.Op != "Hardmax" && axis == rank-1 && x.rows != axis && len(x.shape) > 0 && n.fuseSoftmax(x) {
		return nil
	}
	n.c.force(x)
	shape := x.shape
	if n.Version < 13 {
		if x.rows >= axis {
			return fmt.Errorf("%w: it works along the batch axis", errMixes)
		}
		x = n.c.view(x, []int{count(shape[:axis]), count(shape[axis:])}, -1, nil)
		axis = 1
	}
	if rank == 0 {
		x = n.c.view(x, []int{1}, -1, nil)
	}
	if err := errors.Join(x.acrossRows(axis), x.want(Type.Float)); err != nil {
		return err
	}
	y := n.alongAxis(x, axis)
	n.set(0, n.c.view(y, shape, n.in[0].rows, nil))
	return nil
}

// fuseSoftmax makes a softmax over the units of a dense product part of it.
func (n *node) fuseSoftmax(x *value) bool {
	if n.Version < 13 && x.rows == len(x.shape)-1 {
		return false
	}
	f := kernel.Softmax
	if n.Op == "LogSoftmax" {
		f = kernel.LogSoftmax
	}
	return n.fuseActivation(kernel.Activation[float64]{Func: f})
}

// alongAxis moves the axis to the end, applies the operator to it and moves it
// back.
func (n *node) alongAxis(x *value, axis int) *value {
	perm := lastAxis(len(x.shape), axis)
	moved := n.c.transpose(x, perm)
	units := x.shape[axis]
	y := like(moved, x.typ)
	act := kernel.Activation[float64]{Func: kernel.Softmax}
	if n.Op == "LogSoftmax" {
		act.Func = kernel.LogSoftmax
	}
	switch {
	case n.Op == "Hardmax" && x.typ == Float64:
		emitHardmax[float64](n.c, y, moved, units)
	case n.Op == "Hardmax":
		emitHardmax[float32](n.c, y, moved, units)
	case x.typ == Float64:
		emitActivation[float64](n.c, y, moved, act, n.Op, units)
	default:
		emitActivation[float32](n.c, y, moved, act, n.Op, units)
	}
	return n.c.transpose(y, inverse(perm))
}

// lastAxis is the permutation that puts an axis last.
func lastAxis(rank, axis int) []int {
	perm := make([]int, 0, rank)
	for i := range rank {
		if i != axis {
			perm = append(perm, i)
		}
	}
	return append(perm, axis)
}

func inverse(perm []int) []int {
	inv := make([]int, len(perm))
	for i, p := range perm {
		inv[p] = i
	}
	return inv
}

// emitHardmax puts a 1 at the first largest of each units elements, 0 at the
// others.
func emitHardmax[T floating](c *compiler, out, x *value, units int) {
	in, n := plainReader[T](c, x), x.len()
	buf := c.own(out)
	c.emit("Hardmax", func(ws *Workspace, panels int) {
		to, from := (*field[T](&ws.bufs[buf]))[:panels*n*lanes], in.base(ws)
		clear(to)
		for g := 0; g < panels*n; g += max(1, units) {
			for j := range lanes {
				best := 0
				for u := 1; u < units; u++ {
					if from[(g+u)*lanes+j] > from[(g+best)*lanes+j] {
						best = u
					}
				}
				to[(g+best)*lanes+j] = 1
			}
		}
	}, buf)
}
