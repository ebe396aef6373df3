//go:build amd64 && !noasm

package kernel

import "math"

// encodeColumn is what the assembly reads of a column: fill, lower, upper,
// center, scale, factor and plus as float64; all ones where there is a fill; which
// steps are to be done.
type encodeColumn = [9]uint64

// callPanels bounds the panels of one call, which the scheduler cannot
// interrupt, to about 100 µs on a slow machine.
const callPanels = 512

func encodeAVX512(c *Column[float32], v Values, x []float32, rows int, f *Faults) {
	encodeFast(true, c, &v, x, rows, f)
}

func encodeAVX2(c *Column[float32], v Values, x []float32, rows int, f *Faults) {
	encodeFast(false, c, &v, x, rows, f)
}

// encodeFast leaves the panels that are not full, or whose validity bits end
// the bitmap, to encodePanel.
func encodeFast(avx512 bool, c *Column[float32], v *Values, x []float32, rows int, f *Faults) {
	full := rows / Lanes
	if v.Valid != nil {
		full = max(0, min(full, (len(v.Valid)-v.Offset/8-4)/4))
	}
	column := c.forAssembly(v.Factor, v.Plus)
	done := 0
	if v.F32 != nil && v.Valid == nil && v.Factor == 1 && v.Plus == 0 && c.Plain() {
		done = encodePlain(avx512, c, v, x, full, f)
	}
	for p := done; p < full; p += callPanels {
		encodeCall(avx512, &column, c, v, x, p, min(callPanels, full-p), f)
	}
	panels := (rows + Lanes - 1) / Lanes
	for p := full; p < panels; p++ {
		first := p * Lanes
		last, out := min(first+Lanes, rows), x[(p*c.Width+c.At)*Lanes:][:Lanes]
		if present := v.Present(first, rows); v.F32 != nil {
			encodePanel(c, v, p, present, v.F32[first:last], out, f)
		} else {
			encodePanel(c, v, p, present, v.F64[first:last], out, f)
		}
	}
	clear(f.Unknown[:panels])
}

// encodePlain copies full panels of a column that goes in as it is, and returns
// how many it copied: those before the first NaN or infinity.
func encodePlain(avx512 bool, c *Column[float32], v *Values, x []float32, full int, f *Faults) int {
	const bytes = 4
	stride, done := c.Width*Lanes, 0
	for n := 1; n > 0 && done < full; {
		n = min(callPanels, full-done)
		cells, out := v.F32[done*Lanes:(done+n)*Lanes], x[done*stride+c.At*Lanes:(done+n-1)*stride+(c.At+1)*Lanes]
		if avx512 {
			n = encodePlainAVX512(&cells[0], &out[0], bytes*stride, n)
		} else {
			n = encodePlainAVX2(&cells[0], &out[0], bytes*stride, n)
		}
		done += n
	}
	clear(f.Missing[:done])
	clear(f.NotANumber[:done])
	clear(f.OutOfRange[:done])
	return done
}

// encodeCall encodes n full panels from panel p on. Bit shift of valid is the
// first row's, and valid may be read for 4 bytes past the last panel's. The
// calls are direct so that the column stays on the stack.
func encodeCall(avx512 bool, column *encodeColumn, c *Column[float32], v *Values, x []float32, p, n int, f *Faults) {
	var valid *byte
	if v.Valid != nil {
		valid = &v.Valid[v.Offset/8+4*p]
	}
	first, shift, stride := p*Lanes, v.Offset%8, c.Width*Lanes
	x = x[p*stride+c.At*Lanes : (p+n-1)*stride+(c.At+1)*Lanes]
	missing, notNumber, outside := f.Missing[p:p+n], f.NotANumber[p:p+n], f.OutOfRange[p:p+n]
	const bytes = 4
	if v.F32 != nil {
		cells := v.F32[first : first+n*Lanes]
		if avx512 {
			encodeF32AVX512(column, &cells[0], valid, shift, &x[0], bytes*stride, n, &missing[0], &notNumber[0], &outside[0])
		} else {
			encodeF32AVX2(column, &cells[0], valid, shift, &x[0], bytes*stride, n, &missing[0], &notNumber[0], &outside[0])
		}
		return
	}
	cells := v.F64[first : first+n*Lanes]
	if avx512 {
		encodeF64AVX512(column, &cells[0], valid, shift, &x[0], bytes*stride, n, &missing[0], &notNumber[0], &outside[0])
	} else {
		encodeF64AVX2(column, &cells[0], valid, shift, &x[0], bytes*stride, n, &missing[0], &notNumber[0], &outside[0])
	}
}

// forAssembly leaves out the steps that change no bit: x·1 + 0, x − 0 and x / 1
// are x. A column without a fill is filled with its center. What the quick way of
// AVX2 cannot take says divide: it multiplies by the reciprocal of the scale.
func (c *Column[T]) forAssembly(factor, plus float64) encodeColumn {
	const (
		unit = 1 << iota
		center
		scale
		divide
	)
	fill, filled, steps := c.Fill, uint64(math.MaxUint64), uint64(0)
	if !c.HasFill {
		fill, filled = c.Center, 0
	}
	if factor != 1 || plus != 0 {
		steps |= unit
	}
	if c.Center != 0 {
		steps |= center
	}
	if c.Scale != 1 {
		steps |= scale
	}
	if !(c.Scale > 0x1p-500 && c.Scale < 0x1p500) || math.IsNaN(c.Fill) {
		steps |= divide
	}
	return encodeColumn{math.Float64bits(fill), math.Float64bits(c.Min), math.Float64bits(c.Max), math.Float64bits(c.Center),
		math.Float64bits(c.Scale), math.Float64bits(factor), math.Float64bits(plus), filled, steps}
}
