// Encode generates the passes that put numeric columns into float32 panels, of
// AVX-512 and of AVX2: what encodePanel does for a row, for as many rows as a
// register holds float64 numbers.
package main

import (
	"fmt"

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
	filled // all ones with a fill
	steps
)

// The bits of steps.
const (
	doUnit = 1 << iota
	doCenter
	doScale
	doDivide // the reciprocal of the scale will not do
)

const lanes = 32

func main() {
	ConstraintExpr("amd64,!noasm")
	newLaneShifts()
	for _, a := range vector.Both() {
		encode(a, "encodeF64", "float64", 8)
		encode(a, "encodeF32", "float32", 4)
		plain(a)
	}
	Generate()
}

// state is the pass being written.
type state struct {
	*vector.ISA
	column Register
	cells  Register
	size   int // of a cell
	groups int // of a panel
	abs    Op
	keep   map[int]vector.V // fields held in registers

	infinite Register // the word of the panel
}

func encode(a *vector.ISA, name, cell string, size int) {
	a.Text(name, "func(c *[9]uint64, cells *"+cell+", valid *byte, shift int, x *float32, stride, panels int, missing, notNumber, outside *uint32)",
		"encodes panels full panels. Bit shift of valid is the first row's, and valid is readable for 4 bytes past its last; nil: all are there. stride is in bytes, from panel to panel of x.")
	d := a.Doubles()
	s := &state{ISA: d, column: Load(Param("c"), GP64()), cells: Load(Param("cells"), GP64()), size: size, groups: lanes / d.Lanes(), keep: map[int]vector.V{}}
	x, at := Load(Param("x"), GP64()), GP64()
	Load(Param("shift"), RCX)
	XORQ(at, at)
	s.abs = d.Bits(1<<63 - 1)
	fields := []int{fill, center, scale}
	if d.Wide() {
		s.abs = d.Copy(s.abs)
		fields = []int{fill, lower, upper, center, scale, factor, plus}
	}
	for _, f := range fields {
		v := s.constant(f)
		s.keep[f] = v
	}
	var quick *quick
	if d.Wide() {
		d.Keep(0x1.ffffffp127)
	} else {
		quick = newQuick(s)
	}

	Label("panel")
	present := s.present(at)
	if !d.Wide() {
		ahead(s.cells, size*lanes)
		quick.panel(at, present, x)
	}
	have, inside := d.NewWord(), d.NewWord()
	rest := GP32()
	MOVL(present.As32(), rest)
	for g := range s.groups {
		if g > 0 {
			SHRL(U8(d.Lanes()), rest)
		}
		s.group(g, rest, x, have, inside)
	}
	s.report(at, present.As32(), have.GP, inside.GP)
	if !d.Wide() {
		Label("next")
	}
	ADDQ(U32(uint32(size*lanes)), s.cells)
	ADDQ(vector.Argument("stride"), x)
	INCQ(at)
	CMPQ(at, vector.Argument("panels"))
	JLT(LabelRef("panel"))
	VZEROUPPER()
	RET()

	s.infinities(present.As32(), inside.GP)
}

// present is the word of validity bits of panel at.
func (s *state) present(at Register) GPVirtual {
	present, valid := GP64(), Load(Param("valid"), GP64())
	MOVQ(I32(-1), present)
	TESTQ(valid, valid)
	JZ(LabelRef("allThere"))
	MOVQ(Mem{Base: valid, Index: at, Scale: 4}, present)
	SHRQ(CL, present)
	Label("allThere")
	return present
}

// load reads the cells of group g.
func (s *state) load(g int) vector.V {
	m := Mem{Base: s.cells, Disp: s.size * s.Lanes() * g}
	if s.size == 8 {
		return s.Load(m)
	}
	return s.Widen(m)
}

