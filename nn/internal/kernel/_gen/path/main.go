// Path generates the loops that follow a straight line through layers of one
// kink each, on float32 panels, of AVX-512 and of AVX2 with FMA.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// panelBytes are those of one unit's lanes, never the key of no corner, whole
// the time of a key that stands for 1, and sign the bit that says so.
const (
	panelBytes = 32 * 4
	never      = math.MaxInt32
	whole      = 1 << 31
	sign       = 1 << 31
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		g := &gen{a}
		g.count()
		g.meet()
		g.next()
		g.least()
		g.step()
		g.bend()
		g.fold("fold", false)
		g.fold("foldSum", true)
		g.pass()
		g.close()
		g.secant()
		g.mix()
		g.sum()
		g.gain()
		g.largest()
	}
	narrow := &gen{vector.Both()[1]}
	turn(narrow)
	narrow.board()
	narrow.land()
	for _, c := range curves {
		narrow.follow(c)
	}
	through := func(from, to Mem) {
		r := GP32()
		MOVL(from, r)
		MOVL(r, to)
	}
	take("take", " brings the lanes of units from where they lie.", func(far, near Mem) { through(far, near) })
	take("put", " takes the lanes of units to where they lie.", func(far, near Mem) { through(near, far) })
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

// flat writes a loop over registers; n, the first argument, is a positive
// multiple of 32.
func (g *gen) flat(n GPVirtual, along []GPVirtual, body func()) {
	Label("loop")
	body()
	for _, p := range along {
		ADDQ(Imm(uint64(g.Bytes)), p)
	}
	SUBQ(Imm(uint64(g.Bytes/4)), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func nothing() {}

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

// largest compares |φ| with what it may be at most: the one found before, or
// the number below it for the features that do not come after that.
func (g *gen) largest() {
	g.Text("largest", "func(features, n, skip, back int, phi *float32, before, which *int32, last, value *float32)",
		"finds the feature of most |φ| after the one before, a register of lanes at a time, n of them; phi goes on by skip after each panel, last and value by back.")
	p := pointers("features", "n", "skip", "back", "phi", "before", "which", "last", "value")
	features, n, skip, back, phi, before, which, last, value := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]
	none, one, abs := g.Load(g.C(-1)), g.Load(g.C(1)), g.Load(g.Bits(sign-1))
	left, from, part := GP64(), GP64(), GP64()
	XORQ(part, part)
	Label("lanes")
	after := g.Float(g.Load(at(before, 0)))
	limit := g.And(g.Load(at(last, 0)), abs)
	below := g.SubInt(limit, g.Bits(1))
	size, best, found, f := g.Copy(none), g.Reg(), g.Copy(none), g.Reg()
	VXORPS(best, best, best)
	VXORPS(f, f, f)
	MOVQ(features, left)
	MOVQ(phi, from)
	Label("feature")
	v := g.Load(at(from, 0))
	a := g.And(v, abs)
	most := g.Blend(g.Less(after, f), limit, below)
	a = g.Blend(g.Compare(most, vector.GE, a), a, none)
	more := g.Less(size, a)
	for _, b := range []struct{ yes, to vector.V }{{a, size}, {v, best}, {f, found}} {
		VMOVAPS(g.Blend(more, b.yes, b.to), b.to)
	}
	VADDPS(one, f, f)
	ADDQ(Imm(panelBytes), from)
	DECQ(left)
	JNZ(LabelRef("feature"))
	VCVTTPS2DQ(found, found)
	VMOVUPS(found, at(which, 0))
	VMOVUPS(best, at(value, 0))
	for _, p := range []GPVirtual{phi, before, which, last, value} {
		ADDQ(Imm(uint64(g.Bytes)), p)
	}
	ADDQ(Imm(uint64(g.Bytes)), part)
	CMPQ(part, Imm(panelBytes))
	JNE(LabelRef("within"))
	XORQ(part, part)
	ADDQ(skip, phi)
	ADDQ(back, last)
	ADDQ(back, value)
	Label("within")
	DECQ(n)
	JNZ(LabelRef("lanes"))
	VZEROUPPER()
	RET()
}
