package graph

import (
	"slices"
)

// program ends the compilation: it binds the outputs, gives the buffers their
// places and describes the result.
func (c *compiler) program(nodes []Node) (*Program, error) {
	outputs, err := c.results()
	if err != nil {
		return nil, err
	}
	p := &Program{steps: c.steps, inputs: c.inputs, landed: c.landed, copies: c.copies, outputs: outputs, strings: c.strings, codes: c.codes, faults: c.faults, graph: c.g, words: c.words}
	c.place(p)
	c.layersOf(p, nodes)
	c.missingOf(p, nodes)
	c.namesOf(p, nodes)
	return p, nil
}

// results makes sure that each wanted value lies in a buffer of its own.
func (c *compiler) results() ([]port, error) {
	taken := map[int]bool{}
	for _, in := range c.inputs {
		taken[in.buf] = true
	}
	var out []port
	for _, name := range c.wanted() {
		v, err := c.value(name)
		if err != nil {
			return nil, &UnsupportedError{[]Refusal{{Op: "output", Node: name, Reason: "nothing gives it"}}}
		}
		if v.dims != nil || v.outer > 1 && v.rows >= 0 {
			return nil, &UnsupportedError{[]Refusal{{Op: "output", Node: name, Reason: errRowCount.Error()}}}
		}
		c.force(v)
		c.words = c.words || v.foreign
		w := v
		if v.konst != nil || v.index != nil || taken[v.buf] || v.sources != nil || c.bufs[v.buf].elems != v.len() {
			w = c.output(v.typ, v.shape, v.rows)
			w.labels = v.labels
			c.copyTo(w, 0, v)
		}
		taken[w.buf] = true
		out = append(out, port{name: name, value: w, buf: w.buf})
	}
	return out, nil
}

// place gives each buffer that is used its memory, and finds how many panels
// to run at a time.
func (c *compiler) place(p *Program) {
	p.bufs = make([]slot, len(c.bufs))
	for i, b := range c.bufs {
		p.bufs[i] = slot{buffer: b, input: -1, output: -1, memory: -1}
	}
	for i, in := range p.inputs {
		p.bufs[in.buf].input = i
	}
	for i, v := range p.landed {
		p.bufs[v.buf].input = len(p.inputs) + i
	}
	for i, out := range p.outputs {
		p.bufs[out.buf].output = i
	}
	p.size = p.share()
	total, read := p.size, reads(p.steps, len(p.bufs))
	for i, s := range p.bufs {
		if s.input >= 0 && read[i] || s.output >= 0 {
			total += s.elems * width(s.typ.Storage()) * lanes
		}
	}
	p.group = max(1, cacheBytes/max(1, total))
}

// share gives buffers whose lives do not meet the same memory, so that less of
// the cache is touched. It returns the bytes of all memory for one panel.
func (p *Program) share() (size int) {
	last := make([]int, len(p.bufs))
	for i, s := range p.steps {
		for _, b := range slices.Concat(s.reads, s.writes) {
			last[b] = i
		}
	}
	free := map[Storage][]int{}
	var sizes, bytes []int // elements of each memory, and their bytes
	for i, s := range p.steps {
		for _, b := range s.writes {
			slot := &p.bufs[b]
			if slot.input >= 0 || slot.output >= 0 || slot.memory >= 0 {
				continue
			}
			kind := slot.typ.Storage()
			if list := free[kind]; len(list) > 0 {
				slot.memory, free[kind] = list[len(list)-1], list[:len(list)-1]
				sizes[slot.memory] = max(sizes[slot.memory], slot.elems)
				continue
			}
			slot.memory = len(sizes)
			sizes, bytes = append(sizes, slot.elems), append(bytes, width(kind))
		}
		ended := slices.Concat(s.reads, s.writes)
		slices.Sort(ended)
		for _, b := range slices.Compact(ended) {
			if slot := p.bufs[b]; last[b] == i && slot.memory >= 0 {
				free[slot.typ.Storage()] = append(free[slot.typ.Storage()], slot.memory)
			}
		}
	}
	for i, n := range sizes {
		size += n * bytes[i] * lanes
	}
	return size
}

// reads tells which of some buffers steps read.
func reads(steps []step, bufs int) []bool {
	read := make([]bool, bufs)
	for _, s := range steps {
		for _, b := range s.reads {
			read[b] = true
		}
	}
	return read
}

// width is the bytes of one value.
func width(s Storage) int {
	switch s {
	case F64, I64, U64:
		return 8
	case Bools:
		return 1
	}
	return 4
}

// Port describes an input or an output of a program.
type Port struct {
	Name  string
	Type  Type
	Shape []int // of one row
	Rows  int   // the batch axis among them, -1: none
	// Width is the number of elements of one row.
	Width int
	// Keys name the elements of an input that is a map.
	Keys []string
	// Labels name the elements of an output that a ZipMap made.
	Labels []string
	// Missing reports whether a missing value may go into an input, as NaN or
	// as the empty string: the model itself deals with it.
	Missing bool
}

// Inputs are the program's inputs, in the order of the file, without those
// that are constants.
func (p *Program) Inputs() []Port {
	list := ports(p.inputs)
	keys := map[string][]string{}
	for _, in := range p.graph.Inputs {
		keys[in.Name] = in.Keys
	}
	for i := range list {
		list[i].Missing, list[i].Keys = p.missing[list[i].Name], keys[list[i].Name]
	}
	return list
}

// Outputs are the graph's outputs and then those of Options.Also.
func (p *Program) Outputs() []Port { return ports(p.outputs) }

func ports(from []port) []Port {
	var list []Port
	for _, o := range from {
		v := o.value
		list = append(list, Port{Name: o.name, Type: v.typ, Shape: v.shape, Rows: v.rows, Width: v.len(), Labels: v.labels})
	}
	return list
}

// Strings are the words that the model knows. A string value is the index of
// its word here; a word that is not here has a code from len(Strings) on,
// which Workspace.SetStrings can give a meaning. Code 0 is the empty string.
func (p *Program) Strings() []string { return p.strings }

// Faults are the reasons for which the model itself can find a row bad.
func (p *Program) Faults() []Fault { return p.faults }

// Bytes is the size of a workspace.
func (p *Program) Bytes() int { return p.size * p.group }
