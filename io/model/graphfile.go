package model

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"yhat/nn/graph"
)

// A graph in the native manner is JSON: inputs, nodes, constants and outputs by
// name, as ONNX has them, small constants in the text and large ones in a
// safetensors file beside it. Numbers that JSON cannot write are "NaN",
// "Infinity" and "-Infinity".
const graphFormat = "yhat-graph/1"

// The keys of the graph format.
const (
	graphKeys    = "format, name, producer, opsets, inputs, nodes, constants, outputs, metadata"
	portKeys     = "name, type, shape, keys"
	nodeKeys     = "name, domain, op, inputs, outputs, attributes"
	constantKeys = "type, shape, data, file, tensor"
	attrKeys     = "float, int, string, tensor, floats, ints, strings"
)

// isGraph reports whether a text is a graph by its format.
func isGraph(text []byte) bool {
	s, found := newStrict(text), ""
	s.object("", func(key string) (err error) {
		if key == "format" && s.dec.PeekKind() == jsontext.KindString {
			if found, err = s.word(); err == nil {
				err = errStop
			}
			return err
		}
		return s.syntax(s.dec.SkipValue())
	})
	return strings.HasPrefix(found, "yhat-graph/")
}

var errStop = faultf("", "enough is known")

// DecodeGraph reads the text of a graph file and the one file of weights that it
// may name.
func DecodeGraph(text, weights []byte) (*ONNX, error) {
	return decodeGraph(text, &beside{only: weights})
}

// loadGraph decodes the text of a graph file.
func loadGraph(path string, text []byte) (*File, error) {
	digest := sha256.New()
	digest.Write(text)
	b := &beside{folder: filepath.Dir(path), digest: digest}
	defer b.close()
	m, err := decodeGraph(text, b)
	if err != nil {
		return nil, named(path, err)
	}
	m.Path, m.SHA256, m.Beside = path, hex.EncodeToString(digest.Sum(nil)), b.paths()
	return &File{Path: path, Format: graphFormat, SHA256: m.SHA256, ONNX: m}, nil
}

// graphFile is a graph file on its way to a graph.
type graphFile struct {
	*strict
	m      *ONNX
	beside *beside
	used   map[location]bool // tensors of files
	count  int               // elements of all constants
}

// decodeGraph reads the text of a graph file.
func decodeGraph(text []byte, b *beside) (*ONNX, error) {
	d := &graphFile{strict: newStrict(text), beside: b, used: map[location]bool{}}
	d.m = &ONNX{Graph: &graph.Graph{Metadata: map[string]string{}, Constants: map[string]*graph.Tensor{}}, Opsets: map[string]int{}}
	if err := d.decode(); err != nil {
		return nil, err
	}
	for i := range d.m.Nodes {
		n := &d.m.Nodes[i]
		n.Version = max(1, d.m.Opsets[n.Domain])
	}
	if err := d.m.known(); err != nil {
		return nil, faultf("opsets", "%w", err)
	}
	d.m.Columns = columnsOf(d.m.Metadata)
	return d.m, d.m.told()
}

