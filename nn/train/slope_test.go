package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// The float32 slope of every function, on every kernel, is near that of the
// function in float64 from end to end, and the vector kernels agree to the bit.
func TestSlopesAreNearTheFunctions(t *testing.T) {
	const panels, units = 3, 5
	for f := nn.Identity; f < nn.Softmax; f++ {
		var first []float32
		for _, name := range nn.Kernels() {
			act := f.Default()
			set := kernel.Choose[float32](name)
			of := kernel.Activation[float32]{Func: kernel.Func(f), Alpha: float32(act.Alpha), Beta: float32(act.Beta)}
			z, d := make([]float32, panels*units*nn.Lanes), make([]float32, panels*units*nn.Lanes)
			for i := range z {
				z[i], d[i] = float32(i-len(z)/2)/7+0.013, 1
			}
			z[3], z[4], z[5], z[6] = 3e-6, -3e-6, 200, -200
			if smooth(of.Func) {
				z[7] = 0
			}
			a := slices.Clone(z)
			set.Activate(of, a, units, panels)
			Chain(set, of, z, a, d, make([]float32, len(z)), units, panels)
			for i, v := range z {
				if want := slopeOf(act, float64(v)); !(math.Abs(float64(d[i])-want) <= 3e-6) {
					t.Errorf("%s on %s at %g: %g, want %g", f, name, v, d[i], want)
				}
			}
			if name != "generic" && first == nil {
				first = d
			} else if name != "generic" && !slices.Equal(first, d) {
				t.Errorf("%s: %s gives other bits than %s", f, name, nn.Kernels()[0])
			}
		}
	}
}

// slopeOf is the central difference of the function in float64.
func slopeOf(act nn.Activation, z float64) float64 {
	const h = 1e-6
	at := func(z float64) float64 {
		m := nn.Model{Layers: []nn.Layer{{In: 1, Out: 1, W: []float64{1}, B: []float64{0}, Activation: act}}}
		return m.Trace([]float64{z})[0].Output[0]
	}
	return (at(z+h) - at(z-h)) / (2 * h)
}

func BenchmarkSlope(b *testing.B) {
	const panels, units = 8, 16
	for _, f := range []nn.Func{nn.ReLU, nn.Tanh, nn.ELU, nn.GELU, nn.GELUTanh, nn.SiLU, nn.Softplus, nn.Mish} {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			k, _ := nn.ChooseKernel("")
			set := kernel.Choose[float32](k.Name())
			of := kernel.Activation[float32]{Func: kernel.Func(f), Alpha: 1}
			z := make([]float32, panels*units*nn.Lanes)
			for i := range z {
				z[i] = float32(i%97)/20 - 2.4
			}
			a, d, help := slices.Clone(z), slices.Clone(z), slices.Clone(z)
			set.Activate(of, a, units, panels)
			for b.Loop() {
				copy(d, z)
				Chain(set, of, z, a, d, help, units, panels)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(z)), "ns/number")
		})
	}
}
