//go:build amd64 && !noasm

package kernel

import "time"

// peak measures how many GFLOP/s the machine makes when it does nothing but
// float32 multiply-adds of the registers of the set called name; 0 when not
// known. The best of some short runs counts.
func peak(name string) float64 {
	const n = 20_000
	best := 0.0
	for range 200 {
		var flops float64
		start := time.Now()
		switch name {
		case "avx512":
			peakAVX512(n)
			flops = n * 24 * 16 * 2
		case "avx2":
			peakAVX2(n)
			flops = n * 12 * 8 * 2
		}
		best = max(best, flops/float64(time.Since(start).Nanoseconds()))
	}
	return best
}