func (d *graphFile) decode() error {
	seen, g := map[string]bool{}, d.m.Graph
	err := d.object(graphKeys, func(key string) (err error) {
		seen[key] = true
		switch key {
		case "format":
			return d.readFormat()
		case "name":
			g.Name, err = d.word()
		case "producer":
			g.Producer, err = d.word()
		case "opsets":
			return d.readOpsets()
		case "inputs":
			return d.few(d.readInput)
		case "nodes":
			return d.array(d.readNode)
		case "constants":
			return d.object("", d.readConstant)
		case "outputs":
			return d.few(d.readOutput)
		case "metadata":
			return d.object("", func(key string) (err error) {
				g.Metadata[key], err = d.word()
				return err
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"format", "opsets", "inputs", "nodes", "outputs"} {
		if !seen[key] {
			return faultf(key, "missing")
		}
	}
	return d.end()
}

func (d *graphFile) readFormat() error {
	format, err := d.word()
	if err == nil && format != graphFormat {
		err = d.fault("", "%.20q, want %q", format, graphFormat)
	}
	return err
}

// few reads an array of inputs or outputs.
func (d *graphFile) few(each func() error) error {
	return d.array(func(i int) error {
		if i == maxPorts {
			return d.fault("", "more than %d", maxPorts)
		}
		return each()
	})
}

// readOpsets reads the versions of the operators' domains.
func (d *graphFile) readOpsets() error {
	return d.object("", func(key string) error {
		n, err := d.integer()
		if key == "ai.onnx" {
			key = ""
		}
		d.m.Opsets[key] = int(max(min(n, 1<<20), -1))
		return err
	})
}

func (d *graphFile) readInput() error {
	var in graph.Input
	err := d.object(portKeys, func(key string) (err error) {
		switch key {
		case "name":
			in.Name, err = d.word()
		case "type":
			in.Type, err = d.elementType()
		case "shape":
			in.Ranks = true
			in.Shape, err = d.dims()
		case "keys":
			in.Keys, err = d.words()
		}
		return err
	})
	if err == nil && (in.Name == "" || in.Type == graph.Unknown) {
		err = d.fault("", "want a name and a type")
	}
	d.m.Inputs = append(d.m.Inputs, in)
	return err
}

func (d *graphFile) readOutput() error {
	var out graph.Output
	err := d.object("name, type, shape", func(key string) (err error) {
		switch key {
		case "name":
			out.Name, err = d.word()
		case "type":
			out.Type, err = d.elementType()
		case "shape":
			out.Shape, err = d.dims()
		}
		return err
	})
	if err == nil && out.Name == "" {
		err = d.fault("", "want a name")
	}
	d.m.Outputs = append(d.m.Outputs, out)
	return err
}

// elementType reads the name of an element type.
func (d *graphFile) elementType() (graph.Type, error) {
	name, err := d.word()
	if err != nil {
		return graph.Unknown, err
	}
	for t := range elementCodes {
		if t.String() == name {
			return t, nil
		}
	}
	return graph.Unknown, d.fault("", "unknown element type %.20q", name)
}

// dims reads a shape: sizes, and names or null where they are open.
func (d *graphFile) dims() ([]graph.Dim, error) {
	list := []graph.Dim{}
	err := d.array(func(int) error {
		switch d.dec.PeekKind() {
		case jsontext.KindString:
			name, err := d.word()
			list = append(list, graph.Dim{Size: -1, Name: name})
			return err
		case jsontext.KindNull:
			list = append(list, graph.Dim{Size: -1})
			return d.syntax(d.dec.SkipValue())
		}
		n, err := d.integer()
		if err == nil && (n < 1 || n > math.MaxInt32) {
			err = d.fault("", "a dimension of %d", n)
		}
		list = append(list, graph.Dim{Size: int(n)})
		return err
	})
	return list, err
}

func (d *graphFile) readNode(i int) error {
	if i == maxNodes {
		return d.fault("", "more than %d nodes", maxNodes)
	}
	n := graph.Node{Attributes: map[string]graph.Attribute{}}
	err := d.object(nodeKeys, func(key string) (err error) {
		switch key {
		case "name":
			n.Name, err = d.word()
		case "domain":
			n.Domain, err = d.word()
		case "op":
			n.Op, err = d.word()
		case "inputs":
			n.Inputs, err = d.words()
		case "outputs":
			n.Outputs, err = d.words()
		case "attributes":
			return d.object("", func(key string) (err error) {
				n.Attributes[key], err = d.attribute()
				return err
			})
		}
		return err
	})
	if err == nil && (n.Op == "" || len(n.Outputs) == 0) {
		err = d.fault("", "want an op and outputs")
	}
	if n.Domain == "ai.onnx" {
		n.Domain = ""
	}
	d.m.Nodes = append(d.m.Nodes, n)
	return err
}

// attribute reads an object with one key, which says the attribute's kind.
func (d *graphFile) attribute() (a graph.Attribute, err error) {
	err = d.object(attrKeys, func(key string) (err error) {
		if a.Kind != 0 {
			return d.fault("", "want one value")
		}
		switch key {
		case "float":
			var x float64
			x, err = d.anyFloat()
			a.Kind, a.F = graph.FloatAttribute, float32(x)
		case "int":
			a.Kind = graph.IntAttribute
			a.I, err = d.integer()
		case "string":
			a.Kind = graph.StringAttribute
			a.S, err = d.word()
		case "tensor":
			a.Kind = graph.TensorAttribute
			a.Tensor, err = d.tensorOf()
		case "floats":
			a.Kind = graph.FloatsAttribute
			err = d.array(func(int) error {
				x, err := d.anyFloat()
				a.Floats = append(a.Floats, float32(x))
				return err
			})
		case "ints":
			a.Kind = graph.IntsAttribute
			err = d.array(func(int) error {
				n, err := d.integer()
				a.Ints = append(a.Ints, n)
				return err
			})
		case "strings":
			a.Kind = graph.StringsAttribute
			a.Strings, err = d.words()
		}
		return err
	})
	if err == nil && a.Kind == 0 {
		err = d.fault("", "want one of %s", attrKeys)
	}
	return a, err
}

func (d *graphFile) readConstant(name string) error {
	t, err := d.tensorOf()
	if err != nil {
		return err
	}
	d.m.Constants[name] = t
	d.count += t.Len()
	if d.count > maxParameters {
		return d.fault("", "more than %d numbers in all", maxParameters)
	}
	return nil
}

// anyFloat reads a number, or the word for one that JSON cannot write.
func (d *graphFile) anyFloat() (float64, error) {
	if d.dec.PeekKind() != jsontext.KindString {
		return d.number()
	}
	word, err := d.word()
	if err != nil {
		return 0, err
	}
	switch word {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	return 0, d.fault("", "want a number")
}

// integer reads a whole number of 64 bits.
func (d *graphFile) integer() (int64, error) {
	token, err := d.dec.ReadToken()
	if err != nil {
		return 0, d.syntax(err)
	}
	if token.Kind() != jsontext.KindNumber {
		return 0, d.mistyped(jsontext.KindNumber, token.Kind())
	}
	n, err := strconv.ParseInt(token.String(), 10, 64)
	if err != nil {
		return 0, d.fault("", "want a whole number of 64 bits")
	}
	return n, nil
}
