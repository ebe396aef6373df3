//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// fast names the assembly sets that run here, best first.
func fast() []string {
	var names []string
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL {
		names = append(names, "avx512")
	}
	return append(names, "avx2")
}

// improve puts the assembly loops of the set called name in place of the
// generic ones.
func improve(s *Set[float32], name string) {
	switch name {
	case "avx512":
		s.Block, s.Dense = len(denseAVX512)-1, runAVX512
		s.Activate, s.Encode = activationsAVX512.activate, encodeAVX512
	case "avx2":
		s.Block, s.Dense = len(denseAVX2)-1, runAVX2
		s.Activate, s.Encode = activationsAVX2.activate, encodeAVX2
	}
}

// denseFunc computes one block of units: k inputs a row; w its biases and
// weights; xs and ys bytes from panel to panel.
type denseFunc func(k, panels int, w, x, y *float32, xs, ys, relu int)

// By the number of units.
var (
	denseAVX512 = [...]denseFunc{1: denseAVX512_1, denseAVX512_2, denseAVX512_3, denseAVX512_4, denseAVX512_5, denseAVX512_6, denseAVX512_7,
		denseAVX512_8, denseAVX512_9, denseAVX512_10, denseAVX512_11, denseAVX512_12, denseAVX512_13, denseAVX512_14}
	denseAVX2 = [...]denseFunc{1: denseAVX2_1, denseAVX2_2, denseAVX2_3, denseAVX2_4, denseAVX2_5, denseAVX2_6}
)

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

// callProducts bounds the products of one call, which the scheduler cannot
// interrupt, to about 100 µs on a slow machine.
const callProducts = 2 << 20

// runBlock computes one block of units for all panels.
func runBlock(f denseFunc, d *Dense[float32], b Block, x, y []float32, panels int, relu bool) {
	x, y = x[:panels*d.In*Lanes], y[:panels*d.Out*Lanes]
	r := 0
	if relu {
		r = 1
	}
	once := max(1, callProducts/(d.In*b.Units*Lanes))
	const bytes = 4
	for p := 0; p < panels; p += once {
		f(d.In, min(once, panels-p), &d.W[b.Offset], &x[p*d.In*Lanes], &y[(p*d.Out+b.First)*Lanes], d.In*Lanes*bytes, d.Out*Lanes*bytes, r)
	}
}
