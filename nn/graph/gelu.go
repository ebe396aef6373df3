package graph

import "math"

// gelu recognises 0.5 x (1 + erf(x/√2)), its factors in any order.
func (p *patterns) gelu(erf int) {
	if len(p.nodes[erf].Inputs) != 1 {
		return
	}
	scaled, ok := p.giver[p.nodes[erf].Inputs[0]]
	if !ok || !p.inner(scaled) || len(p.nodes[scaled].Inputs) != 2 {
		return
	}
	x, factor := p.nodes[scaled].Inputs[0], p.nodes[scaled].Inputs[1]
	switch operatorName(&p.nodes[scaled]) {
	case "Div":
		ok = p.is(factor, math.Sqrt2)
	case "Mul":
		if p.is(x, math.Sqrt2/2) {
			x, factor = factor, x
		}
		ok = p.is(factor, math.Sqrt2/2)
	default:
		ok = false
	}
	if last, others, halved := p.halved(erf, x); ok && halved {
		p.replace(last, x, "Gelu", append(others, scaled, erf)...)
	}
}

// geluTanh recognises the approximation of Hendrycks and Gimpel (2016,
// arXiv:1606.08415), 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).
func (p *patterns) geluTanh(tanh int) {
	if len(p.nodes[tanh].Inputs) != 1 {
		return
	}
	leaves, constant, nodes := p.factors(p.nodes[tanh].Inputs[0])
	if len(leaves) != 1 || math.Abs(constant-math.Sqrt(2/math.Pi)) > 1e-6 {
		return
	}
	sum, ok := p.giver[leaves[0]]
	if !ok || operatorName(&p.nodes[sum]) != "Add" || !p.inner(sum) || len(p.nodes[sum].Inputs) != 2 {
		return
	}
	for i, x := range p.nodes[sum].Inputs {
		cube, constant, more := p.factors(p.nodes[sum].Inputs[1-i])
		if len(cube) != 3 || cube[0] != x || cube[1] != x || cube[2] != x || math.Abs(constant-0.044715) > 1e-6 {
			continue
		}
		if last, others, halved := p.halved(tanh, x); halved {
			p.replace(last, x, "Gelu", append(append(append(others, nodes...), more...), sum, tanh)...)
			p.nodes[last].Attributes = map[string]Attribute{"approximate": {Kind: StringAttribute, S: "tanh"}}
		}
		return
	}
}

// halved finds 0.5 x (1 + f) around node f, its factors in any order: the last
// node, and those between.
func (p *patterns) halved(f int, x string) (last int, between []int, ok bool) {
	plus, other, ok := p.next(f, "Add")
	if !ok || !p.is(other, 1) {
		return 0, nil, false
	}
	times, half := false, false
	for last = plus; !times || !half; {
		at, other, ok := p.next(last, "Mul")
		if !ok {
			return 0, nil, false
		}
		between = append(between, last)
		last = at
		k, given := p.giver[other]
		switch {
		case !times && other == x:
			times = true
		case !half && p.is(other, 0.5):
			half = true
		case !times && !half && given && p.inner(k) && p.halves(k, x):
			between = append(between, k)
			times, half = true, true
		default:
			return 0, nil, false
		}
	}
	return last, between, true
}

// halves reports whether node i is x · 0.5.
func (p *patterns) halves(i int, x string) bool {
	in := p.nodes[i].Inputs
	return operatorName(&p.nodes[i]) == "Mul" && len(in) == 2 && (in[0] == x && p.is(in[1], 0.5) || in[1] == x && p.is(in[0], 0.5))
}

// factors takes a product apart: its factors, the product of those that are
// constants, and the nodes that make it.
func (p *patterns) factors(name string) (leaves []string, constant float64, nodes []int) {
	if v, ok := p.number(name); ok {
		return nil, v, nil
	}
	at, ok := p.giver[name]
	if !ok || !p.inner(at) || len(p.nodes[at].Inputs) != 2 {
		return []string{name}, 1, nil
	}
	in := p.nodes[at].Inputs
	switch operatorName(&p.nodes[at]) {
	case "Mul":
		a, u, first := p.factors(in[0])
		b, v, second := p.factors(in[1])
		return append(a, b...), u * v, append(append(first, second...), at)
	case "Pow":
		if p.is(in[1], 3) {
			return []string{in[0], in[0], in[0]}, 1, []int{at}
		}
	}
	return []string{name}, 1, nil
}

// is reports whether a name is a constant float scalar of about a value.
func (p *patterns) is(name string, want float64) bool {
	v, ok := p.number(name)
	return ok && math.Abs(v-want) < 1e-6
}

// number is a name's value, if it is a constant float scalar.
func (p *patterns) number(name string) (float64, bool) {
	t, ok := p.c.constant(name)
	if !ok {
		at, given := p.giver[name]
		if !given || operatorName(&p.nodes[at]) != "Constant" {
			return 0, false
		}
		a, single := p.nodes[at].Attributes["value_float"]
		if t = p.nodes[at].Attributes["value"].Tensor; t == nil {
			return float64(a.F), single
		}
	}
	switch {
	case t.Len() != 1 || len(t.Shape) > 1:
		return 0, false
	case t.Type == Float32 && len(t.F32) == 1:
		return float64(t.F32[0]), true
	case t.Type == Float64 && len(t.F64) == 1:
		return t.F64[0], true
	}
	return 0, false
}
