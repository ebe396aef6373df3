package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"yhat/nn"
)

// drawModel draws a model with features of every kind.
func drawModel(t *rapid.T) *nn.Model {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
	number := func(scale float64) *float64 { v := scale * r.NormFloat64(); return &v }
	m := &nn.Model{Name: "drawn"}
	for i := range rapid.IntRange(1, 6).Draw(t, "features") {
		f := nn.Feature{Name: fmt.Sprint("f", i), Scale: 1}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			f.Center, f.Scale = r.NormFloat64(), 0.5+r.Float64()
		case 1:
			f.Fill, f.Center = number(1), 3
		case 2:
			f.Fill, f.Scale = number(1), -2
			low, high := -1.5, 1.5
			f.Min, f.Max = &low, &high
		case 3:
			high := 1.0
			f.Max = &high
		case 4:
			f.Categories, f.UnknownZeros = []string{"a", "b", "unknown"}, r.IntN(2) == 0
		case 5:
			f.Categories, f.FillCategory, f.HasFillCategory, f.UnknownZeros = []string{"b", "unknown", "ü"}, "ü", true, r.IntN(2) == 0
		}
		m.Features = append(m.Features, f)
	}
	width := m.InputWidth()
	for range rapid.IntRange(1, 3).Draw(t, "layers") {
		l := nn.Layer{In: width, Out: rapid.IntRange(1, 5).Draw(t, "units"), Activation: nn.Func(rapid.IntRange(0, int(nn.LogSoftmax)).Draw(t, "activation")).Default()}
		for range l.In * l.Out {
			l.W = append(l.W, r.NormFloat64()/3)
		}
		for range l.Out {
			l.B = append(l.B, r.NormFloat64()/3)
		}
		m.Layers, width = append(m.Layers, l), l.Out
	}
	if rapid.Bool().Draw(t, "labels") {
		for i := range max(2, width) {
			m.Outputs.Labels = append(m.Outputs.Labels, fmt.Sprint("class ", i))
		}
		if width == 1 && rapid.Bool().Draw(t, "threshold") {
			m.Outputs.Threshold = number(0.3)
		}
	}
	return m
}

// TestFromModelAgrees: a model and its graph give the same, row by row.
func TestFromModelAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		g := FromModel(m)
		g.Words = &Words{m.Features, m.Outputs, m.OutputWidth()}
		table, err := CompileTable(g, Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := NetworkScorer(m, nn.Kernel{})
		if err != nil {
			t.Fatal(err)
		}
		found, err := Agree(ours, TableScorer(table), 300, rapid.Uint64().Draw(t, "rows"))
		if err != nil {
			t.Fatal(err)
		}
		if found.Apart > 0 || found.Largest > 0 {
			t.Fatalf("%+v", found)
		}
	})
}

// TestAgreeSees: a changed weight, a changed label and a lost bound are seen.
func TestAgreeSees(t *testing.T) {
	high := 1.0
	base := func() *nn.Model {
		return &nn.Model{Features: []nn.Feature{{Name: "x", Scale: 1, Max: &high}, {Name: "w", Categories: []string{"a", "b"}}},
			Layers:  []nn.Layer{{In: 3, Out: 1, W: []float64{1, 2, 3}, B: []float64{0}, Activation: nn.Activation{Func: nn.Sigmoid}}},
			Outputs: nn.Outputs{Labels: []string{"no", "yes"}}}
	}
	for name, change := range map[string]func(m *nn.Model){
		"weight": func(m *nn.Model) { m.Layers[0].W[1] += 1e-4 },
		"label":  func(m *nn.Model) { m.Outputs.Labels = []string{"yes", "no"} },
		"width":  func(m *nn.Model) { m.Layers[0] = nn.Layer{In: 3, Out: 2, W: make([]float64, 6), B: make([]float64, 2)} },
		"name":   func(m *nn.Model) { m.Features[0].Name = "y" },
		"words":  func(m *nn.Model) { m.Features[1].Categories = []string{"b", "a"} },
	} {
		t.Run(name, func(t *testing.T) {
			other := base()
			change(other)
			var scorers []*Scorer
			for _, m := range []*nn.Model{base(), other} {
				s, err := NetworkScorer(m, nn.Kernel{})
				if err != nil {
					t.Fatal(err)
				}
				scorers = append(scorers, s)
			}
			found, err := Agree(scorers[0], scorers[1], 500, 3)
			if err == nil && found.Apart == 0 && found.Largest < 1e-6 {
				t.Fatalf("not seen: %+v", found)
			}
		})
	}
}

// TestFromModelNames: names that a graph wants for itself belong to the
// features that bear them.
func TestFromModelNames(t *testing.T) {
	m := &nn.Model{Features: []nn.Feature{{Name: "label", Scale: 2}, {Name: "probabilities", Scale: 1}, {Name: "Gemm", Scale: 1}},
		Layers:  []nn.Layer{{Name: "label", In: 3, Out: 1, W: []float64{1, 1, 1}, B: []float64{0}, Activation: nn.Activation{Func: nn.Tanh}}},
		Outputs: nn.Outputs{Labels: []string{"no", "yes"}}}
	table, err := CompileTable(FromModel(m), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Features) != 3 || table.Features[0].Name != "label" || table.Label == nil || len(table.Scores) != 2 {
		t.Fatalf("features %+v, label %v, scores %v", table.Features, table.Label, table.Scores)
	}
}
