package graph

import (
	"math"
	"slices"
)

// missingOf decides for each input whether a missing value may go in: whether
// every path from it meets, before anything else but moves, an operator that
// knows what to do with NaN or with the empty string.
func (c *compiler) missingOf(p *Program, nodes []Node) {
	p.missing = map[string]bool{}
	readers := map[string][]*Node{}
	for i := range nodes {
		for _, name := range nodes[i].Inputs {
			readers[name] = append(readers[name], &nodes[i])
		}
	}
	for _, in := range p.inputs {
		if t := in.value.typ; t.Float() || t == String {
			p.missing[in.name] = c.absorbed(in.name, readers, map[string]bool{})
		}
	}
}

// movers pass their values on unchanged.
var movers = map[string]bool{"Identity": true, "Dropout": true, "Reshape": true, "Flatten": true, "Squeeze": true, "Unsqueeze": true,
	"Transpose": true, "Concat": true, "Split": true, "Slice": true, "Expand": true, "Tile": true,
	"ai.onnx.ml.ArrayFeatureExtractor": true, "ai.onnx.ml.FeatureVectorizer": true, "ai.onnx.ml.DictVectorizer": true}

// absorbed reports whether every reader of a value deals with missing ones.
func (c *compiler) absorbed(name string, readers map[string][]*Node, seen map[string]bool) bool {
	if seen[name] {
		return true
	}
	seen[name] = true
	if c.returned[name] {
		return false
	}
	for _, d := range readers[name] {
		if !c.deals(d, name, readers, seen) {
			return false
		}
	}
	return len(readers[name]) > 0
}

func (c *compiler) deals(d *Node, name string, readers map[string][]*Node, seen map[string]bool) bool {
	switch op := operatorName(d); op {
	case "Shape", "Size", "IsNaN":
		return true
	case fillMissing:
		return d.Inputs[0] == name
	case "ai.onnx.ml.Imputer":
		gone := float64(d.Attributes["replaced_value_float"].F)
		return math.IsNaN(gone)
	case "ai.onnx.ml.TreeEnsembleClassifier", "ai.onnx.ml.TreeEnsembleRegressor", "ai.onnx.ml.TreeEnsemble":
		return len(d.Attributes["nodes_missing_value_tracks_true"].Ints) > 0
	case "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.OneHotEncoder", "ai.onnx.ml.CategoryMapper":
		return c.values[name] != nil && c.values[name].typ == String && knowsEmpty(d)
	case "Equal":
		return c.comparesEmpty(d, name)
	case "Where":
		return c.replaced(d, name, readers)
	case "Gather":
		return len(d.Inputs) > 0 && d.Inputs[0] == name && !slices.Contains(d.Inputs[1:], name) && c.all(d, readers, seen)
	case "Cast", "CastLike":
		v := c.values[name]
		if v == nil || len(d.Outputs) == 0 {
			return false
		}
		to := c.values[d.Outputs[0]]
		return to != nil && (v.typ == to.typ || v.typ.Float() && to.typ.Float()) && c.all(d, readers, seen)
	default:
		return movers[op] && c.all(d, readers, seen)
	}
}

// all reports whether all results of a node that are read are absorbed.
func (c *compiler) all(d *Node, readers map[string][]*Node, seen map[string]bool) bool {
	for _, o := range d.Outputs {
		if o != "" && c.uses[o] > 0 && !c.absorbed(o, readers, seen) {
			return false
		}
	}
	return true
}

// knowsEmpty reports whether the empty string is among an encoder's keys.
func knowsEmpty(d *Node) bool {
	for _, name := range []string{"keys_strings", "cats_strings", "classes_strings"} {
		if slices.Contains(d.Attributes[name].Strings, "") {
			return true
		}
	}
	t := d.Attributes["keys_tensor"].Tensor
	return t != nil && slices.Contains(t.Str, "")
}

// comparesEmpty reports whether a text is compared with the empty string.
func (c *compiler) comparesEmpty(d *Node, name string) bool {
	for _, other := range d.Inputs {
		v := c.values[other]
		if other != name && v != nil && v.typ == String && v.konst != nil && slices.Contains(v.konst.Str, 0) {
			return true
		}
	}
	return false
}

// replaced reports whether a Where takes something else exactly where the
// value is missing.
func (c *compiler) replaced(d *Node, name string, readers map[string][]*Node) bool {
	if len(d.Inputs) != 3 || d.Inputs[2] != name || d.Inputs[1] == name {
		return false
	}
	for _, r := range readers[name] {
		test := operatorName(r)
		if len(r.Outputs) > 0 && r.Outputs[0] == d.Inputs[0] && (test == "IsNaN" || test == "Equal" && c.comparesEmpty(r, name)) {
			return true
		}
	}
	return false
}

// origins are the inputs of the model that values come from.
func (c *compiler) origins(names []string) []string {
	if c.givers == nil {
		c.givers = map[string]*Node{}
		for i := range c.g.Nodes {
			for _, o := range c.g.Nodes[i].Outputs {
				c.givers[o] = &c.g.Nodes[i]
			}
		}
	}
	seen := map[string]bool{}
	queue := slices.Clone(names)
	for len(queue) > 0 {
		name := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		if g := c.givers[name]; g != nil {
			queue = append(queue, g.Inputs...)
		}
	}
	var list []string
	for _, in := range c.g.Inputs {
		if _, known := c.constant(in.Name); seen[in.Name] && !known {
			list = append(list, in.Name)
		}
	}
	return list
}
