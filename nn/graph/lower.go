package graph

import (
	"math"
	"strconv"

	"yhat/nn"
)

// producer is who wrote a graph that FromModel made: its products bear the names
// of layers.
const producer = "yhat"

// The operator sets of graphs that FromModel makes.
const (
	lowerOpset   = 18
	lowerMLOpset = 3
)

// FromModel writes a model as a graph of operators of ai.onnx 18 and
// ai.onnx.ml 3. Each feature is an input [N, 1] of its own name: a number is a
// double, so that fill, bounds, center and scale reckon as the model does, in
// float64, and a category is a string. A missing number is NaN, a missing word
// the empty string.
//
// A classifier gives "label" [N] and "probabilities" [N, classes], as
// scikit-learn's exporter does, the first column of a single output being
// 1 − ŷ; another model gives one tensor [N, outputs]. A row with a number
// outside its bounds gives NaN, and the empty label.
func FromModel(m *nn.Model) *Graph {
	b := &builder{g: &Graph{Name: m.Name, Producer: producer, Constants: map[string]*Tensor{}, Metadata: map[string]string{}}, taken: map[string]bool{"": true}}
	for i := range m.Features {
		b.taken[m.Features[i].Name] = true
	}
	score, label := b.outputNames(&m.Outputs)
	a, outside := b.inputs(m.Features)
	for i := range m.Layers {
		a = b.layer(&m.Layers[i], i, a)
	}
	if outside != "" {
		a = b.node("Where", outside, b.constant("not_a_number", &Tensor{Type: Float32, Shape: []int{}, F32: []float32{float32(math.NaN())}}), a)
	}
	if label == "" {
		b.result(score, Float32, a, m.OutputWidth())
		return b.g
	}
	b.classes(m, a, outside, label, score)
	return b.g
}

// builder adds nodes to a graph, naming each after what it gives.
type builder struct {
	g     *Graph
	taken map[string]bool
}

// name is want, or want with a number if that is taken.
func (b *builder) name(want string) string {
	name := want
	for i := 2; b.taken[name]; i++ {
		name = want + "_" + strconv.Itoa(i)
	}
	b.taken[name] = true
	return name
}

// outputNames reserves the names of the outputs; label is "" without labels.
func (b *builder) outputNames(o *nn.Outputs) (score, label string) {
	switch {
	case o.Labels != nil:
		return b.name("probabilities"), b.name("label")
	case len(o.Names) == 1:
		return b.name(o.Names[0]), ""
	}
	return b.name("y_hat"), ""
}

// node adds a node of ai.onnx with one result, whose name it returns.
func (b *builder) node(op string, inputs ...string) string { return b.with(op, nil, inputs...) }

// with is node with attributes.
func (b *builder) with(op string, attributes map[string]Attribute, inputs ...string) string {
	return b.add(Node{Op: op, Version: lowerOpset, Inputs: inputs, Attributes: attributes}, op)
}

// ml adds a node of ai.onnx.ml.
func (b *builder) ml(op string, attributes map[string]Attribute, inputs ...string) string {
	return b.add(Node{Domain: "ai.onnx.ml", Op: op, Version: lowerMLOpset, Inputs: inputs, Attributes: attributes}, op)
}

func (b *builder) add(n Node, name string) string {
	name = b.name(name)
	n.Outputs = []string{name}
	if n.Name == "" {
		n.Name = name
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return name
}

func (b *builder) constant(name string, t *Tensor) string {
	name = b.name(name)
	b.g.Constants[name] = t
	return name
}

// scalar is a float32 constant without dimensions.
func (b *builder) scalar(x float64) string {
	return b.constant("scalar", &Tensor{Type: Float32, Shape: []int{}, F32: []float32{float32(x)}})
}

// doubles is a row of float64 constants.
func (b *builder) doubles(name string, row []float64) string {
	return b.constant(name, &Tensor{Type: Float64, Shape: []int{1, len(row)}, F64: row})
}

func (b *builder) integers(name string, list ...int64) string {
	return b.constant(name, &Tensor{Type: Int64, Shape: []int{len(list)}, I64: list})
}

// whole is an attribute of one integer.
func whole(i int64) Attribute { return Attribute{Kind: IntAttribute, I: i} }

func cast(code int64) map[string]Attribute { return map[string]Attribute{"to": whole(code)} }

func axis(i int64) map[string]Attribute { return map[string]Attribute{"axis": whole(i)} }

// Element types of ONNX, as Cast wants them.
const (
	codeFloat = 1
	codeInt64 = 7
	codeBool  = 9
)

// join puts values side by side.
func (b *builder) join(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return b.with("Concat", axis(1), names...)
}

// result renames a value to an output of the graph, [N, width], or [N] if width
// is 0.
func (b *builder) result(name string, t Type, value string, width int) {
	b.g.Nodes = append(b.g.Nodes, Node{Name: b.name("to_" + name), Op: "Identity", Version: lowerOpset, Inputs: []string{value}, Outputs: []string{name}})
	shape := []Dim{{Size: -1, Name: "N"}}
	if width > 0 {
		shape = append(shape, Dim{Size: width})
	}
	b.g.Outputs = append(b.g.Outputs, Output{Name: name, Type: t, Shape: shape})
}

// classes adds the outputs of a classifier: the label, and the probability of
// each class.
func (b *builder) classes(m *nn.Model, p, outside, label, score string) {
	labels := b.constant("labels", &Tensor{Type: String, Shape: []int{1, len(m.Outputs.Labels)}, Str: m.Outputs.Labels})
	var index string
	if m.OutputWidth() == 1 && len(m.Outputs.Labels) == 2 {
		threshold := 0.5
		if m.Outputs.Threshold != nil {
			threshold = *m.Outputs.Threshold
		}
		index = b.with("Cast", cast(codeInt64), b.node("GreaterOrEqual", p, b.scalar(threshold)))
		p = b.with("Concat", axis(1), b.node("Sub", b.scalar(1), p), p)
	} else {
		index = b.with("ArgMax", map[string]Attribute{"axis": whole(1), "keepdims": whole(1)}, p)
	}
	flat := b.integers("flat", -1)
	word := b.node("Reshape", b.ml("ArrayFeatureExtractor", nil, labels, b.node("Reshape", index, flat)), flat)
	if outside != "" {
		none := b.constant("no_label", &Tensor{Type: String, Shape: []int{1}, Str: []string{""}})
		word = b.node("Where", b.node("Reshape", outside, flat), none, word)
	}
	b.result(label, String, word, 0)
	b.result(score, Float32, p, max(2, m.OutputWidth()))
}
