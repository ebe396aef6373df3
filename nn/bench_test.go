package nn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The networks whose rows a second are reported.
var benchWidths = [][]int{{5, 16, 8, 1}, {30, 64, 32, 1}, {100, 256, 128, 10}, {784, 512, 256, 10}}

func chainName(f Func, widths []int) string {
	name := fmt.Sprint(f)
	for _, w := range widths {
		name += fmt.Sprintf("-%d", w)
	}
	return name
}

// BenchmarkForward runs whole networks on float32 panels, a group at a time as
// a pipeline does.
func BenchmarkForward(b *testing.B) {
	for _, name := range Kernels() {
		for _, widths := range benchWidths {
			for _, f := range []Func{ReLU, Sigmoid, Tanh} {
				if f != ReLU && widths[0] != 5 {
					continue
				}
				b.Run(name+"/"+chainName(f, widths), func(b *testing.B) { benchForward(b, name, f, widths) })
			}
		}
	}
}

func benchForward(b *testing.B, name string, f Func, widths []int) {
	last := Sigmoid
	if widths[len(widths)-1] > 1 {
		last = Softmax
	}
	k, err := ChooseKernel(name)
	if err != nil {
		b.Fatal(err)
	}
	n, err := Compile[float32](chain(1, f, last, widths...), k)
	if err != nil {
		b.Fatal(err)
	}
	panels := n.GroupPanels()
	x, out := inputs[float32](1, widths[0], panels), make([][]float32, n.Layers())
	out[n.Layers()-1] = make([]float32, panels*widths[len(widths)-1]*Lanes)
	ws := n.NewWorkspace()
	for b.Loop() {
		n.Forward(ws, x, panels, out)
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(panels*Lanes)
	flops := 0
	for i := 1; i < len(widths); i++ {
		flops += 2 * widths[i-1] * widths[i]
	}
	b.ReportMetric(ns, "ns/row")
	b.ReportMetric(float64(flops)/ns, "GFLOP/s")
}

// benchColumns are five columns as a heart table has them: bounds, centers and
// scales, one value in thirty missing.
func benchColumns(rows int) (*Model, []Numbers) {
	m := chain(1, ReLU, Sigmoid, 5, 16, 8, 1)
	r := rand.New(rand.NewPCG(4, 4))
	var columns []Numbers
	for i := range m.Features {
		f := &m.Features[i]
		f.Fill, f.Center, f.Scale, f.Min, f.Max = number(70.5), 71.25, 12.5, number(2), number(650)
		v := Numbers{F64: make([]float64, rows), Valid: make([]byte, (rows+7)/8), Factor: 1}
		for j := range rows {
			v.F64[j] = 70 + 10*r.NormFloat64()
			if r.IntN(30) != 0 {
				v.Valid[j/8] |= 1 << (j % 8)
			}
		}
		columns = append(columns, v)
	}
	return m, columns
}

// BenchmarkEncode encodes one float64 column with nulls, and one plain float32
// column.
func BenchmarkEncode(b *testing.B) {
	const rows = 8192
	for _, name := range Kernels() {
		m, columns := benchColumns(rows)
		single := Numbers{F32: make([]float32, rows), Factor: 1}
		m.Features[1] = Feature{Scale: 1}
		k, _ := ChooseKernel(name)
		e := NewEncoder[float32](m, k)
		x, faults := make([]float32, Panels(rows)*e.Width()*Lanes), NewFaults(rows)
		for title, v := range map[string]Numbers{"float64": columns[0], "float32": single} {
			b.Run(name+"/"+title, func(b *testing.B) {
				feature := 0
				if title == "float32" {
					feature = 1
				}
				for b.Loop() {
					e.Numbers(feature, x, v, rows, faults)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/value")
			})
		}
	}
}

// BenchmarkBindForward goes from float64 columns with nulls to predictions.
func BenchmarkBindForward(b *testing.B) {
	const rows = 8192
	m, columns := benchColumns(rows)
	for _, name := range Kernels() {
		b.Run(name, func(b *testing.B) {
			k, _ := ChooseKernel(name)
			n, err := Compile[float32](m, k)
			if err != nil {
				b.Fatal(err)
			}
			e, ws, group := NewEncoder[float32](m, k), n.NewWorkspace(), n.GroupPanels()
			x, y := make([]float32, group*e.Width()*Lanes), make([]float32, Panels(rows)*Lanes)
			faults, out := NewFaults(rows), make([][]float32, n.Layers())
			for b.Loop() {
				for p := 0; p < Panels(rows); p += group {
					g := min(group, Panels(rows)-p)
					for f, c := range columns {
						c.F64, c.Valid = c.F64[p*Lanes:], c.Valid[p*Lanes/8:]
						e.Numbers(f, x, c, g*Lanes, faults)
					}
					out[n.Layers()-1] = y[p*Lanes:]
					n.Forward(ws, x, g, out)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

// BenchmarkNonFinite looks through a column of predictions.
func BenchmarkNonFinite(b *testing.B) {
	const panels = 256
	x, mask := inputs[float32](1, 1, panels), make([]uint32, panels)
	for b.Loop() {
		NonFinite(mask, x, 1, panels)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(panels*Lanes), "ns/value")
}
