package kernel

import "math"

// carry32 has its highest bit set if v is NaN or infinite: its exponent is all
// ones, and one more carries.
func carry32(v float32) uint32 { return math.Float32bits(v)&^(1<<31) + 1<<23 }

// carry64 is carry32 of a float64.
func carry64(v float64) uint64 { return math.Float64bits(v)&^(1<<63) + 1<<52 }

// NonFinite sets a bit of mask for each row that has a NaN or an infinity among
// its units; mask has a word a panel.
func NonFinite[T Float](mask []uint32, x []T, units, panels int) {
	switch x := any(x).(type) {
	case []float32:
		nonFinite(mask, x, units, panels, func(v float32) bool { return carry32(v)>>31 != 0 }, finite)
	case []float64:
		nonFinite(mask, x, units, panels, func(v float64) bool { return carry64(v)>>63 != 0 }, func(x []float64) bool {
			var all uint64
			for _, v := range x {
				all |= carry64(v)
			}
			return all>>63 == 0
		})
	}
}

// nonFinite looks at the lanes of a panel only where all its numbers together
// are not finite, which is rare.
func nonFinite[T Float](mask []uint32, x []T, units, panels int, bad func(T) bool, finite func([]T) bool) {
	for p := range panels {
		panel := x[p*units*Lanes:][:units*Lanes]
		mask[p] = 0
		if finite(panel) {
			continue
		}
		for i, v := range panel {
			if bad(v) {
				mask[p] |= 1 << (i % Lanes)
			}
		}
	}
}
