package model

import (
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"yhat/nn/graph"
)

// besideFrom is the number of elements from which a constant lies beside the
// text, where there is a file for them.
const besideFrom = 64

// EncodeGraph writes a graph in the native manner. Constants of 64 elements and
// more, but for text, go into weights under the file's name; with nil weights
// all stand in the text. The same graph gives the same bytes.
func EncodeGraph(w io.Writer, g *graph.Graph, weights *Weights) error {
	e := &graphEncoder{weights: weights}
	e.text("{\n  \"format\": ").word(graphFormat)
	if g.Name != "" {
		e.text(",\n  \"name\": ").word(g.Name)
	}
	if g.Producer != "" {
		e.text(",\n  \"producer\": ").word(g.Producer)
	}
	e.opsets(g)
	e.text(",\n  \"inputs\": [")
	for i, in := range g.Inputs {
		e.text(separator(i)+"\n    ").port(in.Name, in.Type, in.Shape, in.Ranks, in.Keys)
	}
	e.text("\n  ],\n  \"nodes\": [")
	for i := range g.Nodes {
		e.text(separator(i) + "\n    ")
		e.node(&g.Nodes[i])
	}
	e.text("\n  ],\n  \"constants\": {")
	for i, name := range slices.Sorted(maps.Keys(g.Constants)) {
		e.text(separator(i) + "\n    ").word(name).text(": ")
		e.constant(name, g.Constants[name])
	}
	e.text("\n  },\n  \"outputs\": [")
	for i, out := range g.Outputs {
		e.text(separator(i)+"\n    ").port(out.Name, out.Type, out.Shape, out.Shape != nil, nil)
	}
	e.text("\n  ],\n  \"metadata\": {")
	for i, key := range slices.Sorted(maps.Keys(g.Metadata)) {
		e.text(separator(i) + "\n    ").word(key).text(": ").word(g.Metadata[key])
	}
	e.text("\n  }\n}\n")
	if e.err != nil {
		return &Error{Err: e.err}
	}
	_, err := w.Write(e.out)
	return err
}

type graphEncoder struct {
	encoder
	weights *Weights
}

func (e *graphEncoder) text(s string) *graphEncoder {
	e.encoder.text(s)
	return e
}

func (e *graphEncoder) word(s string) *graphEncoder {
	e.encoder.word(s)
	return e
}

func (e *graphEncoder) opsets(g *graph.Graph) {
	opsets := map[string]int{}
	for i := range g.Nodes {
		domain := g.Nodes[i].Domain
		if domain == "" {
			domain = "ai.onnx"
		}
		opsets[domain] = max(opsets[domain], g.Nodes[i].Version)
	}
	e.text(",\n  \"opsets\": {")
	for i, domain := range slices.Sorted(maps.Keys(opsets)) {
		if i > 0 {
			e.text(", ")
		}
		e.word(domain).text(": " + strconv.Itoa(opsets[domain]))
	}
	e.text("}")
}

// port writes an input or an output.
func (e *graphEncoder) port(name string, t graph.Type, shape []graph.Dim, ranked bool, keys []string) {
	e.text("{\"name\": ").word(name)
	if t != graph.Unknown {
		e.text(", \"type\": ").word(t.String())
	}
	if ranked {
		e.text(", \"shape\": [")
		for i, d := range shape {
			if i > 0 {
				e.text(", ")
			}
			switch {
			case d.Size >= 0:
				e.text(strconv.Itoa(d.Size))
			case d.Name != "":
				e.word(d.Name)
			default:
				e.text("null")
			}
		}
		e.text("]")
	}
	if keys != nil {
		e.text(", \"keys\": ").words(keys)
	}
	e.text("}")
}

