// Path generates the loops that follow a straight line through layers of one
// kink each, on float32 panels, of AVX-512 and of AVX2 with FMA.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// panelBytes are those of one unit's lanes.
const panelBytes = 32 * 4

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		g := &gen{a}
		g.crossings()
		g.next()
		g.between()
		g.slope("slope", false)
		g.slope("slopeSum", true)
		g.advance()
		g.secant()
	}
	Generate()
}

// gen writes one routine.
type gen struct{ *vector.ISA }

// registers is how many of them hold a unit's lanes.
func (g *gen) registers() int { return panelBytes / g.Bytes }

// each makes one register for each part of a unit's lanes.
func (g *gen) each(f func(at int) vector.V) []vector.V {
	var all []vector.V
	for i := range g.registers() {
		all = append(all, f(i*g.Bytes))
	}
	return all
}

// pointers loads arguments.
func pointers(names ...string) []GPVirtual {
	var all []GPVirtual
	for _, name := range names {
		r := GP64()
		Load(Param(name), r)
		all = append(all, r)
	}
	return all
}

func at(base Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// panels writes a loop over panels: begin once a panel, unit for each unit, and
// end. Pointers that units go along advance by a unit's lanes; those of lanes
// by one such step a panel.
func (g *gen) panels(units, panels GPVirtual, along, lanes []GPVirtual, begin, unit, end func()) {
	n := GP64()
	Label("panel")
	begin()
	MOVQ(units, n)
	Label("unit")
	unit()
	for _, p := range along {
		ADDQ(Imm(panelBytes), p)
	}
	DECQ(n)
	JNZ(LabelRef("unit"))
	end()
	for _, p := range lanes {
		ADDQ(Imm(panelBytes), p)
	}
	DECQ(panels)
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

func nothing() {}

// crossings: s + (end − s)·zs/(zs − ze).
func (g *gen) crossings() {
	g.Text("crossings", "func(units, panels, back int, zs, ze, s, end, tau *float32)",
		"finds where zs + (ze − zs)·u is 0, from s at u = 0 to end at u = 1. back is what zs goes back after each panel.")
	p := pointers("units", "panels", "back", "zs", "ze", "s", "end", "tau")
	units, panels, back, zs, ze, s, end, tau := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
	var start, length []vector.V
	g.panels(units, panels, []GPVirtual{zs, ze, tau}, []GPVirtual{s, end}, func() {
		start = g.each(func(i int) vector.V { return g.Load(at(s, i)) })
		length = g.each(func(i int) vector.V { return g.Sub(g.Load(at(end, i)), start[i/g.Bytes]) })
	}, func() {
		for i := range g.registers() {
			z := g.Load(at(zs, i*g.Bytes))
			r := g.Div(z, g.Sub(z, at(ze, i*g.Bytes)))
			VMOVUPS(g.FMA(r, length[i], start[i]), at(tau, i*g.Bytes))
		}
	}, func() { SUBQ(back, zs) })
}

// next is the least unsigned tau − (t+1), as bit patterns: what is not beyond
// t, and no number, comes last. Where t is the end already, it stays.
func (g *gen) next() {
	g.Text("next", "func(units, panels int, tau, t, end, out *float32)",
		"is the least tau beyond t, and end where none lies before it.")
	p := pointers("units", "panels", "tau", "t", "end", "out")
	units, panels, tau, t, end, out := p[0], p[1], p[2], p[3], p[4], p[5]
	var from, least []vector.V
	g.panels(units, panels, []GPVirtual{tau}, []GPVirtual{t, end, out}, func() {
		from = g.each(func(i int) vector.V { return g.AddInt(g.Load(at(t, i)), g.Bits(1)) })
		least = g.each(func(i int) vector.V { return g.SubInt(g.Load(at(end, i)), from[i/g.Bytes]) })
	}, func() {
		for i, v := range least {
			x := g.SubInt(g.Load(at(tau, i*g.Bytes)), from[i])
			VPMINUD(x, v, v)
		}
	}, func() {
		for i, v := range least {
			VPADDD(from[i], v, v)
			v = g.Min(v, at(end, i*g.Bytes))
			VMOVUPS(g.Max(v, at(t, i*g.Bytes)), at(out, i*g.Bytes))
		}
	})
}

// share is how far x lies between s and end, from 0 to 1; 0 where they are one.
func (g *gen) share(x, s vector.V, end Mem) vector.V {
	u := g.Div(g.Sub(x, s), g.Sub(g.Load(end), s))
	zero := g.Load(g.C(0))
	return g.Min(g.Max(u, zero), g.C(1))
}

func (g *gen) between() {
	g.Text("between", "func(units, panels, back int, zs, ze, s, end, x, y *float32, alpha float32)",
		"is z or, if that is more, alpha·z with z = zs + (ze − zs)·u, where x lies u of the way from s to end. back is what zs goes back after each panel.")
	p := pointers("units", "panels", "back", "zs", "ze", "s", "end", "x", "y")
	units, panels, back, zs, ze, s, end, x, y := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]
	alpha := g.Argument("alpha")
	var u []vector.V
	g.panels(units, panels, []GPVirtual{zs, ze, y}, []GPVirtual{s, end, x}, func() {
		u = g.each(func(i int) vector.V { return g.share(g.Load(at(x, i)), g.Load(at(s, i)), at(end, i)) })
	}, func() {
		for i := range g.registers() {
			low := g.Load(at(zs, i*g.Bytes))
			z := g.FMA(g.Sub(g.Load(at(ze, i*g.Bytes)), low), u[i], low)
			VMOVUPS(g.Max(g.Mul(z, alpha), z), at(y, i*g.Bytes))
		}
	}, func() { SUBQ(back, zs) })
}

// slope multiplies d by the slope between t and next; what it makes is added to
// sum, or takes the place of d.
func (g *gen) slope(name string, add bool) {
	args, words := "", ", in place"
	if add {
		args, words = ", sum", ", added to sum"
	}
	g.Text(name, "func(units, panels, back int, zs, ze, s, end, t, next, d"+args+" *float32, alpha float32)",
		"is d where z = zs + (ze − zs)·u is above 0, halfway from t to next, u of the way from s to end, and alpha·d elsewhere"+words+". back is what zs goes back after each panel.")
	p := pointers("units", "panels", "back", "zs", "ze", "s", "end", "t", "next", "d")
	units, panels, back, zs, ze, s, end, t, next, d := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9]
	to, along := d, []GPVirtual{zs, ze, d}
	if add {
		to = pointers("sum")[0]
		along = append(along, to)
	}
	alpha := g.Argument("alpha")
	zero := g.Load(g.C(0))
	var u []vector.V
	g.panels(units, panels, along, []GPVirtual{s, end, t, next}, func() {
		u = g.each(func(i int) vector.V {
			half := g.Mul(g.Add(g.Load(at(t, i)), at(next, i)), g.C(0.5))
			return g.share(half, g.Load(at(s, i)), at(end, i))
		})
	}, func() {
		for i := range g.registers() {
			low := g.Load(at(zs, i*g.Bytes))
			z := g.FMA(g.Sub(g.Load(at(ze, i*g.Bytes)), low), u[i], low)
			v := g.Load(at(d, i*g.Bytes))
			v = g.Blend(g.Less(zero, z), v, g.Mul(v, alpha))
			if add {
				v = g.Add(v, at(to, i*g.Bytes))
			}
			VMOVUPS(v, at(to, i*g.Bytes))
		}
	}, func() { SUBQ(back, zs) })
}

