//go:build amd64 && !noasm

package kernel

import "unsafe"

// outerFunc computes tiles of an outer product, side by side: ds and xs bytes
// from panel to panel, ys bytes between the rows of y.
type outerFunc[T Float] func(panels, tiles int, d, x *T, ds, xs int, y *T, ys int)

// outerTiles are the tiles of one instruction set, by units and inputs.
type outerTiles[T Float] [7][3]outerFunc[T]

var (
	outersAVX512 = outerTiles[float32]{
		1: {1: outerAVX512_1_1, 2: outerAVX512_1_2},
		2: {1: outerAVX512_2_1, 2: outerAVX512_2_2},
		3: {1: outerAVX512_3_1, 2: outerAVX512_3_2},
		6: {1: outerAVX512_6_1, 2: outerAVX512_6_2},
	}
	outersAVX2 = outerTiles[float32]{
		1: {1: outerAVX2_1_1, 2: outerAVX2_1_2},
		2: {1: outerAVX2_2_1, 2: outerAVX2_2_2},
		3: {1: outerAVX2_3_1, 2: outerAVX2_3_2},
	}
	outers64AVX512 = outerTiles[float64]{
		1: {1: outer64AVX512_1_1, 2: outer64AVX512_1_2},
		2: {1: outer64AVX512_2_1, 2: outer64AVX512_2_2},
		3: {1: outer64AVX512_3_1, 2: outer64AVX512_3_2},
		6: {1: outer64AVX512_6_1, 2: outer64AVX512_6_2},
	}
	outers64AVX2 = outerTiles[float64]{
		1: {1: outer64AVX2_1_1, 2: outer64AVX2_1_2},
		2: {1: outer64AVX2_2_1, 2: outer64AVX2_2_2},
		3: {1: outer64AVX2_3_1, 2: outer64AVX2_3_2},
	}
)

// stripe is how many inputs are taken with all units before the next ones:
// those of 256 rows stay in the first cache.
const stripe = 16

// product makes the elements, tile by tile, the largest that fit first.
func (t *outerTiles[T]) product(o Outer, d, x []T, panels int, y []T) {
	units := o.To - o.From
	d, x, y = d[:panels*o.D*Lanes], x[:panels*o.X*Lanes], y[:units*o.Inputs]
	if panels == 0 {
		clear(y)
		return
	}
	size := int(unsafe.Sizeof(d[0]))
	for start := 0; start < o.Inputs; start += stripe {
		end := min(start+stripe, o.Inputs)
		for u := 0; u < units; {
			height := t.height(units - u)
			for k := start; k < end; {
				width := min(end-k, len(t[0])-1)
				tiles := (end - k) / width
				t[height][width](panels, tiles, &d[(o.From+u)*Lanes], &x[k*Lanes], o.D*Lanes*size, o.X*Lanes*size, &y[u*o.Inputs+k], o.Inputs*size)
				k += tiles * width
			}
			u += height
		}
	}
}

// height is that of the tallest tile for so many units; four are two and two
// rather than three and one, which would be few sums to add to at a time.
func (t *outerTiles[T]) height(units int) int {
	if units == 4 {
		return 2
	}
	h := min(units, len(t)-1)
	for t[h][1] == nil {
		h--
	}
	return h
}

// slopes are the assembly slopes of one instruction set.
type slopes [LogSoftmax + 1]func(a, d *float32, n int)

var (
	slopesAVX512 = slopes{ReLU: slopeReluAVX512, Tanh: slopeTanhAVX512, Sigmoid: slopeSigmoidAVX512}
	slopesAVX2   = slopes{ReLU: slopeReluAVX2, Tanh: slopeTanhAVX2, Sigmoid: slopeSigmoidAVX2}
)

func (s *slopes) chain(f Func, a, d []float32) {
	d = d[:len(a)]
	for ; len(a) > 0; a, d = a[min(callNumbers, len(a)):], d[min(callNumbers, len(d)):] {
		s[f](&a[0], &d[0], min(callNumbers, len(a)))
	}
}

// adamLanes is what assembly steps take a multiple of.
const adamLanes = 8

// adamBy takes steps by an assembly routine, and those that are left plainly.
func adamBy(step func(p, g, m, v *float64, n int, c *float64)) func(c *AdamStep, p, g, m, v []float64) {
	return func(c *AdamStep, p, g, m, v []float64) {
		g, m, v = g[:len(p)], m[:len(p)], v[:len(p)]
		whole := len(p) / adamLanes * adamLanes
		for at := 0; at < whole; at += callNumbers {
			step(&p[at], &g[at], &m[at], &v[at], min(callNumbers, whole-at), &c.Beta1)
		}
		adamGeneric(c, p[whole:], g[whole:], m[whole:], v[whole:])
	}
}

// shareLanes is what assembly shares take a multiple of.
const shareLanes = 16

// shareBy takes shares by assembly routines, and those that are left plainly.
func shareBy(first, next func(g *float64, d *float32, n int, share float64)) func(g []float64, d []float32, share float64, more bool) {
	return func(g []float64, d []float32, share float64, more bool) {
		by := first
		if more {
			by = next
		}
		g = g[:len(d)]
		whole := len(d) / shareLanes * shareLanes
		for at := 0; at < whole; at += callNumbers {
			by(&g[at], &d[at], min(callNumbers, whole-at), share)
		}
		shareGeneric(g[whole:], d[whole:], share, more)
	}
}

// penaliseLanes is what the assembly penalty takes a multiple of.
const penaliseLanes = 8

// penaliseFast is for both instruction sets: wider registers would have more
// sums.
func penaliseFast(lambda float64, w, g []float64) float64 {
	var sums [4]float64
	g = g[:len(w)]
	whole := len(w) / penaliseLanes * penaliseLanes
	for at := 0; at < whole; at += callNumbers {
		penaliseAVX2(&w[at], &g[at], min(callNumbers, whole-at), lambda, &sums[0])
	}
	return penaliseRest(lambda, w[whole:], g[whole:], &sums)
}
