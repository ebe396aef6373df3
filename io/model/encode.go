package model

import (
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"yhat/nn"
	"yhat/nn/graph"
)

// Encode writes a model in the native format, weights inline, one feature and
// one unit's weights a line. Every float64 is written in the shortest digits
// that read back to it. A model that Load would refuse is refused here too.
func Encode(w io.Writer, m *nn.Model) error { return EncodeBeside(w, m, nil) }

// EncodeBeside is Encode with the weights and biases of 64 numbers and more put
// into weights, under its file's name; nil: inline. They are F32 where that
// loses nothing.
func EncodeBeside(w io.Writer, m *nn.Model, weights *Weights) error {
	if err := check(m); err != nil {
		return err
	}
	e := &encoder{weights: weights}
	e.text("{\n  \"format\": ").word(nativeFormat)
	if m.Name != "" {
		e.text(",\n  \"name\": ").word(m.Name)
	}
	e.text(",\n  \"features\": [")
	for i := range m.Features {
		e.text(separator(i) + "\n    ").feature(&m.Features[i])
	}
	e.text("\n  ],\n  \"layers\": [")
	for i := range m.Layers {
		e.text(separator(i)+"\n    ").layer(&m.Layers[i], "layers."+strconv.Itoa(i))
	}
	e.text("\n  ]")
	if o := &m.Outputs; o.Names != nil || o.Labels != nil || o.Threshold != nil || o.Profiles != nil {
		e.text(",\n  \"outputs\": ").outputs(o)
	}
	e.notes(m.Provenance)
	e.text("\n}\n")
	if e.err != nil {
		return &Error{Err: e.err}
	}
	_, err := w.Write(e.out)
	return err
}

// notes writes the provenance, a word a line.
func (e *encoder) notes(notes []nn.Note) {
	if len(notes) == 0 {
		return
	}
	e.text(",\n  \"provenance\": {")
	for i, n := range notes {
		e.text(separator(i) + "\n    ").word(n.Key).text(": ").word(n.Value)
	}
	e.text("\n  }")
}

// encoder appends JSON text; err is the first word that is no UTF-8.
type encoder struct {
	out     []byte
	err     error
	weights *Weights // of layers; nil: inline
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func (e *encoder) text(s string) *encoder {
	e.out = append(e.out, s...)
	return e
}

func (e *encoder) word(s string) *encoder {
	out, err := jsontext.AppendQuote(e.out, s)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.out = out
	return e
}

func (e *encoder) words(list []string) {
	e.text("[")
	for i, s := range list {
		if i > 0 {
			e.text(", ")
		}
		e.word(s)
	}
	e.text("]")
}

func (e *encoder) number(x float64) *encoder {
	format := byte('f')
	if abs := max(x, -x); abs != 0 && (abs < 1e-5 || abs >= 1e15) {
		format = 'e'
	}
	e.out = strconv.AppendFloat(e.out, x, format, -1, 64)
	return e
}

func (e *encoder) numbers(list []float64) {
	e.text("[")
	for i, x := range list {
		if i > 0 {
			e.text(", ")
		}
		e.number(x)
	}
	e.text("]")
}

// optional writes a key whose number is not the default.
func (e *encoder) optional(key string, x *float64) {
	if x != nil {
		e.text(", \"" + key + "\": ").number(*x)
	}
}

func (e *encoder) feature(f *nn.Feature) {
	e.text("{\"name\": ").word(f.Name)
	if f.Unit != "" {
		e.text(", \"unit\": ").word(f.Unit)
	}
	if f.Categorical() {
		e.text(", \"categories\": ").words(f.Categories)
		if f.UnknownZeros {
			e.text(", \"unknown\": \"zeros\"")
		}
		if f.HasFillCategory {
			e.text(", \"fill\": ").word(f.FillCategory)
		}
		e.ofFeature(f.Profile)
		return
	}
	e.optional("fill", f.Fill)
	if f.Center != 0 || f.Scale != 1 {
		e.optional("center", &f.Center)
		e.optional("scale", &f.Scale)
	}
	e.optional("min", f.Min)
	e.optional("max", f.Max)
	e.ofFeature(f.Profile)
}

// ofFeature ends a feature, with its profile if it has one.
func (e *encoder) ofFeature(p *nn.Profile) {
	if p != nil {
		e.text(",\n     \"profile\": {").profile(p)
	}
	e.text("}")
}

func (e *encoder) count(n int64) *encoder {
	e.out = strconv.AppendInt(e.out, n, 10)
	return e
}

func (e *encoder) layer(l *nn.Layer, at string) {
	e.text("{")
	if l.Name != "" {
		e.text("\"name\": ").word(l.Name).text(", ")
	}
	a := l.Activation
	e.text("\"activation\": ").word(a.Func.String())
	alpha, beta := a.Func.Parameters()
	if alpha && a.Alpha != a.Func.Default().Alpha {
		e.optional("alpha", &a.Alpha)
	}
	if beta && a.Beta != a.Func.Default().Beta {
		e.optional("beta", &a.Beta)
	}
	if l.Name != "" {
		at = l.Name
	}
	if e.text(",\n     \"weights\": "); !e.stored(at+".weight", []int{l.Out, l.In}, l.W) {
		e.text("[")
		for i := range l.Out {
			e.text(separator(i) + "\n       ").numbers(l.W[i*l.In : (i+1)*l.In])
		}
		e.text("]")
	}
	if e.text(",\n     \"bias\": "); !e.stored(at+".bias", []int{l.Out}, l.B) {
		e.numbers(l.B)
	}
	e.text("}")
}

func (e *encoder) outputs(o *nn.Outputs) {
	e.text("{")
	start := len(e.out)
	if o.Names != nil {
		e.text(", \"names\": ").words(o.Names)
	}
	if o.Labels != nil {
		e.text(", \"labels\": ").words(o.Labels)
	}
	e.optional("threshold", o.Threshold)
	if o.Profiles != nil {
		e.text(", \"profiles\": ").profiles(o.Profiles)
	}
	if len(e.out) > start {
		e.out = append(e.out[:start], e.out[start+len(", "):]...)
	}
	e.text("}")
}

// stored puts numbers into the file beside and writes where they are; false: too
// few, or no file.
func (e *encoder) stored(name string, shape []int, list []float64) bool {
	if e.weights == nil || len(list) < besideFrom {
		return false
	}
	t := &graph.Tensor{Type: graph.Float32, Shape: shape}
	for _, x := range list {
		if float64(float32(x)) != x {
			t = &graph.Tensor{Type: graph.Float64, Shape: shape, F64: list}
			break
		}
		t.F32 = append(t.F32, float32(x))
	}
	name = e.weights.free(name)
	e.text("{\"file\": ").word(e.weights.File).text(", \"tensor\": ").word(name).text("}")
	e.weights.add(name, dtypes[t.Type], shape, pack(t))
	return true
}
