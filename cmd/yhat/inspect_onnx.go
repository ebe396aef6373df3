package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"yhat/io/model"
	"yhat/nn"
	"yhat/nn/graph"
	"yhat/pipeline"
)

// graphDescription is what inspect tells about an ONNX model.
type graphDescription struct {
	Path        string               `json:"path"`
	Format      string               `json:"format"`
	Name        string               `json:"name"`
	SHA256      string               `json:"sha256"`
	Producer    string               `json:"producer,omitempty"`
	IR          int                  `json:"ir"`
	Opsets      map[string]int       `json:"opsets"`
	Parameters  int                  `json:"parameters"`
	Inputs      []portDescription    `json:"inputs"`
	Outputs     []portDescription    `json:"outputs"`
	Features    []boundDescription   `json:"features,omitempty"`
	Layers      []productDescription `json:"layers,omitempty"`
	Predictions []string             `json:"predictions,omitempty"`
	Labels      []string             `json:"labels,omitempty"`
	Label       string               `json:"label_output,omitempty"`
	Double      bool                 `json:"float64"`
	Operators   []operatorCount      `json:"operators"`
	Fused       []string             `json:"fused,omitempty"`
	Metadata    map[string]string    `json:"metadata,omitempty"`
	Unsupported []unsupportedPart    `json:"unsupported,omitempty"`
	Note        string               `json:"note,omitempty"`
}

// portDescription is an input or an output as the file declares it.
type portDescription struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape string `json:"shape"`
}

// boundDescription is a column to bind.
type boundDescription struct {
	Name    string `json:"name"`
	Input   string `json:"input"`
	Type    string `json:"type"`
	Missing string `json:"missing"`
}

// productDescription is a dense product with what its layer ends in.
type productDescription struct {
	Layer  int    `json:"layer"`
	Node   string `json:"node"`
	Output string `json:"output"`
	Units  int    `json:"units"`
}

type operatorCount struct {
	Operator string `json:"operator"`
	Nodes    int    `json:"nodes"`
}

// unsupportedPart is a node or an input that cannot be run.
type unsupportedPart struct {
	Node     string `json:"node"`
	Operator string `json:"operator"`
	Reason   string `json:"reason"`
}

// inspectONNX describes a model that is a graph. What of it is not supported is told with
// the rest, and is the error.
func inspectONNX(w io.Writer, f *model.File, columns []string, asJSON bool) error {
	m := f.ONNX
	d := describeGraph(f)
	t, err := compileForPeople(m, columns)
	unsupported, bad := errors.AsType[*graph.UnsupportedError](err)
	_, unnamed := errors.AsType[*graph.ColumnsError](err)
	switch {
	case bad:
		for _, p := range unsupported.Parts {
			d.Unsupported = append(d.Unsupported, unsupportedPart{p.Node, p.Op, p.Reason})
		}
		err = fmt.Errorf("model: %s: %w", m.Path, err)
	case unnamed:
		d.Note, err = err.Error()+": name them with --features a,b,c", nil
	case err != nil:
		return fmt.Errorf("model: %w", err)
	default:
		d.compiled(t)
	}
	if asJSON {
		return errors.Join(printJSON(w, d), err)
	}
	return errors.Join(d.print(w), err)
}

// compileForPeople compiles a graph. The columns of a matrix that nobody names
// are named by their places.
func compileForPeople(m *model.ONNX, columns []string) (*graph.Table, error) {
	t, err := m.Table(graph.Options{}, columns)
	matrix, ok := errors.AsType[*graph.ColumnsError](err)
	if !ok || matrix.Need == 0 || len(columns) > 0 || len(m.Columns) > 0 {
		return t, err
	}
	for i := range matrix.Need {
		columns = append(columns, "column "+strconv.Itoa(i+1))
	}
	return m.Table(graph.Options{}, columns)
}

// describeGraph tells what stands in the file.
func describeGraph(f *model.File) *graphDescription {
	m := f.ONNX
	d := &graphDescription{Path: m.Path, Format: f.Format, Name: m.Name, SHA256: m.SHA256, Producer: strings.TrimSpace(m.Producer), IR: m.IR,
		Opsets: map[string]int{}, Parameters: m.Graph.Parameters(), Metadata: m.Metadata, Inputs: []portDescription{}, Outputs: []portDescription{}, Operators: []operatorCount{}}
	for domain, version := range m.Opsets {
		if domain == "" {
			domain = "ai.onnx"
		}
		d.Opsets[domain] = version
	}
	for _, in := range m.Inputs {
		if m.Constants[in.Name] == nil {
			d.Inputs = append(d.Inputs, portDescription{in.Name, in.Type.String(), shapeText(in.Shape, in.Ranks)})
		}
	}
	for _, o := range m.Outputs {
		d.Outputs = append(d.Outputs, portDescription{o.Name, o.Type.String(), shapeText(o.Shape, len(o.Shape) > 0)})
	}
	for _, c := range m.Operators() {
		d.Operators = append(d.Operators, operatorCount{c.Operator, c.Nodes})
	}
	return d
}

