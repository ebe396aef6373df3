package graph

import (
	"fmt"
	"math"

	"yhat/nn"
)

// NotChainError says why a graph is no chain of layers.
type NotChainError struct{ Node, Op, Reason string }

func (e *NotChainError) Error() string {
	if e.Op == "" {
		return "the graph is no chain of layers: " + e.Reason
	}
	return fmt.Sprintf("the graph is no chain of layers: node %q (%s): %s", clip(e.Node), clip(e.Op), e.Reason)
}

// Chain writes a table's graph as a model of layers, if it is one: numbers that
// are filled, bounded, centered and scaled, words that become one 0/1 value
// each, dense products, batch normalisations and activations, one after the
// other, and the probabilities of two classes made of one. What is linear
// between two activations becomes one layer, reckoned in float64. The error is
// a *NotChainError.
//
// Every value is followed as a linear map of the units of one layer, or of the
// encoded features; what is no such map ends the search.
func (t *Table) Chain() (*nn.Model, error) {
	opt := t.opt
	opt.table = false
	c := newCompiler(t.graph, opt)
	nodes, err := c.compileAll()
	if err != nil {
		return nil, err
	}
	h := &follower{c: c, t: t, forms: map[string]*form{}, features: make([]encoding, len(t.Features)), units: map[unit]int{}}
	h.bindInputs()
	if err := h.walk(nodes); err != nil {
		return nil, err
	}
	return h.model()
}

// unit is an input of the network: a number (category -1) or one of a feature's
// categories.
type unit struct{ feature, category int }

// form is what is known of a value: its elements as linear maps of the units of
// one base.
type form struct {
	base  int // 0: the encoded features; ℓ: layer ℓ
	elems []linear
	// Other things that values can be.
	words  *wording // text of one feature
	isNaN  string   // a test of this value for NaN
	limits []limit  // a test of features for their bounds
}

// linear is bias + Σ coefficient · unit, or a number of the table on its way to
// its encoding.
type linear struct {
	number        bool // (x − center) / scale of a feature, not yet a unit
	feature       int
	fill          *float64
	center, scale float64

	units        []int
	coefficients []float64
	bias         float64
}

// wording is text: the feature and the word that a missing one becomes.
type wording struct {
	feature int
	fill    *string
}

// limit is a bound of a feature.
type limit struct {
	feature int
	above   bool
	value   float64
}

// encoding is how a feature enters the network, once that is known.
type encoding struct {
	known bool
	nn.Feature
}

// follower follows the values of a graph.
type follower struct {
	c        *compiler
	t        *Table
	forms    map[string]*form
	features []encoding
	units    map[unit]int // the units of base 0 that are used
	order    []unit
	name     string     // of the product since the last layer, where it is a layer's
	layers   []nn.Layer // W of the first is [out][units in order of order]
	widths   []int
}

func (h *follower) refuse(d *Node, format string, args ...any) error {
	return &NotChainError{nodeName(d), operatorName(d), fmt.Sprintf(format, args...)}
}

// bindInputs makes forms of the inputs.
func (h *follower) bindInputs() {
	inputs := h.t.Inputs()
	for i, in := range inputs {
		f := &form{elems: make([]linear, in.Width)}
		for k, c := range h.t.cells {
			switch {
			case c.input != i:
			case in.Type == String && in.Width == 1:
				f = &form{words: &wording{feature: k}}
			case in.Type != String && in.Type != Bool:
				f.elems[c.element] = linear{number: true, feature: k, scale: 1}
			}
		}
		if in.Type != String && in.Type != Bool || f.words != nil {
			h.forms[in.Name] = f
		}
	}
}

