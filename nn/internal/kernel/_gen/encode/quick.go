package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// The comparisons that hold for NaN too.
const (
	notGE = 0x09
	notLE = 0x06
)

// quick is the state of the quick way, of AVX2: what holds for the whole column.
type quick struct {
	*state
	low, high  vector.V // bounds within which nothing overflows float32
	reciprocal vector.V // of the scale
}

// newQuick finds the bounds and the reciprocal.
func newQuick(s *state) *quick {
	q := &quick{state: s}
	one := s.Load(s.C(1))
	q.reciprocal = s.Div(one, s.constant(scale))
	wide := s.Mul(s.And(s.constant(scale), s.abs), s.C(0x1p127))
	center := s.constant(center)
	q.low = s.Max(s.Sub(center, wide), s.constant(lower))
	q.high = s.Min(s.Add(center, wide), s.constant(upper))
	return q
}

// panel encodes a panel in which every cell is a number within the bounds, or
// missing where there is a fill. It looks once for all of the panel whether that is
// so, behind the encoding; a panel that is not, or with units to change, goes to
// careful.
func (q *quick) panel(at, present, x Register) {
	TESTB(U8(doUnit|doDivide), q.field(steps))
	JNZ(LabelRef("careful"))
	TESTB(U8(doScale), q.field(steps))
	JZ(LabelRef("undivided"))
	q.attempt(at, present, x, q.divide)
	Label("undivided")
	q.attempt(at, present, x, func(v vector.V) vector.V { return v })
	Label("careful")
}

// divide is v / scale, rounded as a division is, in a third of its time: a product
// with the reciprocal, and what is left of v by another (Brisebarre, Muller and
// Raina, Accelerating correctly rounded floating-point division when the divisor is
// known in advance, 2004, theorem 1). The signs are such that −0 stays. Where the
// quotient or what is left leaves the range of float64, the result is the same once
// it is float32: careful has what is more, and 0 is what is less.
func (q *quick) divide(v vector.V) vector.V {
	quotient := q.Mul(v, q.reciprocal)
	VFMSUB231PD(q.constant(scale), quotient, v) // what is too much
	q.SubProduct(quotient, v, q.reciprocal)
	return quotient
}

// ahead calls for the cells that are so many bytes and half a page ahead. Columns
// take turns, some pages each, and at each turn and each page the machine's own
// looking ahead begins anew: from memory columns of float64 took a tenth longer.
func ahead(cells Register, bytes int) {
	for i := 0; i < bytes; i += 64 {
		PREFETCHT0(Mem{Base: cells, Disp: 2048 + i})
	}
}

// attempt is panel for one way to divide by the scale.
func (q *quick) attempt(at, present, x Register, divide func(v vector.V) vector.V) {
	bits, have := q.Reg(), q.NewWord()
	var least, most vector.V
	word := XMM()
	VMOVQ(present, word)
	VPBROADCASTQ(word, bits)
	for g := range q.groups {
		v, there := q.load(g), q.Reg()
		VPSLLVQ(laneShifts.Offset(32*g), bits, there)
		in := q.CompareIn(vector.MaskOf(there), v, vector.Ordered, v)
		v = q.Blend(in, v, q.constant(fill))
		if g == 0 {
			least, most = q.Copy(v), q.Copy(v)
		} else {
			VMINPD(v, least, least)
			VMAXPD(v, most, most)
		}
		v = divide(q.Sub(v, q.constant(center)))
		VMOVUPS(q.Narrow(v), Mem{Base: x, Disp: 4 * q.Lanes() * g})
		have.Add(in)
	}
	VCMPPD(U8(notGE), q.low, least, least)
	VCMPPD(U8(notLE), q.high, most, most)
	VORPD(least, most, most)
	wrong, filled32 := GP32(), GP32()
	VMOVMSKPD(most, wrong)
	NOTL(have.GP)
	MOVL(q.field(filled), filled32)
	NOTL(filled32)
	ANDL(have.GP, filled32)
	ORL(filled32, wrong)
	JNZ(LabelRef("careful"))
	q.put("missing", at, have.GP)
	q.put("outside", at, wrong)
	q.put("notNumber", at, wrong)
	JMP(LabelRef("next"))
}

// laneShifts bring a row's bit of a panel's word to where signs are, for each of 32
// lanes.
var laneShifts Mem

func newLaneShifts() {
	laneShifts = GLOBL("encodeLaneShifts", RODATA|NOPTR)
	for i := range lanes {
		DATA(8*i, U64(63-i))
	}
}
