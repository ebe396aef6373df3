package graph

import (
	"errors"
	"slices"
	"strings"

	"yhat/nn"
)

// ErrPrecision says that a model does not reckon in float64.
var ErrPrecision = errors.New("the model does not reckon in float64 from its inputs to its outputs")

// NewScorer compiles a graph into a scorer of tables by its own compile. asked are layers, by number from 1 or
// by name, "all" of them, and names of other values that out of Forward may
// take; names that the graph does not have are ignored. The error is that of
// compile, or ErrPrecision for a graph that is not of float64 where T is.
func NewScorer[T nn.Float](compile func(Options) (*Table, error), opt Options, asked []string) (nn.Scorer[T], error) {
	t, err := compile(opt)
	if err != nil {
		return nil, err
	}
	var zero T
	if _, double := any(zero).(float64); double && !t.Double() {
		return nil, ErrPrecision
	}
	if opt.Also = t.values(asked); len(opt.Also) > 0 {
		if t, err = compile(opt); err != nil {
			return nil, err
		}
	}
	s := &scorer[T]{table: t.forScores(), card: t.Card()}
	s.find(opt.Also)
	return s, nil
}

// values are the names of the values that are asked for.
func (t *Table) values(asked []string) []string {
	made := map[string]bool{}
	for _, d := range t.graph.Nodes {
		for _, o := range d.Outputs {
			made[o] = o != ""
		}
	}
	var names []string
	for _, a := range asked {
		l := slices.IndexFunc(t.layers, func(l Layer) bool { return l.Node == a || l.Output == a })
		if l < 0 && a != "all" {
			l = numbered(a) - 1
		}
		switch {
		case a == "all":
			for _, l := range t.layers {
				names = append(names, l.Output)
			}
		case l >= 0 && l < len(t.layers):
			names = append(names, t.layers[l].Output)
		case made[a]:
			names = append(names, a)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// numbered is a number in decimal digits, 0 where there is none.
func numbered(s string) int {
	n := 0
	for _, c := range strings.TrimLeft(s, "0") {
		if c < '0' || c > '9' || n > maxElements {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// scorer is a table's program behind the interface of package nn. parts[v] is
// where value v of the card is found.
type scorer[T nn.Float] struct {
	table *Table
	card  *nn.Card
	parts []part
}

// part is where a value is found: it is a whole output, or gathered from
// several places. output is -1 where nothing was asked for.
type part struct {
	output int
	places []Place // nil: the whole output
}

// Card tells what the table reads and gives; its values are its layers and its
// scores.
func (t *Table) Card() *nn.Card {
	c := &nn.Card{Name: t.graph.Name, Parameters: t.graph.Parameters(), Features: t.Features, Layers: len(t.layers), Outputs: t.Outputs}
	for _, l := range t.layers {
		c.Values = append(c.Values, nn.Value{Name: l.Node, Alias: l.Output, Units: l.Width})
	}
	c.Values = append(c.Values, nn.Value{Units: len(t.Scores)})
	if t.Label != nil && !t.told {
		c.Chooses = true
		if t.outputs[t.Label.Output].value.typ == String {
			c.Words = t.strings
		}
	}
	return c
}

// find finds the places of the layers and of the scores, and adds the other
// values that are asked for between them.
func (s *scorer[T]) find(also []string) {
	t, outputs, taken := s.table, s.table.Program.Outputs(), map[string]bool{}
	at := func(name string) int {
		if i := slices.Index(also, name); i >= 0 {
			return len(t.graph.Outputs) + i
		}
		return -1
	}
	for _, layer := range t.layers {
		s.parts = append(s.parts, part{output: at(layer.Output)})
		taken[layer.Output] = true
	}
	for _, name := range also {
		if o := at(name); !taken[name] && outputs[o].Type != String {
			s.card.Values = slices.Insert(s.card.Values, len(s.parts), nn.Value{Name: name, Units: outputs[o].Width})
			s.parts = append(s.parts, part{output: o})
		}
	}
	s.parts = append(s.parts, t.prediction(outputs))
}

// prediction is where the scores are found.
func (t *Table) prediction(outputs []Port) part {
	if len(t.Scores) == 0 {
		return part{output: -1}
	}
	first := t.Scores[0].Output
	if len(t.Scores) == outputs[first].Width && t.Scores[len(t.Scores)-1].Output == first {
		return part{output: first}
	}
	return part{output: first, places: t.Scores}
}

func (s *scorer[T]) Card() *nn.Card   { return s.card }
func (s *scorer[T]) GroupPanels() int { return s.table.GroupPanels() }

func (s *scorer[T]) NewPass() nn.Pass[T] {
	p := &pass[T]{scorer: s, ports: s.table.Program.Outputs(), ws: s.table.NewWorkspace(), in: s.table.NewInputs(s.GroupPanels()),
		own: s.table.NewOutputs(s.GroupPanels())}
	p.out = make([]Lanes, len(p.own))
	for i, f := range s.table.faults {
		p.found = append(p.found, nn.Found{Feature: s.table.FaultFeature(i), Reason: f.Reason.found()})
	}
	return p
}

// pass takes groups of rows through a table's program.
type pass[T nn.Float] struct {
	*scorer[T]
	ports []Port
	ws    *Workspace
	in    []Lanes
	own   []Lanes // outputs that nobody else gives a place
	out   []Lanes
	found []nn.Found
	whole []int64
}

func (p *pass[T]) Numbers(f int, v nn.Numbers, rows int, faults *nn.Faults) {
	p.table.Numbers(f, p.in, v, rows, faults)
}

func (p *pass[T]) Codes(f int, codes []int32, rows int, faults *nn.Faults) {
	p.table.Codes(f, p.in, codes, rows, faults)
}

// Forward lets outputs of the right type be written where they are wanted, and
// copies the rest.
func (p *pass[T]) Forward(rows int, out [][]T) {
	copy(p.out, p.own)
	direct := make([]bool, 0, 64)
	for v, part := range p.parts {
		fits := out[v] != nil && part.output >= 0 && part.places == nil
		direct = append(direct, fits && p.aim(part.output, out[v]))
	}
	panels := nn.Panels(rows)
	p.table.Run(p.ws, p.in, panels, p.out)
	for v, part := range p.parts {
		switch {
		case out[v] == nil || direct[v]:
		case part.places == nil && part.output >= 0:
			width := p.ports[part.output].Width
			for e := range width {
				carry(out[v], e, width, &p.out[part.output], e, width, panels)
			}
		default:
			for u, from := range part.places {
				carry(out[v], u, len(part.places), &p.out[from.Output], from.Element, p.ports[from.Output].Width, panels)
			}
		}
	}
	for i := range p.found {
		p.found[i].Rows = p.ws.Fault(i)
	}
}

// aim makes an output write into y, if it is of y's type and still free.
func (p *pass[T]) aim(output int, y []T) bool {
	switch y := any(y).(type) {
	case []float32:
		if len(p.own[output].F32) > 0 && &p.out[output].F32[0] == &p.own[output].F32[0] {
			p.out[output].F32 = y
			return true
		}
	case []float64:
		if len(p.own[output].F64) > 0 && &p.out[output].F64[0] == &p.own[output].F64[0] {
			p.out[output].F64 = y
			return true
		}
	}
	return false
}

// carry copies element e of panels of width elements to unit u of panels of
// units units, as numbers of type T.
func carry[T nn.Float](y []T, u, units int, from *Lanes, e, width, panels int) {
	for i := range panels {
		dst, at := y[(i*units+u)*lanes:][:lanes], (i*width+e)*lanes
		switch {
		case from.F32 != nil:
			convertTo(dst, from.F32[at:])
		case from.F64 != nil:
			convertTo(dst, from.F64[at:])
		case from.I64 != nil:
			convertTo(dst, from.I64[at:])
		case from.U64 != nil:
			convertTo(dst, from.U64[at:])
		default:
			for j, yes := range from.Bool[at:][:lanes] {
				dst[j] = 0
				if yes {
					dst[j] = 1
				}
			}
		}
	}
}

func convertTo[T, F number](y []T, from []F) {
	for i := range y {
		y[i] = T(from[i])
	}
}

// Found are the rows that the model's own operators found bad.
func (p *pass[T]) Found() []nn.Found { return p.found }

// Chosen are the labels of the output that holds them. It has one element a
// row, so that its lanes follow each other as the rows do.
func (p *pass[T]) Chosen() (words []int32, integers []int64) {
	if p.table.Label == nil {
		return nil, nil
	}
	label := &p.out[p.table.Label.Output]
	switch {
	case label.Str != nil:
		return label.Str, nil
	case label.I64 != nil:
		return nil, label.I64
	}
	n := max(len(label.U64), len(label.Bool))
	p.whole = slices.Grow(p.whole[:0], n)[:n]
	for i, v := range label.U64 {
		p.whole[i] = int64(v)
	}
	for i, v := range label.Bool {
		p.whole[i] = 0
		if v {
			p.whole[i] = 1
		}
	}
	return nil, p.whole
}
