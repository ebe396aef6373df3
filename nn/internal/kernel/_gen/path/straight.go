// The straight pieces between two kinks, of layers above the first and of what
// the path is worth to each input.

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

func (g *gen) least() {
	g.Text("least", "func(units, panels int, z, slope, off, reach, dt *float32)",
		"finds how long z takes to 0, and takes the least to dt.")
	p := pointers("units", "panels", "z", "slope", "off", "reach", "dt")
	units, panels, z, slope, off, reach, dt := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	zero, inf := g.Load(g.C(0)), g.Load(g.C(math.Inf(1)))
	var least []vector.V
	g.panels(units, panels, []GPVirtual{z, slope, off, reach}, []GPVirtual{dt}, func() {
		least = g.each(func(i int) vector.V { return g.Load(at(dt, i)) })
	}, func() {
		for i, v := range least {
			s := g.Load(at(slope, i*g.Bytes))
			time := g.Max(g.Div(g.Sub(zero, at(z, i*g.Bytes)), s), zero)
			time = g.Blend(g.Negative(g.Xor(s, at(off, i*g.Bytes))), time, inf)
			VMOVUPS(time, at(reach, i*g.Bytes))
			VMINPS(v, time, v)
		}
	}, func() {
		for i, v := range least {
			VMOVUPS(v, at(dt, i*g.Bytes))
		}
	})
}

func (g *gen) step() {
	g.Text("step", "func(units, panels int, z, slope, dt, a *float32, alpha float32)", "takes z on by slope·dt; a is z or, if that is more, alpha·z.")
	p := pointers("units", "panels", "z", "slope", "dt", "a")
	units, panels, z, slope, dt, a := p[0], p[1], p[2], p[3], p[4], p[5]
	alpha := g.Argument("alpha")
	var by []vector.V
	g.panels(units, panels, []GPVirtual{z, slope, a}, []GPVirtual{dt}, func() {
		by = g.each(func(i int) vector.V { return g.Load(at(dt, i)) })
	}, func() {
		for i, v := range by {
			now := g.FMA(v, at(slope, i*g.Bytes), at(z, i*g.Bytes))
			VMOVUPS(now, at(z, i*g.Bytes))
			VMOVUPS(g.Max(g.Mul(now, alpha), now), at(a, i*g.Bytes))
		}
	}, nothing)
}

func (g *gen) bend() {
	g.Text("bend", "func(n int, slope, off, y *float32, alpha float32)", "is slope, and alpha·slope where off; n is a positive multiple of 32.")
	p := pointers("n", "slope", "off", "y")
	n, slope, off, y := p[0], p[1], p[2], p[3]
	alpha := g.Argument("alpha")
	g.flat(n, p[1:], func() {
		v := g.Load(at(slope, 0))
		VMOVUPS(g.Blend(g.Negative(g.Load(at(off, 0))), g.Mul(v, alpha), v), at(y, 0))
	})
}

func (g *gen) fold(name string, add bool) {
	args, words := "d, off, reach, dt", "multiplies d by alpha where off."
	if add {
		args, words = "d, off, reach, dt, sum", "adds d, and alpha·d where off, to sum."
	}
	g.Text(name, "func(units, panels int, "+args+" *float32, alpha float32)", words+" off turns where reach is no more than dt.")
	p := pointers("units", "panels", "d", "off", "reach", "dt")
	units, panels, d, off, reach, dt := p[0], p[1], p[2], p[3], p[4], p[5]
	along, to := []GPVirtual{d, off, reach}, d
	if add {
		to = pointers("sum")[0]
		along = append(along, to)
	}
	alpha := g.Argument("alpha")
	var by []vector.V
	g.panels(units, panels, along, []GPVirtual{dt}, func() {
		by = g.each(func(i int) vector.V { return g.Load(at(dt, i)) })
	}, func() {
		for i := range g.registers() {
			turned, v := g.Load(at(off, i*g.Bytes)), g.Load(at(d, i*g.Bytes))
			v = g.Blend(g.Negative(turned), g.Mul(v, alpha), v)
			if add {
				v = g.Add(v, at(to, i*g.Bytes))
			}
			VMOVUPS(v, at(to, i*g.Bytes))
			there := g.Compare(by[i], vector.GE, at(reach, i*g.Bytes))
			VMOVUPS(g.Blend(there, g.Xor(turned, g.Bits(sign)), turned), at(off, i*g.Bytes))
		}
	}, nothing)
}

