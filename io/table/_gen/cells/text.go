package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// separator passes over what ends the cell, behind its closing quote.
func (s *state) separator(name string, next GPVirtual) {
	sep := GP32()
	if name == "outer" {
		CMPB(Mem{Base: next}, Imm('\r'))
		SETEQ(sep.As8())
		MOVBLZX(sep.As8(), sep)
		ADDQ(sep.As64(), next)
	}
	MOVBLZX(Mem{Base: next}, sep)
	CMPB(sep.As8(), s.field(map[string]int{"inner": delim, "outer": lineFeed}[name]))
	JNE(LabelRef("done"))
	INCQ(next)
}

// text finds the end of a cell, or goes to done.
func (s *state) text(name string, k GPVirtual) {
	p, where, last := GP64(), GP64(), GP64()
	text, mask := XMM(), XMM()
	SUBL(Imm(skip), k)
	JLT(LabelRef("done"))
	MOVQ(s.at, p)
	CMPB(Mem{Base: s.at}, Imm('"'))
	JEQ(LabelRef(name + "Quote"))
	Label(name + "Chars")
	VMOVDQU(Mem{Base: p}, text)
	VPCMPEQB(text, s.delim, mask)
	VPCMPEQB(text, s.line, text)
	VPOR(text, mask, mask)
	VPMOVMSKB(mask, where.As32())
	ADDQ(Imm(width), p)
	TESTL(where.As32(), where.As32())
	JZ(LabelRef(name + "Chars"))
	TZCNTL(where.As32(), where.As32())
	LEAQ(Mem{Base: p, Index: where, Scale: 1, Disp: -width}, p)
	MOVQ(p, last)
	if name == "outer" {
		s.returned(last)
	}
	Label(name + "Closed")
	MOVQ(last, p)
	s.separator(name, p)
	TESTL(k, k) // skip
	JZ(LabelRef(name + "Passed"))
	s.keep(last)
	Label(name + "Passed")
	s.ended(name, last)
	MOVQ(p, s.at)
	if name == "inner" {
		JMP(LabelRef("innerNext"))
	}
	s.later = append(s.later, func() {
		Label(name + "Quote")
		s.closing(name, p, where, last)
		JMP(LabelRef(name + "Closed"))
	})
}

// returned is carriage for a text.
func (s *state) returned(last GPVirtual) {
	CMPQ(last, s.at)
	JE(LabelRef("returned"))
	CMPB(Mem{Base: last, Disp: -1}, Imm('\r'))
	JNE(LabelRef("returned"))
	DECQ(last)
	Label("returned")
}

// closing finds the quote that closes the cell; a doubled one does not. The
// cell ends behind it.
func (s *state) closing(name string, p, where, last GPVirtual) {
	text := XMM()
	INCQ(p)
	Label(name + "Inside")
	MOVQ(p, where)
	SUBQ(s.field(base), where)
	CMPQ(where, s.field(size))
	JGE(LabelRef("done"))
	VMOVDQU(Mem{Base: p}, text)
	VPCMPEQB(s.field(quotation), text, text)
	VPMOVMSKB(text, where.As32())
	ADDQ(Imm(width), p)
	TESTL(where.As32(), where.As32())
	JZ(LabelRef(name + "Inside"))
	TZCNTL(where.As32(), where.As32())
	LEAQ(Mem{Base: p, Index: where, Scale: 1, Disp: 2 - width}, p)
	CMPB(Mem{Base: p, Disp: -1}, Imm('"'))
	JEQ(LabelRef(name + "Inside"))
	LEAQ(Mem{Base: p, Disp: -1}, last)
	MOVQ(last, where)
	SUBQ(s.field(base), where)
	CMPQ(where, s.field(size))
	JGT(LabelRef("done"))
}

// keep notes where the cell stands.
func (s *state) keep(last GPVirtual) {
	place, a, b := GP64(), GP64(), GP64()
	MOVQ(s.row, place)
	IMULQ(s.field(stride), place)
	ADDQ(s.field(cells), place)
	MOVQ(s.the(slot), b)
	LEAQ(Mem{Base: place, Index: b, Scale: 8}, place)
	MOVQ(s.at, a)
	MOVQ(last, b)
	SUBQ(s.field(base), a)
	SUBQ(s.field(base), b)
	MOVL(a.As32(), Mem{Base: place})
	MOVL(b.As32(), Mem{Base: place, Disp: 4})
}

// ended notes where the record ends, behind its last cell.
func (s *state) ended(name string, last GPVirtual) {
	if name == "outer" {
		SUBQ(s.field(base), last)
		MOVQ(last, s.field(end))
	}
}

// run passes over columns that nobody wants, 32 bytes' delimiters at a time,
// until all are passed or a quote or a line feed comes.
func (s *state) run() {
	Label("more")
	CMPB(s.the(kind), Imm(pass))
	JNE(LabelRef("done"))
	p, want, found, stop, n := GP64(), GP64(), GP64(), GP64(), GP64()
	delims, lines, quotes, text, mask := YMM(), YMM(), YMM(), YMM(), YMM()
	VPBROADCASTB(s.field(delim), delims)
	VPBROADCASTB(s.field(lineFeed), lines)
	VPBROADCASTB(s.field(quotation), quotes)
	MOVQ(s.the(run), want)
	MOVQ(s.at, p)
	Label("chunk")
	VMOVDQU(Mem{Base: p}, text)
	VPCMPEQB(text, delims, mask)
	VPMOVMSKB(mask, found.As32())
	VPCMPEQB(text, lines, mask)
	VPCMPEQB(text, quotes, text)
	VPOR(text, mask, mask)
	VPMOVMSKB(mask, stop.As32())
	TESTL(stop.As32(), stop.As32())
	JNZ(LabelRef("stop"))
	POPCNTL(found.As32(), n.As32())
	CMPQ(n, want)
	JGE(LabelRef("drop"))
	SUBQ(n, want)
	ADDQ(Imm(32), p)
	JMP(LabelRef("chunk"))

	// The delimiter that is wanted is the lowest when want is 1.
	Label("drop")
	DECQ(want)
	JZ(LabelRef("lowest"))
	BLSRL(found.As32(), found.As32())
	JMP(LabelRef("drop"))
	Label("lowest")
	TZCNTL(found.As32(), found.As32())
	LEAQ(Mem{Base: p, Index: found, Scale: 1, Disp: 1}, s.at)
	Label("passed")
	MOVQ(s.the(run), n)
	SUBQ(want, n)
	SUBQ(n, s.left)
	IMUL3Q(Imm(columnSize), n, n)
	ADDQ(n, s.column)
	VZEROUPPER()
	JMP(LabelRef("cell"))

	// What stands before the stop still counts.
	Label("stop")
	BLSMSKL(stop.As32(), stop.As32())
	ANDL(stop.As32(), found.As32())
	POPCNTL(found.As32(), n.As32())
	CMPQ(n, want)
	JGE(LabelRef("drop"))
	VZEROUPPER()
	JMP(LabelRef("done"))
}
