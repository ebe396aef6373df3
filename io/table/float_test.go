package table

import (
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// refFloat is the same layout made by strconv.
func refFloat(f float64, width int) string {
	a := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return map[bool]string{true: "-inf", false: "inf"}[f < 0]
	case a == 0 || a >= 1e-5 && a < 1e15:
		return strconv.FormatFloat(f, 'f', -1, width)
	}
	return strconv.FormatFloat(f, 'e', -1, width)
}

func check32(t testing.TB, f float32) {
	if got, want := string(AppendFloat32(nil, f)), refFloat(float64(f), 32); got != want {
		t.Errorf("%#08x: %s, want %s", math.Float32bits(f), got, want)
	}
}

func check64(t testing.TB, f float64) {
	if got, want := string(AppendFloat64(nil, f)), refFloat(f, 64); got != want {
		t.Errorf("%#016x: %s, want %s", math.Float64bits(f), got, want)
	}
}

func TestFloatTextAtTheEdges(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 0.3, 1e-5, 9.9999e-6, 1e-6, 1.5e-6, 1e15,
		999999999999999, 123456789012345, 1e14, 1e22, 1e23, 5e-324, math.MaxFloat64, math.SmallestNonzeroFloat64,
		math.MaxFloat32, math.SmallestNonzeroFloat32, 2.2250738585072014e-308, 9007199254740993, 4503599627370497.5,
		0.5, 0.25, 100, 120, 1234.5, 0.00012345678, 12345678, 123456789, math.Inf(1), math.Inf(-1), math.NaN()} {
		check64(t, f)
		check32(t, float32(f))
	}
}

// Every exponent, at the least and greatest of its binade and beside them.
func TestFloatTextAtEveryExponent(t *testing.T) {
	for exp := range uint64(2047) {
		for _, frac := range []uint64{0, 1, 2, 1<<52 - 1, 1<<52 - 2, 1 << 51, 0x5555555555555} {
			check64(t, math.Float64frombits(exp<<52|frac))
			check64(t, -math.Float64frombits(exp<<52|frac))
		}
	}
	for exp := range uint32(255) {
		for _, frac := range []uint32{0, 1, 2, 1<<23 - 1, 1<<23 - 2, 1 << 22, 0x555555} {
			check32(t, math.Float32frombits(exp<<23|frac))
			check32(t, -math.Float32frombits(exp<<23|frac))
		}
	}
}

func TestFloatTextOfRandomNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	n := 1000000
	if testing.Short() {
		n = 100000
	}
	for range n {
		check32(t, math.Float32frombits(rng.Uint32()))
		check32(t, rng.Float32())
		check64(t, math.Float64frombits(rng.Uint64()))
		check64(t, float64(rng.IntN(1e9))/1e4)
		if t.Failed() {
			return
		}
	}
}

// All float32 there are. It takes minutes, so YHAT_ALL_FLOATS must be set.
func TestFloatTextOfAllFloat32(t *testing.T) {
	if os.Getenv("YHAT_ALL_FLOATS") == "" {
		t.Skip("set YHAT_ALL_FLOATS to try all 2^32")
	}
	var wait sync.WaitGroup
	workers := uint64(runtime.GOMAXPROCS(0))
	for w := range workers {
		wait.Go(func() {
			got, want := make([]byte, 0, 64), make([]byte, 0, 64)
			var in [32]float32
			var panel textPanel
			for b := 32 * w; b < 1<<32 && !t.Failed(); b += 32 * workers {
				for i := range in {
					in[i] = math.Float32frombits(uint32(b) + uint32(i))
				}
				panel.write(&in)
				for i, f := range in {
					format := byte('e')
					if a := math.Abs(float64(f)); a == 0 || a >= 1e-5 && a < 1e15 {
						format = 'f'
					} else if a > math.MaxFloat32 || a != a {
						continue
					}
					want = strconv.AppendFloat(want[:0], float64(f), format, -1, 32)
					got = AppendFloat32(got[:0], f)
					if string(got) != string(want) {
						t.Errorf("%#08x: %s, want %s", b+uint64(i), got, want)
					}
					got = panel.append(got[:0], i, f)
					if string(got) != string(want) {
						t.Errorf("%#08x in a panel: %s, want %s", b+uint64(i), got, want)
					}
				}
			}
		})
	}
	wait.Wait()
}

