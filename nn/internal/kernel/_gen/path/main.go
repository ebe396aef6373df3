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
