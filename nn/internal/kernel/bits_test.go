package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// fma32 is x·y + z, rounded once to float32. The product of two float32 is
// exact in float64. Rounding the sum to odd (Boldo and Melquiond, Emulation of
// FMA and correctly rounded sums, 2008) before rounding it to float32 makes the
// second rounding harmless.
func fma32(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	if math.IsInf(s, 0) || s != s {
		return float32(s)
	}
	t := s - p
	rest := (p - (s - t)) + (c - t) // exactly p + c − s (Knuth)
	if bits := math.Float64bits(s); rest != 0 && bits&1 == 0 {
		s = math.Nextafter(s, math.Copysign(math.Inf(1), rest))
	}
	return float32(s)
}

// fusions are sums where rounding the product first, or to float64 first, goes
// wrong.
var fusions = []struct{ x, y, z, want float32 }{
	{1.00019801, 1.49970305, 8388609, 8388611},
	{1.00019801, 1.49970305, -8388612, -8388610},
	{1 + 0x1p-12, 1 + 0x1p-12, -1, 0x1p-11 + 0x1p-24},
	{1 + 0x1p-23, 1 - 0x1p-23, -1, -0x1p-46},
	{0x1p-100, 0x1p-100, 1, 1},
	{0x1p-75, 0x1.8p-75, 0x1p-126, 0x1p-126 + 0x1p-149},
	{math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32},
}

func TestFMA32(t *testing.T) {
	for _, c := range fusions {
		if got := fma32(c.x, c.y, c.z); got != c.want {
			t.Errorf("%x·%x + %x = %x, want %x", c.x, c.y, c.z, got, c.want)
		}
	}
	if float32(float64(fusions[0].x)*float64(fusions[0].y)+float64(fusions[0].z)) == fusions[0].want {
		t.Error("the first case no longer tells one rounding from two")
	}
}

// denseExact is what the assembly sets must give bit for bit: a unit has 4
// sums in layers of one unit, 2 in layers of two or three, else 1; product k
// is fused into sum k mod s; the sums are added in pairs.
func denseExact(w, b, x []float32, out int) []float32 {
	sums := 1
	switch out {
	case 1:
		sums = 4
	case 2, 3:
		sums = 2
	}
	y, in := make([]float32, out), len(x)
	for u := range y {
		s := make([]float32, sums)
		s[0] = b[u]
		for k := range in {
			s[k%sums] = fma32(w[u*in+k], x[k], s[k%sums])
		}
		for ; len(s) > 1; s = s[:len(s)/2] {
			for i := range len(s) / 2 {
				s[i] = s[2*i] + s[2*i+1]
			}
		}
		y[u] = s[0]
	}
	return y
}

func rounded(v []float64) []float32 {
	r := make([]float32, len(v))
	for i := range v {
		r[i] = float32(v[i])
	}
	return r
}

func TestDenseBits(t *testing.T) {
	for _, name := range Names() {
		if name == "generic" {
			continue
		}
		s := Choose[float32](name)
		for _, in := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 200} {
			for out := 1; out <= 45; out++ {
				const rows = 37
				p := newProduct(uint64(out), in, out, rows)
				y := make([]float32, 2*out*Lanes)
				s.Dense(Pack[float32](in, out, p.w, p.b, s.Block), panels[float32](p.x, rows, in, 0), y, 2, false)
				w, b, x := rounded(p.w), rounded(p.b), rounded(p.x)
				for r := range rows {
					for u, want := range denseExact(w, b, x[r*in:][:in], out) {
						if got := at(y, r, u, out); math.Float32bits(got) != math.Float32bits(want) {
							t.Fatalf("%s %d→%d, row %d unit %d: %x, want %x", name, in, out, r, u, got, want)
						}
					}
				}
			}
		}
	}
}

// The products that tell fused from unfused, in every place of every block.
func TestDenseFuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range Names() {
		if name == "generic" {
			continue
		}
		s := Choose[float32](name)
		for out := 1; out <= 20; out++ {
			var w, b, x []float64
			var want []float32
			for range out {
				c := fusions[r.IntN(len(fusions))]
				w, b, want = append(w, float64(c.x)), append(b, float64(c.z)), append(want, c.want)
				x = append(x, float64(c.y))
			}
			for u := range out {
				y := make([]float32, out*Lanes)
				s.Dense(Pack[float32](1, out, w, b, s.Block), panels[float32]([]float64{x[u]}, 1, 1, 0), y, 1, false)
				if got := y[u*Lanes]; got != want[u] {
					t.Fatalf("%s unit %d of %d: %x, want %x", name, u, out, got, want[u])
				}
			}
		}
	}
}

// In float64 every set gives what the plain loop gives.
func TestDense64Bits(t *testing.T) {
	plain := Generic[float64]()
	for _, name := range Names() {
		s := Choose[float64](name)
		for _, in := range []int{1, 2, 5, 30} {
			for out := 1; out <= 30; out++ {
				const rows = 70
				for _, relu := range []bool{false, true} {
					p := newProduct(uint64(out), in, out, rows)
					x, y, want := panels[float64](p.x, rows, in, 0), make([]float64, 3*out*Lanes), make([]float64, 3*out*Lanes)
					s.Dense(Pack[float64](in, out, p.w, p.b, s.Block), x, y, 3, relu)
					plain.Dense(Pack[float64](in, out, p.w, p.b, plain.Block), x, want, 3, relu)
					for i := range y {
						if y[i] != want[i] {
							t.Fatalf("%s %d→%d, element %d: %x, want %x", name, in, out, i, y[i], want[i])
						}
					}
				}
			}
		}
	}
}
