package model

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message builds a protobuf message field by field.
type message []byte

func (m message) num(field protowire.Number, v uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), v)
}

func (m message) bytes(field protowire.Number, b []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), b)
}

func (m message) text(field protowire.Number, s string) message { return m.bytes(field, []byte(s)) }

func (m message) floats(field protowire.Number, list ...float32) message {
	var b []byte
	for _, v := range list {
		b = protowire.AppendFixed32(b, math.Float32bits(v))
	}
	return m.bytes(field, b)
}

func (m message) ints(field protowire.Number, list ...int64) message {
	var b []byte
	for _, v := range list {
		b = protowire.AppendVarint(b, uint64(v))
	}
	return m.bytes(field, b)
}

// onnxModel builds a ModelProto of a graph's fields.
func onnxModel(opset uint64, graph message) []byte {
	return message{}.num(1, 8).text(2, "test").bytes(7, graph).
		bytes(8, message{}.num(2, opset)).bytes(8, message{}.text(1, "ai.onnx.ml").num(2, 3))
}

// onnxValue builds a ValueInfoProto of a tensor; a dimension of -1 is "N".
func onnxValue(name string, code uint64, shape ...int64) message {
	var dims message
	for _, d := range shape {
		if d < 0 {
			dims = dims.bytes(1, message{}.text(2, "N"))
		} else {
			dims = dims.bytes(1, message{}.num(1, uint64(d)))
		}
	}
	return message{}.text(1, name).bytes(2, message{}.bytes(1, message{}.num(1, code).bytes(2, dims)))
}

// onnxNode builds a NodeProto; attributes are AttributeProtos.
func onnxNode(domain, op string, in, out []string, attributes ...message) message {
	var m message
	for _, s := range in {
		m = m.text(1, s)
	}
	for _, s := range out {
		m = m.text(2, s)
	}
	m = m.text(3, op+" "+out[0]).text(4, op).text(7, domain)
	for _, a := range attributes {
		m = m.bytes(5, a)
	}
	return m
}

// onnxFloats builds a float TensorProto.
func onnxFloats(name string, dims []int64, list ...float32) message {
	return message{}.ints(1, dims...).num(2, 1).text(8, name).floats(4, list...)
}

// denseModel is y = softmax(relu(x W + b) V) for 3 columns.
func denseModel() []byte {
	return onnxModel(18, message{}.
		bytes(1, onnxNode("", "MatMul", []string{"x", "W"}, []string{"h"})).
		bytes(1, onnxNode("", "Add", []string{"h", "b"}, []string{"z"})).
		bytes(1, onnxNode("", "Relu", []string{"z"}, []string{"a"})).
		bytes(1, onnxNode("", "Gemm", []string{"a", "V"}, []string{"g"})).
		bytes(1, onnxNode("", "Softmax", []string{"g"}, []string{"y"})).
		text(2, "dense").
		bytes(5, onnxFloats("W", []int64{3, 2}, 1, 2, 3, 4, 5, 6)).
		bytes(5, onnxFloats("b", []int64{2}, -1, 1)).
		bytes(5, onnxFloats("V", []int64{2, 2}, 1, 0, 0, 1)).
		bytes(11, onnxValue("x", 1, -1, 3)).
		bytes(12, onnxValue("y", 1, -1, 2)))
}

// pipelineModel scores a number and a text: an imputer and a scaler, a one-hot
// encoder, a linear classifier with a ZipMap.
func pipelineModel() []byte {
	const ml = "ai.onnx.ml"
	floats := func(name string, list ...float32) message {
		return message{}.text(1, name).floats(7, list...).num(20, 6)
	}
	texts := func(name string, list ...string) message {
		m := message{}.text(1, name).num(20, 8)
		for _, s := range list {
			m = m.text(9, s)
		}
		return m
	}
	nan := float32(math.NaN())
	replaced := append(message{}.text(1, "replaced_value_float"), protowire.AppendFixed32(protowire.AppendTag(nil, 2, protowire.Fixed32Type), math.Float32bits(nan))...)
	return onnxModel(15, message{}.
		bytes(1, onnxNode(ml, "Imputer", []string{"age"}, []string{"i"}, floats("imputed_value_floats", 50), replaced)).
		bytes(1, onnxNode(ml, "Scaler", []string{"i"}, []string{"s"}, floats("offset", 50), floats("scale", 0.1))).
		bytes(1, onnxNode(ml, "OneHotEncoder", []string{"sex"}, []string{"o"}, texts("cats_strings", "female", "male"))).
		bytes(1, onnxNode("", "Reshape", []string{"o", "flat"}, []string{"r"})).
		bytes(1, onnxNode("", "Concat", []string{"s", "r"}, []string{"c"}, message{}.text(1, "axis").num(3, 1))).
		bytes(1, onnxNode(ml, "LinearClassifier", []string{"c"}, []string{"label", "p"}, floats("coefficients", -1, 0, 0.5, 1, 0, -0.5),
			floats("intercepts", 0.25, -0.25), texts("classlabels_strings", "no", "yes"), message{}.text(1, "post_transform").text(4, "LOGISTIC"))).
		bytes(1, onnxNode(ml, "ZipMap", []string{"p"}, []string{"scores"}, texts("classlabels_strings", "no", "yes"))).
		bytes(5, message{}.ints(1, 2).num(2, 7).text(8, "flat").ints(7, -1, 2)).
		bytes(11, onnxValue("age", 1, -1, 1)).
		bytes(11, onnxValue("sex", 8, -1, 1)).
		bytes(12, onnxValue("label", 8, -1)).
		bytes(12, message{}.text(1, "scores")))
}

// treeModel is one tree with a root and two leaves.
func treeModel() []byte {
	const ml = "ai.onnx.ml"
	ints := func(name string, list ...int64) message { return message{}.text(1, name).ints(8, list...).num(20, 7) }
	floats := func(name string, list ...float32) message {
		return message{}.text(1, name).floats(7, list...).num(20, 6)
	}
	return onnxModel(15, message{}.
		bytes(1, onnxNode(ml, "TreeEnsembleRegressor", []string{"x"}, []string{"y"},
			ints("nodes_treeids", 0, 0, 0), ints("nodes_nodeids", 0, 1, 2), ints("nodes_featureids", 1, 0, 0), floats("nodes_values", 0.5, 0, 0),
			message{}.text(1, "nodes_modes").text(9, "BRANCH_LEQ").text(9, "LEAF").text(9, "LEAF"),
			ints("nodes_truenodeids", 1, 0, 0), ints("nodes_falsenodeids", 2, 0, 0), ints("nodes_missing_value_tracks_true", 1, 0, 0),
			ints("target_treeids", 0, 0), ints("target_nodeids", 1, 2), ints("target_ids", 0, 0), floats("target_weights", 10, 20))).
		bytes(11, onnxValue("x", 1, -1, 2)).
		bytes(12, onnxValue("y", 1, -1, 1)))
}
