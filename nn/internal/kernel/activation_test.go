package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var funcNames = map[Func]string{ReLU: "relu", LeakyReLU: "leaky_relu", ELU: "elu", SELU: "selu", CELU: "celu", GELU: "gelu", GELUTanh: "gelu_tanh", SiLU: "silu",
	Sigmoid: "sigmoid", HardSigmoid: "hard_sigmoid", Tanh: "tanh", Softplus: "softplus", Softsign: "softsign", Mish: "mish", HardSwish: "hard_swish"}

// textbook is σ straight from ONNX's formulas, in float64, rearranged only
// where they cancel. It is what float32 results are held against.
func textbook(f Func, x, alpha, beta float64) float64 {
	expm1 := func(x float64) float64 { return math.Expm1(x) }
	switch f {
	case ReLU:
		return math.Max(0, x)
	case LeakyReLU:
		if x < 0 {
			return alpha * x
		}
		return x
	case ELU:
		if x < 0 {
			return alpha * expm1(x)
		}
		return x
	case SELU:
		if x < 0 {
			return 1.05070102214813232421875 * 1.67326319217681884765625 * expm1(x)
		}
		return 1.05070102214813232421875 * x
	case CELU:
		return math.Max(0, x) + math.Min(0, alpha*expm1(x/alpha))
	case GELU:
		return x * math.Erfc(-x/math.Sqrt2) / 2
	case GELUTanh:
		return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case SiLU:
		return x / (1 + math.Exp(-x))
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case HardSigmoid:
		return math.Max(0, math.Min(1, alpha*x+beta))
	case Tanh:
		e := expm1(-2 * math.Abs(x))
		return math.Copysign(-e/(e+2), x)
	case Softplus:
		if x > 0 {
			return x + math.Log1p(math.Exp(-x))
		}
		return math.Log1p(math.Exp(x))
	case Softsign:
		return x / (1 + math.Abs(x))
	case Mish:
		if x > 20 {
			return x
		}
		s := math.Log1p(math.Exp(x))
		return x * -expm1(-2*s) / (expm1(-2*s) + 2)
	case HardSwish:
		return x * math.Max(0, math.Min(6, x+3)) / 6
	}
	panic("no such function")
}

// ulps is |got − want| in units of the last place of a float32 near want; below
// the normal numbers, in units of 2^-149.
func ulps(got float32, want float64) float64 {
	if float64(got) == want {
		return 0
	}
	exp := math.Ilogb(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exp, -126)-23)
}

// bounds is how many ulp a float32 result may be off, per function: the largest
// error over all numbers from 2^-13 to 128, of either sign, and a little more.
var bounds = map[Func]float64{ReLU: 0, LeakyReLU: 0.5, ELU: 1.7, SELU: 2, CELU: 2.4, GELU: 0.65, GELUTanh: 0.51, SiLU: 3.3,
	Sigmoid: 3.6, HardSigmoid: 0.51, Tanh: 2.7, Softplus: 0.51, Softsign: 1.5, Mish: 0.51, HardSwish: 2.5}

// wrong reports a result further from the true value than its bound, or, below
// the normal numbers, than 2^-149.
func wrong(f Func, got float32, want float64) bool {
	if math.Abs(want) < 0x1p-126 {
		return !(math.Abs(float64(got)-want) <= 0x1p-149)
	}
	return !(ulps(got, want) <= bounds[f])
}

// grid calls f with blocks of float32 numbers, negative and positive: every
// wide-th of all finite ones, and every dense-th of those where functions bend,
// from 2^-13 to 128.
func grid(wide, dense uint32, f func(x []float32)) {
	x := make([]float32, 0, 1024)
	add := func(bits uint32) {
		x = append(x, math.Float32frombits(bits))
		if len(x) == cap(x) {
			f(x)
			x = x[:0]
		}
	}
	for _, sign := range []uint32{0, 1 << 31} {
		for b := uint32(0); b < 0x7f800000; b += wide {
			add(b | sign)
		}
		for b := math.Float32bits(0x1p-13); b < math.Float32bits(128); b += dense {
			add(b | sign)
		}
	}
	for len(x) > 0 {
		add(math.Float32bits(1))
	}
}

// cases are the functions of one unit with the parameters they are tried with.
var cases = []Activation[float32]{
	{ReLU, 0, 0}, {LeakyReLU, 0.01, 0}, {LeakyReLU, -2, 0}, {ELU, 1, 0}, {ELU, 0.3, 0}, {ELU, -1.5, 0}, {SELU, 0, 0}, {CELU, 1, 0}, {CELU, 2.5, 0}, {CELU, 0.1, 0},
	{CELU, -1, 0}, {GELU, 0, 0}, {GELUTanh, 0, 0}, {SiLU, 0, 0}, {Sigmoid, 0, 0}, {HardSigmoid, 0.2, 0.5}, {HardSigmoid, 1. / 6, 0.5}, {Tanh, 0, 0},
	{Softplus, 0, 0}, {Softsign, 0, 0}, {Mish, 0, 0}, {HardSwish, 0, 0},
}

