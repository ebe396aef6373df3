package graph

import "slices"

// Layer is a dense product with constant weights, in the graph's order.
type Layer struct {
	Node string // the node of the product
	// Output is the value a_ℓ: that of the product after the run of bias,
	// normalisation, dropout and nonlinearity that alone consumes it.
	Output string
	Width  int // of a_ℓ, for one row
}

// trailing are the operators that may follow a product within its layer.
var trailing = map[string]bool{"Add": true, "Sub": true, "BatchNormalization": true, "LayerNormalization": true, "RMSNormalization": true,
	"InstanceNormalization": true, "Dropout": true, "Identity": true, "Clip": true, "PRelu": true, "ThresholdedRelu": true,
	"Softmax": true, "LogSoftmax": true, "Hardmax": true, "Reshape": false}

// layersOf finds the layers among the nodes.
func (c *compiler) layersOf(p *Program, nodes []Node) {
	readers, own := map[string][]*Node{}, map[string]bool{}
	for _, o := range c.g.Outputs {
		own[o.Name] = true
	}
	for i := range nodes {
		for _, name := range nodes[i].Inputs {
			readers[name] = append(readers[name], &nodes[i])
		}
	}
	for i := range nodes {
		d := &nodes[i]
		if op := operatorName(d); op != "Gemm" && op != "MatMul" || len(d.Inputs) < 2 || !c.isKnown(d.Inputs[1]) || c.isKnown(d.Inputs[0]) {
			continue
		}
		end := c.endOf(d.Outputs[0], readers, own)
		p.layers = append(p.layers, Layer{Node: nodeName(d), Output: end, Width: c.values[end].len()})
	}
}

// endOf follows the run of nodes that each alone read the one before, up to an
// output of the graph.
func (c *compiler) endOf(name string, readers map[string][]*Node, own map[string]bool) string {
	for !own[name] && len(readers[name]) == 1 {
		next := readers[name][0]
		op := operatorName(next)
		if _, activation := activations[op]; !trailing[op] && !activation || len(next.Outputs) == 0 {
			break
		}
		others := slices.DeleteFunc(slices.Clone(next.Inputs), func(s string) bool { return s == name || s == "" })
		if slices.ContainsFunc(others, func(s string) bool { return !c.isKnown(s) }) {
			break
		}
		name = next.Outputs[0]
	}
	return name
}

func (c *compiler) isKnown(name string) bool {
	if _, ok := c.constant(name); ok {
		return true
	}
	v := c.values[name]
	return v != nil && v.konst != nil
}

// Layers are the dense products of the graph: layer ℓ is Layers()[ℓ-1]. A
// program compiled with Options.Also holding their Output names returns those
// values.
func (p *Program) Layers() []Layer { return p.layers }
