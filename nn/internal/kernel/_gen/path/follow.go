package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// A group is eight lanes, a register of AVX2; four of them are followed side by
// side, for each waits for itself much of the time. Of each unit of layer 2 a group
// keeps z, whose sign says whether the unit is on, how fast it falls (−dz/dt), and
// what it is worth.
const (
	groups     = 4
	groupBytes = 32
	fallAt     = 1 * groupBytes
	worthAt    = 2 * groupBytes
	unitBytes  = 3 * groupBytes
)

// The weight of each unit for the one above lies there eight times, and so does
// what it is while the unit is off.
const (
	bentAt      = groupBytes
	weightBytes = 2 * groupBytes
)

// A slot is for one group: whether it has one, where its first unit's numbers lie,
// and of its lanes: t, and the key of the last corner; of the unit above z, σ(z),
// σ'(z) and how fast it falls; how long the piece is, how far the next corner and
// its key, and how far the next turn in layer 2; what the piece is worth to the unit
// above; and where the weights of the unit lie whose corner was passed.
const (
	busyAt = iota * 8
	keysAt
	jumpAt
	sumsAt
	stateAt
	_
	_
	_
	lanesAt
)

const (
	tAt = lanesAt + iota*groupBytes
	lastAt
	zAt
	aAt
	slopeAt
	sinkAt
	byAt
	dueAt
	thenAt
	leastAt
	deltaAt
	rowAt
	slotBytes
)

// curve is a σ of the unit above, whose slope is p + q·a + r·a² of its value a.
type curve struct {
	name    string
	p, q, r float64
	f       func(g *gen, z vector.V) vector.V
}

var curves = []curve{
	{"Identity", 1, 0, 0, nil},
	{"Sigmoid", 0, 1, -1, func(g *gen, z vector.V) vector.V { return g.Sigmoid(g.within(z, 87), vector.Exp5) }},
	{"Tanh", 1, 0, -1, func(g *gen, z vector.V) vector.V { return g.Tanh(g.within(z, 10)) }},
}

// within holds z to ±most, beyond which σ does not change by what could be seen in
// a contribution; NaN stays.
func (g *gen) within(z vector.V, most float64) vector.V {
	return g.Min(g.Load(g.C(most)), g.Max(g.Load(g.C(-most)), z))
}

// board puts a group at its baseline.
func (g *gen) board() {
	g.Text("board", "func(units int, z0, slope, one *float32, slot *int64, z, a, rise float32)", "sets what a slot keeps of a group at the baseline; rise is σ'(z).")
	p := pointers("units", "z0", "slope", "one", "slot")
	units, z0, slope, one, slot := p[0], p[1], p[2], p[3], p[4]
	state, zero := GP64(), g.Load(g.C(0))
	MOVQ(at(slot, stateAt), state)
	w := g.newWay()
	Label("unit")
	z, fall := g.Load(at(z0, 0)), g.Sub(zero, at(slope, 0))
	VMOVUPS(z, at(state, 0))
	VMOVUPS(fall, at(state, fallAt))
	VMOVUPS(zero, at(state, worthAt))
	w.ahead(z, fall, g.Load(at(one, 0)), at(one, bentAt))
	ADDQ(Imm(panelBytes), z0)
	ADDQ(Imm(panelBytes), slope)
	ADDQ(Imm(weightBytes), one)
	ADDQ(Imm(unitBytes), state)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VMOVUPS(zero, at(slot, tAt))
	VMOVUPS(g.Load(g.Bits(math.MaxUint32)), at(slot, lastAt))
	VMOVUPS(g.Argument("z"), at(slot, zAt))
	VMOVUPS(g.Argument("a"), at(slot, aAt))
	VMOVUPS(g.Argument("rise"), at(slot, slopeAt))
	w.note(slot)
	VZEROUPPER()
	RET()
}

// way is what is found of the way ahead, unit by unit of layer 2: the least time
// until one turns, and how fast the unit above falls.
type way struct {
	*gen
	least, sink vector.V
}

func (g *gen) newWay() *way { return &way{g, g.Load(g.Bits(sign)), g.Load(g.C(0))} }

// ahead looks at one unit. It turns after z/fall if that is not negative; unsigned
// integers put such numbers first.
func (w *way) ahead(z, fall, weight vector.V, bent Mem) {
	VFMADD231PS(fall, w.Blend(w.Negative(z), bent, weight), w.sink)
	VPMINUD(w.Div(z, fall), w.least, w.least)
}

// note keeps it. The time is a few units in the last place longer than it should
// be, so that z comes to the other side of 0 however it is rounded.
func (w *way) note(slot Register) {
	VMOVUPS(w.AddInt(w.least, w.Bits(4)), at(slot, leastAt))
	VMOVUPS(w.sink, at(slot, sinkAt))
}

