package model

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"yhat/nn/graph"
)

// Limits on a graph: what walks along nodes is as deep as there are of them.
const (
	maxNodes = 1 << 20
	maxPorts = 1 << 14 // inputs or outputs
)

// onnxGraph reads a GraphProto.
type onnxGraph struct {
	*ONNX
	beside *beside
	files  map[string]*externalFile
	maps   map[string]bool // inputs that are maps
	// Bytes of external files, and bytes taken from them: tensors may share a
	// piece of a file, but not without end.
	external, taken int64
}

func (d *onnxGraph) decode(body []byte) error {
	d.Constants, d.maps = map[string]*graph.Tensor{}, map[string]bool{}
	nodes, tensors, inputs, outputs := 0, 0, 0, 0
	err := fields(body, func(v field) error {
		switch v.num {
		case 1:
			nodes++
			return within("graph.node", nodes-1, d.node(v.bytes))
		case 2:
			d.Name = string(v.bytes)
		case 5:
			tensors++
			return within("graph.initializer", tensors-1, d.initializer(v.bytes))
		case 11:
			inputs++
			return within("graph.input", inputs-1, d.input(v.bytes))
		case 12:
			outputs++
			return within("graph.output", outputs-1, d.output(v.bytes))
		case 15:
			return errors.New("sparse initializers are not supported")
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case nodes > maxNodes || inputs > maxPorts || outputs > maxPorts:
		return fmt.Errorf("%d nodes, %d inputs and %d outputs are too many", nodes, inputs, outputs)
	}
	return d.vocabularies()
}

// node reads a NodeProto.
func (d *onnxGraph) node(message []byte) error {
	n := graph.Node{Attributes: map[string]graph.Attribute{}}
	err := fields(message, func(v field) error {
		switch v.num {
		case 1:
			n.Inputs = append(n.Inputs, string(v.bytes))
		case 2:
			n.Outputs = append(n.Outputs, string(v.bytes))
		case 3:
			n.Name = string(v.bytes)
		case 4:
			n.Op = string(v.bytes)
		case 5:
			name, a, err := d.attribute(v.bytes)
			if err != nil {
				return fmt.Errorf("attribute %.80q: %w", name, err)
			}
			n.Attributes[name] = a
		case 7:
			n.Domain = string(v.bytes)
		}
		return nil
	})
	if n.Domain == "ai.onnx" {
		n.Domain = ""
	}
	n.Version = max(1, d.Opsets[n.Domain])
	d.Nodes = append(d.Nodes, n)
	return err
}

// attribute reads an AttributeProto. Graphs in attributes belong to operators
// that are not supported, and are left unread.
func (d *onnxGraph) attribute(message []byte) (name string, a graph.Attribute, err error) {
	var said graph.AttributeKind
	err = fields(message, func(v field) (err error) {
		if kind, ok := attributeKinds[v.num]; ok {
			a.Kind = kind
		}
		switch v.num {
		case 1:
			name = string(v.bytes)
		case 2:
			var one []float32
			if one, err = floats(nil, v); err == nil && len(one) > 0 {
				a.F = one[0]
			}
		case 3:
			a.I = int64(v.n)
		case 4:
			a.S = string(v.bytes)
		case 5:
			_, a.Tensor, err = d.tensor(v.bytes)
		case 7:
			a.Floats, err = floats(a.Floats, v)
		case 8:
			a.Ints, err = varints(a.Ints, v)
		case 9:
			a.Strings = append(a.Strings, string(v.bytes))
		case 20:
			said = graph.AttributeKind(min(v.n, 255))
		}
		return err
	})
	if a.Kind == 0 && said <= graph.StringsAttribute {
		a.Kind = said // an empty list
	}
	return name, a, err
}

// attributeKinds are the kinds of attributes by the field that holds them. A
// file may also say the kind, which old ones do not.
var attributeKinds = map[protowire.Number]graph.AttributeKind{2: graph.FloatAttribute, 3: graph.IntAttribute, 4: graph.StringAttribute,
	5: graph.TensorAttribute, 7: graph.FloatsAttribute, 8: graph.IntsAttribute, 9: graph.StringsAttribute}

func (d *onnxGraph) initializer(message []byte) error {
	name, t, err := d.tensor(message)
	if err != nil {
		return fmt.Errorf("%.80q: %w", name, err)
	}
	if d.Constants[name] != nil {
		return fmt.Errorf("%.80q is given twice", name)
	}
	d.Constants[name] = t
	return nil
}

// valueType is a TypeProto as far as it is understood.
type valueType struct {
	element graph.Type
	shape   []graph.Dim
	ranked  bool
	isMap   bool
	other   bool // a sequence, an optional, …
}

// typed reads a ValueInfoProto.
func typed(message []byte) (name string, t valueType, err error) {
	err = fields(message, func(v field) error {
		switch v.num {
		case 1:
			name = string(v.bytes)
		case 2:
			return fields(v.bytes, t.read)
		}
		return nil
	})
	return name, t, err
}

// read reads one field of a TypeProto.
func (t *valueType) read(v field) error {
	switch v.num {
	case 1:
		return fields(v.bytes, t.tensor)
	case 5:
		t.isMap = true
		return fields(v.bytes, func(v field) error {
			if v.num != 2 {
				return nil
			}
			return fields(v.bytes, func(v field) error {
				if v.num != 1 {
					return nil
				}
				return fields(v.bytes, t.tensor)
			})
		})
	case 4, 8, 9:
		t.other = true
	}
	return nil
}

// tensor reads one field of a TypeProto.Tensor.
func (t *valueType) tensor(v field) error {
	switch v.num {
	case 1:
		t.element = graph.TypeOf(int(min(v.n, 1<<20)))
	case 2:
		t.ranked = true
		return fields(v.bytes, func(v field) error {
			if v.num != 1 {
				return nil
			}
			dim, err := dimension(v.bytes)
			t.shape = append(t.shape, dim)
			return err
		})
	}
	return nil
}

// dimension reads a TensorShapeProto.Dimension. What is no positive number is
// open; some exporters write 0 or -1 for the batch axis.
func dimension(message []byte) (graph.Dim, error) {
	d := graph.Dim{Size: -1}
	err := fields(message, func(v field) error {
		switch v.num {
		case 1:
			d.Size = -1
			if n := int64(v.n); n > 0 {
				d.Size = int(n)
			}
		case 2:
			d.Name = string(v.bytes)
		}
		return nil
	})
	return d, err
}

func (d *onnxGraph) input(message []byte) error {
	name, t, err := typed(message)
	if t.other {
		t.element = graph.Unknown
	}
	d.maps[name] = t.isMap
	d.Inputs = append(d.Inputs, graph.Input{Name: name, Type: t.element, Shape: t.shape, Ranks: t.ranked})
	return err
}

func (d *onnxGraph) output(message []byte) error {
	name, t, err := typed(message)
	if t.other || t.isMap {
		t = valueType{}
	}
	d.Outputs = append(d.Outputs, graph.Output{Name: name, Type: t.element, Shape: t.shape})
	return err
}

// vocabularies makes a row of numbers of each input that is a map, by the
// vocabulary of the DictVectorizer that reads it.
func (d *onnxGraph) vocabularies() error {
	readers := map[string]*graph.Node{}
	for i := range d.Nodes {
		if n := &d.Nodes[i]; n.Op == "DictVectorizer" && len(n.Inputs) == 1 {
			readers[n.Inputs[0]] = n
		}
	}
	for i := range d.Inputs {
		in := &d.Inputs[i]
		if !d.maps[in.Name] {
			continue
		}
		n := readers[in.Name]
		if n == nil {
			return fmt.Errorf("input %.80q is a map that no DictVectorizer reads", in.Name)
		}
		keys := append([]string{}, n.Attributes["string_vocabulary"].Strings...)
		for _, k := range n.Attributes["int64_vocabulary"].Ints {
			keys = append(keys, fmt.Sprint(k))
		}
		in.Keys, in.Ranks = keys, true
		in.Shape = []graph.Dim{{Size: 1}, {Size: len(keys)}}
	}
	return nil
}
