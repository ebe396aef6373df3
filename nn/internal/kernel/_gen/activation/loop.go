package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// farStart is the largest |x| that fast is called with, for functions that have
// a tail.
const farStart = 87

// loop is the loop of a routine, over some registers at a time.
type loop struct {
	*gen
	*unary
	y, n   Register
	pieces int
}

// generate writes a loop over registers, two at a time, or a pipeline of four.
func (u *unary) generate(g *gen) {
	g.Text(u.name, "func(y *float32, n int"+u.args+")", u.doc+" in place; n is a positive multiple of 32.")
	l := &loop{g, u, Load(Param("y"), GP64()), Load(Param("n"), GP64()), 2}
	if u.args != "" {
		g.alpha = g.Argument("alpha")
	}
	if u.args == twoArgs {
		g.beta = g.Argument("beta")
	}
	if u.keep != nil {
		u.keep(g)
	}
	if u.turn > 0 && !g.Wide() {
		l.pieces = 4
		l.pipeline()
	} else {
		l.interleave()
	}
}

// interleave writes the loop whose pieces go side by side, instruction by
// instruction.
func (l *loop) interleave() {
	Label("loop")
	l.check("far")
	l.Interleave(l.pieces, func(i int) {
		VMOVUPS(l.fast(l.gen, l.Load(l.at(i)), func() Mem { return l.at(i) }), l.at(i))
	})
	if l.tail != nil {
		Label("next")
	}
	l.advance()
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
	if l.tail != nil {
		l.far()
		JMP(LabelRef("next"))
	}
}

// pipeline writes the loop whose turns overlap, half of the pieces beginning in the
// middle of a turn. A turn that has to do with tails stands between two such loops.
func (l *loop) pipeline() {
	p := l.NewPipeline(l.turn, []int{0, 0, l.turn / 2, l.turn / 2}, func(i int, late func() bool) {
		at := func() Mem {
			if late() {
				return l.at(i - l.pieces)
			}
			return l.at(i)
		}
		v := l.fast(l.gen, l.Load(at()), at)
		VMOVUPS(v, at())
	})
	Label("start")
	l.check("far")
	p.Begin()
	Label("loop")
	l.advance()
	JLE(LabelRef("end"))
	l.check("end")
	p.Turn()
	JMP(LabelRef("loop"))
	Label("end")
	p.End()
	if l.tail != nil {
		TESTQ(l.n, l.n)
		JG(LabelRef("far"))
		Label("done")
	}
	VZEROUPPER()
	RET()
	if l.tail != nil {
		l.far()
		l.advance()
		JG(LabelRef("start"))
		JMP(LabelRef("done"))
	}
}

// at is where the numbers of piece i lie.
func (l *loop) at(i int) Mem { return Mem{Base: l.y, Disp: i * l.Bytes} }

// advance goes on to the next numbers; the flags say whether there are any.
func (l *loop) advance() {
	ADDQ(Imm(uint64(l.pieces*l.Bytes)), l.y)
	SUBQ(Imm(uint64(l.pieces*l.Bytes/4)), l.n)
}

// check goes to label if some number lies outside ±87, or is NaN.
func (l *loop) check(label string) {
	if l.tail == nil {
		return
	}
	top := l.magnitude(l.at(0))
	for i := 1; i < l.pieces; i++ {
		top = l.MaxUnsigned(top, l.magnitude(l.at(i)))
	}
	l.JumpAbove(top, l.constant(farStart), label)
}

// far writes what is done where some lane lies outside ±87.
func (l *loop) far() {
	Label("far")
	for i := range l.pieces {
		l.farPiece(l.at(i))
	}
}

// farPiece gives the lanes within ±87 what they always get.
func (l *loop) farPiece(at Mem) {
	d := &gen{ISA: l.Doubles()}
	low := d.Narrow(l.tail(d, d.Widen(at)))
	high := d.Narrow(l.tail(d, d.Widen(at.Offset(l.Bytes/2))))
	x := l.Load(at)
	y := l.fast(l.gen, l.atMost(l.atLeast(x, -farStart), farStart), func() Mem { return at })
	VMOVUPS(l.Blend(l.Less(x, l.constant(-farStart)), l.Join(low, high), y), at)
}