// shapeText is a declared shape: [N, 4].
func shapeText(shape []graph.Dim, known bool) string {
	if !known {
		return "?"
	}
	var dims []string
	for _, d := range shape {
		switch {
		case d.Size >= 0:
			dims = append(dims, strconv.Itoa(d.Size))
		case d.Name != "":
			dims = append(dims, d.Name)
		default:
			dims = append(dims, "?")
		}
	}
	return "[" + strings.Join(dims, ", ") + "]"
}

// compiled tells what the compiler made of it.
func (d *graphDescription) compiled(t *graph.Table) {
	card, outputs := t.Card(), t.Program.Outputs()
	for i, o := range outputs[:len(d.Outputs)] {
		d.Outputs[i].Type = o.Type.String()
	}
	for i, f := range card.Features {
		in := t.InputOf(i)
		d.Features = append(d.Features, boundDescription{f.Name, in.Name, in.Type.String(), missingText(&f, &in)})
	}
	for i, l := range t.Layers() {
		d.Layers = append(d.Layers, productDescription{i + 1, l.Node, l.Output, l.Width})
	}
	d.Predictions, d.Labels = pipeline.PredictionNames(card), card.Outputs.Labels
	if t.Label != nil {
		d.Label = outputs[t.Label.Output].Name
	}
	d.Double, d.Fused = t.Double(), t.Steps()
	if names := card.Features; len(names) > 0 && names[0].Name == "column 1" {
		d.Note = "the columns of its matrix have no names: score with --features a,b,c, or with --features all"
	}
}

// missingText says how a missing value fares.
func missingText(f *nn.Feature, in *graph.Port) string {
	switch {
	case in.Missing && in.Type == graph.String:
		return "goes in as empty text"
	case in.Missing:
		return "goes in as NaN"
	case in.Keys != nil && f.Fill != nil:
		return "goes in as 0"
	}
	return "an error"
}

// print writes the description for people.
func (d *graphDescription) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "model\t%s\nfile\t%s (%s)\nsha256\t%s\nproducer\t%s\nIR\t%d\n", dash(d.Name), d.Path, d.Format, d.SHA256, dash(d.Producer), d.IR)
	for _, domain := range slices.Sorted(maps.Keys(d.Opsets)) {
		fmt.Fprintf(w, "opset\t%s %d\n", oneLine(domain), d.Opsets[domain])
	}
	fmt.Fprintf(w, "parameters\t%s\n", count(int64(d.Parameters)))
	if len(d.Unsupported) == 0 && d.Fused != nil {
		fmt.Fprintf(w, "predictions\t%s\n", dash(strings.Join(d.Predictions, ", ")))
		if d.Label != "" || len(d.Labels) > 0 {
			fmt.Fprintf(w, "labels\t%s (%s)\n", dash(strings.Join(d.Labels, ", ")), labelSource(d.Label))
		}
		fmt.Fprintf(w, "precision\t%s\n", map[bool]string{false: "32", true: "32 or 64"}[d.Double])
	}
	if d.Note != "" {
		fmt.Fprintf(w, "note\t%s\n", oneLine(d.Note))
	}
	d.printParts(w)
	for _, key := range slices.Sorted(maps.Keys(d.Metadata)) {
		fmt.Fprintf(w, "metadata\t%s\t%s\n", oneLine(key), dash(d.Metadata[key]))
	}
	return w.Flush()
}

func labelSource(output string) string {
	if output == "" {
		return "of the largest prediction"
	}
	return "the model's output " + oneLine(output)
}

// printParts writes the tables.
func (d *graphDescription) printParts(w io.Writer) {
	fmt.Fprint(w, "\nINPUT\tTYPE\tSHAPE\n")
	for _, p := range d.Inputs {
		fmt.Fprintf(w, "%s\t%s\t%s\n", oneLine(p.Name), p.Type, oneLine(p.Shape))
	}
	fmt.Fprint(w, "\nOUTPUT\tTYPE\tSHAPE\n")
	for _, p := range d.Outputs {
		fmt.Fprintf(w, "%s\t%s\t%s\n", oneLine(p.Name), p.Type, oneLine(p.Shape))
	}
	if len(d.Features) > 0 {
		fmt.Fprint(w, "\nFEATURE\tINPUT\tTYPE\tMISSING\n")
	}
	for _, f := range d.Features {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", oneLine(f.Name), oneLine(f.Input), f.Type, f.Missing)
	}
	if len(d.Layers) > 0 {
		fmt.Fprint(w, "\nLAYER\tNODE\tOUTPUT\tUNITS\n")
	}
	for _, l := range d.Layers {
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\n", l.Layer, oneLine(l.Node), oneLine(l.Output), l.Units)
	}
	fmt.Fprint(w, "\nOPERATOR\tNODES\n")
	for _, c := range d.Operators {
		fmt.Fprintf(w, "%s\t%d\n", oneLine(c.Operator), c.Nodes)
	}
	if len(d.Fused) > 0 {
		fmt.Fprintf(w, "\nfused\t%s\n", strings.Join(d.Fused, "; "))
	}
	if len(d.Unsupported) > 0 {
		fmt.Fprint(w, "\nUNSUPPORTED\tOPERATOR\tREASON\n")
	}
	for _, p := range d.Unsupported {
		fmt.Fprintf(w, "%s\t%s\t%s\n", dash(p.Node), oneLine(p.Operator), oneLine(p.Reason))
	}
	if len(d.Metadata) > 0 {
		fmt.Fprintln(w)
	}
}