// land takes from a group what its units are worth.
func (g *gen) land() {
	g.Text("land", "func(units int, state, worth *float32)", "sets worth to what a group's units are.")
	p := pointers("units", "state", "worth")
	units, state, worth := p[0], p[1], p[2]
	Label("unit")
	VMOVUPS(g.Load(at(state, worthAt)), at(worth, 0))
	ADDQ(U32(unitBytes), state)
	ADDQ(Imm(panelBytes), worth)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}

// follower is a routine that follows groups.
type follower struct {
	*gen
	curve
	slot, left, arrived Mem // the slot that is worked on, how many are left, and a bit for each that has arrived
}

// follow is for groups of eight lanes on AVX-512 too: fewer wait less for each
// other.
func (g *gen) follow(c curve) {
	g.Text("follow"+c.name, "func(units, fours, column, pieces int, slots *int64, w, one *float32, latest float32, unit, none int32) (arrived, left int)",
		"takes the groups of all slots on until one has arrived, or so many pieces are done; one are the weights of the unit above. left are the pieces that are left.")
	f := &follower{gen: g, curve: c, slot: AllocLocal(8), left: AllocLocal(8), arrived: AllocLocal(8)}
	Label("piece")
	f.slots("ahead", f.next)
	f.top()
	f.pass()
	MOVQ(U32(0), f.arrived)
	f.slots("turning", func(slot GPVirtual) {
		f.turn(slot)
		f.arrive()
	})
	arrived, left := GP64(), pointers("pieces")[0]
	DECQ(left)
	Store(left, Param("pieces"))
	MOVQ(f.arrived, arrived)
	TESTQ(arrived, arrived)
	JNZ(LabelRef("done"))
	TESTQ(left, left)
	JNZ(LabelRef("piece"))
	Label("done")
	Store(arrived, Return("arrived"))
	Store(left, Return("left"))
	VZEROUPPER()
	RET()
}

// slots writes a loop over the slots that have a group.
func (f *follower) slots(label string, body func(slot GPVirtual)) {
	first := pointers("slots")[0]
	MOVQ(first, f.slot)
	MOVQ(U32(groups), f.left)
	Label(label)
	slot := f.here()
	CMPQ(at(slot, busyAt), Imm(0))
	JEQ(LabelRef(label + "Next"))
	body(slot)
	Label(label + "Next")
	ADDQ(U32(slotBytes), f.slot)
	DECQ(f.left)
	JNZ(LabelRef(label))
}

// here is the slot that is worked on.
func (f *follower) here() GPVirtual {
	p := GP64()
	MOVQ(f.slot, p)
	return p
}

// of is a pointer that the slot has.
func (f *follower) of(slot Register, what int) GPVirtual {
	p := GP64()
	MOVQ(at(slot, what), p)
	return p
}

// next finds how far the next corner is, its key, and how long the piece is. It is
// the least unsigned key − (last + 1), four of them at a time, the rest first.
func (f *follower) next(slot GPVirtual) {
	left, keys := pointers("units")[0], f.of(slot, keysAt)
	last := f.Load(at(slot, lastAt))
	back := f.Xor(last, f.Bits(math.MaxUint32))
	least := f.AddInt(back, f.Bits(never))
	units := func(n int) {
		for i := range n {
			VPMINUD(f.AddInt(back, at(keys, i*panelBytes)), least, least)
		}
		ADDQ(U32(n*panelBytes), keys)
	}
	JMP(LabelRef("rest"))
	Label("one")
	units(1)
	DECQ(left)
	Label("rest")
	TESTQ(U32(3), left)
	JNZ(LabelRef("one"))
	SUBQ(Imm(4), left)
	JL(LabelRef("found"))
	Label("four")
	units(4)
	SUBQ(Imm(4), left)
	JGE(LabelRef("four"))
	Label("found")
	then := f.SubInt(least, back)
	VPMAXSD(last, then, then)
	VMOVUPS(then, at(slot, thenAt))
	time := f.Float(f.AndNot(f.Word("unit"), then))
	time = f.Blend(f.Less(f.Argument("latest"), time), f.C(whole), time)
	due := f.Max(f.Sub(f.Mul(time, f.C(1./whole)), at(slot, tAt)), f.C(0))
	VMOVUPS(due, at(slot, dueAt))
	VPMINUD(at(slot, leastAt), due, due)
	VMOVUPS(due, at(slot, byAt))
}

