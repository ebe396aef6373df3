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
// what the model fills it with, or NaN where the model deals with it otherwise
// (the feature has a Fill), else 0. Faults are those of nn.Encoder: Missing is
// set in either case.
func (t *Table) Numbers(f int, in []Lanes, v nn.Numbers, rows int, faults *nn.Faults) {
	values := kernel.Values{F64: v.F64, F32: v.F32, Valid: v.Valid, Offset: v.ValidOffset, Factor: v.Factor, Plus: v.Plus}
	for i := range t.cells[f].targets {
		if i == 0 {
			t.number(&t.cells[f].targets[0], in, values, rows, faults)
			continue
		}
		also := nn.NewFaults(rows)
		t.number(&t.cells[f].targets[i], in, values, rows, also)
		for p := range also.Missing {
			faults.NotANumber[p] |= also.NotANumber[p]
			faults.OutOfRange[p] |= also.OutOfRange[p]
		}
	}
}

// number puts cells into one place.
func (t *Table) number(to *target, in []Lanes, v kernel.Values, rows int, faults *nn.Faults) {
	into := &in[to.buffer]
	if to.rounds && (v.F32 == nil || v.Factor != 1 || v.Plus != 0) {
		given := v
		v = kernel.Values{F32: roundCells(in[len(in)-1].F32[:rows], &given), Valid: v.Valid, Offset: v.Offset, Factor: 1}
		defer tooLarge(v.F32, &given, faults)
	}
	switch to.typ {
	case Float32:
		t.set32.Encode(&to.column32, v, into.F32, rows, (*kernel.Faults)(faults))
		if to.missing {
			patch(to, into.F32, faults.Missing, rows, float32(math.NaN()))
		}
	case Float64:
		t.set64.Encode(&to.column64, v, into.F64, rows, (*kernel.Faults)(faults))
		if to.missing {
			patch(to, into.F64, faults.Missing, rows, math.NaN())
		}
	default:
		t.others(to, into, v, rows, faults)
	}
}

// roundCells are the cells of v as float32.
func roundCells(cells []float32, v *kernel.Values) []float32 {
	switch {
	case v.F32 != nil:
		for i, x := range v.F32[:len(cells)] {
			cells[i] = float32(float64(float64(x)*v.Factor) + v.Plus)
		}
	case v.Factor != 1 || v.Plus != 0:
		for i, x := range v.F64[:len(cells)] {
			cells[i] = float32(float64(x*v.Factor) + v.Plus)
		}
	default:
		for i, x := range v.F64[:len(cells)] {
			cells[i] = float32(x)
		}
	}
	return cells
}

// tooLarge makes OutOfRange of cells that became infinite in float32.
func tooLarge(cells []float32, v *kernel.Values, faults *nn.Faults) {
	for p := range nn.Panels(len(cells)) {
		for j, m := 0, faults.NotANumber[p]; m != 0; j, m = j+1, m>>1 {
			at := p*lanes + j
			if m&1 != 0 && (v.F64 != nil && !math.IsInf(v.F64[at], 0) || v.F32 != nil && !math.IsInf(float64(v.F32[at]), 0)) {
				faults.NotANumber[p] &^= 1 << j
				faults.OutOfRange[p] |= 1 << j
			}
		}
	}
}

// patch puts a value into the lanes of a mask.
func patch[T floating](to *target, x []T, mask []uint32, rows int, v T) {
	for p := range nn.Panels(rows) {
		for j, m := 0, mask[p]; m != 0; j, m = j+1, m>>1 {
			if m&1 != 0 {
				x[(p*to.width+to.element)*lanes+j] = v
			}
		}
	}
}

// others encodes integers, truth values and 16-bit floats, by way of float64.
func (t *Table) others(to *target, into *Lanes, v kernel.Values, rows int, faults *nn.Faults) {
	wide := make([]float64, nn.Panels(rows)*lanes)
	column := to.column64
	column.At, column.Width = 0, 1
	t.set64.Encode(&column, v, wide, rows, (*kernel.Faults)(faults))
	put, low, high := setters[to.typ.Storage()], math.Inf(-1), math.Inf(1)
	if b := ranges[to.typ]; b != [2]float64{} {
		low, high = b[0], b[1]
	}
	for i, x := range wide {
		p, bit := i/lanes, uint32(1)<<(i%lanes)
		switch {
		case to.typ.Float():
			x = float64(roundTo(to.typ, float32(x)))
			if math.IsInf(x, 0) {
				faults.OutOfRange[p] |= bit
				x = 0
			}
		case x != math.Trunc(x), to.typ == Bool && x != 0 && x != 1:
			faults.NotANumber[p] |= bit
			x = 0
		case x < low || x >= high:
			faults.OutOfRange[p] |= bit
			x = 0
		}
		at := (p*to.width+to.element)*lanes + i%lanes
		if to.typ == Bool {
			into.Bool[at] = x == 1
			continue
		}
		put(into, at, x)
	}
	if to.missing {
		patch(to, into.F32, faults.Missing, rows, float32(math.NaN()))
	}
}

// ranges are the least value of an integer type and the first beyond it.
var ranges = map[Type][2]float64{Int8: {-1 << 7, 1 << 7}, Int16: {-1 << 15, 1 << 15}, Int32: {-1 << 31, 1 << 31}, Int64: {-1 << 63, 1 << 63},
	Uint8: {0, 1 << 8}, Uint16: {0, 1 << 16}, Uint32: {0, 1 << 32}, Uint64: {0, 1 << 64}}

// Codes puts a text column's codes into feature f of input buffers: an index
// into the feature's Categories, nn.CodeMissing or nn.CodeUnknown. A missing
// word becomes the empty one. Where the model refuses words of no category,
// they are Unknown, though other columns may know them.
func (t *Table) Codes(f int, in []Lanes, codes []int32, rows int, faults *nn.Faults) {
	for p := range nn.Panels(rows) {
		var missing, unknown uint32
		for j, code := range codes[p*lanes : min(rows, (p+1)*lanes)] {
			switch code {
			case nn.CodeMissing:
				missing |= 1 << j
			case nn.CodeUnknown:
				unknown |= 1 << j
			}
		}
		faults.Missing[p], faults.Unknown[p], faults.NotANumber[p], faults.OutOfRange[p] = missing, unknown, 0, 0
	}
	for i := range t.cells[f].targets {
		to := &t.cells[f].targets[i]
		switch {
		case to.typ == String:
			to.word(in[to.buffer].Str, codes, rows)
		default:
			to.hot(in[to.buffer].F32, codes, rows, faults)
		}
	}
}

// word puts the codes that words have become into their place.
func (to *target) word(x, codes []int32, rows int) {
	for p := range nn.Panels(rows) {
		out := x[(p*to.width+to.element)*lanes:][:lanes]
		clear(out)
		for j, code := range codes[p*lanes : min(rows, (p+1)*lanes)] {
			out[j] = to.codes[code-nn.CodeUnknown]
		}
	}
}

// hot puts a 1 at each word's category.
func (to *target) hot(x []float32, codes []int32, rows int, faults *nn.Faults) {
	for p := range nn.Panels(rows) {
		out := x[(p*to.width+to.element)*lanes:][:to.places*lanes]
		clear(out)
		for j, code := range codes[p*lanes : min(rows, (p+1)*lanes)] {
			if at := to.codes[code-nn.CodeUnknown]; at >= 0 {
				out[int(at)*lanes+j] = 1
			} else if at == refusedWord {
				faults.Unknown[p] |= 1 << j
			}
		}
	}
}
