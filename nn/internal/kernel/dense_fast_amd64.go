//go:build amd64 && !noasm

package kernel

import "unsafe"

// denseFunc computes one block of units: k inputs a row; w its biases and
// weights; xs and ys bytes from panel to panel.
type denseFunc[T Float] func(k, panels int, w, x, y *T, xs, ys, relu int)

// denseBlocks is denseFunc for several blocks of as many units, that lie one after
// the other.
type denseBlocks func(k, panels, blocks int, w, x, y *float32, xs, ys, relu int)

// By the number of units.
var (
	denseAVX512 = [...]denseFunc[float32]{1: denseAVX512_1, denseAVX512_2, denseAVX512_3, denseAVX512_4, denseAVX512_5, denseAVX512_6, denseAVX512_7,
		denseAVX512_8, denseAVX512_9, denseAVX512_10, denseAVX512_11, denseAVX512_12, denseAVX512_13, denseAVX512_14}
	denseAVX2 = [...]denseBlocks{1: denseAVX2_1, denseAVX2_2, denseAVX2_3, denseAVX2_4, denseAVX2_5, denseAVX2_6}

	dense64AVX512 = [...]denseFunc[float64]{1: dense64AVX512_1, dense64AVX512_2, dense64AVX512_3, dense64AVX512_4, dense64AVX512_5, dense64AVX512_6,
		dense64AVX512_7, dense64AVX512_8, dense64AVX512_9, dense64AVX512_10, dense64AVX512_11, dense64AVX512_12}
	dense64AVX2 = [...]denseFunc[float64]{1: dense64AVX2_1, dense64AVX2_2, dense64AVX2_3, dense64AVX2_4, dense64AVX2_5}
)

// fewInputs is up to where blocks of four units are the faster ones: a block's
// beginning and end weigh more than a weight that serves two rows' registers.
const fewInputs = 64

// fewWeights is up to where the weights of a layer stay in the first-level cache, 8
// KiB of it.
const fewWeights = 2 << 10

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
	for left := d.Blocks; len(left) > 0; {
		blocks := d.together(left)
		runBlocks(d, left[0], blocks, x, y, panels, relu)
		left = left[blocks:]
	}
}

// runBlocks is runBlock for blocks blocks, of which b is the first.
func runBlocks(d *Dense[float32], b Block, blocks int, x, y []float32, panels int, relu bool) {
	f := denseAVX2[b.Units]
	if b.Units == 3 && d.Out > 3 {
		f = denseAVX2_3of7
	}
	const bytes = 4
	x, y = x[:panels*d.X*Lanes], y[:panels*d.Y*Lanes]
	r, once := bit(relu), panelsAtOnce(panels, d.In*b.Units*blocks)
	for p := 0; p < panels; p += once {
		f(d.In, min(once, panels-p), blocks, &d.W[b.Offset], &x[p*d.X*Lanes], &y[(p*d.Y+b.First)*Lanes], d.X*Lanes*bytes, d.Y*Lanes*bytes, r)
	}
}

// together is how many blocks from the first of left on are computed by one call:
// one of a layer whose weights would crowd the panels out of the first-level cache,
// else all that are alike.
func (d *Dense[T]) together(left []Block) int {
	n := 1
	for d.In*d.Out <= fewWeights && n < len(left) && left[n].Units == left[0].Units {
		n++
	}
	return n
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

// panelsAtOnce is how many of panels panels one call takes, of so many weights.
func panelsAtOnce(panels, weights int) int {
	if panels*weights*Lanes <= callProducts {
		return panels
	}
	return max(1, callProducts/(weights*Lanes))
}

// runBlock computes one block of units for all panels.
func runBlock[T Float](f denseFunc[T], d *Dense[T], b Block, x, y []T, panels int, relu bool) {
	x, y = x[:panels*d.X*Lanes], y[:panels*d.Y*Lanes]
	r, once := bit(relu), panelsAtOnce(panels, d.In*b.Units)
	bytes := int(unsafe.Sizeof(x[0]))
	for p := 0; p < panels; p += once {
		f(d.In, min(once, panels-p), &d.W[b.Offset], &x[p*d.X*Lanes], &y[(p*d.Y+b.First)*Lanes], d.X*Lanes*bytes, d.Y*Lanes*bytes, r)
	}
}

func bit(is bool) int {
	if is {
		return 1
	}
	return 0
}
