//go:build amd64 && !noasm

package kernel

import "unsafe"

// outerFunc computes one tile of an outer product: ds and xs bytes from panel
// to panel, ys bytes between the rows of y.
type outerFunc[T Float] func(panels int, d, x *T, ds, xs int, y *float64, ys int)

// outerTiles are the tiles of one instruction set, by units and inputs.
type outerTiles[T Float] [7][5]outerFunc[T]

var (
	outersAVX512 = outerTiles[float32]{
		1: {1: outerAVX512_1_1, 2: outerAVX512_1_2, 4: outerAVX512_1_4},
		2: {1: outerAVX512_2_1, 2: outerAVX512_2_2, 4: outerAVX512_2_4},
		3: {1: outerAVX512_3_1, 2: outerAVX512_3_2, 4: outerAVX512_3_4},
		6: {1: outerAVX512_6_1, 2: outerAVX512_6_2, 4: outerAVX512_6_4},
	}
	outersAVX2 = outerTiles[float32]{
		1: {1: outerAVX2_1_1, 2: outerAVX2_1_2, 4: outerAVX2_1_4},
		2: {1: outerAVX2_2_1, 2: outerAVX2_2_2, 4: outerAVX2_2_4},
		3: {1: outerAVX2_3_1, 2: outerAVX2_3_2, 4: outerAVX2_3_4},
	}
	outers64AVX512 = outerTiles[float64]{
		1: {1: outer64AVX512_1_1, 2: outer64AVX512_1_2, 4: outer64AVX512_1_4},
		2: {1: outer64AVX512_2_1, 2: outer64AVX512_2_2, 4: outer64AVX512_2_4},
		3: {1: outer64AVX512_3_1, 2: outer64AVX512_3_2, 4: outer64AVX512_3_4},
		6: {1: outer64AVX512_6_1, 2: outer64AVX512_6_2, 4: outer64AVX512_6_4},
	}
	outers64AVX2 = outerTiles[float64]{
		1: {1: outer64AVX2_1_1, 2: outer64AVX2_1_2, 4: outer64AVX2_1_4},
		2: {1: outer64AVX2_2_1, 2: outer64AVX2_2_2, 4: outer64AVX2_2_4},
		3: {1: outer64AVX2_3_1, 2: outer64AVX2_3_2, 4: outer64AVX2_3_4},
	}
)

// stripe is how many inputs are taken with all units before the next ones:
// those of 256 rows stay in the first cache.
const stripe = 16

// product makes the elements, tile by tile, the largest that fit first.
func (t *outerTiles[T]) product(o Outer, d, x []T, panels int, y []float64) {
	d, x, y = d[:panels*o.Units*Lanes], x[:panels*o.Inputs*Lanes], y[:(o.To-o.From)*o.Inputs]
	if panels == 0 {
		clear(y)
		return
	}
	size := Lanes * int(unsafe.Sizeof(d[0]))
	for start := 0; start < o.Inputs; start += stripe {
		end := min(start+stripe, o.Inputs)
		for u := o.From; u < o.To; {
			height := t.height(o.To - u)
			for k := start; k < end; {
				width := tileWidth(end - k)
				t[height][width](panels, &d[u*Lanes], &x[k*Lanes], o.Units*size, o.Inputs*size, &y[(u-o.From)*o.Inputs+k], 8*o.Inputs)
				k += width
			}
			u += height
		}
	}
}

// height is that of the tallest tile for so many units.
func (t *outerTiles[T]) height(units int) int {
	h := min(units, len(t)-1)
	for t[h][1] == nil {
		h--
	}
	return h
}

// tileWidth is that of the widest tile for so many inputs.
func tileWidth(inputs int) int {
	if inputs >= 4 {
		return 4
	}
	return min(inputs, 2)
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
