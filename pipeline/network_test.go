package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yhat/io/table"
	"yhat/nn/graph"
	"yhat/pipeline"
)

// triage is a graph as scikit-learn's pipelines are exported: a number that may
// be missing, a word of three, an integer; two scores and a label of words.
func triage() *graph.Graph {
	column := func(name string, t graph.Type) graph.Input {
		return graph.Input{Name: name, Type: t, Ranks: true, Shape: []graph.Dim{{Size: -1, Name: "N"}, {Size: 1}}}
	}
	matrix := func(rows, columns int, v ...float32) *graph.Tensor {
		return &graph.Tensor{Type: graph.Float32, Shape: []int{rows, columns}, F32: v}
	}
	node := func(domain, op, in, out string, attributes map[string]graph.Attribute) graph.Node {
		return graph.Node{Name: "n_" + out, Domain: domain, Op: op, Version: map[string]int{"": 13, "ai.onnx.ml": 1}[domain],
			Inputs: strings.Fields(in), Outputs: strings.Fields(out), Attributes: attributes}
	}
	return &graph.Graph{
		Name:   "triage",
		Inputs: []graph.Input{column("age", graph.Float32), column("sex", graph.String), column("visits", graph.Int64)},
		Constants: map[string]*graph.Tensor{
			"w":       matrix(5, 2, 0.1, -0.1, 1, 0, 0, 1, 0, 0, 0, 0.5),
			"b":       matrix(1, 2, 0, 0),
			"classes": {Type: graph.String, Shape: []int{2}, Str: []string{"home", "ward"}},
		},
		Nodes: []graph.Node{
			node("ai.onnx.ml", "Imputer", "age", "age1", map[string]graph.Attribute{"imputed_value_floats": {Floats: []float32{40}}, "replaced_value_float": {F: nan()}}),
			node("ai.onnx.ml", "OneHotEncoder", "sex", "sex1", map[string]graph.Attribute{"cats_strings": {Strings: []string{"female", "male", " other"}}, "zeros": {I: 0}}),
			node("", "Reshape", "sex1 flat", "sex2", nil),
			node("", "Cast", "visits", "visits1", map[string]graph.Attribute{"to": {I: 1}}),
			node("", "Concat", "age1 sex2 visits1", "x", map[string]graph.Attribute{"axis": {I: 1}}),
			node("", "MatMul", "x w", "h", nil),
			node("", "Add", "h b", "z", nil),
			node("", "Softmax", "z", "p", map[string]graph.Attribute{"axis": {I: 1}}),
			node("", "ArgMax", "p", "at", map[string]graph.Attribute{"axis": {I: 1}, "keepdims": {I: 0}}),
			node("ai.onnx.ml", "ArrayFeatureExtractor", "classes at", "label", nil),
		},
		Outputs: []graph.Output{{Name: "label"}, {Name: "p"}},
	}
}

func nan() float32 { var zero float32; return zero / zero }

// imported is a job that scores with the graph.
func imported(t *testing.T, text string) *run {
	g := triage()
	g.Constants["flat"] = &graph.Tensor{Type: graph.Int64, Shape: []int{2}, I64: []int64{-1, 3}}
	r := newRun(file(t, "in.csv", text))
	r.job.Model = g
	return r
}

func TestAnImportedGraphScores(t *testing.T) {
	text := "id,visits,sex,age\n1,0,female,0\n2,4, other ,\n3,2,male,10\n"
	want := "id,visits,sex,age,y_hat_home,y_hat_ward,y_hat_label\n1,0,female,0,0.7310586,0.26894143,home\n" +
		"2,4, other ,,0.99752736,0.0024726233,home\n3,2,male,10,0.5,0.5,home\n"
	r := imported(t, text)
	r.job.Stats = true
	report, err := r.score(t)
	if err != nil || r.out.String() != want {
		t.Errorf("error %v, got\n%s\nwant\n%s", err, r.out.String(), want)
	}
	if f := report.Features["age"]; f.Missing != 1 || f.Filled != 1 || report.Model.Name != "triage" {
		t.Errorf("age %+v, model %+v", f, report.Model)
	}
}

