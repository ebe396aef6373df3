package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// number reads the cell as a number of at most 15 bytes, or goes to done.
// Nothing is changed before all is known to be right.
func (s *state) number(name string, sep VecVirtual, k GPVirtual) {
	text, mask := XMM(), XMM()
	sign, length, dot, next, last := GP64(), GP64(), GP64(), GP64(), GP64()
	VMOVDQU(Mem{Base: s.at}, text)
	VPCMPEQB(text, sep, mask)
	VPMOVMSKB(mask, length.As32())
	VPCMPEQB(text, s.point, mask)
	VPMOVMSKB(mask, dot.As32())
	MOVBLZX(Mem{Base: s.at}, sign.As32())
	TZCNTL(length.As32(), length.As32())
	CMPL(length.As32(), Imm(width))
	JGE(LabelRef(name + "Long"))
	LEAQ(Mem{Base: s.at, Index: length, Scale: 1, Disp: 1}, next)
	if name == "outer" {
		s.carriage("carried", length)
	}
	LEAQ(Mem{Base: s.at, Index: length, Scale: 1}, last)
	s.short(text, sign, length, dot, name+"Odd")
	Label(name + "Have")
	CMPL(k, Imm(numberSpan))
	JNE(LabelRef(name + "Number"))
	s.keep(last)
	Label(name + "Number")
	s.ended(name, last)
	MOVQ(next, s.at)

	s.later = append(s.later, func() {
		Label(name + "Odd")
		TESTL(length.As32(), length.As32())
		JZ(LabelRef(name + "Empty"))
		CMPB(Mem{Base: s.at}, Imm('"'))
		JNE(LabelRef("done"))
		Label(name + "Quoted")
		s.unquote(name, text, sign, length, dot, next, last)
		s.short(text, sign, length, dot, "done")
		JMP(LabelRef(name + "Have"))
	}, func() {
		Label(name + "Empty")
		s.empty()
		JMP(LabelRef(name + "Have"))
	}, func() {
		Label(name + "Long")
		CMPL(sign.As32(), Imm('"'))
		JEQ(LabelRef(name + "Quoted"))
		VMOVDQU(Mem{Base: s.at, Disp: width}, text)
		VPCMPEQB(text, sep, mask)
		VPMOVMSKB(mask, length.As32())
		TZCNTL(length.As32(), length.As32())
		ADDL(Imm(width), length.As32())
		CMPL(length.As32(), Imm(2*width))
		JGE(LabelRef("done"))
		LEAQ(Mem{Base: s.at, Index: length, Scale: 1, Disp: 1}, next)
		if name == "outer" {
			s.carriage("longCarried", length)
		}
		LEAQ(Mem{Base: s.at, Index: length, Scale: 1}, last)
		MOVQ(next, s.field(place)) // there are not registers enough
		s.long(name, sign, length)
		MOVQ(s.field(place), next)
		MOVBLZX(s.the(kind), k)
		JMP(LabelRef(name + "Have"))
	})
}

// carriage leaves a carriage return before the line feed out of the cell.
func (s *state) carriage(label string, length GPVirtual) {
	TESTL(length.As32(), length.As32())
	JZ(LabelRef(label))
	CMPB(Mem{Base: s.at, Index: length, Scale: 1, Disp: -1}, Imm('\r'))
	JNE(LabelRef(label))
	DECL(length.As32())
	Label(label)
}

// short makes the column's number of length bytes of text, or goes to odd. dot
// has a bit for each point; sign is the first byte.
func (s *state) short(text VecVirtual, sign, length, dot GPVirtual, odd string) {
	shuffle, behind, table := GP64(), GP64(), GP64()
	s.negative(sign)
	MOVL(sign.As32(), shuffle.As32())
	s.locate(shuffle, length, dot, behind)
	s.digits(text, shuffle, odd)

	// All of this is exact but for the quotient, which so is the nearest number
	// there is (Clinger 1990).
	f, high := XMM(), XMM()
	s.eights(text)
	VCVTDQ2PD(text, f)
	VMULPD(s.hundredMillion, f, f)
	VUNPCKHPD(f, f, high)
	VADDSD(high, f, f)
	LEAQ(s.powers, table)
	VDIVSD(Mem{Base: table, Index: behind, Scale: 8}, f, f)
	SHLQ(Imm(63), sign)
	VMOVQ(sign, high)
	VPXOR(high, f, f)
	MOVQ(s.the(out), table)
	VMOVQ(f, Mem{Base: table, Index: s.row, Scale: 8})
}

