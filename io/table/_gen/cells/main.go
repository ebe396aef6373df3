// Cells generates the loop that reads records whose cells are plain, of AVX2:
// what csvDecoder.fastRows does for numbers and for cells that are kept or
// passed over, sixteen bytes at a time.
//
// Where the next cell starts depends on this one's end alone, which one
// comparison finds; so the machine reads several numbers at once. The digits
// of a number are moved by a shuffle from a table, which leaves out their
// point, and turned into a value by products of neighbours, three times over
// (Langdale, Lemire: Parsing Gigabytes of JSON per Second, 2019, section 3.2).
package main

import (
	"encoding/binary"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The fields of cellRun, by their offset.
const (
	base = 8 * iota
	place
	end
	row
	left
	room
	size
	limit
	columns
	count
	cells
	stride
	starts
	spans
	delim     // 16 times
	lineFeed  = delim + 16
	point     = delim + 32
	quotation = delim + 48
)

// The fields of fastColumn, by their offset, and its size.
const (
	out        = 0
	valid      = 8
	slot       = 16
	kind       = 24
	run        = 40
	columnSize = 48
)

// The kinds of columns, as in csv_fast.go.
const (
	take = iota
	skip
	span
	number
	numberSpan
	pass
)

// width is how many bytes are looked at: a number and what ends it.
const width = 16

func main() {
	ConstraintExpr("amd64,!noasm")
	s := &state{shuffles: shuffles(), powers: powers(), scales: scales()}
	s.zeros = fill("cellsZeros", '0')
	s.nines = fill("cellsNines", 9)
	s.tens = fill("cellsTens", 10, 1)
	s.hundreds = fill("cellsHundreds", 100, 0, 1, 0)
	s.tenThousands = fill("cellsTenThousands", 10000&0xff, 10000>>8, 1, 0)
	s.hundredMillion = GLOBL("cellsHundredMillion", RODATA|NOPTR)
	DATA(0, F64(1e8))
	DATA(8, F64(1))
	s.routine()
	Generate()
}

// state is the routine being written.
type state struct {
	shuffles, powers, scales                   Mem
	zeros, nines, tens, hundreds, tenThousands Mem
	hundredMillion                             Mem

	job    GPVirtual // the cellRun
	at     GPVirtual // the cell's first byte
	column GPVirtual // its fastColumn
	left   GPVirtual // how many columns there are from it on
	row    GPVirtual // its number

	delim, line, point VecVirtual // marks
	later              []func()   // what is seldom needed, written behind the rest
}

func (s *state) routine() {
	TEXT("cellsAVX2", NOSPLIT, "func(job *[22]uint64)")
	Pragma("noescape")
	Doc("cellsAVX2 reads cells from where job says until it meets one that it does not know, or a record behind which somebody has to look.")
	s.job, s.at, s.column, s.left, s.row = GP64(), GP64(), GP64(), GP64(), GP64()
	Load(Param("job"), s.job)
	MOVQ(s.field(place), s.at)
	ADDQ(s.field(base), s.at)
	MOVQ(s.field(row), s.row)
	MOVQ(s.field(left), s.left)
	s.firstColumn()
	s.delim, s.line, s.point = s.mark(delim), s.mark(lineFeed), s.mark(point)

	Label("cell")
	CMPQ(s.left, Imm(1))
	JLE(LabelRef("lastCell"))
	s.cell("inner", s.delim)
	Label("innerNext")
	ADDQ(Imm(columnSize), s.column)
	DECQ(s.left)
	JMP(LabelRef("cell"))

	Label("lastCell")
	s.cell("outer", s.line)
	Label("outerNext")
	s.nextRow()

	Label("done")
	SUBQ(s.field(base), s.at)
	MOVQ(s.at, s.field(place))
	MOVQ(s.row, s.field(row))
	MOVQ(s.left, s.field(left))
	RET()
	s.run()
	for _, write := range s.later {
		write()
	}
}

// field is one of the cellRun.
func (s *state) field(offset int) Mem { return Mem{Base: s.job, Disp: offset} }

// the is a field of the column.
func (s *state) the(offset int) Mem { return Mem{Base: s.column, Disp: offset} }

// mark is a register full of one of the marks.
func (s *state) mark(offset int) VecVirtual {
	v := XMM()
	VMOVDQU(s.field(offset), v)
	return v
}

// firstColumn points at the first of the columns that are left.
func (s *state) firstColumn() {
	MOVQ(s.field(count), s.column)
	SUBQ(s.left, s.column)
	IMUL3Q(Imm(columnSize), s.column, s.column)
	ADDQ(s.field(columns), s.column)
}

// nextRow ends the record, and begins the next one if neither needs a look.
func (s *state) nextRow() {
	XORL(s.left.As32(), s.left.As32())
	at, start, next, table, wide := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(s.at, at)
	SUBQ(s.field(base), at)
	MOVQ(s.field(starts), table)
	MOVLQSX(Mem{Base: table, Index: s.row, Scale: 4}, start)
	MOVQ(at, wide)
	SUBQ(start, wide)
	CMPQ(wide, s.field(limit))
	JGT(LabelRef("done"))
	LEAQ(Mem{Base: s.row, Disp: 1}, next)
	CMPQ(next, s.field(room))
	JGE(LabelRef("done"))
	CMPQ(at, s.field(size))
	JGE(LabelRef("done"))
	CMPB(Mem{Base: s.at}, Imm('\r'))
	JLS(LabelRef("done")) // a blank line, perhaps
	MOVL(at.As32(), Mem{Base: table, Index: next, Scale: 4})
	MOVQ(s.field(spans), table)
	TESTQ(table, table)
	JZ(LabelRef("begin"))
	MOVL(start.As32(), Mem{Base: table, Index: s.row, Scale: 8})
	MOVQ(s.field(end), start)
	MOVL(start.As32(), Mem{Base: table, Index: s.row, Scale: 8, Disp: 4})
	Label("begin")
	MOVQ(next, s.row)
	MOVQ(s.field(columns), s.column)
	MOVQ(s.field(count), s.left)
	JMP(LabelRef("cell"))
}

// cell reads the cell that sep ends, the last one of a record where that is
// the outer one.
func (s *state) cell(name string, sep VecVirtual) {
	k := GP32()
	MOVBLZX(s.the(kind), k)
	CMPL(k, Imm(number))
	JLT(LabelRef(name + "Text"))
	CMPL(k, Imm(numberSpan))
	JGT(LabelRef("more"))
	s.number(name, sep, k)
	JMP(LabelRef(name + "Next"))
	Label(name + "Text")
	s.text(name, k)
}

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

// tail is how many bytes of a long number are read apart from its head.
const tail = 12

// long makes the column's number of length bytes, 15 to 27, that have at most
// 19 digits, or goes to done.
func (s *state) long(name string, sign, length GPVirtual) {
	text, end := XMM(), XMM()
	shuffle, dot, behind, places, power := GP64(), GP64(), GP64(), GP64(), GP64()
	SUBL(Imm(tail), length.As32()) // of the head from here on
	CMPL(length.As32(), Imm(width))
	JGE(LabelRef("done"))
	VMOVDQU(Mem{Base: s.at}, text)
	VMOVDQU(Mem{Base: s.at, Index: length, Scale: 1}, end)
	s.negative(sign)
	MOVL(sign.As32(), shuffle.As32())
	s.points(text, dot)
	s.locate(shuffle, length, dot, behind)
	s.digits(text, shuffle, "done")
	value := s.sum(text)
	CMPQ(value, U32(10000000))
	JGE(LabelRef("done")) // more than 19 digits

	s.points(end, dot)
	MOVL(U32(tail), length.As32())
	XORL(shuffle.As32(), shuffle.As32())
	s.locate(shuffle, length, dot, places)
	s.digits(end, shuffle, "done")
	TESTL(places.As32(), places.As32())
	JNZ(LabelRef(name + "PointInTail"))
	MOVQ(U64(1000000000000), power)
	TESTL(behind.As32(), behind.As32())
	JZ(LabelRef(name + "Joined"))
	ADDL(Imm(tail), behind.As32())
	JMP(LabelRef(name + "Joined"))
	Label(name + "PointInTail")
	TESTL(behind.As32(), behind.As32())
	JNZ(LabelRef("done")) // there are two
	MOVL(places.As32(), behind.As32())
	MOVQ(U64(100000000000), power)
	Label(name + "Joined")
	IMULQ(power, value)
	ADDQ(s.sum(end), value)
	s.nearest(value, behind)
	MOVBLZX(Mem{Base: s.at}, sign.As32())
	s.negative(sign)
	SHLQ(Imm(63), sign)
	XORQ(sign, value)
	s.put(value)
}

// points has a bit for each point of a text.
func (s *state) points(text VecVirtual, dot GPVirtual) {
	mask := XMM()
	VPCMPEQB(text, s.point, mask)
	VPMOVMSKB(mask, dot.As32())
}

// nearest divides a mantissa by the power of ten for behind bytes from the
// point on: nearestFloat, which says whose method it is. What that does not
// answer with the first half of the power goes to done.
func (s *state) nearest(mant, behind GPVirtual) {
	table, top, shift, high, low := GP64(), GP64(), GP64(), GP64(), GP64()
	TESTQ(mant, mant)
	JZ(LabelRef("done"))
	LEAQ(s.scales, table)
	SHLL(Imm(4), behind.As32())
	ADDQ(behind, table)
	BSRQ(mant, top)
	MOVL(U32(63), shift.As32())
	SUBL(top.As32(), shift.As32())
	SHLXQ(shift, mant, mant)
	MOVQ(Mem{Base: table}, RDX)
	MULXQ(mant, low, high)
	MOVL(high.As32(), shift.As32())
	ANDL(U32(0x1ff), shift.As32())
	CMPL(shift.As32(), U32(0x1ff))
	JEQ(LabelRef("done"))
	ORQ(low, shift)
	JZ(LabelRef("done"))
	MOVQ(high, low)
	SHRQ(Imm(63), low)
	LEAL(Mem{Base: low, Disp: 9}, shift.As32())
	SHRXQ(shift, high, mant)
	ADDQ(low, top)
	MOVL(mant.As32(), shift.As32())
	ANDL(Imm(1), shift.As32())
	ADDQ(shift, mant)
	SHRQ(Imm(1), mant)
	ADDQ(Mem{Base: table, Disp: 8}, top)
	SHLQ(Imm(52), top)
	ADDQ(top, mant)
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

// fill writes 16 bytes of pattern, over and over.
func fill(name string, pattern ...byte) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(i, U8(pattern[i%len(pattern)]))
	}
	return m
}