// What is wrong with a row is told of the first feature, in the model's order,
// whether its cell or the graph says so.
func TestRowsThatAGraphCannotScore(t *testing.T) {
	text := "visits,sex,age\n1.5,female,1\n,female,1\n1,fish,1\n1,,1\n1,male,x\n0.5,fish,1\n1,male,3\n"
	want := "visits,sex,age,y_hat_error\n1.5,female,1,not_a_number\n,female,1,missing\n1,fish,1,unknown_category\n1,,1,missing\n" +
		"1,male,x,not_a_number\n0.5,fish,1,unknown_category\n1,male,3,\n"
	for _, workers := range []int{1, 7} {
		r := imported(t, text)
		r.job.Bad.Policy, r.job.Workers, r.read.BlockSize = pipeline.Null, workers, 20
		r.job.Columns.Prefix = "p_"
		if _, err := r.score(t); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for line := range strings.Lines(r.out.String()) {
			cells := strings.Split(strings.TrimSpace(line), ",")
			got.WriteString(strings.TrimPrefix(strings.Join(append(cells[:3:3], cells[len(cells)-1]), ","), "p_") + "\n")
		}
		if text := strings.Replace(got.String(), "p_y_hat_error", "y_hat_error", 1); text != want {
			t.Errorf("%d workers: got\n%s\nwant\n%s", workers, text, want)
		}
	}
}

// Layers and other values by number and by name; the last layer takes the run
// of bias and nonlinearity behind it.
func TestActivationsOfAGraph(t *testing.T) {
	for wanted, want := range map[string]string{
		"all":    "a1_0 a1_1",
		"1":      "a1_0 a1_1",
		"n_h":    "a1_0 a1_1",
		"p":      "a1_0 a1_1",
		"z":      "z_0 z_1",
		"1 x h":  "a1_0 a1_1 h_0 h_1 x_0 x_1 x_2 x_3 x_4",
		"age1 1": "a1_0 a1_1 age1_0",
	} {
		r := imported(t, "visits,sex,age\n2,female,10\n")
		r.job.Columns.KeepAll, r.job.Columns.Activations = false, strings.Fields(wanted)
		if _, err := r.score(t); err != nil {
			t.Fatalf("%s: %v", wanted, err)
		}
		head, row, _ := strings.Cut(strings.TrimSpace(r.out.String()), "\n")
		names, cells := strings.Split(head, ","), strings.Split(row, ",")
		if got := strings.Join(names[3:], " "); got != want {
			t.Errorf("%s: columns %s, want %s", wanted, got, want)
		}
		for i, name := range names {
			if at := slices.Index(names, strings.Replace(name, "a1_", "y_hat_", 1)); strings.HasPrefix(name, "a1_") && at >= 0 && cells[i] != cells[at] {
				t.Errorf("%s: %s is %s, the prediction %s", wanted, name, cells[i], cells[at])
			}
			if v := map[string]string{"z_0": "2", "z_1": "0", "age1_0": "10", "x_4": "2"}[name]; v != "" && cells[i] != v {
				t.Errorf("%s: %s is %s, want %s", wanted, name, cells[i], v)
			}
		}
	}
	r := imported(t, "visits,sex,age\n2,female,10\n")
	r.job.Columns.Activations = []string{"zz"}
	if _, err := r.score(t); !errors.Is(err, table.ErrUsage) {
		t.Errorf("error %v, want ErrUsage", err)
	}
}