func TestActivationError(t *testing.T) {
	dense := uint32(2003)
	if testing.Short() {
		dense = 50021
	}
	for _, name := range Names() {
		s := Choose[float32](name)
		for _, a := range cases {
			t.Run(fmt.Sprintf("%s/%s%v", name, funcNames[a.Func], a.Alpha), func(t *testing.T) {
				worst, where := 0.0, float32(0)
				y := make([]float32, 1024)
				grid(100_003, dense, func(x []float32) {
					copy(y, x)
					s.Activate(a, y, len(x)/Lanes, 1)
					for i, v := range x {
						want := textbook(a.Func, float64(v), float64(a.Alpha), float64(a.Beta))
						if math.Abs(want) > math.MaxFloat32 && math.IsInf(float64(y[i]), 0) {
							continue
						}
						if e := ulps(y[i], want); e > worst {
							worst, where = e, v
						}
						if wrong(a.Func, y[i], want) {
							t.Fatalf("σ(%x) = %x, want %x: %.2f ulp", v, y[i], want, ulps(y[i], want))
						}
					}
				})
				t.Logf("%.2f ulp at %v", worst, where)
			})
		}
	}
}

// Both assembly sets give the same bits, for NaN and infinities too.
func TestActivationBits(t *testing.T) {
	var sets []*Set[float32]
	for _, name := range Names() {
		if name != "generic" {
			sets = append(sets, Choose[float32](name))
		}
	}
	if len(sets) < 2 {
		t.Skip("this machine runs fewer than two assembly sets")
	}
	inf := float32(math.Inf(1))
	special := []float32{inf, -inf, float32(math.NaN()), 0, float32(math.Copysign(0, -1)), -87, math.Nextafter32(-87, -88), 87, -103.97, -110, 1e30, -1e30}
	all := append([]Activation[float32]{{Func: Softmax}, {Func: LogSoftmax}}, cases...)
	a, b := make([]float32, 1024), make([]float32, 1024)
	for _, act := range all {
		grid(1_000_003, 10_007, func(x []float32) {
			copy(a, x)
			copy(a[100:], special)
			copy(b, a)
			sets[0].Activate(act, a, 8, 4)
			sets[1].Activate(act, b, 8, 4)
			for i := range a {
				if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
					t.Fatalf("σ %d of %x: %s %x, %s %x", act.Func, x[i], sets[0].Name, a[i], sets[1].Name, b[i])
				}
			}
		})
	}
}

// What a number gives does not depend on the numbers beside it, even where one
// of them needs the long way.
func TestActivationAlone(t *testing.T) {
	for _, name := range Names() {
		s := Choose[float32](name)
		for _, a := range cases {
			y, z := make([]float32, Lanes), make([]float32, Lanes)
			for i := range y {
				y[i] = float32(i)*6.1 - 100
				z[i] = y[i]
			}
			z[3], z[20] = -200, 1e20
			s.Activate(a, y, 1, 1)
			s.Activate(a, z, 1, 1)
			for i := range y {
				if i != 3 && i != 20 && y[i] != z[i] {
					t.Errorf("%s %s: lane %d is %x beside one neighbour, %x beside another", name, funcNames[a.Func], i, y[i], z[i])
				}
			}
		}
	}
}

// A row of numbers gives what it gives alone, however many rows are beside it and
// whichever of them need the long way: loops begin a row before they end the last.
func TestActivationRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, name := range Names() {
		s := Choose[float32](name)
		for _, a := range cases {
			for far := range 1 << 5 {
				y := make([]float32, 5*Lanes+8)
				for i := range 5 * Lanes {
					y[i] = float32(r.NormFloat64() * 4)
				}
				for row := range 5 {
					if far>>row&1 != 0 {
						y[row*Lanes+r.IntN(Lanes)] = []float32{-88, 1e9, -1e30, float32(math.NaN())}[r.IntN(4)]
					}
				}
				want := slices.Clone(y)
				s.Activate(a, y, 1, 5)
				for row := range 5 {
					s.Activate(a, want[row*Lanes:], 1, 1)
				}
				for i := range y {
					if math.Float32bits(y[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%s %s, rows %05b: number %d is %x, alone %x", name, funcNames[a.Func], far, i, y[i], want[i])
					}
				}
			}
		}
	}
}

