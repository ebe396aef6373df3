package graph

import "strconv"

// namesOf finds the names that a model gives its classes: outputs that are
// constants, and the labels that a label output is chosen from.
func (c *compiler) namesOf(p *Program, nodes []Node) {
	givers := map[string]*Node{}
	for i := range nodes {
		for _, o := range nodes[i].Outputs {
			givers[o] = &nodes[i]
		}
	}
	p.known = map[int][]string{}
	for i, o := range p.outputs {
		v := c.values[o.name]
		if v == nil || v.typ != String && !v.typ.Integer() {
			continue
		}
		if names := c.texts(v); v.konst != nil && names != nil {
			p.known[i] = names
		} else if p.classes == nil {
			p.classes = c.chosenFrom(o.name, givers)
		}
	}
}

// texts are the elements of a known list of strings or integers.
func (c *compiler) texts(v *value) []string {
	if v.konst == nil {
		return nil
	}
	var list []string
	for _, code := range v.konst.Str {
		list = append(list, c.strings[code])
	}
	for _, n := range v.konst.I64 {
		list = append(list, strconv.FormatInt(n, 10))
	}
	return list
}

// chosenFrom follows a label back to the list of classes that it is one of.
func (c *compiler) chosenFrom(name string, givers map[string]*Node) []string {
	for range len(givers) {
		d := givers[name]
		if d == nil || len(d.Inputs) == 0 {
			return nil
		}
		switch op := operatorName(d); op {
		case "Identity", "Cast", "Reshape", "Squeeze", "Flatten", "Unsqueeze":
			name = d.Inputs[0]
		case "Where": // a label, or the empty word where there is none
			if len(d.Inputs) != 3 || !c.isEmptyWord(d.Inputs[1]) {
				return nil
			}
			name = d.Inputs[2]
		case "ai.onnx.ml.ArrayFeatureExtractor", "Gather":
			if v := c.values[d.Inputs[0]]; v != nil {
				return c.texts(v)
			}
			return nil
		case "ai.onnx.ml.LinearClassifier", "ai.onnx.ml.SVMClassifier", "ai.onnx.ml.TreeEnsembleClassifier":
			if words := d.Attributes["classlabels_strings"].Strings; len(words) > 0 {
				return words
			}
			var list []string
			for _, n := range append(d.Attributes["classlabels_ints"].Ints, d.Attributes["classlabels_int64s"].Ints...) {
				list = append(list, strconv.FormatInt(n, 10))
			}
			return list
		default:
			return nil
		}
	}
	return nil
}

// isEmptyWord reports whether a value is a constant of nothing but the empty
// string.
func (c *compiler) isEmptyWord(name string) bool {
	v := c.values[name]
	return v != nil && v.konst != nil && len(v.konst.Str) == 1 && v.konst.Str[0] == 0
}