// shuffles writes the table that moves the digits of a number of length bytes,
// with its point at dot (or none: dot = length), behind a minus sign or without
// one, to the end of a register, with zeros before them: 16 bytes at
// ((sign·16 + length)·16 + dot)·16. A number without digits gets its first byte,
// which is no digit and so fails.
func shuffles() Mem {
	m, at := GLOBL("cellsShuffles", RODATA|NOPTR), 0
	for sign := range 2 {
		for length := range width {
			for dot := range width {
				from := shuffle(sign, length, dot)
				DATA(at, U64(binary.LittleEndian.Uint64(from[:])))
				DATA(at+8, U64(binary.LittleEndian.Uint64(from[8:])))
				at += len(from)
			}
		}
	}
	return m
}

func shuffle(sign, length, dot int) (from [16]byte) {
	to := 16
	for i := length - 1; i >= sign; i-- {
		if i != dot {
			to--
			from[to] = byte(i)
		}
	}
	if to == 16 {
		return from
	}
	for i := range to {
		from[i] = 0x80
	}
	return from
}

// powers writes what a number is divided by whose point stands e bytes before
// its end: 10^(e-1), and 1 without a point.
func powers() Mem {
	m := GLOBL("cellsPowers", RODATA|NOPTR)
	p := 1.0
	for e := range width {
		if e > 1 {
			p *= 10
		}
		DATA(8*e, F64(p))
	}
	return m
}

// scales writes, for a number with behind bytes from its point on, the first 64
// bits of 10^-(behind-1), cut off, and what its exponent is to have added.
func scales() Mem {
	m := GLOBL("cellsScales", RODATA|NOPTR)
	for behind := range width + tail {
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(0, behind-1))), nil)
		// 2^b/10^q has 64 bits.
		b := 63 + ten.BitLen()
		power := new(big.Int).Quo(new(big.Int).Lsh(big.NewInt(1), uint(b)), ten)
		if power.BitLen() > 64 {
			power.Rsh(power, 1)
			b--
		}
		DATA(16*behind, U64(power.Uint64()))
		DATA(16*behind+8, U64(uint64(63-b+1022)))
	}
	return m
}
