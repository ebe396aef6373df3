package table

import "github.com/apache/arrow-go/v18/arrow"

// Lanes is one unit's values for the rows of a block, seen in panels of 32
// rows: Data is [panel][unit][32].
type Lanes[T float32 | float64] struct {
	Data  []T
	Units int // units a panel holds
	Unit  int // which of them
}

// At is the value of row i.
func (l Lanes[T]) At(i int) T {
	return l.Data[((i>>5)*l.Units+l.Unit)<<5|i&31]
}

// Computed is one column that the job made, for the N rows of a block. One of
// F32, F64, Codes, Words and Integers says what it holds:
//
//   - F32 or F64: numbers; with List, all Units of a row as a fixed-size list;
//   - Codes and Words: Words[Codes[i]], null where the code is negative;
//   - Integers: whole numbers;
//   - Words alone: the constant Words[0].
type Computed struct {
	Name  string
	F32   Lanes[float32]
	F64   Lanes[float64]
	List  bool
	Codes []int32
	Words []string
	// Integers has a number for each row.
	Integers []int64
	// Null, when not nil, is true for each row whose value is null.
	Null []bool
}

// Type is the Arrow type of the column.
func (c *Computed) Type() arrow.DataType {
	var t arrow.DataType = arrow.PrimitiveTypes.Float32
	units := c.F32.Units
	switch {
	case c.Words != nil:
		return arrow.BinaryTypes.String
	case c.Integers != nil:
		return arrow.PrimitiveTypes.Int64
	case c.F64.Units > 0:
		t, units = arrow.PrimitiveTypes.Float64, c.F64.Units
	}
	if c.List {
		return arrow.FixedSizeListOf(int32(units), t)
	}
	return t
}
