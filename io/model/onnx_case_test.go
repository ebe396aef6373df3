package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yhat/nn"
	"yhat/nn/graph"
)

const lanes = nn.Lanes

// onnxCase is one evaluation of a model with what must come out.
type onnxCase struct {
	in, out map[string]*graph.Tensor
	keys    map[string][]string // of inputs that are maps
	labels  map[string][]string // of outputs that a ZipMap makes
}

// closeTo allows a difference of 1e-5 relative to max(1, |want|); of 16-bit
// floats, that of three of their last bits, since their sums may be rounded in
// more than one order.
func closeTo(t graph.Type, got, want float64) bool {
	tolerance := 1e-5
	switch t {
	case graph.Float16:
		tolerance = 3.0 / (1 << 11)
	case graph.BFloat16:
		tolerance = 3.0 / (1 << 8)
	}
	switch {
	case math.IsNaN(want):
		return math.IsNaN(got)
	case math.IsInf(want, 0):
		return got == want
	}
	return math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

// readPB reads input_0.pb … of a data set for names.
func readPB(folder, prefix string, names []string) (map[string]*graph.Tensor, error) {
	list := map[string]*graph.Tensor{}
	for i, name := range names {
		data, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%s_%d.pb", prefix, i)))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, err
		}
		d := &onnxGraph{ONNX: &ONNX{}}
		if _, list[name], err = d.tensor(data); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// pbCases are the test_data_set folders of a model's folder.
func pbCases(m *ONNX, folder string) ([]onnxCase, error) {
	sets, err := filepath.Glob(filepath.Join(folder, "test_data_set_*"))
	var cases []onnxCase
	for _, set := range sets {
		c := onnxCase{}
		if c.in, err = readPB(set, "input", inputNames(m)); err != nil {
			return nil, err
		}
		var names []string
		for _, o := range m.Outputs {
			names = append(names, o.Name)
		}
		if c.out, err = readPB(set, "output", names); err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, err
}

func inputNames(m *ONNX) []string {
	var names []string
	for _, in := range m.Inputs {
		names = append(names, in.Name)
	}
	return names
}

// expectedFile is a file of onnx-models/expected.
type expectedFile struct {
	expectedCase
	More []expectedCase `json:"more_cases"`
}

type expectedCase struct{ Inputs, Outputs map[string]expectedTensor }

type expectedTensor struct {
	DType  string
	Shape  []int
	Data   []any
	Keys   []any
	Labels []any `json:"zipmap_labels"`
}

func jsonCases(path string) ([]onnxCase, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var file expectedFile
	dec := json.NewDecoder(f)
	dec.UseNumber()
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	var cases []onnxCase
	for _, e := range append([]expectedCase{file.expectedCase}, file.More...) {
		c := onnxCase{in: map[string]*graph.Tensor{}, out: map[string]*graph.Tensor{}, keys: map[string][]string{}, labels: map[string][]string{}}
		for name, t := range e.Inputs {
			if c.in[name], err = t.tensor(); err != nil {
				return nil, err
			}
			for _, k := range t.Keys {
				c.keys[name] = append(c.keys[name], fmt.Sprint(k))
			}
		}
		for name, t := range e.Outputs {
			if c.out[name], err = t.tensor(); err != nil {
				return nil, err
			}
			for _, l := range t.Labels {
				c.labels[name] = append(c.labels[name], fmt.Sprint(l))
			}
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func (e *expectedTensor) tensor() (*graph.Tensor, error) {
	names := map[string]graph.Type{"float32": graph.Float32, "float64": graph.Float64, "int32": graph.Int32, "int64": graph.Int64, "bool": graph.Bool, "string": graph.String}
	dtype := e.DType
	if strings.HasPrefix(dtype, "map(") {
		dtype = strings.TrimSuffix(dtype[strings.Index(dtype, ",")+1:], ")")
		e.Shape = []int{1, len(e.Data)}
	}
	t := &graph.Tensor{Type: names[dtype], Shape: e.Shape}
	if t.Type == graph.Unknown {
		return nil, fmt.Errorf("dtype %s", e.DType)
	}
	for _, v := range e.Data {
		text := fmt.Sprint(v)
		var err error
		switch t.Type {
		case graph.Float32:
			var x float64
			x, err = strconv.ParseFloat(text, 32)
			t.F32 = append(t.F32, float32(x))
		case graph.Float64:
			var x float64
			x, err = strconv.ParseFloat(text, 64)
			t.F64 = append(t.F64, x)
		case graph.Bool:
			t.Bool = append(t.Bool, text == "true")
		case graph.String:
			t.Str = append(t.Str, text)
		default:
			var x int64
			x, err = strconv.ParseInt(text, 10, 64)
			t.I64 = append(t.I64, x)
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// compileCase compiles a model for a case's shapes. Inputs on whose values
// shapes depend become constants.
func compileCase(m *ONNX, c *onnxCase, whole bool) (*graph.Program, error) {
	k, err := nn.ChooseKernel("")
	if err != nil {
		return nil, err
	}
	opt := graph.Options{Kernel: k, Whole: whole, Shapes: map[string][]int{}, Known: map[string]*graph.Tensor{}}
	for name, t := range c.in {
		if len(c.keys[name]) == 0 {
			opt.Shapes[name] = t.Shape
		}
	}
	for range len(c.in) + 1 {
		p, err := graph.Compile(m.Graph, opt)
		var u *graph.UnsupportedError
		if err == nil || !errors.As(err, &u) {
			return p, err
		}
		before := len(opt.Known)
		for _, part := range u.Parts {
			for _, name := range part.Needs {
				if c.in[name] != nil {
					opt.Known[name] = c.in[name]
				}
			}
		}
		if len(opt.Known) == before {
			return nil, err
		}
	}
	return nil, errors.New("no end of inputs that must be constants")
}

// copies is how many rows a case without a batch axis is run as: some panels,
// the last not full. Between the copies stand rows of other values.
const copies = 70

// runCase runs a case and compares. Without a batch axis it is stacked: each
// third row is the case.
func runCase(p *graph.Program, c *onnxCase) error {
	rows, batch := copies, false
	for _, in := range p.Inputs() {
		if in.Rows >= 0 {
			rows, batch = c.in[in.Name].Shape[0], true
		}
	}
	ws := p.NewWorkspace()
	words := &words{codes: map[string]int32{}}
	for i, s := range p.Strings() {
		words.codes[s] = int32(i)
	}
	words.known = len(p.Strings())
	panels := nn.Panels(rows)
	var in, out []graph.Lanes
	for _, port := range p.Inputs() {
		l := graph.NewLanes(port.Type, panels*port.Width*lanes)
		t := c.in[port.Name]
		if port.Keys != nil {
			t = spreadMap(t, c.keys[port.Name], port.Keys)
		}
		if t == nil || t.Type != port.Type {
			return fmt.Errorf("input %q is not of the model's type", port.Name)
		}
		for row := range rows {
			for e := range port.Width {
				from := e
				if batch && port.Rows >= 0 {
					from = row*port.Width + e
				} else if row%3 != 0 {
					from = port.Width - 1 - e
				}
				words.put(&l, (row/lanes*port.Width+e)*lanes+row%lanes, t, from)
			}
		}
		in = append(in, l)
	}
	for _, port := range p.Outputs() {
		out = append(out, graph.NewLanes(port.Type, panels*port.Width*lanes))
	}
	ws.SetStrings(words.extra)
	p.Run(ws, in, panels, out)
	for i := range p.Faults() {
		for row := range rows {
			if (batch || row%3 == 0) && ws.Fault(i)[row/lanes]>>(row%lanes)&1 != 0 {
				return fmt.Errorf("row %d was found bad: %s", row, p.Faults()[i].Reason)
			}
		}
	}
	for i, port := range p.Outputs() {
		want := c.out[port.Name]
		if want == nil {
			continue
		}
		if labels := c.labels[port.Name]; labels != nil && !slices.Equal(labels, port.Labels) {
			return fmt.Errorf("output %q has labels %q, want %q", port.Name, port.Labels, labels)
		}
		if err := compareOutput(ws, &port, &out[i], want, rows, batch); err != nil {
			return fmt.Errorf("output %q: %w", port.Name, err)
		}
	}
	return nil
}

// spreadMap makes a row of a vocabulary's values of a map.
func spreadMap(t *graph.Tensor, have, want []string) *graph.Tensor {
	row := &graph.Tensor{Type: t.Type, Shape: []int{1, len(want)}, F32: make([]float32, len(want))}
	for i, k := range want {
		if at := slices.Index(have, k); at >= 0 {
			row.F32[i] = t.F32[at]
		}
	}
	return row
}

// compareOutput compares an output with a tensor, in the shape of ONNX.
func compareOutput(ws *graph.Workspace, port *graph.Port, got *graph.Lanes, want *graph.Tensor, rows int, batch bool) error {
	if port.Type != want.Type {
		return fmt.Errorf("type %s, want %s", port.Type, want.Type)
	}
	shape := slices.Clone(port.Shape)
	together := port.Width // elements of a row that stand side by side
	if port.Rows >= 0 {
		shape[port.Rows] *= rows
		together = 1
		for _, d := range port.Shape[port.Rows:] {
			together *= d
		}
	}
	if !slices.Equal(shape, want.Shape) && !(len(shape) == 0 && len(want.Shape) == 0) {
		return fmt.Errorf("shape %v, want %v", shape, want.Shape)
	}
	for row := range rows {
		if !batch && row%3 != 0 {
			continue
		}
		for e := range port.Width {
			at := e
			if port.Rows >= 0 {
				at = (e/together*rows+row)*together + e%together
			}
			if err := sameElement(ws, got, (row/lanes*port.Width+e)*lanes+row%lanes, want, at); err != nil {
				return fmt.Errorf("row %d, element %d: %w", row, e, err)
			}
		}
	}
	return nil
}

func sameElement(ws *graph.Workspace, got *graph.Lanes, at int, want *graph.Tensor, from int) error {
	var g, w any
	ok := false
	switch want.Type.Storage() {
	case graph.F32:
		g, w = got.F32[at], want.F32[from]
		ok = closeTo(want.Type, float64(got.F32[at]), float64(want.F32[from]))
	case graph.F64:
		g, w = got.F64[at], want.F64[from]
		ok = closeTo(want.Type, got.F64[at], want.F64[from])
	case graph.I64:
		g, w = got.I64[at], want.I64[from]
		ok = g == w
	case graph.U64:
		g, w = got.U64[at], want.U64[from]
		ok = g == w
	case graph.Bools:
		g, w = got.Bool[at], want.Bool[from]
		ok = g == w
	case graph.Codes:
		g, w = ws.String(got.Str[at]), want.Str[from]
		ok = g == w
	}
	if !ok {
		return fmt.Errorf("got %v, want %v", g, w)
	}
	return nil
}

// words gives strings their codes.
type words struct {
	codes map[string]int32
	known int
	extra []string
}

func (w *words) code(s string) int32 {
	code, ok := w.codes[s]
	if !ok {
		code = int32(w.known + len(w.extra))
		w.codes[s] = code
		w.extra = append(w.extra, s)
	}
	return code
}

// put sets one value of a buffer to an element of a tensor.
func (w *words) put(l *graph.Lanes, at int, t *graph.Tensor, from int) {
	switch t.Type.Storage() {
	case graph.F32:
		l.F32[at] = t.F32[from]
	case graph.F64:
		l.F64[at] = t.F64[from]
	case graph.I64:
		l.I64[at] = t.I64[from]
	case graph.U64:
		l.U64[at] = t.U64[from]
	case graph.Bools:
		l.Bool[at] = t.Bool[from]
	case graph.Codes:
		l.Str[at] = w.code(t.Str[from])
	}
}

func conformance(t *testing.T, part string) string {
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if folder := filepath.Join(root, part); exists(filepath.Join(folder, "index.tsv")) {
		return folder
	}
	t.Skipf("no conformance cases: %s has no index.tsv (set YHAT_CONFORMANCE)", filepath.Join(root, part))
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
