package model

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"yhat/nn/graph"
)

// irVersion is the file format that goes with operator set 18.
const irVersion = 8

// EncodeONNX writes a graph as an ONNX file, its constants inside. The same
// graph gives the same bytes.
func EncodeONNX(w io.Writer, g *graph.Graph) error {
	body, err := graphProto(g)
	if err != nil {
		return err
	}
	m := protoMessage{}.number(1, irVersion).text(2, g.Producer).bytes(7, body)
	opsets := map[string]int{"": 1}
	for i := range g.Nodes {
		opsets[g.Nodes[i].Domain] = max(opsets[g.Nodes[i].Domain], g.Nodes[i].Version)
	}
	for _, domain := range slices.Sorted(maps.Keys(opsets)) {
		m = m.bytes(8, protoMessage{}.text(1, domain).number(2, uint64(opsets[domain])))
	}
	for _, key := range slices.Sorted(maps.Keys(g.Metadata)) {
		m = m.bytes(14, protoMessage{}.text(1, key).text(2, g.Metadata[key]))
	}
	if len(m) > maxONNX-1 {
		return fmt.Errorf("%d bytes are more than an ONNX file can have", len(m))
	}
	_, err = w.Write(m)
	return err
}

// protoMessage is a protobuf message on its way out.
type protoMessage []byte

func (m protoMessage) number(field protowire.Number, v uint64) protoMessage {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), v)
}

func (m protoMessage) bytes(field protowire.Number, b []byte) protoMessage {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), b)
}

func (m protoMessage) text(field protowire.Number, s string) protoMessage {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), s)
}

func (m protoMessage) texts(field protowire.Number, list []string) protoMessage {
	for _, s := range list {
		m = m.text(field, s)
	}
	return m
}

// packed appends a repeated integer as one field.
func (m protoMessage) packed(field protowire.Number, list []int64) protoMessage {
	var b []byte
	for _, v := range list {
		b = protowire.AppendVarint(b, uint64(v))
	}
	return m.bytes(field, b)
}

// graphProto is a GraphProto.
func graphProto(g *graph.Graph) (protoMessage, error) {
	var m protoMessage
	for i := range g.Nodes {
		node, err := nodeProto(&g.Nodes[i])
		if err != nil {
			return nil, fmt.Errorf("node %.80q: %w", g.Nodes[i].Name, err)
		}
		m = m.bytes(1, node)
	}
	name := g.Name
	if name == "" {
		name = "model" // a graph must have a name
	}
	m = m.text(2, name)
	for _, name := range slices.Sorted(maps.Keys(g.Constants)) {
		m = m.bytes(5, tensorProto(name, g.Constants[name]))
	}
	for _, in := range g.Inputs {
		if in.Keys != nil {
			return nil, fmt.Errorf("input %.80q is a map", in.Name)
		}
		m = m.bytes(11, valueProto(in.Name, in.Type, in.Shape, in.Ranks))
	}
	for _, out := range g.Outputs {
		m = m.bytes(12, valueProto(out.Name, out.Type, out.Shape, out.Shape != nil))
	}
	return m, nil
}

// nodeProto is a NodeProto.
func nodeProto(n *graph.Node) (protoMessage, error) {
	m := protoMessage{}.texts(1, n.Inputs).texts(2, n.Outputs).text(3, n.Name).text(4, n.Op)
	for _, name := range slices.Sorted(maps.Keys(n.Attributes)) {
		a, err := attributeProto(name, n.Attributes[name])
		if err != nil {
			return nil, fmt.Errorf("attribute %.80q: %w", name, err)
		}
		m = m.bytes(5, a)
	}
	if n.Domain != "" {
		m = m.text(7, n.Domain)
	}
	return m, nil
}

