package graph

import "slices"

// forScores is a table for its scores alone, where the file tells how to take
// labels from them: what only makes a label is dropped, and a score that is
// copied into an output is taken where it was made.
func (t *Table) forScores() *Table {
	if !t.told || t.Label == nil {
		return t
	}
	program, table := *t.Program, *t
	table.Program = &program
	dropped := map[int]bool{t.Label.Output: true}
	if len(t.Scores) == 1 {
		score := t.Scores[0]
		buf, element := t.origin(t.outputs[score.Output].buf, score.Element)
		if s := t.bufs[buf]; s.elems == 1 && s.typ == Float32 && s.input < 0 && s.output < 0 {
			program.bufs, program.outputs = slices.Clone(t.bufs), slices.Clone(t.outputs)
			program.bufs[buf].output, program.bufs[buf].memory = len(t.outputs), -1
			v := &value{typ: s.typ, shape: []int{1, 1}, rows: 0, buf: buf}
			program.outputs = append(program.outputs, port{name: "score", value: v, buf: buf})
			table.Scores = []Place{{len(t.outputs), element}}
			dropped[score.Output] = true
		}
	}
	program.steps = program.stepsFor(dropped)
	return &table
}

// origin follows an element of a buffer back through copies.
func (p *Program) origin(buf, element int) (from, at int) {
	for i := len(p.copies) - 1; i >= 0; i-- { // a copy's source is older
		c := &p.copies[i]
		if c.to != buf {
			continue
		}
		for _, s := range c.list {
			if element >= s.to && element < s.to+s.n {
				buf, element = c.from, s.from+element-s.to
				break
			}
		}
	}
	return buf, element
}

// stepsFor are the steps that outputs need, but for those that are dropped.
func (p *Program) stepsFor(dropped map[int]bool) []step {
	needed := make([]bool, len(p.bufs))
	for i, o := range p.outputs {
		needed[o.buf] = !dropped[i]
	}
	var steps []step
	for i := len(p.steps) - 1; i >= 0; i-- {
		s := p.steps[i]
		if len(s.writes) > 0 && !slices.ContainsFunc(s.writes, func(b int) bool { return needed[b] }) {
			continue
		}
		for _, b := range s.reads {
			needed[b] = true
		}
		steps = append(steps, s)
	}
	slices.Reverse(steps)
	return steps
}
