package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// product is one W x + b with its rows row-major, as gonum has them.
type product struct {
	in, out, rows int
	w, b, x       []float64
}

func newProduct(seed uint64, in, out, rows int) *product {
	r := rand.New(rand.NewPCG(seed, 1))
	fill := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(float32(r.NormFloat64()))
		}
		return v
	}
	return &product{in, out, rows, fill(in * out), fill(out), fill(rows * in)}
}

// panels lays rows of width values out as panels, pad lanes being pad.
func panels[T Float](v []float64, rows, width int, pad T) []T {
	n := (rows + Lanes - 1) / Lanes
	x := make([]T, n*width*Lanes)
	for i := range x {
		x[i] = pad
	}
	for r := range rows {
		for k := range width {
			x[(r/Lanes*width+k)*Lanes+r%Lanes] = T(v[r*width+k])
		}
	}
	return x
}

func at[T Float](x []T, row, unit, units int) T {
	return x[(row/Lanes*units+unit)*Lanes+row%Lanes]
}

// check compares with gonum in float64. Each of the K+1 additions and K
// products rounds once, so the error is below (K+1) u Σ|w||x| + u|b| and its
// like, u being half an ulp of 1 (Higham, Accuracy and Stability, 3.1).
func checkProduct[T Float](t *testing.T, s *Set[T], p *product, relu bool) {
	t.Helper()
	var want mat.Dense
	w := mat.NewDense(p.out, p.in, p.w)
	x := mat.NewDense(p.rows, p.in, p.x)
	want.Mul(x, w.T())
	n := (p.rows + Lanes - 1) / Lanes
	y := make([]T, n*p.out*Lanes+1)
	const guard = 12345
	y[len(y)-1] = guard
	s.Dense(Pack[T](p.in, p.out, p.w, p.b, s.Block), panels[T](p.x, p.rows, p.in, 0), y, n, relu)
	unit := math.Pow(2, -24)
	if unsafe.Sizeof(y[0]) == 8 {
		unit = math.Pow(2, -53)
	}
	for r := range p.rows {
		for u := range p.out {
			size, exact := math.Abs(p.b[u]), want.At(r, u)+p.b[u]
			for k := range p.in {
				size += math.Abs(p.w[u*p.in+k] * p.x[r*p.in+k])
			}
			if relu {
				exact = max(exact, 0)
			}
			bound := float64(2*p.in+4) * unit * size
			if got := float64(at(y, r, u, p.out)); !(math.Abs(got-exact) <= bound) {
				t.Fatalf("row %d unit %d: %g, want %g ± %g", r, u, got, exact, bound)
			}
		}
	}
	if y[len(y)-1] != guard {
		t.Fatal("wrote past the last panel")
	}
}

func TestDenseAgainstGonum(t *testing.T) {
	for _, name := range Names() {
		t.Run(name+"/float32", func(t *testing.T) { denseCases(t, Choose[float32](name)) })
		t.Run(name+"/float64", func(t *testing.T) { denseCases(t, Choose[float64](name)) })
	}
}

func denseCases[T Float](t *testing.T, s *Set[T]) {
	for out := 1; out <= 33; out++ {
		for _, in := range []int{1, 2, 3, 4, 5, 7, 8, 16, 17, 31} {
			for _, rows := range []int{1, 31, 32, 33, 100} {
				checkProduct(t, s, newProduct(uint64(in*out), in, out, rows), out%2 == 0)
			}
		}
	}
	for _, c := range [][3]int{{30, 64, 65}, {100, 256, 40}, {784, 100, 33}, {1, 1, 3000}} {
		checkProduct(t, s, newProduct(9, c[0], c[1], c[2]), false)
	}
}

// TestDenseByHand is 2-2-1 worked on paper: W₁ = [[1, −2], [3, 0.5]],
// b₁ = (0.5, −1), relu, W₂ = [[2, −4]], b₂ = 0.25; for x = (2, 1) the hidden
// units are 0.5 and 5.5, and 2·0.5 − 4·5.5 + 0.25 = −20.75; for (0, 1) they
// are 0 (of −1.5) and 0 (of −0.5), and the bias alone is left.
func TestDenseByHand(t *testing.T) {
	for _, name := range Names() {
		s := Choose[float32](name)
		hidden, y := make([]float32, 2*Lanes), make([]float32, Lanes)
		x := panels[float32]([]float64{2, 1, 0, 1}, 2, 2, 0)
		s.Dense(Pack[float32](2, 2, []float64{1, -2, 3, 0.5}, []float64{0.5, -1}, s.Block), x, hidden, 1, true)
		s.Dense(Pack[float32](2, 1, []float64{2, -4}, []float64{0.25}, s.Block), hidden, y, 1, false)
		if y[0] != -20.75 || y[1] != 0.25 {
			t.Errorf("%s: %v, want -20.75 and 0.25", name, y[:2])
		}
	}
}