// attributeProto is an AttributeProto.
func attributeProto(name string, a graph.Attribute) (protoMessage, error) {
	m := protoMessage{}.text(1, name)
	switch a.Kind {
	case graph.FloatAttribute:
		m = protowire.AppendFixed32(protowire.AppendTag(m, 2, protowire.Fixed32Type), math.Float32bits(a.F))
	case graph.IntAttribute:
		m = m.number(3, uint64(a.I))
	case graph.StringAttribute:
		m = m.text(4, a.S)
	case graph.TensorAttribute:
		m = m.bytes(5, tensorProto("", a.Tensor))
	case graph.FloatsAttribute:
		var b []byte
		for _, v := range a.Floats {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		m = m.bytes(7, b)
	case graph.IntsAttribute:
		m = m.packed(8, a.Ints)
	case graph.StringsAttribute:
		m = m.texts(9, a.Strings)
	default:
		return nil, fmt.Errorf("of a kind that is not known")
	}
	return m.number(20, uint64(a.Kind)), nil
}

// elementCodes are ONNX's numbers of element types.
var elementCodes = map[graph.Type]uint64{graph.Float32: 1, graph.Uint8: 2, graph.Int8: 3, graph.Uint16: 4, graph.Int16: 5, graph.Int32: 6,
	graph.Int64: 7, graph.String: 8, graph.Bool: 9, graph.Float16: 10, graph.Float64: 11, graph.Uint32: 12, graph.Uint64: 13, graph.BFloat16: 16}

// tensorProto is a TensorProto; numbers are raw data.
func tensorProto(name string, t *graph.Tensor) protoMessage {
	dims := make([]int64, len(t.Shape))
	for i, d := range t.Shape {
		dims[i] = int64(d)
	}
	m := protoMessage{}.packed(1, dims).number(2, elementCodes[t.Type])
	if name != "" {
		m = m.text(8, name)
	}
	if t.Type == graph.String {
		return m.texts(6, t.Str)
	}
	return m.bytes(9, pack(t))
}

// pack is a tensor's elements as raw data, the other way of unpack.
func pack(t *graph.Tensor) []byte {
	out := make([]byte, 0, t.Len()*sizes[t.Type])
	put := func(bits uint64) {
		switch sizes[t.Type] {
		case 1:
			out = append(out, byte(bits))
		case 2:
			out = binary.LittleEndian.AppendUint16(out, uint16(bits))
		case 4:
			out = binary.LittleEndian.AppendUint32(out, uint32(bits))
		default:
			out = binary.LittleEndian.AppendUint64(out, bits)
		}
	}
	for _, x := range t.F32 {
		put(bits32(t.Type, x))
	}
	for _, x := range t.F64 {
		put(math.Float64bits(x))
	}
	for _, x := range t.I64 {
		put(uint64(x))
	}
	for _, x := range t.U64 {
		put(x)
	}
	for _, x := range t.Bool {
		if x {
			put(1)
		} else {
			put(0)
		}
	}
	return out
}

// bits32 are the bits of a float32 in the type that it stands for; a 16-bit
// type's values are already rounded to it.
func bits32(t graph.Type, x float32) uint64 {
	bits := math.Float32bits(x)
	switch t {
	case graph.BFloat16:
		return uint64(bits >> 16)
	case graph.Float16:
		return uint64(halfBits(bits))
	}
	return uint64(bits)
}

// halfBits are the bits of an IEEE 754 binary16 number that a float32 holds
// exactly.
func halfBits(bits uint32) uint16 {
	sign, exponent, fraction := uint16(bits>>16&0x8000), int(bits>>23&255)-127, bits&0x7fffff
	switch {
	case exponent == 128 && fraction != 0:
		return sign | 0x7e00
	case exponent > 15:
		return sign | 0x7c00
	case exponent < -24:
		return sign
	case exponent < -14: // without the hidden bit's exponent
		return sign | uint16((fraction|0x800000)>>(-exponent-1))
	}
	return sign | uint16(exponent+15)<<10 | uint16(fraction>>13)
}

// valueProto is a ValueInfoProto of a tensor.
func valueProto(name string, t graph.Type, shape []graph.Dim, ranked bool) protoMessage {
	m := protoMessage{}.text(1, name)
	if t == graph.Unknown {
		return m
	}
	tensor := protoMessage{}.number(1, elementCodes[t])
	if ranked {
		var dims protoMessage
		for _, d := range shape {
			var dim protoMessage
			if d.Size >= 0 {
				dim = dim.number(1, uint64(d.Size))
			} else if d.Name != "" {
				dim = dim.text(2, d.Name)
			}
			dims = dims.bytes(1, dim)
		}
		tensor = tensor.bytes(2, dims)
	}
	return m.bytes(2, protoMessage{}.bytes(1, tensor))
}