func TestFixedText(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	try := func(f float64, n int) {
		if got, want := string(AppendFixed(nil, f, n)), strconv.FormatFloat(f, 'f', n, 64); got != want {
			t.Errorf("%x with %d: %s, want %s", f, n, got, want)
		}
	}
	for n := range 22 {
		for _, f := range []float64{0, math.Copysign(0, -1), 0.5, 1.5, 2.5, -0.5, 0.125, 0.375, 1e-30, -1e-30, 5e-324, 1e15, 1e17,
			9.5, 0.9999999, 99.9999999, 4503599627370496.5, 9007199254740991, 9007199254740993, 1e19, 1.8446744073709552e19, 1e300, 1.0 / 3} {
			try(f, n)
		}
		for range 3000 {
			try(math.Float64frombits(rng.Uint64()&^(0x7ff<<52)|rng.Uint64N(0x7ff)<<52), n)
			try(rng.NormFloat64()*math.Pow(10, float64(rng.IntN(12))), n)
			try(float64(rng.IntN(4096))/64, n) // ties
			try(float64(rng.Float32()), n)
		}
		if t.Failed() {
			return
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, want := string(AppendFixed(nil, f, 2)), refFloat(f, 64); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The text grows behind what is there, and only there.
func TestFloatTextAppends(t *testing.T) {
	for room := range 64 {
		buf := append(make([]byte, 0, 3+room), "ab,"...)
		if got := string(AppendFloat32(buf, 0.25)); got != "ab,0.25" {
			t.Errorf("with %d bytes of room: %s", room, got)
		}
		if got := string(AppendFixed(buf, -0.25, 3)); got != "ab,-0.250" {
			t.Errorf("with %d bytes of room: %s", room, got)
		}
	}
}

func FuzzFloatText(f *testing.F) {
	f.Add(uint64(0x3ff0000000000000))
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, bits uint64) {
		check64(t, math.Float64frombits(bits))
		check32(t, math.Float32frombits(uint32(bits)))
	})
}

func BenchmarkFloatText(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var predictions [4096]float32
	var doubles, shorts [4096]float64
	for i := range predictions {
		predictions[i], doubles[i], shorts[i] = rng.Float32(), rng.Float64(), float64(rng.IntN(10000))/10
	}
	buf := make([]byte, 0, 64)
	run := func(name string, one func(i int)) {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				one(i & 4095)
				i++
			}
		})
	}
	run("float32", func(i int) { buf = AppendFloat32(buf[:0], predictions[i]) })
	run("float32 by strconv", func(i int) { buf = strconv.AppendFloat(buf[:0], float64(predictions[i]), 'f', -1, 32) })
	run("float64", func(i int) { buf = AppendFloat64(buf[:0], doubles[i]) })
	run("float64 by strconv", func(i int) { buf = strconv.AppendFloat(buf[:0], doubles[i], 'f', -1, 64) })
	run("float64 short", func(i int) { buf = AppendFloat64(buf[:0], shorts[i]) })
	run("fixed 6", func(i int) { buf = AppendFixed(buf[:0], float64(predictions[i]), 6) })
	b.Run("float32 in panels", func(b *testing.B) {
		var p textPanel
		i := 0
		for b.Loop() {
			p.write((*[32]float32)(predictions[i&127*32:]))
			i++
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/32, "ns/number")
	})
}

// Numbers taken apart 32 at a time read as those taken one by one.
func TestPanelsOfFloatText(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	var in [32]float32
	var out textPanel
	for round := range 3000 {
		for i := range in {
			in[i] = math.Float32frombits(rng.Uint32())
			if round%2 == 0 {
				in[i] = rng.Float32()
			}
		}
		in[3], in[5], in[7], in[9] = 0, float32(math.Copysign(0, -1)), float32(math.Inf(-1)), float32(math.NaN())
		in[11], in[13] = math.SmallestNonzeroFloat32, 1
		out.write(&in)
		for i, f := range in {
			for _, room := range []int{0, 100} {
				got, want := string(out.append(make([]byte, 0, room), i, f)), refFloat(float64(f), 32)
				if got != want {
					t.Fatalf("%#08x: %s, want %s", math.Float32bits(f), got, want)
				}
			}
		}
	}
}