func (g *gen) advance() {
	g.Text("advance", "func(units, panels int, zs, ze, s, end, t *float32)",
		"is zs = ze and s = end where t has come to end.")
	p := pointers("units", "panels", "zs", "ze", "s", "end", "t")
	units, panels, zs, ze, s, end, t := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	var there []vector.Mask
	g.panels(units, panels, []GPVirtual{zs, ze}, []GPVirtual{s, end, t}, func() {
		there = nil
		for i := range g.registers() {
			last := g.Load(at(end, i*g.Bytes))
			m := g.Compare(last, vector.LE, at(t, i*g.Bytes))
			VMOVUPS(g.Blend(m, last, g.Load(at(s, i*g.Bytes))), at(s, i*g.Bytes))
			there = append(there, m)
		}
	}, func() {
		for i, m := range there {
			VMOVUPS(g.Blend(m, at(ze, i*g.Bytes), g.Load(at(zs, i*g.Bytes))), at(zs, i*g.Bytes))
		}
	}, nothing)
}

// secant is for functions whose slope is p + q·a + r·a² of their value a.
func (g *gen) secant() {
	g.Text("secant", "func(n int, z0, z1, a0, a1, t0, t1, d *float32, p, q, r float32)",
		"is (a1 − a0)/(z1 − z0)·(t1 − t0), with the mean of the slopes p + q·a + r·a² where z1 − z0 is small; n is a positive multiple of 32.")
	regs := pointers("n", "z0", "z1", "a0", "a1", "t0", "t1", "d")
	n, z0, z1, a0, a1, t0, t1, d := regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6], regs[7]
	p, q, r := g.Argument("p"), g.Argument("q"), g.Argument("r")
	Label("loop")
	from, to := g.Load(at(a0, 0)), g.Load(at(a1, 0))
	dz := g.Sub(g.Load(at(z1, 0)), at(z0, 0))
	secant := g.Div(g.Sub(to, from), dz)
	mean := g.Mul(g.Add(g.FMA(g.FMA(from, r, q), from, p), g.FMA(g.FMA(to, r, q), to, p)), g.C(0.5))
	far := g.Less(g.Load(g.C(1./32)), g.And(dz, g.Bits(1<<31-1)))
	slope := g.Blend(far, secant, mean)
	VMOVUPS(g.Mul(slope, g.Sub(g.Load(at(t1, 0)), at(t0, 0))), at(d, 0))
	for _, p := range []GPVirtual{z0, z1, a0, a1, t0, t1, d} {
		ADDQ(Imm(uint64(g.Bytes)), p)
	}
	SUBQ(Imm(uint64(g.Bytes/4)), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
