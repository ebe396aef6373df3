package graph

import (
	"fmt"
	"slices"
)

// Count is how often an operator stands in a graph.
type Count struct {
	Operator string
	Nodes    int
}

// Operators counts the operators of a graph, by name.
func (g *Graph) Operators() []Count {
	counts := map[string]int{}
	for i := range g.Nodes {
		counts[operatorName(&g.Nodes[i])]++
	}
	var list []Count
	for name, n := range counts {
		list = append(list, Count{name, n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		if a.Operator < b.Operator {
			return -1
		}
		return 1
	})
	return list
}

// Steps are what the program does for each row, after folding and fusing, in
// order; neighbours that are the same are told once, with their number.
func (p *Program) Steps() []string {
	var list []string
	for i := 0; i < len(p.steps); {
		k := i + 1
		for k < len(p.steps) && p.steps[k].name == p.steps[i].name {
			k++
		}
		name := p.steps[i].name
		if k > i+1 {
			name = fmt.Sprintf("%s ×%d", name, k-i)
		}
		list = append(list, name)
		i = k
	}
	return list
}
