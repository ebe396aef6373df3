// Encode generates the passes that put numeric columns into float32 panels, of
// AVX-512 and of AVX2: what encodePanel does for a row, for as many rows as a
// register holds float64 numbers.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// The fields of encodeColumn, by their offset.
const (
	fill = 8 * iota
	lower
	upper
	center
	scale
	factor
	plus
	noFill
	steps
)

// The bits of steps.
const (
	doUnit = 1 << iota
	doCenter
	doScale
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		encode(a, "encodeF64", "float64", 8)
		encode(a, "encodeF32", "float32", 4)
	}
	Generate()
}

// state is the pass being written.
type state struct {
	*vector.ISA
	column Register
}

func encode(a *vector.ISA, name, cell string, size int) {
	a.Text(name, "func(c *[9]uint64, cells *"+cell+", valid *byte, shift int, x *float32, stride, panels int, missing, notNumber, outside *uint32)",
		"encodes panels full panels. Bit shift of valid is the first row's, and valid is readable for 4 bytes past its last; nil: all are there. stride is in bytes, from panel to panel of x.")
	d := a.Doubles()
	s := &state{ISA: d, column: Load(Param("c"), GP64())}
	cells, x := Load(Param("cells"), GP64()), Load(Param("x"), GP64())
	Load(Param("shift"), RCX)
	at := GP64()
	XORQ(at, at)
	out, present, have, infinite, inside, group := GP64(), GP64(), GP32(), GP32(), GP32(), GP64()

	Label("panel")
	MOVQ(I32(-1), present)
	valid := Load(Param("valid"), GP64())
	TESTQ(valid, valid)
	JZ(LabelRef("allThere"))
	MOVQ(Mem{Base: valid, Index: at, Scale: 4}, present)
	SHRQ(CL, present)
	Label("allThere")
	MOVQ(x, out)
	MOVQ(U32(uint32(32/d.Lanes())), group)

	Label("group")
	m := d.Choose(present.As32())
	var v vector.V
	if size == 8 {
		v = d.Load(Mem{Base: cells})
	} else {
		v = d.Widen(Mem{Base: cells})
	}
	m = d.Both(m, d.Compare(v, vector.Ordered, v))
	abs := d.Bits(1<<63 - 1)
	inf := d.Both(m, d.Compare(d.And(v, abs), vector.EQ, d.Bits(0x7ff<<52)))
	v = d.Copy(s.changeUnit(v))
	v = d.Blend(m, v, s.constant(fill))
	in := d.Both(d.Compare(v, vector.GE, s.constant(lower)), d.Compare(v, vector.LE, s.constant(upper)))
	s.standardize(v)
	// From 2^128 − 2^103 on a number rounds to an infinite float32.
	in = d.Both(in, d.Compare(d.And(v, abs), vector.LT, d.C(0x1.ffffffp127)))
	s.gather(have, m)
	s.gather(infinite, inf)
	s.gather(inside, in)
	half := d.Narrow(d.Zeroed(s.usable(m, in), v))
	VMOVUPS(half, Mem{Base: out})
	ADDQ(Imm(uint64(size*d.Lanes())), cells)
	ADDQ(Imm(uint64(4*d.Lanes())), out)
	SHRQ(U8(d.Lanes()), present)
	DECQ(group)
	JNZ(LabelRef("group"))

	s.report(at, have, infinite, inside)
	ADDQ(vector.Argument("stride"), x)
	INCQ(at)
	CMPQ(at, vector.Argument("panels"))
	JLT(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

func (s *state) at(field int) Mem { return Mem{Base: s.column, Disp: field} }

// constant is a field of the column in every lane.
func (s *state) constant(field int) vector.V {
	v := s.Reg()
	VBROADCASTSD(s.at(field), v)
	return v
}

// skip jumps over what body writes unless the step is to be done.
func (s *state) skip(step uint8, label string, body func()) {
	TESTB(U8(step), s.at(steps))
	JZ(LabelRef(label))
	body()
	Label(label)
}

// changeUnit is v·factor + plus, rounded twice.
func (s *state) changeUnit(v vector.V) vector.V {
	s.skip(doUnit, "unitDone", func() {
		VMULPD(s.constant(factor), v, v)
		VADDPD(s.constant(plus), v, v)
	})
	return v
}

// standardize replaces v by (v − center) / scale; without a center or scale
// the step changes nothing and is left out.
func (s *state) standardize(v vector.V) {
	s.skip(doCenter, "centerDone", func() { VSUBPD(s.constant(center), v, v) })
	s.skip(doScale, "scaleDone", func() { VDIVPD(s.constant(scale), v, v) })
}

// usable chooses the lanes that get their number: inside, and there or filled.
func (s *state) usable(have, in vector.Mask) vector.Mask {
	bits := GP32()
	MOVL(s.at(noFill), bits)
	NOTL(bits)
	ORL(s.Chosen(have), bits)
	return s.Both(in, s.Choose(bits))
}

// gather appends the lanes of m to word, from the top.
func (s *state) gather(word GPVirtual, m vector.Mask) {
	n := s.Lanes()
	bits := s.Chosen(m)
	SHRL(U8(n), word)
	SHLL(U8(32-n), bits)
	ORL(bits, word)
}

// report stores the words of panel at: missing is what is not there; not a
// number what is infinite; outside what is neither that, nor missing without a
// fill, nor inside.
func (s *state) report(at, have, infinite, inside GPVirtual) {
	put := func(name string, word Register) {
		to := Load(Param(name), GP64())
		MOVL(word, Mem{Base: to, Index: at, Scale: 4})
	}
	put("notNumber", infinite)
	ORL(infinite, inside)
	NOTL(inside)
	NOTL(have)
	put("missing", have)
	unfilled := GP32()
	MOVL(s.at(noFill), unfilled)
	ANDL(have, unfilled)
	NOTL(unfilled)
	ANDL(unfilled, inside)
	put("outside", inside)
}