// secant is for functions whose slope is p + q·a + r·a² of their value a.
func (g *gen) secant() {
	g.Text("secant", "func(n int, z0, z1, a0, a1, dt, d *float32, p, q, r float32)",
		"is (a1 − a0)/(z1 − z0)·dt, with the mean of the slopes p + q·a + r·a² where z1 − z0 is small; n is a positive multiple of 32.")
	regs := pointers("n", "z0", "z1", "a0", "a1", "dt", "d")
	n, z0, z1, a0, a1, dt, d := regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6]
	p, q, r := g.Argument("p"), g.Argument("q"), g.Argument("r")
	g.flat(n, regs[1:], func() {
		from, to := g.Load(at(a0, 0)), g.Load(at(a1, 0))
		dz := g.Sub(g.Load(at(z1, 0)), at(z0, 0))
		secant := g.Div(g.Sub(to, from), dz)
		mean := g.Mul(g.Add(g.FMA(g.FMA(from, r, q), from, p), g.FMA(g.FMA(to, r, q), to, p)), g.C(0.5))
		far := g.Less(g.Load(g.C(1./32)), g.And(dz, g.Bits(sign-1)))
		VMOVUPS(g.Mul(g.Blend(far, secant, mean), at(dt, 0)), at(d, 0))
	})
}

func (g *gen) mix() {
	g.Text("mix", "func(n int, z0, z1, y *float32, share float32)", "is z0 + share·(z1 − z0); n is a positive multiple of 32.")
	p := pointers("n", "z0", "z1", "y")
	n, z0, z1, y := p[0], p[1], p[2], p[3]
	share := g.Argument("share")
	g.flat(n, p[1:], func() {
		from := g.Load(at(z0, 0))
		VMOVUPS(g.FMA(g.Sub(g.Load(at(z1, 0)), from), share, from), at(y, 0))
	})
}

func (g *gen) sum() {
	g.Text("sum", "func(n int, d, sum *float32)", "adds d to sum; n is a positive multiple of 32.")
	p := pointers("n", "d", "sum")
	g.flat(p[0], p[1:], func() {
		VMOVUPS(g.Add(g.Load(at(p[1], 0)), at(p[2], 0)), at(p[2], 0))
	})
}

// gain is for inputs of a few panels.
func (g *gen) gain() {
	g.Text("gain", "func(inputs, panels, back int, x, x0, slope, y, total *float32)",
		"is (x − x0)·slope, and the total of all inputs. back is what x0 goes back after each panel.")
	p := pointers("inputs", "panels", "back", "x", "x0", "slope", "y", "total")
	inputs, panels, back, x, x0, slope, y, total := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
	var sums []vector.V
	g.panels(inputs, panels, []GPVirtual{x, x0, slope, y}, []GPVirtual{total}, func() {
		sums = g.each(func(int) vector.V {
			v := g.Reg()
			VXORPS(v, v, v)
			return v
		})
	}, func() {
		for i, sum := range sums {
			v := g.Mul(g.Sub(g.Load(at(x, i*g.Bytes)), at(x0, i*g.Bytes)), at(slope, i*g.Bytes))
			VMOVUPS(v, at(y, i*g.Bytes))
			VADDPS(v, sum, sum)
		}
	}, func() {
		for i, sum := range sums {
			VMOVUPS(sum, at(total, i*g.Bytes))
		}
		SUBQ(back, x0)
	})
}
