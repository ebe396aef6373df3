package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"yhat/nn"
)

// chain is a network of dense layers both as a model and as the graph that
// exporters write: MatMul, Add, activation.
func chain(widths ...int) (*nn.Model, *Graph) {
	r := rand.New(rand.NewPCG(1, 2))
	m := &nn.Model{}
	for i := range widths[0] {
		m.Features = append(m.Features, nn.Feature{Name: fmt.Sprint("x", i), Scale: 1})
	}
	g := &Graph{Constants: map[string]*Tensor{}, Inputs: []Input{{Name: "a0", Type: Float32, Ranks: true, Shape: []Dim{{-1, "N"}, {widths[0], ""}}}}}
	for l := 1; l < len(widths); l++ {
		in, out := widths[l-1], widths[l]
		layer := nn.Layer{In: in, Out: out, Activation: nn.ReLU.Default()}
		op := "Relu"
		if l == len(widths)-1 {
			layer.Activation, op = nn.Sigmoid.Default(), "Sigmoid"
		}
		w := &Tensor{Type: Float32, Shape: []int{in, out}, F32: make([]float32, in*out)}
		b := &Tensor{Type: Float32, Shape: []int{out}, F32: make([]float32, out)}
		layer.W, layer.B = make([]float64, in*out), make([]float64, out)
		for u := range out {
			b.F32[u] = float32(r.NormFloat64())
			layer.B[u] = float64(b.F32[u])
			for k := range in {
				v := float32(r.NormFloat64() / math.Sqrt(float64(in)))
				w.F32[k*out+u], layer.W[u*in+k] = v, float64(v)
			}
		}
		m.Layers = append(m.Layers, layer)
		name := func(s string) string { return fmt.Sprint(s, l) }
		g.Constants[name("w")], g.Constants[name("b")] = w, b
		g.Nodes = append(g.Nodes,
			Node{Op: "MatMul", Version: 18, Inputs: []string{fmt.Sprint("a", l-1), name("w")}, Outputs: []string{name("h")}},
			Node{Op: "Add", Version: 18, Inputs: []string{name("h"), name("b")}, Outputs: []string{name("z")}},
			Node{Op: op, Version: 18, Inputs: []string{name("z")}, Outputs: []string{name("a")}})
	}
	g.Outputs = []Output{{Name: fmt.Sprint("a", len(widths)-1)}}
	return m, g
}

// BenchmarkChain compares a chain of dense layers as a graph with the same
// network of package nn.
func BenchmarkChain(b *testing.B) {
	k, _ := nn.ChooseKernel("")
	const panels = 64
	for _, widths := range [][]int{{5, 16, 8, 1}, {13, 64, 32, 1}, {30, 128, 128, 64, 10}} {
		m, g := chain(widths...)
		net, err := nn.Compile[float32](m, k)
		if err != nil {
			b.Fatal(err)
		}
		p, err := Compile(g, Options{Kernel: k})
		if err != nil {
			b.Fatal(err)
		}
		x := make([]float32, panels*widths[0]*lanes)
		for i := range x {
			x[i] = rand.Float32()
		}
		last := widths[len(widths)-1]
		y := make([]float32, panels*last*lanes)
		b.Run(fmt.Sprint("network", widths), func(b *testing.B) {
			ws, out := net.NewWorkspace(), make([][]float32, len(widths)-1)
			out[len(out)-1] = y
			for b.Loop() {
				net.Forward(ws, x, panels, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(panels*lanes), "ns/row")
		})
		b.Run(fmt.Sprint("graph", widths), func(b *testing.B) {
			ws, in, out := p.NewWorkspace(), []Lanes{{F32: x}}, []Lanes{{F32: y}}
			for b.Loop() {
				p.Run(ws, in, panels, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(panels*lanes), "ns/row")
		})
	}
}

// BenchmarkScorer compares whole scorers, from cells to predictions: a model of
// layers, and the graph that FromModel makes of it.
func BenchmarkScorer(b *testing.B) {
	k, _ := nn.ChooseKernel("")
	for _, widths := range [][]int{{5, 16, 8, 1}, {13, 64, 32, 1}} {
		m, _ := chain(widths...)
		for i := range m.Features {
			fill, least := 0.5, -1e6
			f := &m.Features[i]
			f.Fill, f.Center, f.Scale, f.Min = &fill, 0.25, 3, &least
		}
		m.Outputs.Labels = []string{"no", "yes"}
		g := FromModel(m)
		g.Words = &Words{Features: m.Features, Outputs: m.Outputs, Width: 1}
		layers, err := nn.NewScorer[float32](m, k)
		if err != nil {
			b.Fatal(err)
		}
		nodes, err := NewScorer[float32](func(opt Options) (*Table, error) { return CompileTable(g, opt, nil) }, Options{Kernel: k}, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint("layers", widths), func(b *testing.B) { benchmarkScorer(b, layers) })
		b.Run(fmt.Sprint("graph", widths), func(b *testing.B) { benchmarkScorer(b, nodes) })
	}
}

func benchmarkScorer(b *testing.B, s nn.Scorer[float32]) {
	rows := s.GroupPanels() * lanes
	cells, faults, pass := make([]float64, rows), nn.NewFaults(rows), s.NewPass()
	for i := range cells {
		if cells[i] = rand.NormFloat64(); i%9 == 0 {
			cells[i] = math.NaN()
		}
	}
	out := make([][]float32, len(s.Card().Values))
	out[len(out)-1] = make([]float32, rows)
	for b.Loop() {
		for f := range s.Card().Features {
			pass.Numbers(f, nn.Numbers{F64: cells, Factor: 1}, rows, faults)
		}
		pass.Forward(rows, out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}