// NaN stays NaN, and no finite number becomes NaN.
func TestActivationNaN(t *testing.T) {
	for _, name := range Names() {
		activationNaN[float32](t, name, []float32{math.MaxFloat32, -math.MaxFloat32, 1e38, -1e38, 700, -700, 88.7, -88.7, 1e-45, -1e-45})
		activationNaN[float64](t, name, []float64{math.MaxFloat64, -math.MaxFloat64, 1e300, -1e300, 750, -750, 5e-324, -5e-324})
	}
}

func activationNaN[T Float](t *testing.T, name string, extremes []T) {
	s := Choose[T](name)
	for f := Identity; f <= LogSoftmax; f++ {
		y := make([]T, 2*Lanes)
		copy(y, extremes)
		nan := T(math.NaN())
		y[40], y[63] = nan, -nan
		s.Activate(Activation[T]{f, 1, 0.5}, y, 2, 1)
		for i, v := range y {
			// The softmaxes spread a NaN over the units of its lane.
			isNaN := i == 40 || i == 63 || f >= Softmax && (i == 8 || i == 31)
			if (v != v) != isNaN {
				t.Errorf("%s, %T, σ %d: element %d is %v", name, v, f, i, v)
			}
		}
	}
}

// In float64 the functions keep a few ulp, held against the textbook where that
// does not cancel.
func TestActivationDouble(t *testing.T) {
	for _, name := range Names() {
		s := Choose[float64](name)
		for _, c := range cases {
			a := Activation[float64]{c.Func, float64(c.Alpha), float64(c.Beta)}
			y := make([]float64, 32*Lanes)
			for i := range y {
				y[i] = float64(i-512) / 51.3
			}
			x := append([]float64(nil), y...)
			s.Activate(a, y, 32, 1)
			for i, v := range x {
				want := textbook(a.Func, v, a.Alpha, a.Beta)
				if math.Abs(y[i]-want) > 1e-14*math.Abs(want) && math.Abs(y[i]-want) > 2e-16 {
					t.Fatalf("%s %s(%v) = %v, want %v", name, funcNames[a.Func], v, y[i], want)
				}
			}
		}
	}
}

// The softmaxes are within 4·2^-24·max(1, |y|), however many units.
func TestSoftmaxError(t *testing.T) {
	for _, name := range Names() {
		s := Choose[float32](name)
		for _, units := range []int{1, 2, 3, 10, 33, 5000} {
			for _, spread := range []float64{0, 1e-3, 1, 10, 100, 1e30} {
				for _, log := range []bool{false, true} {
					softmaxError(t, s, units, spread, log)
				}
			}
		}
	}
}

func softmaxError(t *testing.T, s *Set[float32], units int, spread float64, log bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(units), 3))
	x := make([]float32, units*Lanes)
	for i := range x {
		x[i] = float32(r.NormFloat64() * spread)
	}
	for u := range units / 2 { // one unit far above many small ones
		x[u*Lanes] = -8
	}
	y, f := append([]float32(nil), x...), Softmax
	if log {
		f = LogSoftmax
	}
	s.Activate(Activation[float32]{Func: f}, y, units, 1)
	for lane := range Lanes {
		top, sum := math.Inf(-1), 0.0
		for u := range units {
			top = max(top, float64(x[u*Lanes+lane]))
		}
		for u := range units {
			sum += math.Exp(float64(x[u*Lanes+lane]) - top)
		}
		for u := range units {
			want := float64(x[u*Lanes+lane]) - top - math.Log(sum)
			if !log {
				want = math.Exp(want)
			}
			got := float64(y[u*Lanes+lane])
			if !(math.Abs(got-want) <= 4*0x1p-24*max(1, math.Abs(want))) {
				t.Fatalf("%s, log %v, %d units, spread %g: %v, want %v", s.Name, log, units, spread, got, want)
			}
		}
	}
}

func BenchmarkActivation(b *testing.B) {
	for _, name := range Names() {
		s := Choose[float32](name)
		for f := ReLU; f <= LogSoftmax; f++ {
			title := funcNames[f]
			switch f {
			case Softmax:
				title = "softmax"
			case LogSoftmax:
				title = "log_softmax"
			}
			b.Run(name+"/"+title, func(b *testing.B) {
				const units, count = 10, 50
				x, y := make([]float32, units*count*Lanes), make([]float32, units*count*Lanes)
				r := rand.New(rand.NewPCG(1, 1))
				for i := range x {
					x[i] = float32(r.NormFloat64() * 2)
				}
				for b.Loop() {
					copy(y, x)
					s.Activate(Activation[float32]{f, 1, 0.5}, y, units, count)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(y)), "ns/element")
			})
		}
	}
}
