package kernel

import "math"

// Column says how a numeric column becomes one value of a panel: a missing x
// becomes Fill; outside [Min, Max] is a fault; then (x − Center) / Scale in
// float64, rounded once.
type Column[T Float] struct {
	At, Width     int // value At of the panel's Width
	Fill          float64
	HasFill       bool
	Min, Max      float64 // ±Inf without bounds
	Center, Scale float64
}

// Values are the cells of a numeric column: F64 or F32, rows long.
type Values struct {
	F64 []float64
	F32 []float32
	// Valid has a bit for each row, the first at bit Offset, least significant
	// bit first; nil: every row has a value.
	Valid  []byte
	Offset int
	// The cell x stands for x·Factor + Plus.
	Factor, Plus float64
}

// Faults are what was wrong with the cells: a bit for each row, a word for
// each panel.
type Faults struct{ Missing, NotANumber, OutOfRange, Unknown []uint32 }

// Plain reports whether the column goes into the panel as it is, once its
// values are known to be finite.
func (c *Column[T]) Plain() bool {
	return c.Center == 0 && c.Scale == 1 && math.IsInf(c.Min, -1) && math.IsInf(c.Max, 1)
}

// Present is the word of validity bits of the panel that begins at row first,
// with zeros past the last row.
func (v *Values) Present(first, rows int) uint32 {
	all := ^uint32(0)
	if left := rows - first; left < Lanes {
		all = 1<<left - 1
	}
	if v.Valid == nil {
		return all
	}
	at, shift := (first+v.Offset)/8, uint(first+v.Offset)%8
	var bits uint64
	for i, b := range v.Valid[at:min(at+5, len(v.Valid))] {
		bits |= uint64(b) << (8 * i)
	}
	return uint32(bits>>shift) & all
}

func encodeGeneric[T Float](c *Column[T], v Values, x []T, rows int, f *Faults) {
	for p, first := 0, 0; first < rows; p, first = p+1, first+Lanes {
		out := x[(p*c.Width+c.At)*Lanes:][:Lanes]
		n := min(Lanes, rows-first)
		present := v.Present(first, rows)
		f.Unknown[p] = 0
		if v.F32 == nil {
			encodePanel(c, &v, p, present, v.F64[first:first+n], out, f)
			continue
		}
		cells := v.F32[first : first+n]
		// A float32 that only moves: keep it, unless something is wrong.
		if dst, ok := any(out).([]float32); ok && v.Valid == nil && v.Factor == 1 && v.Plus == 0 && c.Plain() && finite(cells) {
			clear(dst[copy(dst, cells):])
			f.Missing[p], f.NotANumber[p], f.OutOfRange[p] = 0, 0, 0
			continue
		}
		encodePanel(c, &v, p, present, cells, out, f)
	}
}

// encodePanel encodes the cells of one panel. The conversion of the product
// forbids the compiler to fuse it into a multiply-add.
func encodePanel[T, C Float](c *Column[T], v *Values, p int, present uint32, cells []C, out []T, f *Faults) {
	f.Missing[p], f.NotANumber[p], f.OutOfRange[p] = 0, 0, 0
	clear(out[len(cells):])
	out = out[:len(cells)]
	unit := v.Factor != 1 || v.Plus != 0
	for j, cell := range cells {
		x := float64(cell)
		if unit {
			x = float64(x*v.Factor) + v.Plus
		}
		y := T((x - c.Center) / c.Scale)
		// Where cell is NaN or infinite, or y has become so, y − y is not 0.
		if present>>j&1 != 0 && x >= c.Min && x <= c.Max && y-y == 0 {
			out[j] = y
		} else {
			out[j] = c.odd(float64(cell), present>>j&1 != 0, p, 1<<j, f)
		}
	}
}

// odd encodes a cell that does not simply become its number. A cell with a
// fault gets 0: its row is bad, and nothing strange travels on.
func (c *Column[T]) odd(cell float64, present bool, p int, bit uint32, f *Faults) T {
	if present && math.IsInf(cell, 0) {
		f.NotANumber[p] |= bit
		return 0
	}
	if present && cell == cell {
		f.OutOfRange[p] |= bit
		return 0
	}
	f.Missing[p] |= bit
	if !c.HasFill {
		return 0
	}
	y := T((c.Fill - c.Center) / c.Scale)
	if c.Fill < c.Min || c.Fill > c.Max || y-y != 0 {
		f.OutOfRange[p] |= bit
		return 0
	}
	return y
}

// finite reports whether no cell is NaN or infinite.
func finite(cells []float32) bool {
	var all uint32
	for _, v := range cells {
		all |= carry32(v)
	}
	return all>>31 == 0
}