func (e *graphEncoder) node(n *graph.Node) {
	e.text("{")
	if n.Name != "" {
		e.text("\"name\": ").word(n.Name).text(", ")
	}
	if n.Domain != "" {
		e.text("\"domain\": ").word(n.Domain).text(", ")
	}
	e.text("\"op\": ").word(n.Op).text(", \"inputs\": ").words(n.Inputs)
	e.text(", \"outputs\": ").words(n.Outputs)
	if len(n.Attributes) > 0 {
		e.text(",\n     \"attributes\": {")
		for i, name := range slices.Sorted(maps.Keys(n.Attributes)) {
			if i > 0 {
				e.text(", ")
			}
			e.word(name).text(": ")
			e.attribute(n.Attributes[name])
		}
		e.text("}")
	}
	e.text("}")
}

func (e *graphEncoder) attribute(a graph.Attribute) {
	switch a.Kind {
	case graph.FloatAttribute:
		e.text("{\"float\": ").single(a.F)
	case graph.StringAttribute:
		e.text("{\"string\": ").word(a.S)
	case graph.TensorAttribute:
		e.text("{\"tensor\": ").inline(a.Tensor)
	case graph.FloatsAttribute:
		e.text("{\"floats\": ")
		list(e, a.Floats, e.single)
	case graph.IntsAttribute:
		e.text("{\"ints\": ")
		list(e, a.Ints, e.integer)
	case graph.StringsAttribute:
		e.text("{\"strings\": ").words(a.Strings)
	default:
		e.text("{\"int\": ").integer(a.I)
	}
	e.text("}")
}

// list writes an array; each writes an element.
func list[T any](e *graphEncoder, elements []T, each func(T)) {
	e.text("[")
	for i, x := range elements {
		if i > 0 {
			e.text(", ")
		}
		each(x)
	}
	e.text("]")
}

func (e *graphEncoder) integer(n int64) { e.out = strconv.AppendInt(e.out, n, 10) }

func (e *graphEncoder) single(x float32) { e.float(float64(x), 32) }

func (e *graphEncoder) double(x float64) { e.float(x, 64) }

// float writes the shortest digits that read back to the same number of so many
// bits.
func (e *graphEncoder) float(x float64, bits int) {
	switch {
	case math.IsNaN(x):
		e.text(`"NaN"`)
	case math.IsInf(x, 1):
		e.text(`"Infinity"`)
	case math.IsInf(x, -1):
		e.text(`"-Infinity"`)
	default:
		format := byte('f')
		if abs := math.Abs(x); abs != 0 && (abs < 1e-5 || abs >= 1e15) {
			format = 'e'
		}
		e.out = strconv.AppendFloat(e.out, x, format, -1, bits)
	}
}

// constant writes a constant in the text, or where it is.
func (e *graphEncoder) constant(name string, t *graph.Tensor) {
	if e.weights == nil || t.Len() < besideFrom || dtypes[t.Type] == "" {
		e.inline(t)
		return
	}
	e.text("{\"type\": ").word(t.Type.String()).text(", \"shape\": ")
	list(e, t.Shape, func(d int) { e.integer(int64(d)) })
	e.text(", \"file\": ").word(e.weights.File).text(", \"tensor\": ").word(name).text("}")
	e.weights.add(name, dtypes[t.Type], t.Shape, pack(t))
}

// inline writes a tensor in the text.
func (e *graphEncoder) inline(t *graph.Tensor) {
	e.text("{\"type\": ").word(t.Type.String()).text(", \"shape\": ")
	list(e, t.Shape, func(d int) { e.integer(int64(d)) })
	e.text(", \"data\": ")
	switch t.Type.Storage() {
	case graph.F32:
		list(e, t.F32, e.single)
	case graph.F64:
		list(e, t.F64, e.double)
	case graph.I64:
		list(e, t.I64, e.integer)
	case graph.U64:
		list(e, t.U64, func(n uint64) { e.out = strconv.AppendUint(e.out, n, 10) })
	case graph.Bools:
		list(e, t.Bool, func(b bool) { e.out = strconv.AppendBool(e.out, b) })
	default:
		e.words(t.Str)
	}
	e.text("}")
}
