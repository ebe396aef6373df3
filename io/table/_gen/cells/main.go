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
