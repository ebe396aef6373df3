package graph

import (
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Numbers puts a numeric column's cells into feature f of input buffers, for
// rows rows. NaN counts as missing, ±Inf is NotANumber, and so is a fraction
// where the model takes integers, or what is neither 0 nor 1 where it takes
// truth values; what the type cannot hold is OutOfRange. A missing number is
// NaN where the model deals with it (the feature has a Fill), else 0. Faults
// are those of nn.Encoder: Missing is set in either case.
func (t *Table) Numbers(f int, in []Lanes, v nn.Numbers, rows int, faults *nn.Faults) {
	c := &t.cells[f]
	values := kernel.Values{F64: v.F64, F32: v.F32, Valid: v.Valid, Offset: v.ValidOffset, Factor: v.Factor, Plus: v.Plus}
	into := &in[c.input]
	switch c.typ {
	case Float32:
		t.set32.Encode(&c.column32, values, into.F32, rows, (*kernel.Faults)(faults))
		if c.missing {
			patch(c, into.F32, faults.Missing, rows, float32(math.NaN()))
		}
	case Float64:
		t.set64.Encode(&c.column64, values, into.F64, rows, (*kernel.Faults)(faults))
		if c.missing {
			patch(c, into.F64, faults.Missing, rows, math.NaN())
		}
	default:
		t.others(c, into, values, rows, faults)
	}
}

// patch puts a value into the lanes of a mask.
func patch[T floating](c *cell, x []T, mask []uint32, rows int, v T) {
	for p := range nn.Panels(rows) {
		for j, m := 0, mask[p]; m != 0; j, m = j+1, m>>1 {
			if m&1 != 0 {
				x[(p*c.width+c.element)*lanes+j] = v
			}
		}
	}
}

// others encodes integers, truth values and 16-bit floats, by way of float64.
func (t *Table) others(c *cell, into *Lanes, v kernel.Values, rows int, faults *nn.Faults) {
	wide := make([]float64, nn.Panels(rows)*lanes)
	column := c.column64
	column.At, column.Width = 0, 1
	t.set64.Encode(&column, v, wide, rows, (*kernel.Faults)(faults))
	put, low, high := setters[c.typ.Storage()], math.Inf(-1), math.Inf(1)
	if b := ranges[c.typ]; b != [2]float64{} {
		low, high = b[0], b[1]
	}
	for i, x := range wide {
		p, bit := i/lanes, uint32(1)<<(i%lanes)
		switch {
		case c.typ.Float():
			x = float64(roundTo(c.typ, float32(x)))
			if math.IsInf(x, 0) {
				faults.OutOfRange[p] |= bit
				x = 0
			}
		case x != math.Trunc(x), c.typ == Bool && x != 0 && x != 1:
			faults.NotANumber[p] |= bit
			x = 0
		case x < low || x >= high:
			faults.OutOfRange[p] |= bit
			x = 0
		}
		at := (p*c.width+c.element)*lanes + i%lanes
		if c.typ == Bool {
			into.Bool[at] = x == 1
			continue
		}
		put(into, at, x)
	}
	if c.missing {
		patch(c, into.F32, faults.Missing, rows, float32(math.NaN()))
	}
}

// ranges are the least value of an integer type and the first beyond it.
var ranges = map[Type][2]float64{Int8: {-1 << 7, 1 << 7}, Int16: {-1 << 15, 1 << 15}, Int32: {-1 << 31, 1 << 31}, Int64: {-1 << 63, 1 << 63},
	Uint8: {0, 1 << 8}, Uint16: {0, 1 << 16}, Uint32: {0, 1 << 32}, Uint64: {0, 1 << 64}}

// Codes puts a text column's codes into feature f of input buffers: an index
// into the feature's Categories, nn.CodeMissing or nn.CodeUnknown. A missing
// word becomes the empty one.
func (t *Table) Codes(f int, in []Lanes, codes []int32, rows int, faults *nn.Faults) {
	c := &t.cells[f]
	unknown := int32(len(t.strings))
	x := in[c.input].Str
	for p := range nn.Panels(rows) {
		faults.Missing[p], faults.Unknown[p], faults.NotANumber[p], faults.OutOfRange[p] = 0, 0, 0, 0
		out := x[(p*c.width+c.element)*lanes:][:lanes]
		clear(out)
		for j, code := range codes[p*lanes : min(rows, (p+1)*lanes)] {
			switch code {
			case nn.CodeMissing:
				faults.Missing[p] |= 1 << j
			case nn.CodeUnknown:
				faults.Unknown[p] |= 1 << j
				out[j] = unknown
			default:
				out[j] = code + 1 // 0 is the empty word
			}
		}
	}
}
