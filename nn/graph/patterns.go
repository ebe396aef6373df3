package graph

// Exporters write some nonlinearities in simpler operators. Those are found
// here and become one operator again, so that they run on the kernels, as part
// of the product before them:
//
//	Gelu   x · 0.5 · (1 + Erf(x/√2)), x · 0.5 · (1 + Tanh(√(2/π) (x + 0.044715 x³)))
//	Swish  x · Sigmoid(x)
//	Mish   x · Tanh(Softplus(x))
//	fill   Where(IsNaN(x), k, x), of tables with missing cells
type patterns struct {
	c       *compiler
	nodes   []Node
	giver   map[string]int   // the node that gives a name
	readers map[string][]int // the nodes that read it, once for each input
	gone    map[int]bool
}

// recognise replaces the patterns among nodes in order.
func (c *compiler) recognise(nodes []Node) []Node {
	p := &patterns{c: c, nodes: nodes, giver: map[string]int{}, readers: map[string][]int{}, gone: map[int]bool{}}
	for i := range nodes {
		for _, name := range nodes[i].Inputs {
			p.readers[name] = append(p.readers[name], i)
		}
		for _, name := range nodes[i].Outputs {
			p.giver[name] = i
		}
	}
	for i := range nodes {
		switch operatorName(&nodes[i]) {
		case "Erf":
			p.gelu(i)
		case "Sigmoid":
			p.times(i, i, "Swish")
		case "Tanh":
			if before, ok := p.from(i, "Softplus"); ok {
				p.times(i, before, "Mish")
			}
			p.geluTanh(i)
		case "IsNaN":
			p.fill(i)
		}
	}
	var kept []Node
	for i := range nodes {
		if !p.gone[i] {
			kept = append(kept, nodes[i])
		}
	}
	return kept
}

// from is the node that gives node i's only input, if it is of an operator and
// nobody else reads its result.
func (p *patterns) from(i int, op string) (int, bool) {
	d := &p.nodes[i]
	if len(d.Inputs) != 1 {
		return 0, false
	}
	at, ok := p.giver[d.Inputs[0]]
	return at, ok && operatorName(&p.nodes[at]) == op && p.inner(at) && len(p.nodes[at].Inputs) == 1
}

// inner reports whether a node's result is read once, and not wanted.
func (p *patterns) inner(i int) bool {
	d := &p.nodes[i]
	return len(d.Outputs) == 1 && len(p.readers[d.Outputs[0]]) == 1 && !p.c.returned[d.Outputs[0]]
}

// next is the only reader of node i's result, if it is of an operator with two
// inputs; other is its other input.
func (p *patterns) next(i int, op string) (at int, other string, ok bool) {
	if !p.inner(i) {
		return 0, "", false
	}
	name := p.nodes[i].Outputs[0]
	at = p.readers[name][0]
	d := &p.nodes[at]
	if operatorName(d) != op || len(d.Inputs) != 2 || d.Version < 7 {
		return 0, "", false
	}
	if other = d.Inputs[0]; other == name {
		other = d.Inputs[1]
	}
	return at, other, true
}

// times turns x · f(x) into one operator; first and last are the nodes of f.
func (p *patterns) times(last, first int, op string) {
	at, other, ok := p.next(last, "Mul")
	if !ok || len(p.nodes[first].Inputs) != 1 || other != p.nodes[first].Inputs[0] || other == p.nodes[last].Outputs[0] {
		return
	}
	p.replace(at, other, op, first, last)
}

// fill recognises what replaces NaN by a constant.
func (p *patterns) fill(test int) {
	if d := &p.nodes[test]; p.inner(test) && len(d.Inputs) == 1 {
		at := p.readers[d.Outputs[0]][0]
		w := &p.nodes[at]
		if operatorName(w) != "Where" || len(w.Inputs) != 3 || w.Inputs[0] != d.Outputs[0] || w.Inputs[2] != d.Inputs[0] {
			return
		}
		if _, known := p.c.constant(w.Inputs[1]); known {
			*w = Node{Name: w.Name, Op: fillMissing, Version: w.Version, Inputs: []string{w.Inputs[2], w.Inputs[1]}, Outputs: w.Outputs}
			p.gone[test] = true
		}
	}
}

// replace makes one node of the last of a pattern; the others go.
func (p *patterns) replace(last int, x, op string, others ...int) {
	d := &p.nodes[last]
	*d = Node{Name: d.Name, Op: op, Version: 24, Inputs: []string{x}, Outputs: d.Outputs}
	for _, i := range others {
		p.gone[i] = true
	}
}
