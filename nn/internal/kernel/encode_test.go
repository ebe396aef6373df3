package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// divisors are scales of every kind: usual ones, powers of two, the longest and
// the shortest mantissa, and such as have no reciprocal to speak of.
func divisors(r *rand.Rand) float64 {
	s := math.Ldexp(1+r.Float64(), r.IntN(41)-20)
	switch r.IntN(10) {
	case 0:
		return -s
	case 1:
		return math.Ldexp(1, r.IntN(200)-100)
	case 2:
		return math.Ldexp(2-0x1p-52, r.IntN(200)-100)
	case 3:
		return math.Ldexp(1+0x1p-52, r.IntN(200)-100)
	case 4:
		return math.Ldexp(s, []int{-900, -480, 480, 900}[r.IntN(4)])
	}
	return s
}

// nearMiddle is a cell whose quotient by scale lies halfway between two float32, or
// as near as can be: the last bit of the float64 quotient decides what it becomes.
func nearMiddle(r *rand.Rand, scale float64) float64 {
	y := math.Float32frombits(r.Uint32()&^(0xff<<23) | (97+r.Uint32N(60))<<23)
	middle := math.Float64frombits(math.Float64bits(float64(y)) | 1<<28)
	x := middle * scale
	for range r.IntN(3) {
		x = math.Nextafter(x, math.Inf(2*r.IntN(2)-1))
	}
	return x
}

// Every set rounds a quotient as the machine's division does, and keeps its sign.
func TestEncodeDividesExactly(t *testing.T) {
	const rows = 4 * Lanes
	for _, name := range Names() {
		s, r := Choose[float32](name), rand.New(rand.NewPCG(7, 8))
		for range 2000 {
			c := &Column[float32]{Width: 1, HasFill: true, Min: math.Inf(-1), Max: math.Inf(1), Scale: divisors(r)}
			v := Values{F64: make([]float64, rows), Factor: 1}
			odd := r.IntN(4) == 0
			for i := range v.F64 {
				v.F64[i] = nearMiddle(r, c.Scale)
				if odd && r.IntN(20) == 0 {
					v.F64[i] = []float64{0, math.Copysign(0, -1), 5e-324, -1e-310, 1e-290, 3e38, -1e300}[r.IntN(7)]
				}
			}
			x, words := make([]float32, rows), make([]uint32, 4*rows/Lanes)
			f := &Faults{words[:4], words[4:8], words[8:12], words[12:]}
			s.Encode(c, v, x, rows, f)
			for i, cell := range v.F64 {
				want := float32(cell / c.Scale)
				if bad := f.OutOfRange[i/Lanes]>>(i%Lanes)&1 != 0; bad != (want-want != 0) {
					t.Fatalf("%s %x / %x = %x: out of range %v", name, cell, c.Scale, want, bad)
				} else if bad {
					want = 0
				}
				if math.Float32bits(x[i]) != math.Float32bits(want) {
					t.Fatalf("%s %x / %x: %x, want %x", name, cell, c.Scale, x[i], want)
				}
			}
		}
	}
}