// group encodes one register of rows.
func (s *state) group(g int, present, x Register, have, inside *vector.Word) {
	v := s.load(g)
	there := s.CompareIn(s.Choose(present), v, vector.Ordered, v)
	s.skip(doUnit, g, func() {
		VMULPD(s.constant(factor), v, v)
		VADDPD(s.constant(plus), v, v)
	})
	v = s.Blend(there, v, s.constant(fill))
	// Without a fill the missing lanes count as not inside.
	in := s.Either(there, s.AllOrNone(s.field(filled)))
	in = s.CompareIn(in, v, vector.GE, s.constant(lower))
	in = s.CompareIn(in, v, vector.LE, s.constant(upper))
	// Steps that change no bit are left out.
	s.skip(doCenter, g, func() { VSUBPD(s.constant(center), v, v) })
	s.skip(doScale, g, func() { VDIVPD(s.constant(scale), v, v) })
	// From 2^128 − 2^103 on a number rounds to an infinite float32.
	in = s.CompareIn(in, s.And(v, s.abs), vector.LT, s.C(0x1.ffffffp127))
	VMOVUPS(s.NarrowZeroed(in, v), Mem{Base: x, Disp: 4 * s.Lanes() * g})
	have.Add(there)
	inside.Add(in)
}

func (s *state) field(offset int) Mem { return Mem{Base: s.column, Disp: offset} }

// constant is a field of the column in every lane.
func (s *state) constant(field int) vector.V {
	if v, ok := s.keep[field]; ok {
		return v
	}
	v := s.Reg()
	VBROADCASTSD(s.field(field), v)
	return v
}

// skip jumps over what body writes unless the step is to be done.
func (s *state) skip(step uint8, group int, body func()) {
	label := fmt.Sprintf("step%dgroup%d", step, group)
	TESTB(U8(step), s.field(steps))
	JZ(LabelRef(label))
	body()
	Label(label)
}

// report stores the words of panel at. What is not inside is usually nothing;
// else some of it may be infinite, which is then looked up.
func (s *state) report(at, present, have, inside Register) {
	infinite, filled32 := GP32(), GP32()
	NOTL(have)
	s.put("missing", at, have)
	// Outside is what is neither inside nor missing without a fill.
	MOVL(s.field(filled), filled32)
	NOTL(filled32)
	ANDL(filled32, have)
	ORL(have, inside)
	XORL(infinite, infinite)
	NOTL(inside)
	TESTL(inside, inside)
	JNZ(LabelRef("infinities"))
	Label("reported")
	s.put("outside", at, inside)
	s.put("notNumber", at, infinite)
	s.infinite = infinite
}

func (s *state) put(name string, at, word Register) {
	to := Load(Param(name), GP64())
	MOVL(word, Mem{Base: to, Index: at, Scale: 4})
}

// infinities finds the infinite cells of a panel among those that are there,
// and takes them out of outside.
func (s *state) infinities(present, outside Register) {
	Label("infinities")
	word := s.NewWord()
	for g := range s.groups {
		if g > 0 {
			SHRL(U8(s.Lanes()), present)
		}
		v := s.load(g)
		word.Add(s.CompareIn(s.Choose(present), s.And(v, s.abs), vector.EQ, s.Bits(0x7ff<<52)))
	}
	MOVL(word.GP, s.infinite)
	NOTL(word.GP)
	ANDL(word.GP, outside)
	JMP(LabelRef("reported"))
}

// plain writes the pass for float32 columns that go in as they are. It stops
// at a panel with a NaN or an infinity.
func plain(a *vector.ISA) {
	a.Text("encodePlain", "func(cells, x *float32, stride, panels int) int",
		"copies panels full panels of finite cells and returns how many there were before the first other one.")
	cells, x, stride, panels := Load(Param("cells"), GP64()), Load(Param("x"), GP64()), Load(Param("stride"), GP64()), Load(Param("panels"), GP64())
	at := GP64()
	XORQ(at, at)
	abs, largest := a.Copy(a.Bits(1<<31-1)), a.Copy(a.Bits(0x7f7fffff))
	Label("panel")
	var v []vector.V
	var top vector.V
	for g := range lanes / a.Lanes() {
		v = append(v, a.Load(Mem{Base: cells, Disp: g * a.Bytes}))
		if g == 0 {
			top = a.And(abs, v[0])
		} else {
			top = a.MaxUnsigned(top, a.And(abs, v[g]))
		}
	}
	a.JumpAbove(top, largest, "done")
	for g := range v {
		VMOVUPS(v[g], Mem{Base: x, Disp: g * a.Bytes})
	}
	SUBQ(I8(-128), cells)
	ADDQ(stride, x)
	INCQ(at)
	CMPQ(at, panels)
	JLT(LabelRef("panel"))
	Label("done")
	VZEROUPPER()
	Store(at, ReturnIndex(0))
	RET()
}