// negative makes a first byte 1 if it is a minus sign, else 0.
func (s *state) negative(sign GPVirtual) {
	is := GP32()
	XORL(is, is)
	CMPL(sign.As32(), Imm('-'))
	SETEQ(is.As8())
	MOVL(is, sign.As32())
}

// locate makes of shuffle, which is 1 with a sign, the place of the shuffle for
// a number of length bytes, with its point at the lowest bit of dot or without
// one. behind is how many bytes there are from the point on.
func (s *state) locate(shuffle, length, dot, behind GPVirtual) {
	BTSL(length.As32(), dot.As32()) // the end, if nothing comes before
	TZCNTL(dot.As32(), dot.As32())
	MOVL(length.As32(), behind.As32())
	SUBL(dot.As32(), behind.As32())
	SHLL(Imm(4), shuffle.As32())
	ADDL(length.As32(), shuffle.As32())
	SHLL(Imm(4), shuffle.As32())
	ADDL(dot.As32(), shuffle.As32())
	SHLL(Imm(4), shuffle.As32())
}

// digits moves a text's digits to the end of the register, or goes to odd if
// there is anything else.
func (s *state) digits(text VecVirtual, shuffle GPVirtual, odd string) {
	table, mask := GP64(), XMM()
	LEAQ(s.shuffles, table)
	VPSUBB(s.zeros, text, text)
	VPSHUFB(Mem{Base: table, Index: shuffle, Scale: 1}, text, text)
	VPSUBUSB(s.nines, text, mask)
	VPTEST(mask, mask)
	JNZ(LabelRef(odd))
}

// eights makes two numbers of 16 digits, of eight digits each.
func (s *state) eights(digits VecVirtual) {
	VPMADDUBSW(s.tens, digits, digits)
	VPMADDWD(s.hundreds, digits, digits)
	VPACKUSDW(digits, digits, digits)
	VPMADDWD(s.tenThousands, digits, digits)
}

// sum is the number that 16 digits make.
func (s *state) sum(digits VecVirtual) GPVirtual {
	high, low := GP64(), GP64()
	s.eights(digits)
	VMOVQ(digits, low)
	MOVL(low.As32(), high.As32())
	SHRQ(Imm(32), low)
	IMUL3Q(U32(100000000), high, high)
	ADDQ(high, low)
	return low
}

// put sets the column's number of the row.
func (s *state) put(bits GPVirtual) {
	numbers := GP64()
	MOVQ(s.the(out), numbers)
	MOVQ(bits, Mem{Base: numbers, Index: s.row, Scale: 8})
}

// empty marks the column's number as not there, if it has a bitmap for that.
func (s *state) empty() {
	bitmap, place, bit, eight := GP64(), GP64(), GP32(), GP32()
	MOVQ(s.the(valid), bitmap)
	TESTQ(bitmap, bitmap)
	JZ(LabelRef("done"))
	MOVQ(s.row, place)
	SHRQ(Imm(3), place)
	MOVL(s.row.As32(), bit)
	ANDL(Imm(7), bit)
	MOVBLZX(Mem{Base: bitmap, Index: place, Scale: 1}, eight)
	BTRL(bit, eight)
	MOVB(eight.As8(), Mem{Base: bitmap, Index: place, Scale: 1})
	XORL(place.As32(), place.As32())
	s.put(place)
}

// unquote finds the number between the quotes that the cell stands in.
func (s *state) unquote(name string, text VecVirtual, sign, length, dot, next, last GPVirtual) {
	mask := XMM()
	VMOVDQU(Mem{Base: s.at, Disp: 1}, text)
	VPCMPEQB(s.field(quotation), text, mask)
	VPMOVMSKB(mask, length.As32())
	s.points(text, dot)
	MOVBLZX(Mem{Base: s.at, Disp: 1}, sign.As32())
	TZCNTL(length.As32(), length.As32())
	CMPL(length.As32(), Imm(width))
	JGE(LabelRef("done"))
	LEAQ(Mem{Base: s.at, Index: length, Scale: 1, Disp: 2}, last)
	MOVQ(last, next)
	s.separator(name, next)
}
