package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"yhat/nn"
)

// column1 is an input of one column.
func column1(name string, t Type) Input {
	return Input{Name: name, Type: t, Ranks: true, Shape: []Dim{{-1, "N"}, {1, ""}}}
}

// pipelines are graphs that begin as exporters of pipelines write them; fused
// are their first steps after the cells are encoded.
var pipelines = map[string]struct {
	inputs []Input
	nodes  []Node
	first  string
}{
	"impute and scale a matrix": {[]Input{{Name: "x", Type: Float32, Ranks: true, Shape: []Dim{{-1, "N"}, {4, ""}}}}, []Node{
		op("ml.Imputer", "x", "i", "imputed_value_floats", []float32{1, 2, 3, 4}, "replaced_value_float", float32(math.NaN())),
		op("ml.Scaler", "i", "s", "offset", []float32{1, 2000, 3, 4}, "scale", []float32{0.1, 2, -3, 0.25}),
		op("MatMul", "s w4", "y")}, "dense 4→2"},
	"doubles side by side": {[]Input{column1("a", Float64), column1("b", Float64), column1("c", Float64), column1("d", Float64)}, []Node{
		op("Concat", "a b c d", "x", "axis", 1), op("IsNaN", "x", "gone"), op("Where", "gone one x", "full"),
		op("Sub", "full third", "shifted"), op("Div", "shifted third", "z"), op("Cast", "z", "f", "to", codeFloat), op("MatMul", "f w4", "y")}, "dense 4→2"},
	"words and numbers": {[]Input{column1("sex", String), column1("age", Float32), column1("ward", String)}, []Node{
		op("ml.LabelEncoder", "ward", "filled", "keys_strings", []string{"", "a", "b"}, "values_strings", []string{"b", "a", "b"}, "default_string", "other"),
		op("ml.OneHotEncoder", "sex", "s", "cats_strings", []string{"f", "m"}, "zeros", 0), op("Reshape", "s row", "s1"),
		op("ml.OneHotEncoder", "filled", "h", "cats_strings", []string{"b", "a"}, "zeros", 1), op("Reshape", "h row", "h1"),
		op("ml.Scaler", "age", "z", "offset", []float32{40}, "scale", []float32{0.05}),
		op("ml.FeatureVectorizer", "s1 z", "v", "inputdimensions", []int64{2, 1}), op("Concat", "v h1", "all", "axis", 1),
		op("MatMul", "all w5", "y")}, "dense 5→2"},
	"dropped categories": {[]Input{column1("sex", String)}, []Node{
		op("ml.OneHotEncoder", "sex", "s", "cats_strings", []string{"d", "f", "m"}, "zeros", 1), op("Flatten", "s", "s1", "axis", 1),
		op("Gather", "s1 two", "some", "axis", 1), op("MatMul", "some w2", "y")}, "dense 2→2"},
	"scaled, and whether it is missing": {[]Input{{Name: "x", Type: Float32, Ranks: true, Shape: []Dim{{-1, "N"}, {4, ""}}}}, []Node{
		op("IsNaN", "x", "gone"), op("Cast", "gone", "m", "to", codeFloat),
		op("ml.Imputer", "x", "i", "imputed_value_floats", []float32{5}, "replaced_value_float", float32(math.NaN())),
		op("Concat", "i m", "y", "axis", 1)}, "IsNaN"},
	"a range": {[]Input{{Name: "x", Type: Float32, Ranks: true, Shape: []Dim{{-1, "N"}, {4, ""}}}}, []Node{
		op("Mul", "x third32", "m"), op("Add", "third32 m", "a"), op("MatMul", "a w4", "y")}, "Add"},
	"scaled twice": {[]Input{column1("a", Float32), column1("b", Float32)}, []Node{
		op("Concat", "b a", "x", "axis", 1), op("Cast", "x", "wide", "to", 11), op("Sub", "wide third", "z1"), op("Sub", "z1 third", "z2"),
		op("Mul", "z2 third", "z"), op("Cast", "z", "f", "to", codeFloat), op("Split", "f", "p q", "axis", 1), op("Sub", "p q", "y")}, "Sub"},
}