// TestDenseRowAlone: what a row gives does not depend on its lane, on the
// rows beside it or on their number, bit for bit.
func TestDenseRowAlone(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			s := Choose[float32](name)
			rapid.Check(t, func(t *rapid.T) {
				p := newProduct(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 40).Draw(t, "in"),
					rapid.IntRange(1, 40).Draw(t, "out"), rapid.IntRange(1, 150).Draw(t, "rows"))
				row := rapid.IntRange(0, p.rows-1).Draw(t, "row")
				d := Pack[float32](p.in, p.out, p.w, p.b, s.Block)
				n := (p.rows + Lanes - 1) / Lanes
				all, alone := make([]float32, n*p.out*Lanes), make([]float32, p.out*Lanes)
				s.Dense(d, panels[float32](p.x, p.rows, p.in, 3), all, n, false)
				s.Dense(d, panels[float32](p.x[row*p.in:][:p.in], 1, p.in, float32(math.NaN())), alone, 1, false)
				for u := range p.out {
					if a, b := at(all, row, u, p.out), alone[u*Lanes]; math.Float32bits(a) != math.Float32bits(b) {
						t.Fatalf("row %d unit %d: %x in the batch, %x alone", row, u, a, b)
					}
				}
			})
		})
	}
}

// A relu must let NaN through: a network's own overflow has to be seen.
func TestReluKeepsNaN(t *testing.T) {
	nan := math.NaN()
	for _, name := range Names() {
		for _, in := range []int{1, 5} {
			for out := 1; out <= 15; out++ {
				s := Choose[float32](name)
				w := make([]float64, in*out)
				y := make([]float32, out*Lanes)
				x := panels[float32]([]float64{nan, nan, nan, nan, nan, -1, -1, -1, -1, -1}[:2*in], 2, in, 0)
				s.Dense(Pack[float32](in, out, w, make([]float64, out), s.Block), x, y, 1, true)
				for u := range out {
					if v := y[u*Lanes]; v == v {
						t.Errorf("%s %d→%d unit %d: %v, want NaN", name, in, out, u, v)
					}
				}
			}
		}
	}
}

func TestPackBlocks(t *testing.T) {
	for limit := 1; limit <= 14; limit++ {
		for out := 1; out <= 60; out++ {
			d := Pack[float32](2, out, make([]float64, 2*out), make([]float64, out), atMost(limit))
			next, small, large := 0, limit, 1
			for _, b := range d.Blocks {
				if b.First != next || b.Offset != next*3 {
					t.Fatalf("%d units by %d: blocks %v", out, limit, d.Blocks)
				}
				next += b.Units
				small, large = min(small, b.Units), max(large, b.Units)
			}
			if next != out || large > limit || large-small > 1 && len(d.Blocks) > 1 {
				t.Fatalf("%d units by %d: blocks %v", out, limit, d.Blocks)
			}
		}
	}
}

func BenchmarkDense(b *testing.B) {
	shapes := [][2]int{{5, 16}, {16, 8}, {8, 1}, {30, 64}, {64, 32}, {32, 1}, {64, 64}, {100, 256}, {256, 128}, {128, 10}, {784, 512}, {512, 256}, {256, 10}, {1024, 1024}}
	for _, name := range Names() {
		top := peak(name)
		for _, c := range shapes {
			b.Run(fmt.Sprintf("%s/%dx%d", name, c[0], c[1]), func(b *testing.B) { benchDense(b, Choose[float32](name), c[0], c[1], top) })
		}
	}
}

// benchDense works on as many panels as fit 400 KB together.
func benchDense(b *testing.B, s *Set[float32], in, out int, top float64) {
	n := max(1, 400<<10/((in+out)*Lanes*4))
	p := newProduct(1, in, out, n*Lanes)
	d, x, y := Pack[float32](in, out, p.w, p.b, s.Block), panels[float32](p.x, p.rows, in, 0), make([]float32, n*out*Lanes)
	for b.Loop() {
		s.Dense(d, x, y, n, true)
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	rate := 2 * float64(in) * float64(out) * float64(p.rows) / ns
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(ns/float64(p.rows), "ns/row")
	if top > 0 {
		b.ReportMetric(100*rate/top, "%peak")
	}
}
