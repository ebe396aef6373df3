package explain

import (
	"fmt"
	"testing"
	"time"

	"yhat/nn"
)

// BenchmarkExplain tells what an explanation costs, in ns a row and in forward
// passes of the same network.
func BenchmarkExplain(b *testing.B) {
	for _, c := range []struct {
		method Method
		widths []int
		funcs  []nn.Func
	}{
		{IntegratedGradients, []int{5, 16, 8, 1}, []nn.Func{nn.ReLU, nn.ReLU, nn.Sigmoid}},
		{IntegratedGradients, []int{5, 16, 8, 1}, []nn.Func{nn.Tanh, nn.Tanh, nn.Sigmoid}},
		{IntegratedGradients, []int{30, 64, 32, 1}, []nn.Func{nn.ReLU, nn.ReLU, nn.Sigmoid}},
		{IntegratedGradients, []int{5, 16, 8, 2}, []nn.Func{nn.ReLU, nn.ReLU, nn.Softmax}},
		{IntegratedGradients, []int{5, 16, 8, 3}, []nn.Func{nn.ReLU, nn.ReLU, nn.Softmax}},
		{IntegratedGradients, []int{5, 16, 8, 1}, []nn.Func{nn.ReLU, nn.ReLU, nn.Identity}},
		{Shapley, []int{5, 16, 8, 1}, []nn.Func{nn.ReLU, nn.ReLU, nn.Sigmoid}},
	} {
		for _, kernel := range nn.Kernels() {
			b.Run(fmt.Sprint(c.method, "/", c.funcs[0], c.widths, "/", kernel), func(b *testing.B) {
				benchExplain(b, network(1, c.widths, c.funcs...), c.method, kernel)
			})
		}
	}
}

func benchExplain(b *testing.B, m *nn.Model, method Method, kernel string) {
	const panels = 64
	k, _ := nn.ChooseKernel(kernel)
	e, err := New[float32](m, Options{Method: method}, k)
	if err != nil {
		b.Fatal(err)
	}
	net, _ := nn.Compile[float32](m, k)
	x, out := rows[float32](1, len(m.Features), panels), make([][]float32, len(m.Layers))
	y := make([]float32, panels*nn.Lanes*m.OutputWidth())
	out[len(out)-1] = y
	ws, s := net.NewWorkspace(), e.NewSpace()
	phi, failed := make([]float32, panels*e.Features()*nn.Lanes), make([]uint32, panels)
	which, values := make([][]int32, 3), make([]float32, panels*3*nn.Lanes)
	for i := range which {
		which[i] = make([]int32, panels*nn.Lanes)
	}
	var forward, explain time.Duration
	for b.Loop() {
		start := time.Now()
		for range 25 {
			net.Forward(ws, x, panels, out)
		}
		middle := time.Now()
		e.Explain(s, x, y, panels, phi, failed)
		e.Reasons(phi, panels, which, values)
		forward, explain = forward+middle.Sub(start), explain+time.Since(middle)
	}
	b.ReportMetric(float64(explain.Nanoseconds())/float64(b.N*panels*nn.Lanes), "ns/row")
	b.ReportMetric(25*float64(explain)/float64(forward), "forwards/row")
}
