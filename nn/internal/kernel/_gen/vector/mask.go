package vector

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// These take a fixed number of operands.
func pmovd2m(o ...Op)  { VPMOVD2M(o[0], o[1]) }
func pmovq2m(o ...Op)  { VPMOVQ2M(o[0], o[1]) }
func vcmpps(o ...Op)   { VCMPPS(o...) }
func vcmppd(o ...Op)   { VCMPPD(o...) }
func blendvps(o ...Op) { VBLENDVPS(o[0], o[1], o[2], o[3]) }
func blendvpd(o ...Op) { VBLENDVPD(o[0], o[1], o[2], o[3]) }

// A Mask chooses lanes.
type Mask struct{ op Op }

// MaskOf chooses the lanes of AVX2 whose sign bit is set.
func MaskOf(x V) Mask { return Mask{x} }

// Negative chooses the lanes of x whose sign bit is set.
func (a *ISA) Negative(x V) Mask {
	if !a.Wide() {
		return Mask{x}
	}
	k := K()
	a.pick(pmovd2m, pmovq2m)(x, k)
	return Mask{k}
}

// Relation is a comparison; NaN has none but Unordered's opposite, Ordered.
type Relation uint8

// The comparisons, by their number in an instruction.
const (
	LT Relation = 0x01
	LE Relation = 0x02
	EQ Relation = 0x00
	// Ordered: neither is NaN.
	Ordered Relation = 0x07
	GE      Relation = 0x0d
)

// Compare chooses the lanes where x is so related to y.
func (a *ISA) Compare(x V, r Relation, y Op) Mask {
	var d Op
	if a.Wide() {
		d = K()
	} else {
		d = a.Reg()
	}
	a.pick(VCMPPS, VCMPPD)(U8(uint8(r)), y, x, d)
	return Mask{d}
}

// Same chooses the lanes of 32-bit integers that are equal.
func (a *ISA) Same(x V, y Op) Mask {
	var d Op = a.Reg()
	if a.Wide() {
		d = K()
	}
	VPCMPEQD(y, x, d)
	return Mask{d}
}

// Less chooses the lanes where x < y; none where either is NaN.
func (a *ISA) Less(x V, y Op) Mask { return a.Compare(x, LT, y) }

// CompareIn chooses the lanes of m where x is so related to y.
func (a *ISA) CompareIn(m Mask, x V, r Relation, y Op) Mask {
	if a.Wide() {
		k := K()
		a.pick(vcmpps, vcmppd)(U8(uint8(r)), y, x, m.op, k)
		return Mask{k}
	}
	n := a.Compare(x, r, y)
	VANDPD(m.op, n.op, n.op)
	return n
}

// Either chooses the lanes of float64 that m or n chooses.
func (a *ISA) Either(m, n Mask) Mask {
	if a.Wide() {
		k := K()
		KORB(m.op, n.op, k)
		return Mask{k}
	}
	d := a.Reg()
	VORPD(m.op, n.op, d)
	return Mask{d}
}

// AllOrNone is the mask that a field of 64 equal bits in memory stands for.
func (a *ISA) AllOrNone(field Mem) Mask {
	if a.Wide() {
		k := K()
		KMOVB(field, k)
		return Mask{k}
	}
	d := a.Reg()
	VBROADCASTSD(field, d)
	return Mask{d}
}

// NarrowZeroed is Narrow of the float64 lanes of m, with 0 in the others.
func (a *ISA) NarrowZeroed(m Mask, x V) V {
	if a.Wide() {
		h := YMM()
		VCVTPD2PS_Z(x, m.op, h)
		return h
	}
	d := a.Reg()
	VANDPD(m.op, x, d)
	return a.Narrow(d)
}

// Lanes is how many numbers a register holds.
func (a *ISA) Lanes() int { return a.Bytes / a.laneBytes() }

// A Word gathers masks of float64 lanes, group by group, the first group in its
// lowest bits.
type Word struct {
	GP    GPVirtual // 32 bits
	isa   *ISA
	count int
	even  Mask
}

// NewWord is an empty word.
func (a *ISA) NewWord() *Word { return &Word{GP: GP32(), isa: a} }

// Add appends the lanes of m.
func (w *Word) Add(m Mask) {
	a := w.isa
	w.count++
	n, bits := a.Lanes(), GP32()
	if a.Wide() {
		// Two groups at a time.
		if w.count%2 == 1 {
			w.even = m
			return
		}
		k := K()
		KUNPCKBW(w.even.op, m.op, k)
		KMOVW(k, bits)
		n = 16
	} else {
		VMOVMSKPD(m.op, bits)
	}
	if w.count*a.Lanes() == n {
		MOVL(bits, w.GP)
		return
	}
	SHLL(U8(w.count*a.Lanes()-n), bits)
	ORL(bits, w.GP)
}

// Choose is the mask of float64 lanes whose bits are set in the low bits of
// word.
func (a *ISA) Choose(word Register) Mask {
	if a.Wide() {
		k := K()
		KMOVB(word, k)
		return Mask{k}
	}
	low, all := XMM(), a.Reg()
	VMOVD(word, low)
	VPBROADCASTQ(low, all)
	one, ok := constants["lanebits"]
	if !ok {
		one = GLOBL("lanebits", RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(1<<i))
		}
		constants["lanebits"] = one
	}
	VPAND(one, all, all)
	VPCMPEQQ(one, all, all)
	return Mask{all}
}

// Blend is yes in the lanes of m and no in the others.
func (a *ISA) Blend(m Mask, yes Op, no V) V {
	d := a.Reg()
	if a.Wide() {
		a.pick(VBLENDMPS, VBLENDMPD)(yes, no, m.op, d)
	} else {
		a.pick(blendvps, blendvpd)(m.op, yes, no, d)
	}
	return d
}

// JumpAbove jumps to label if any lane of x is above limit, as unsigned
// integers of 32 bits.
func (a *ISA) JumpAbove(x V, limit V, label string) {
	if a.Wide() {
		k := K()
		VPCMPUD(U8(6), limit, x, k)
		KORTESTW(k, k)
		JNZ(LabelRef(label))
		return
	}
	// The larger is x everywhere exactly if no lane of limit is larger.
	d, bits := a.Reg(), GP32()
	VPMAXUD(limit, x, d)
	VPCMPEQD(limit, d, d)
	VMOVMSKPS(d, bits)
	CMPL(bits, U8(0xff))
	JNE(LabelRef(label))
}