// Features by the order of columns, in native models and in graphs.
func TestFeaturesByPosition(t *testing.T) {
	cases := []struct {
		model   pipeline.Model
		head    string
		bind    pipeline.Binding
		want    string
		failure error
	}{
		{sum(), "a,b", pipeline.Binding{All: true}, "21", nil},
		{sum(), "b,a", pipeline.Binding{Features: []string{"a", "b"}}, "12", nil},
		{sum(), "b,a", pipeline.Binding{Features: []string{"a", "b"}, Map: map[string]pipeline.Source{"x1": {Column: "a", Factor: 3}}}, "16", nil},
		{sum(), "a,b", pipeline.Binding{Features: []string{"a"}}, "", table.ErrUsage},
		{sum(), "a,b,c", pipeline.Binding{All: true}, "", table.ErrData},
		{scaled(2), "a,b", pipeline.Binding{All: true}, "21", nil},
		{scaled(2), "b,a", pipeline.Binding{Features: []string{"a", "b"}}, "12", nil},
		{scaled(-1), "b,a", pipeline.Binding{Features: []string{"a", "b"}}, "12", nil},
		{scaled(2), "a,b", pipeline.Binding{}, "", table.ErrUsage},
		{scaled(2), "a,b,c", pipeline.Binding{All: true}, "", table.ErrData},
		{scaled(2), "a,b", pipeline.Binding{Features: []string{"a"}}, "", table.ErrUsage},
		{named(scaled(2), "b", "a"), "a,b", pipeline.Binding{}, "12", nil},
	}
	for _, c := range cases {
		row := "1,2,3"[:len(c.head)]
		r := newRun(file(t, "in.csv", c.head+"\n"+row+"\n"))
		r.job.Model, r.job.Bind, r.job.Columns.KeepAll = c.model, c.bind, false
		report, err := r.score(t)
		if !errors.Is(err, c.failure) || c.failure == nil && r.out.String() != "y_hat\n"+c.want+"\n" {
			t.Errorf("%s by %+v: error %v, got %q, want %s", c.head, c.bind, err, r.out.String(), c.want)
		}
		if (report.BoundBy == "position") != c.bind.All {
			t.Errorf("bound by %q", report.BoundBy)
		}
	}
}

// scaled is x1 + 10 x2 of a matrix of so many columns; -1: of any number.
func scaled(columns int) *graph.Graph {
	return &graph.Graph{
		Inputs:    []graph.Input{{Name: "x", Type: graph.Float32, Ranks: true, Shape: []graph.Dim{{Size: -1}, {Size: columns}}}},
		Constants: map[string]*graph.Tensor{"w": {Type: graph.Float32, Shape: []int{2, 1}, F32: []float32{1, 10}}},
		Nodes:     []graph.Node{{Op: "MatMul", Version: 13, Inputs: []string{"x", "w"}, Outputs: []string{"y"}}},
		Outputs:   []graph.Output{{Name: "y"}},
	}
}

func named(g *graph.Graph, columns ...string) *graph.Graph {
	g.Columns = columns
	return g
}

func TestPrecisionOfAGraph(t *testing.T) {
	double := scaled(2)
	double.Inputs[0].Type = graph.Float64
	double.Constants["w"] = &graph.Tensor{Type: graph.Float64, Shape: []int{2, 1}, F64: []float64{0.1, 10}}
	for _, c := range []struct {
		g         *graph.Graph
		precision int
		want      string
	}{{double, 64, "20.1"}, {double, 32, "20.1"}, {scaled(2), 64, ""}} {
		r := newRun(file(t, "in.csv", "a,b\n1,2\n"))
		r.job.Model, r.job.Precision, r.job.Bind.All, r.job.Columns.KeepAll = c.g, c.precision, true, false
		_, err := r.score(t)
		if c.want == "" && !errors.Is(err, table.ErrUsage) || c.want != "" && r.out.String() != "y_hat\n"+c.want+"\n" {
			t.Errorf("precision %d: error %v, got %q", c.precision, err, r.out.String())
		}
	}
}

// Everything that cannot be run is told at once.
func TestUnsupportedGraph(t *testing.T) {
	g := scaled(2)
	g.Nodes = append(g.Nodes, graph.Node{Name: "one", Op: "Conv", Inputs: []string{"y"}, Outputs: []string{"c"}},
		graph.Node{Name: "two", Op: "LSTM", Inputs: []string{"y"}, Outputs: []string{"d"}})
	g.Outputs = append(g.Outputs, graph.Output{Name: "c"}, graph.Output{Name: "d"})
	r := newRun(file(t, "in.csv", "a,b\n1,2\n"))
	r.job.Model, r.job.Bind.All = g, true
	_, err := r.score(t)
	if _, ok := errors.AsType[*graph.UnsupportedError](err); !ok || !strings.Contains(err.Error(), `"one" (Conv)`) || !strings.Contains(err.Error(), `"two" (LSTM)`) {
		t.Errorf("error %v", err)
	}
}
