// The corners of layer 1, which lie where their keys say.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

func (g *gen) count() {
	g.Text("count", "func(units, panels, back int, z0, z1 *float32, counts *int32)",
		"adds to counts where z0 and z1 have other signs. back is what z0 goes back after each panel.")
	p := pointers("units", "panels", "back", "z0", "z1", "counts")
	units, panels, back, z0, z1, counts := p[0], p[1], p[2], p[3], p[4], p[5]
	var n []vector.V
	g.panels(units, panels, []GPVirtual{z0, z1}, []GPVirtual{counts}, func() {
		n = g.each(func(i int) vector.V { return g.Load(at(counts, i)) })
	}, func() {
		for i, v := range n {
			other := g.ShiftRight(g.Xor(g.Load(at(z0, i*g.Bytes)), at(z1, i*g.Bytes)), 31)
			VPSUBD(other, v, v)
		}
	}, func() {
		for i, v := range n {
			VMOVUPS(v, at(counts, i*g.Bytes))
		}
		SUBQ(back, z0)
	})
}

// meet: the time is z0/(z0 − z1), and never later than latest.
func (g *gen) meet() {
	g.Text("meet", "func(units, panels, back int, z0, z1, jump *float32, keys *int32, latest, rest float32, unit int32)",
		"finds the keys of the corners between z0 and z1, and rest·|z1 − z0|. back is what z0 goes back after each panel.")
	p := pointers("units", "panels", "back", "z0", "z1", "jump", "keys")
	units, panels, back, z0, z1, jump, keys := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	latest, rest := g.Argument("latest"), g.Argument("rest")
	mask, u := g.Word("unit"), g.Reg()
	zero, none := g.Load(g.C(0)), g.Load(g.Bits(never))
	g.panels(units, panels, []GPVirtual{z0, z1, jump, keys}, nil, func() {
		VXORPS(u, u, u)
	}, func() {
		for i := range g.registers() {
			from := g.Load(at(z0, i*g.Bytes))
			by := g.Sub(from, at(z1, i*g.Bytes))
			VMOVUPS(g.Mul(g.And(by, g.Bits(sign-1)), rest), at(jump, i*g.Bytes))
			time := g.Min(g.Mul(g.Div(from, by), g.C(whole)), latest)
			VCVTTPS2DQ(time, time)
			key := g.Or(g.AndNot(mask, time), u)
			started, ended := g.Less(zero, from), g.Less(zero, g.Load(at(z1, i*g.Bytes)))
			VMOVUPS(g.Blend(started, g.Blend(ended, none, key), g.Blend(ended, key, none)), at(keys, i*g.Bytes))
		}
		VPADDD(g.Bits(1), u, u)
	}, func() {
		SUBQ(back, z0)
		ADDQ(Imm(panelBytes), jump)
	})
}

// next is the least unsigned key − (last+1): what is not after the last comes
// last.
func (g *gen) next() {
	g.Text("next", "func(units, panels int, keys, last, then *int32, t, due, dt *float32, latest float32, unit int32)",
		"finds the least key after the last, and how far its time is from t.")
	p := pointers("units", "panels", "keys", "last", "then", "t", "due", "dt")
	units, panels, keys, last, then, t, due, dt := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
	latest, mask := g.Argument("latest"), g.Word("unit")
	var from, least []vector.V
	g.panels(units, panels, []GPVirtual{keys}, []GPVirtual{last, then, t, due, dt}, func() {
		from = g.each(func(i int) vector.V { return g.AddInt(g.Load(at(last, i)), g.Bits(1)) })
		least = g.each(func(i int) vector.V { return g.SubInt(g.Load(g.Bits(never)), from[i/g.Bytes]) })
	}, func() {
		for i, v := range least {
			x := g.SubInt(g.Load(at(keys, i*g.Bytes)), from[i])
			VPMINUD(x, v, v)
		}
	}, func() {
		for i, v := range least {
			VPADDD(from[i], v, v)
			VPMAXSD(at(last, i*g.Bytes), v, v)
			VMOVUPS(v, at(then, i*g.Bytes))
			time := g.Float(g.AndNot(mask, v))
			time = g.Blend(g.Less(latest, time), g.C(whole), time)
			left := g.Max(g.Sub(g.Mul(time, g.C(1./whole)), at(t, i*g.Bytes)), g.C(0))
			VMOVUPS(left, at(due, i*g.Bytes))
			VMOVUPS(left, at(dt, i*g.Bytes))
		}
	})
}

func (g *gen) pass() {
	g.Text("pass", "func(n int, t, due, dt *float32, last, then, at *int32, unit, units int32)",
		"takes t on by dt; where that is due, last is then, and at 16 times its unit, else times units; n is a positive multiple of 32.")
	p := pointers("n", "t", "due", "dt", "last", "then", "at")
	n, t, due, dt, last, then, to := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	mask, units, none := g.Word("unit"), g.Word("units"), g.Load(g.Bits(never))
	g.flat(n, p[1:], func() {
		by := g.Load(at(dt, 0))
		VMOVUPS(g.Add(by, at(t, 0)), at(t, 0))
		there := g.Compare(g.Load(at(due, 0)), vector.LE, by)
		key := g.Load(at(then, 0))
		VMOVUPS(g.Blend(there, key, g.Load(at(last, 0))), at(last, 0))
		VMOVUPS(g.row(g.Blend(there, key, none), none, mask, units), at(to, 0))
	})
}

// row is 16 times the unit of a key, or times units if that is of no corner.
func (g *gen) row(key, none, mask, units vector.V) vector.V {
	return g.ShiftLeft(g.Blend(g.Same(key, none), units, g.And(key, mask)), 4)
}

func (g *gen) close() {
	g.Text("close", "func(units, panels, back int, z0, z1, until, on, y *float32, alpha float32)",
		"is σ'(z1)·on + (σ'(z0) − σ'(z1))·until. back is what z0 goes back after each panel; until has one unit more.")
	p := pointers("units", "panels", "back", "z0", "z1", "until", "on", "y")
	units, panels, back, z0, z1, until, on, y := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
	alpha, zero := g.Argument("alpha"), g.Load(g.C(0))
	g.panels(units, panels, []GPVirtual{z0, z1, until, on, y}, nil, nothing, func() {
		for i := range g.registers() {
			before := g.Blend(g.Less(zero, g.Load(at(z0, i*g.Bytes))), g.C(1), alpha)
			after := g.Blend(g.Less(zero, g.Load(at(z1, i*g.Bytes))), g.C(1), alpha)
			part := g.Mul(g.Sub(before, after), at(until, i*g.Bytes))
			VMOVUPS(g.FMA(after, at(on, i*g.Bytes), part), at(y, i*g.Bytes))
		}
	}, func() {
		SUBQ(back, z0)
		ADDQ(Imm(panelBytes), until)
	})
}
