package graph

import (
	"fmt"
	"math"
	"strings"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Table is a program as a scorer of tables: its inputs as named features, its
// outputs as predictions and a label.
type Table struct {
	*Program
	// Features are the columns to bind, in the order of the inputs. A number
	// whose missing values go in has NaN as its Fill. A text's Categories are
	// the words the model knows, without spaces around them, as cells are
	// compared; other words go in too, all as one.
	Features []nn.Feature
	// Outputs holds the labels of the scores, if the model has any.
	Outputs nn.Outputs
	Scores  []Place // what is predicted, by output and element
	Label   *Place  // the output that holds a label, nil if none does

	opt   Options
	cells []cell
	told  bool // by Tell what the outputs mean
	set32 *kernel.Set[float32]
	set64 *kernel.Set[float64]
}

// Place is one element of an output.
type Place struct{ Output, Element int }

// cell says where a feature comes in: an element of an input.
type cell struct {
	input, element, width int
	typ                   Type
	missing               bool
	targets               []target
}

// ColumnsError says that a model takes a matrix whose columns have no names.
type ColumnsError struct {
	Input string
	Need  int // columns; 0 where the model does not say how many
	Have  int // names given
}

func (e *ColumnsError) Error() string {
	if e.Need == 0 {
		return fmt.Sprintf("input %q is a matrix of any number of columns, which have no names", clip(e.Input))
	}
	if e.Have == 0 {
		return fmt.Sprintf("input %q is a matrix of %d columns that have no names", clip(e.Input), e.Need)
	}
	return fmt.Sprintf("input %q is a matrix of %d columns, and %d are named", clip(e.Input), e.Need, e.Have)
}

// CompileTable compiles a graph for tables. columns name the columns of inputs
// that are matrices, in order (nil: those of the model's metadata); an input of
// one column has its own name. The
// error is an *UnsupportedError or a *ColumnsError.
func CompileTable(g *Graph, opt Options, columns []string) (*Table, error) {
	opt.table = true
	return compileTable(g, opt, columns)
}

func compileTable(g *Graph, opt Options, columns []string) (*Table, error) {
	if columns == nil {
		columns = g.Columns
	}
	opt, err := g.fixWidths(opt, columns)
	if err != nil {
		return nil, err
	}
	p, err := Compile(g, opt)
	if err != nil {
		return nil, err
	}
	t := &Table{Program: p, opt: opt, set32: kernel.Choose[float32](opt.Kernel.Name()), set64: kernel.Choose[float64](opt.Kernel.Name())}
	if err := t.features(columns); err != nil {
		return nil, err
	}
	if err := t.predictions(len(g.Outputs)); err != nil {
		return nil, err
	}
	if g.Words != nil {
		if err := t.tell(g.Words); err != nil {
			return nil, &UnsupportedError{[]Refusal{{Op: "metadata", Reason: err.Error()}}}
		}
	}
	t.aim()
	return t, nil
}

// Table is CompileTable of this graph.
func (g *Graph) Table(opt Options, columns []string) (*Table, error) {
	return CompileTable(g, opt, columns)
}

// fixWidths gives a matrix of any number of columns as many as there are names
// left for it.
func (g *Graph) fixWidths(opt Options, columns []string) (Options, error) {
	open, others := -1, 0
	for i, in := range g.Inputs {
		if _, known := g.Constants[in.Name]; known || opt.Shapes[in.Name] != nil || !in.Ranks || len(in.Shape) == 0 {
			continue
		}
		width, unknown := 1, 0
		for k, d := range in.Shape {
			switch {
			case d.Size >= 0:
				width = min(width*min(d.Size, maxElements+1), maxElements+1)
			case k > 0:
				unknown++
			}
		}
		switch {
		case unknown == 0 && width > 1:
			others += width
		case unknown == 1 && open < 0 && width == 1:
			open = i
		}
	}
	if open < 0 {
		return opt, nil
	}
	in := g.Inputs[open]
	if len(columns) <= others {
		return opt, &ColumnsError{Input: in.Name, Have: len(columns)}
	}
	shape := make([]int, len(in.Shape))
	for i, d := range in.Shape {
		if shape[i] = d.Size; d.Size < 0 {
			shape[i] = len(columns) - others
		}
	}
	if in.Shape[0].Size < 0 {
		shape[0] = 1
	}
	shapes := map[string][]int{in.Name: shape}
	for name, s := range opt.Shapes {
		shapes[name] = s
	}
	opt.Shapes = shapes
	return opt, nil
}

// features names the elements of the inputs.
func (t *Table) features(columns []string) error {
	total, matrix := 0, ""
	inputs := t.Inputs()
	for _, in := range inputs {
		if in.Keys == nil && in.Width != 1 {
			total += in.Width
			matrix = in.Name
		}
	}
	if total != len(columns) && matrix != "" {
		return &ColumnsError{Input: matrix, Need: total, Have: len(columns)}
	}
	for i, in := range inputs {
		names := []string{in.Name}
		switch {
		case in.Keys != nil:
			names = in.Keys
		case in.Width != 1:
			names, columns = columns[:in.Width], columns[in.Width:]
		}
		for e, name := range names {
			if err := t.feature(name, i, e, &in); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Table) feature(name string, input, element int, in *Port) error {
	f := nn.Feature{Name: name, Scale: 1}
	c := cell{input: input, element: element, width: in.Width, typ: in.Type, missing: in.Missing}
	switch {
	case in.Type == String:
		f.Categories, f.HasFillCategory, f.UnknownZeros = trimmed(t.strings[1:]), in.Missing, true
	case in.Missing:
		nan := math.NaN()
		f.Fill = &nan
	case in.Keys != nil && in.Type.Float():
		zero := 0.0
		f.Fill = &zero
	}
	if in.Type == String && (len(f.Categories) == 0 || t.words) {
		return &UnsupportedError{[]Refusal{{Op: "input", Node: in.Name, Reason: "text that the model does not compare with words it knows"}}}
	}
	t.Features, t.cells = append(t.Features, f), append(t.cells, c)
	return nil
}

// trimmed are words without the spaces around them.
func trimmed(words []string) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = strings.TrimSpace(w)
	}
	return list
}

// predictions tells scores from labels. Floats are scores; text, and integers
// beside floats, are the label. Without floats the other numbers are scores.
func (t *Table) predictions(own int) error {
	outputs := t.Program.Outputs()[:own]
	floats := 0
	for _, o := range outputs {
		if o.Type.Float() {
			floats += o.Width
		}
	}
	for i, o := range outputs {
		switch {
		case t.classNames(i, floats):
		case o.Type.Float() || floats == 0 && o.Type != String:
			for e := range o.Width {
				t.Scores = append(t.Scores, Place{i, e})
			}
			t.Outputs.Labels = append(t.Outputs.Labels, o.Labels...)
		case o.Width == 1 && t.Label == nil:
			t.Label = &Place{i, 0}
		}
	}
	if len(t.Outputs.Labels) == 0 && t.Label != nil {
		t.Outputs.Labels = t.classes
	}
	if n := len(t.Outputs.Labels); n != len(t.Scores) && !(n == 2 && len(t.Scores) == 1) {
		t.Outputs.Labels = nil
	}
	if len(t.Scores) == 0 && t.Label == nil {
		return &UnsupportedError{[]Refusal{{Op: "output", Reason: "neither a number nor a label for a row"}}}
	}
	return nil
}

// classNames takes an output that is a constant list of as many names as there
// are scores as their labels.
func (t *Table) classNames(output, scores int) bool {
	names := t.known[output]
	if names == nil || len(names) != scores {
		return false
	}
	t.Outputs.Labels = names
	return true
}

// InputOf is the input that feature f goes into.
func (t *Table) InputOf(f int) Port { return t.Inputs()[t.cells[f].input] }

// Double reports whether the model reckons in float64 from its numbers to its
// scores.
func (t *Table) Double() bool {
	for _, c := range t.cells {
		if c.typ.Float() && c.typ != Float64 {
			return false
		}
	}
	outputs := t.Program.Outputs()
	for _, s := range t.Scores {
		if outputs[s.Output].Type != Float64 {
			return false
		}
	}
	return true
}

// FaultFeature is the feature that fault i of Faults comes from, -1 if there
// is no one feature.
func (t *Table) FaultFeature(i int) int {
	at := &t.faults[i]
	for f, c := range t.cells {
		in := &t.inputs[c.input]
		if at.at == (Place{c.input, c.element}) || len(at.Inputs) == 1 && in.name == at.Inputs[0] && c.width == 1 {
			return f
		}
	}
	return -1
}

// NewInputs makes buffers of some panels that Numbers and Codes fill: one for
// each input, and those that are of the table alone.
func (t *Table) NewInputs(panels int) []Lanes {
	list := newBuffers(t.inputs, panels)
	for _, v := range t.landed {
		list = append(list, NewLanes(v.typ, panels*v.len()*lanes))
	}
	return append(list, Lanes{F32: make([]float32, panels*lanes)}) // a column's cells
}

// NewOutputs makes output buffers of some panels.
func (t *Table) NewOutputs(panels int) []Lanes { return newBuffers(t.outputs, panels) }

func newBuffers(ports []port, panels int) []Lanes {
	var list []Lanes
	for _, p := range ports {
		list = append(list, NewLanes(p.value.typ, panels*p.value.len()*lanes))
	}
	return list
}
