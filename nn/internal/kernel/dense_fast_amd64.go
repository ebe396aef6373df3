//go:build amd64 && !noasm

package kernel

import "unsafe"

// denseFunc computes one block of units: k inputs a row; w its biases and
// weights; xs and ys bytes from panel to panel.
type denseFunc[T Float] func(k, panels int, w, x, y *T, xs, ys, relu int)

// By the number of units.
var (
	denseAVX512 = [...]denseFunc[float32]{1: denseAVX512_1, denseAVX512_2, denseAVX512_3, denseAVX512_4, denseAVX512_5, denseAVX512_6, denseAVX512_7,
		denseAVX512_8, denseAVX512_9, denseAVX512_10, denseAVX512_11, denseAVX512_12, denseAVX512_13, denseAVX512_14}
	denseAVX2 = [...]denseFunc[float32]{1: denseAVX2_1, denseAVX2_2, denseAVX2_3, denseAVX2_4, denseAVX2_5, denseAVX2_6}

	dense64AVX512 = [...]denseFunc[float64]{1: dense64AVX512_1, dense64AVX512_2, dense64AVX512_3, dense64AVX512_4, dense64AVX512_5, dense64AVX512_6,
		dense64AVX512_7, dense64AVX512_8, dense64AVX512_9, dense64AVX512_10, dense64AVX512_11, dense64AVX512_12}
	dense64AVX2 = [...]denseFunc[float64]{1: dense64AVX2_1, dense64AVX2_2, dense64AVX2_3, dense64AVX2_4, dense64AVX2_5}
)

// fewInputs is up to where blocks of four units are the faster ones: a block's
// beginning and end weigh more than a weight that serves two rows' registers.
const fewInputs = 64

// limitAVX2 is four units where they divide a layer of few inputs, whose blocks
// then are all alike: 30→64 took 95 % of the peak so and 86 % in sixes on a
// Zen 3; wide layers are up to a tenth faster in sixes.
func limitAVX2(in, out int) int {
	if in <= fewInputs && out%4 == 0 {
		return 4
	}
	return len(denseAVX2) - 1
}

func runAVX512(d *Dense[float32], x, y []float32, panels int, relu bool) {
	for _, b := range d.Blocks {
		runBlock(denseAVX512[b.Units], d, b, x, y, panels, relu)
	}
}

func runAVX2(d *Dense[float32], x, y []float32, panels int, relu bool) {
	for _, b := range d.Blocks {
		f := denseAVX2[b.Units]
		if b.Units == 3 && d.Out > 3 {
			f = denseAVX2_3of7
		}
		runBlock(f, d, b, x, y, panels, relu)
	}
}

func run64AVX512(d *Dense[float64], x, y []float64, panels int, relu bool) {
	for _, b := range d.Blocks {
		runBlock(dense64AVX512[b.Units], d, b, x, y, panels, relu)
	}
}

func run64AVX2(d *Dense[float64], x, y []float64, panels int, relu bool) {
	for _, b := range d.Blocks {
		runBlock(dense64AVX2[b.Units], d, b, x, y, panels, relu)
	}
}

// callProducts bounds the products of one call, which the scheduler cannot
// interrupt, to about 100 µs on a slow machine; a single panel of a layer of
// tens of thousands of inputs takes longer.
const callProducts = 2 << 20

// runBlock computes one block of units for all panels.
func runBlock[T Float](f denseFunc[T], d *Dense[T], b Block, x, y []T, panels int, relu bool) {
	x, y = x[:panels*d.X*Lanes], y[:panels*d.Y*Lanes]
	r := 0
	if relu {
		r = 1
	}
	once := max(1, callProducts/(d.In*b.Units*Lanes))
	bytes := int(unsafe.Sizeof(x[0]))
	for p := 0; p < panels; p += once {
		f(d.In, min(once, panels-p), &d.W[b.Offset], &x[p*d.X*Lanes], &y[(p*d.Y+b.First)*Lanes], d.X*Lanes*bytes, d.Y*Lanes*bytes, r)
	}
}
