package graph

import (
	"fmt"
	"slices"
	"strings"
)

// simplify drops nodes whose results nobody reads, shares nodes that compute
// the same, and counts how often each name is read.
func (c *compiler) simplify() ([]Node, error) {
	for _, name := range c.wanted() {
		c.returned[name] = true
	}
	if err := c.single(); err != nil {
		return nil, err
	}
	if err := c.sort(); err != nil {
		return nil, err
	}
	nodes := c.recognise(c.shared(c.live()))
	c.uses = map[string]int{}
	for i := range nodes {
		for _, name := range nodes[i].Inputs {
			c.uses[name]++
		}
	}
	for _, name := range c.wanted() {
		c.uses[name]++
	}
	return nodes, nil
}

// wanted are the names of the values to return.
func (c *compiler) wanted() []string {
	var names []string
	for _, o := range c.g.Outputs {
		names = append(names, o.Name)
	}
	return append(names, c.opt.Also...)
}

// single makes sure that each name is given once.
func (c *compiler) single() error {
	given := map[string]bool{}
	for _, in := range c.g.Inputs {
		given[in.Name] = true
	}
	for name := range c.g.Constants {
		given[name] = true
	}
	for i := range c.g.Nodes {
		d := &c.g.Nodes[i]
		for _, name := range d.Outputs {
			if name != "" && given[name] {
				return &UnsupportedError{[]Refusal{{Node: nodeName(d), Op: operatorName(d), Reason: fmt.Sprintf("the name %q is given twice", clip(name))}}}
			}
			given[name] = true
		}
	}
	return nil
}

// sort puts the nodes in an order in which every value comes before its use.
// Nodes that are in such an order stay as they are.
func (c *compiler) sort() error {
	giver := map[string]int{}
	for i := range c.g.Nodes {
		for _, o := range c.g.Nodes[i].Outputs {
			if o != "" {
				giver[o] = i
			}
		}
	}
	const open, done = 1, 2
	state := make([]uint8, len(c.g.Nodes))
	for first := range c.g.Nodes {
		for stack := []int{first}; len(stack) > 0; {
			i := stack[len(stack)-1]
			if state[i] == done {
				stack = stack[:len(stack)-1]
				continue
			}
			waiting := len(stack)
			for _, name := range c.g.Nodes[i].Inputs {
				if k, ok := giver[name]; ok && state[k] != done {
					if state[k] == open || k == i {
						d := &c.g.Nodes[i]
						return &UnsupportedError{[]Refusal{{Node: nodeName(d), Op: operatorName(d), Reason: "it needs its own result"}}}
					}
					stack = append(stack, k)
				}
			}
			if state[i] = open; len(stack) == waiting {
				state[i] = done
				c.nodes = append(c.nodes, c.g.Nodes[i])
				stack = stack[:len(stack)-1]
			}
		}
	}
	return nil
}

// live are the nodes that the wanted values depend on.
func (c *compiler) live() []Node {
	needed := map[string]bool{}
	for _, name := range c.wanted() {
		needed[name] = true
	}
	var kept []Node
	for i := len(c.nodes) - 1; i >= 0; i-- {
		d := c.nodes[i]
		if !slices.ContainsFunc(d.Outputs, func(o string) bool { return o != "" && needed[o] }) {
			continue
		}
		for _, name := range d.Inputs {
			needed[name] = true
		}
		kept = append(kept, d)
	}
	slices.Reverse(kept)
	return kept
}

// shared drops nodes that repeat another one and reads that one's results
// instead. Results that are wanted by name stay.
func (c *compiler) shared(nodes []Node) []Node {
	first, renamed := map[string]*Node{}, map[string]string{}
	var kept []Node
	for _, d := range nodes {
		d.Inputs = slices.Clone(d.Inputs)
		for i, name := range d.Inputs {
			if to, ok := renamed[name]; ok {
				d.Inputs[i] = to
			}
		}
		key, ok := sameKey(&d)
		twin := first[key]
		if ok && twin != nil && len(twin.Outputs) >= len(d.Outputs) && !slices.ContainsFunc(d.Outputs, func(o string) bool { return c.returned[o] }) {
			for i, name := range d.Outputs {
				renamed[name] = twin.Outputs[i]
			}
			continue
		}
		kept = append(kept, d)
		if ok && twin == nil {
			first[key] = &d
		}
	}
	return kept
}

// sameKey is equal for nodes that compute the same. Nodes with large
// parameters are not compared.
func sameKey(d *Node) (string, bool) {
	names := make([]string, 0, len(d.Attributes))
	for name, a := range d.Attributes {
		if a.Tensor != nil || len(a.Ints)+len(a.Floats)+len(a.Strings) > 64 {
			return "", false
		}
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %q", operatorName(d), d.Version, d.Inputs)
	for _, name := range names {
		a := d.Attributes[name]
		fmt.Fprintf(&b, " %q=%d %v %q %d %v %q", name, a.I, a.F, a.S, a.Ints, a.Floats, a.Strings)
	}
	for _, o := range d.Outputs {
		fmt.Fprintf(&b, " %t", o != "")
	}
	return b.String(), true
}
