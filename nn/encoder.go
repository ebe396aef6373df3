package nn

import (
	"math"

	"yhat/nn/internal/kernel"
)

// Encoder puts feature columns into panels. It does not change and may be used
// by many goroutines.
type Encoder[T Float] struct {
	set      *kernel.Set[T]
	width    int
	features []encoded[T]
}

// encoded is one feature: a number, or categories from value number.At on.
type encoded[T Float] struct {
	number     kernel.Column[T]
	categories int
	fill       int32 // the code that a missing category becomes, or codeMissing
}

// The codes of a category that is none of the feature's.
const (
	CodeMissing int32 = -1
	CodeUnknown int32 = -2
)

// Numbers are the cells of a numeric column.
type Numbers struct {
	// One of them, with an element for each row.
	F64 []float64
	F32 []float32
	// Valid has a bit for each row, least significant bit first, the first row
	// at bit ValidOffset; nil: every row has a value.
	Valid       []byte
	ValidOffset int
	// A cell x stands for x*Factor + Plus; 1 and 0 change nothing.
	Factor, Plus float64
}

// At is what the cell of a row stands for, missing or not.
func (v *Numbers) At(row int) float64 {
	x := 0.0
	if v.F32 != nil {
		x = float64(v.F32[row])
	} else {
		x = v.F64[row]
	}
	return float64(x*v.Factor) + v.Plus
}

// Faults are what was wrong with the cells of a column: a bit for each row, a
// word for each panel. Missing and Unknown are set whether or not the feature
// has a place for such cells.
type Faults struct{ Missing, NotANumber, OutOfRange, Unknown []uint32 }

// NewFaults makes faults for up to rows rows.
func NewFaults(rows int) *Faults {
	n := Panels(rows)
	return &Faults{make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n)}
}

// NewEncoder makes an encoder for the model's features.
func NewEncoder[T Float](m *Model, k Kernel) *Encoder[T] {
	e := &Encoder[T]{set: kernel.Choose[T](k.Name()), width: m.InputWidth()}
	at := 0
	for i := range m.Features {
		f := &m.Features[i]
		e.features = append(e.features, encodedFeature[T](f, at, e.width))
		at += f.Width()
	}
	return e
}

func encodedFeature[T Float](f *Feature, at, width int) encoded[T] {
	c := kernel.Column[T]{At: at, Width: width, Min: math.Inf(-1), Max: math.Inf(1), Center: f.Center, Scale: f.Scale}
	if f.Fill != nil {
		c.Fill, c.HasFill = *f.Fill, true
	}
	if f.Min != nil {
		c.Min = *f.Min
	}
	if f.Max != nil {
		c.Max = *f.Max
	}
	e := encoded[T]{number: c, categories: len(f.Categories), fill: CodeMissing}
	for i, name := range f.Categories {
		if f.HasFillCategory && name == f.FillCategory {
			e.fill = int32(i)
		}
	}
	return e
}

// Width is how many values a panel of inputs has.
func (e *Encoder[T]) Width() int { return e.width }

// Numbers encodes feature f for rows rows into panels x ([panel][Width][32]).
// Missing becomes the fill; outside the feature's bounds is OutOfRange; then
// (x − center) / scale in float64, rounded once to T, where a result that is
// not finite is OutOfRange too. NaN counts as missing, ±Inf is NotANumber. A
// row that has no value gets 0; the lanes past the last row become 0. Every
// word of faults up to Panels(rows) is written.
func (e *Encoder[T]) Numbers(f int, x []T, v Numbers, rows int, faults *Faults) {
	values := kernel.Values{F64: v.F64, F32: v.F32, Valid: v.Valid, Offset: v.ValidOffset, Factor: v.Factor, Plus: v.Plus}
	e.set.Encode(&e.features[f].number, values, x, rows, (*kernel.Faults)(faults))
}

// Codes encodes feature f for rows rows into panels x: a 1 in the input that
// belongs to the row's category, 0 in the others. A code is a category's
// index, CodeMissing or CodeUnknown; a missing one becomes the fill if there
// is one. The lanes past the last row become 0.
func (e *Encoder[T]) Codes(f int, x []T, codes []int32, rows int, faults *Faults) {
	c := &e.features[f]
	for p, first := 0, 0; first < rows; p, first = p+1, first+Lanes {
		out := x[(p*e.width+c.number.At)*Lanes:][:c.categories*Lanes]
		clear(out)
		var missing, unknown uint32
		for j, code := range codes[first:min(first+Lanes, rows)] {
			switch code {
			case CodeMissing:
				missing |= 1 << j
				code = c.fill
			case CodeUnknown:
				unknown |= 1 << j
			}
			if code >= 0 {
				out[int(code)*Lanes+j] = 1
			}
		}
		faults.Missing[p], faults.Unknown[p] = missing, unknown
		faults.NotANumber[p], faults.OutOfRange[p] = 0, 0
	}
}