func pipeline(inputs []Input, nodes []Node) *Graph {
	r := rand.New(rand.NewPCG(3, 4))
	weights := func(in int) *Tensor {
		list := make([]float32, 2*in)
		for i := range list {
			list[i] = float32(r.NormFloat64())
		}
		return f32([]int{in, 2}, list...)
	}
	return &Graph{Inputs: inputs, Nodes: nodes, Outputs: []Output{{Name: "y"}}, Constants: map[string]*Tensor{
		"w2": weights(2), "w4": weights(4), "w5": weights(5), "row": i64(-1, 2), "two": i64(2, 1), "third32": f32(nil, 1.0/3),
		"third": {Type: Float64, Shape: []int{1, 1}, F64: []float64{1.0 / 3}}, "one": {Type: Float64, Shape: []int{1, 4}, F64: []float64{1, 2, 3, 4}}}}
}

// TestSources: encoding a table's cells right into the network gives what the
// graph's own operators give.
func TestSources(t *testing.T) {
	for name, c := range pipelines {
		t.Run(name, func(t *testing.T) {
			g := pipeline(c.inputs, c.nodes)
			columns := []string{"p", "q", "r", "s"}[:0]
			if len(c.inputs[0].Shape) == 2 && c.inputs[0].Shape[1].Size == 4 {
				columns = []string{"p", "q", "r", "s"}
			}
			plain, err := compileTable(g, Options{}, columns)
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := CompileTable(g, Options{}, columns)
			if err != nil {
				t.Fatal(err)
			}
			if steps := encoded.Steps(); !strings.HasPrefix(steps[0], "encode ") || !strings.HasPrefix(steps[1], c.first) || len(steps) > len(plain.Steps()) {
				t.Errorf("steps %q, without sources %q", steps, plain.Steps())
			}
			a, err := Agree(TableScorer(plain), TableScorer(encoded), 1000, 5)
			if err != nil {
				t.Fatal(err)
			}
			if a.Apart > 0 || a.Largest > 2e-6 {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestSourcesRound: a cell is rounded to the type of the model's input before it
// is centered, as it is where others feed the model.
func TestSourcesRound(t *testing.T) {
	g := &Graph{Inputs: []Input{column1("x", Float32)}, Outputs: []Output{{Name: "y"}},
		Nodes: []Node{op("ml.Scaler", "x", "y", "offset", []float32{16777216}, "scale", []float32{0.5})}}
	table, err := CompileTable(g, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cells := []float64{16777217.5, 3e38, 1e39, 7, math.Inf(1)}
	for _, v := range []nn.Numbers{{F64: cells, Factor: 1}, {F64: []float64{16777215.5, 3e38, 1e39, 5, math.Inf(1)}, Factor: 1, Plus: 2}} {
		in, out, faults := table.NewInputs(1), table.NewOutputs(1), nn.NewFaults(len(cells))
		table.Numbers(0, in, v, len(cells), faults)
		if faults.OutOfRange[0] != 1<<2 || faults.NotANumber[0] != 1<<4 {
			t.Errorf("out of range %b, not a number %b", faults.OutOfRange[0], faults.NotANumber[0])
		}
		table.Run(table.NewWorkspace(), in, 1, out)
		if got := out[0].F32[:2]; got[0] != 1 || got[1] != 1.5e38 {
			t.Errorf("got %v", got)
		}
	}
}

// TestScorerOfALoweredModel: a model of layers and the graph that is made of it
// give the same bits, and find the same cells bad.
func TestScorerOfALoweredModel(t *testing.T) {
	k, _ := nn.ChooseKernel("")
	m, _ := chain(3, 5, 1)
	fill, low, high := 0.5, -2.0, 2.0
	m.Features[0].Fill, m.Features[0].Center, m.Features[0].Scale = &fill, 0.1, 3
	m.Features[1].Min, m.Features[1].Max = &low, &high
	m.Features[2].Center, m.Features[2].Scale = 1e-3, 1e-38
	m.Outputs.Labels = []string{"no", "yes"}
	g := FromModel(m)
	g.Words = &Words{Features: m.Features, Outputs: m.Outputs, Width: 1}
	layers, err := nn.NewScorer[float32](m, k)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := NewScorer[float32](func(opt Options) (*Table, error) { return CompileTable(g, opt, nil) }, Options{Kernel: k}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 40
	r := rand.New(rand.NewPCG(1, 1))
	a, b := layers.NewPass(), nodes.NewPass()
	for f := range m.Features {
		cells := make([]float64, rows)
		for i := range cells {
			if cells[i] = 1.5 * r.NormFloat64(); i%7 == f {
				cells[i] = math.NaN()
			}
		}
		ours, theirs := nn.NewFaults(rows), nn.NewFaults(rows)
		a.Numbers(f, nn.Numbers{F64: cells, Factor: 1}, rows, ours)
		b.Numbers(f, nn.Numbers{F64: cells, Factor: 1}, rows, theirs)
		if fmt.Sprint(ours) != fmt.Sprint(theirs) {
			t.Errorf("feature %d: faults %b, of the graph %b", f, ours, theirs)
		}
	}
	want, got := make([][]float32, len(layers.Card().Values)), make([][]float32, len(nodes.Card().Values))
	want[len(want)-1], got[len(got)-1] = make([]float32, 64), make([]float32, 64)
	a.Forward(rows, want)
	b.Forward(rows, got)
	if !slices.Equal(want[len(want)-1][:rows], got[len(got)-1][:rows]) {
		t.Errorf("scores %v, of the graph %v", want[len(want)-1][:rows], got[len(got)-1][:rows])
	}
}

// TestFaultsOfAMatrix: a fault is told by the column that it comes from, where
// it is one.
func TestFaultsOfAMatrix(t *testing.T) {
	table := f32([]int{2, 1}, 5, 6)
	whole := []Node{op("Cast", "x", "at", "to", 7), op("Gather", "table at", "found"), op("Reshape", "found flat", "y")}
	for name, c := range map[string]struct {
		nodes []Node
		want  []int // the features of the faults
	}{
		"all columns":     {whole, []int{0, 1, 2, 3}},
		"one column":      {[]Node{op("Gather", "x two", "c", "axis", 1), op("Cast", "c", "at", "to", 7), op("Gather", "table at", "found"), op("Flatten", "found", "y")}, []int{2}},
		"column after":    {[]Node{op("Cast", "x", "i", "to", 7), op("Gather", "i two", "at", "axis", 1), op("Gather", "table at", "found"), op("Flatten", "found", "y")}, []int{2}},
		"side by side":    {[]Node{op("Split", "x", "p q", "axis", 1), op("Concat", "q p", "s", "axis", 1), op("Cast", "s", "at", "to", 7), op("Gather", "table at", "found"), op("Flatten", "found", "y")}, []int{2, 3, 0, 1}},
		"a sum of all":    {[]Node{op("ReduceSum", "x one", "sum"), op("Cast", "sum", "at", "to", 7), op("Gather", "table at", "found"), op("Flatten", "found", "y")}, []int{-1}},
		"shifted numbers": {[]Node{op("Sub", "x half", "s"), op("Cast", "s", "at", "to", 7), op("Gather", "table at", "found"), op("Flatten", "found", "y")}, []int{0, 1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			g := small(Float32, map[string]*Tensor{"table": table, "flat": i64(-1, 4), "two": i64(2), "one": i64(1), "half": f32(nil, 0.5)}, "y", c.nodes...)
			table, err := CompileTable(g, Options{}, []string{"a", "b", "c", "d"})
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for i := range table.Faults() {
				got = append(got, table.FaultFeature(i))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("features %v, want %v", got, c.want)
			}
		})
	}
}

// TestSourcesAreBounded: a graph that centers a wide matrix over and over does
// not keep a source for each element of each value, and gives the same.
func TestSourcesAreBounded(t *testing.T) {
	const width, times = 1 << 10, 300
	g := &Graph{Constants: map[string]*Tensor{"k": f32(nil, 1), "first": i64(0)},
		Inputs: []Input{{Name: "x0", Type: Float32, Ranks: true, Shape: []Dim{{-1, "N"}, {width, ""}}}}}
	columns := make([]string, width)
	for i := range columns {
		columns[i] = fmt.Sprint("c", i)
	}
	for i := range times {
		g.Nodes = append(g.Nodes, op("Mul", fmt.Sprint("x", i, " k"), fmt.Sprint("x", i+1)))
	}
	g.Nodes = append(g.Nodes, op("Gather", fmt.Sprint("x", times, " first"), "y", "axis", 1))
	g.Outputs = []Output{{Name: "y"}}
	c := newCompiler(g, Options{table: true})
	if _, err := c.compileAll(); err != nil {
		t.Fatal(err)
	}
	sources := 0
	for _, v := range c.values {
		sources += len(v.sources)
	}
	if sources > maxSources || sources < 2*width {
		t.Errorf("%d sources", sources)
	}
	plain, err := compileTable(g, Options{}, columns)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := CompileTable(g, Options{}, columns)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := Agree(TableScorer(plain), TableScorer(encoded), 40, 5); err != nil || a.Apart > 0 || a.Largest > 0 {
		t.Errorf("%+v, %v", a, err)
	}
}