// top takes the unit above on, and finds what the pieces are worth to it.
func (f *follower) top() {
	slots := pointers("slots")[0]
	if f.f == nil {
		for i := range groups {
			VMOVUPS(f.Load(at(slots, i*slotBytes+byAt)), at(slots, i*slotBytes+deltaAt))
		}
		return
	}
	f.Interleave(groups, func(i int) {
		here := func(what int) Mem { return at(slots, i*slotBytes+what) }
		VMOVUPS(f.f(f.gen, f.NegMulAdd(f.Load(here(sinkAt)), here(byAt), here(zAt))), here(deltaAt))
	})
	for i := range groups {
		here := func(what int) Mem { return at(slots, i*slotBytes+what) }
		VMOVUPS(f.chord(here), here(deltaAt))
	}
}

// chord is the mean slope of the piece, from one end to the other, times how long
// it is; what was the end is kept as the next one's beginning.
func (f *follower) chord(here func(what int) Mem) vector.V {
	z, a, by := f.Load(here(zAt)), f.Load(here(deltaAt)), f.Load(here(byAt))
	end := f.NegMulAdd(f.Load(here(sinkAt)), by, z)
	secant := f.Div(f.Sub(a, here(aAt)), f.Sub(end, z))
	slope := f.FMA(f.FMA(a, f.C(f.r), f.C(f.q)), a, f.C(f.p))
	mean := f.Mul(f.Add(slope, here(slopeAt)), f.C(0.5))
	far := f.Less(f.Load(f.C(1./32)), f.And(f.Sub(end, z), f.Bits(sign-1)))
	VMOVUPS(end, here(zAt))
	VMOVUPS(a, here(aAt))
	VMOVUPS(slope, here(slopeAt))
	return f.Mul(f.Blend(far, secant, mean), by)
}

// pass takes t on, and says where the weights of the units lie whose corners are
// passed.
func (f *follower) pass() {
	slots := pointers("slots")[0]
	never, mask, none := f.Load(f.Bits(never)), f.Word("unit"), f.Word("none")
	for i := range groups {
		here := func(what int) Mem { return at(slots, i*slotBytes+what) }
		by, then := f.Load(here(byAt)), f.Load(here(thenAt))
		VMOVUPS(f.Add(by, here(tAt)), here(tAt))
		there := f.Compare(f.Load(here(dueAt)), vector.LE, by)
		VMOVUPS(f.Blend(there, then, f.Load(here(lastAt))), here(lastAt))
		VMOVUPS(f.row(f.Blend(there, then, never), never, mask, none), here(rowAt))
	}
}

// turn adds what the piece was worth, takes the units on, turns those of layer 1
// and looks at the way ahead.
func (f *follower) turn(slot GPVirtual) {
	by, delta := f.Load(at(slot, byAt)), f.Load(at(slot, deltaAt))
	rows := rowsOf(at(slot, rowAt))
	jump := jumpsOf(rows, at(f.of(slot, jumpAt), 0))
	state := f.of(slot, stateAt)
	p := pointers("fours", "w", "one")
	left, column, one := p[0], p[1], p[2]
	worth, ahead := f.Load(f.C(0)), f.newWay()
	Label("turn")
	for i, w := range fourUnits(rows, column) {
		here := func(what int) Mem { return at(state, i*unitBytes+what) }
		z, fall, weight, bent := f.Load(here(0)), f.Load(here(fallAt)), f.Load(at(one, i*weightBytes)), at(one, i*weightBytes+bentAt)
		v := f.Blend(f.Negative(z), bent, weight)
		f.Into(v, delta, here(worthAt))
		VMOVUPS(v, here(worthAt))
		VFMADD231PS(v, w, worth)
		f.SubProduct(z, by, fall)
		VMOVUPS(z, here(0))
		f.SubProduct(fall, w, jump)
		VMOVUPS(fall, here(fallAt))
		ahead.ahead(z, fall, weight, bent)
	}
	ADDQ(U32(4*unitBytes), state)
	ADDQ(pointers("column")[0], column)
	ADDQ(U32(4*weightBytes), one)
	DECQ(left)
	JNZ(LabelRef("turn"))
	slot = f.here()
	ahead.note(slot)
	note(worth, rows, at(f.of(slot, sumsAt), 0))
}

// arrive notes whether all lanes of the slot are at their ends.
func (f *follower) arrive() {
	there, none, d := GP32(), f.Load(f.Bits(never)), f.Reg()
	VPCMPEQD(at(f.here(), lastAt), none, d)
	VMOVMSKPS(d, there)
	CMPL(there, U32(0xff))
	JNE(LabelRef("onTheWay"))
	slot, arrived := GP64(), GP64()
	MOVQ(f.left, slot)
	MOVQ(f.arrived, arrived)
	BTSQ(slot, arrived)
	MOVQ(arrived, f.arrived)
	Label("onTheWay")
}
