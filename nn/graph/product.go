package graph

import (
	"fmt"

	"yhat/nn/internal/kernel"
)

// product is y = σ(W x + b) on the last axis of x, with constant W and b. It
// waits to be computed until its result is read, so that a bias, a batch
// normalisation and an activation that follow become part of it. The axes
// before the last are as good as more panels: [panel][m][in][32] is m times as
// many panels of in units.
type product struct {
	x       *value
	in, out int
	w, b    []float64 // out×in, out
	act     kernel.Activation[float64]
	result  *value
}

// single reports whether a value is a waiting product that only this name's
// one reader will ever see, and that may still take a bias.
func (n *node) absorbs(i int) *product {
	if i >= len(n.in) || n.in[i] == nil || n.c.uses[n.Inputs[i]] != 1 {
		return nil
	}
	p := n.in[i].pending
	if p == nil || p.result != nil || p.act.Func != kernel.Identity {
		return nil
	}
	return p
}

// become makes result 0 the product p, shaped like v.
func (n *node) become(v *value, p *product) {
	n.set(0, &value{typ: v.typ, shape: v.shape, rows: v.rows, buf: -1, pending: p})
}

// force computes a value that has been put off.
func (c *compiler) force(v *value) {
	if v.waits() {
		c.land(v)
	}
	p := v.pending
	if p == nil {
		return
	}
	v.pending = nil
	if p.result == nil {
		reads := c.reads
		c.reads = nil
		p.result = c.output(v.typ, v.shape, v.rows)
		if v.typ == Float64 {
			emitProduct[float64](c, p)
		} else {
			emitProduct[float32](c, p)
		}
		c.round(p.result)
		c.reads = reads
	}
	v.buf = p.result.buf
}

// emitProduct emits the product on the kernels of the machine.
func emitProduct[T floating](c *compiler, p *product) {
	set := kernel.Choose[T](c.opt.Kernel.Name())
	d := kernel.Pack[T](p.in, p.out, p.w, p.b, set.Block)
	relu := p.act.Func == kernel.ReLU
	act := kernel.Activation[T]{Func: p.act.Func, Alpha: T(p.act.Alpha), Beta: T(p.act.Beta)}
	if relu {
		act.Func = kernel.Identity
	}
	x, y, m := plainReader[T](c, p.x), p.result.buf, p.result.len()/max(1, p.out)
	name := fmt.Sprintf("dense %d→%d", p.in, p.out)
	if p.act.Func != kernel.Identity {
		name += " + " + activationName(p.act.Func)
	}
	c.emit(name, func(ws *Workspace, panels int) {
		to := *field[T](&ws.bufs[y])
		set.Dense(d, x.base(ws), to, panels*m, relu)
		if act.Func != kernel.Identity {
			set.Activate(act, to, p.out, panels*m)
		}
	}, y)
}