// walk follows the nodes that the scores depend on.
func (h *follower) walk(nodes []Node) error {
	needed := map[string]bool{}
	for _, s := range h.t.Scores {
		needed[h.t.Program.outputs[s.Output].name] = true
	}
	live := make([]bool, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		for _, o := range nodes[i].Outputs {
			live[i] = live[i] || o != "" && needed[o]
		}
		if live[i] {
			for _, name := range nodes[i].Inputs {
				needed[name] = true
			}
		}
	}
	for i := range nodes {
		if d := &nodes[i]; live[i] && !h.c.isKnown(d.Outputs[0]) {
			if err := h.node(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// unit is the number of a unit of base 0.
func (h *follower) unit(u unit) int {
	at, ok := h.units[u]
	if !ok {
		at = len(h.order)
		h.units[u] = at
		h.order = append(h.order, u)
	}
	return at
}

// settle makes units of numbers: the first encoding of a feature is the
// feature's, another one is reckoned from it.
func (h *follower) settle(d *Node, f *form) error {
	for i := range f.elems {
		e := &f.elems[i]
		if !e.number {
			continue
		}
		own := &h.features[e.feature]
		if !own.known {
			*own = encoding{true, nn.Feature{Fill: e.fill, Center: e.center, Scale: e.scale, Min: own.Min, Max: own.Max}}
		}
		if (own.Fill == nil) != (e.fill == nil) || e.fill != nil && *e.fill != *own.Fill {
			return h.refuse(d, "feature %q is filled in two ways", clip(h.t.Features[e.feature].Name))
		}
		*e = linear{units: []int{h.unit(unit{e.feature, -1})}, coefficients: []float64{own.Scale / e.scale}, bias: (own.Center - e.center) / e.scale}
	}
	return nil
}

// product is W f + b for out units, with W given by its elements.
func (h *follower) product(d *Node, f *form, out int, w func(o, i int) float64, b func(o int) float64) (*form, error) {
	if err := h.settle(d, f); err != nil {
		return nil, err
	}
	width := h.width(f.base)
	g := &form{base: f.base, elems: make([]linear, out)}
	for o := range g.elems {
		sum, used, bias := make([]float64, width), make([]bool, width), b(o)
		for i := range f.elems {
			weight := w(o, i)
			bias += weight * f.elems[i].bias
			for k, u := range f.elems[i].units {
				sum[u] += weight * f.elems[i].coefficients[k]
				used[u] = true
			}
		}
		e := &g.elems[o]
		e.bias = bias
		for u := range sum {
			if used[u] {
				e.units, e.coefficients = append(e.units, u), append(e.coefficients, sum[u])
			}
		}
	}
	return g, nil
}

// width is the number of units of a base so far.
func (h *follower) width(base int) int {
	if base == 0 {
		return len(h.order)
	}
	return h.widths[base-1]
}

// layer ends a linear map with an activation and gives the units of the new
// layer.
func (h *follower) layer(d *Node, f *form, a nn.Activation) (*form, error) {
	name := h.name
	h.name = ""
	if f.base != len(h.layers) {
		return nil, h.refuse(d, "two values branch off the same layer")
	}
	if err := h.settle(d, f); err != nil {
		return nil, err
	}
	width := h.width(f.base)
	l := nn.Layer{Name: name, Activation: a, In: width, Out: len(f.elems), W: make([]float64, width*len(f.elems)), B: make([]float64, len(f.elems))}
	for o := range f.elems {
		l.B[o] = f.elems[o].bias
		for k, u := range f.elems[o].units {
			l.W[o*width+u] += f.elems[o].coefficients[k]
		}
	}
	h.layers, h.widths = append(h.layers, l), append(h.widths, l.Out)
	g := &form{base: len(h.layers), elems: make([]linear, l.Out)}
	for u := range g.elems {
		g.elems[u] = linear{units: []int{u}, coefficients: []float64{1}}
	}
	return g, nil
}

// same reports whether element e is unit u and nothing else.
func (e *linear) same(u int) bool {
	return !e.number && len(e.units) == 1 && e.units[0] == u && e.coefficients[0] == 1 && e.bias == 0
}

// rest reports whether element e is 1 − unit 0.
func (e *linear) rest() bool {
	return !e.number && len(e.units) == 1 && e.units[0] == 0 && e.coefficients[0] == -1 && e.bias == 1
}

// model ends the search: the scores are the last layer, or a linear map of it.
func (h *follower) model() (*nn.Model, error) {
	end := &form{}
	for i, s := range h.t.Scores {
		name := h.t.Program.outputs[s.Output].name
		f := h.forms[name]
		if f == nil || f.elems == nil || i > 0 && f.base != end.base {
			return nil, &NotChainError{Reason: fmt.Sprintf("output %q", clip(name))}
		}
		end.base = f.base
		end.elems = append(end.elems, f.elems[s.Element])
	}
	labels := h.t.Outputs.Labels
	if len(end.elems) == 0 || h.t.Label != nil && labels == nil {
		return nil, &NotChainError{Reason: "it gives labels that the scores do not tell"}
	}
	if len(labels) == 2 && len(end.elems) == 2 && end.elems[0].rest() && end.elems[1].same(0) {
		end.elems = end.elems[1:]
	}
	if !h.isLast(end) {
		if _, err := h.layer(&Node{}, end, nn.Activation{}); err != nil {
			return nil, err
		}
	}
	m := &nn.Model{Name: h.c.g.Name, Layers: h.layers, Outputs: nn.Outputs{Labels: labels, Names: h.t.Outputs.Names, Threshold: h.t.Outputs.Threshold}}
	return m, h.inputs(m)
}

// isLast reports whether a form is the last layer as it is.
func (h *follower) isLast(f *form) bool {
	if f.base == 0 || f.base != len(h.layers) || len(f.elems) != h.widths[f.base-1] {
		return false
	}
	for u := range f.elems {
		if !f.elems[u].same(u) {
			return false
		}
	}
	return true
}

// inputs gives the model its features, and the first layer a column for each of
// their inputs.
func (h *follower) inputs(m *nn.Model) error {
	at := 0
	place := make([]int, len(h.order))
	for i := range h.features {
		f := h.features[i].Feature
		f.Name, f.Unit = h.t.Features[i].Name, h.t.Features[i].Unit
		if !h.features[i].known {
			return &NotChainError{Reason: fmt.Sprintf("feature %q does not reach the scores", clip(f.Name))}
		}
		if math.IsNaN(f.Scale) || f.Scale == 0 && !f.Categorical() || math.IsInf(f.Scale, 0) {
			return &NotChainError{Reason: fmt.Sprintf("feature %q is scaled by nothing finite", clip(f.Name))}
		}
		for k, u := range h.order {
			if u.feature == i {
				place[k] = at + max(0, u.category)
			}
		}
		m.Features = append(m.Features, f)
		at += f.Width()
	}
	l := &m.Layers[0]
	w := make([]float64, l.Out*at)
	for o := range l.Out {
		for k := range l.In {
			w[o*at+place[k]] = l.W[o*l.In+k]
		}
	}
	l.W, l.In = w, at
	return nil
}
