package graph

import (
	"errors"
	"fmt"

	"yhat/nn"
)

// Options says how a graph is to be compiled.
type Options struct {
	Kernel nn.Kernel
	// Whole takes every dimension of the inputs as part of one row, so that
	// there is no batch axis. Otherwise a leading dimension that is symbolic
	// is the batch axis, in all inputs.
	Whole bool
	// Shapes gives the shapes of inputs that the file leaves open, with any
	// number for the batch axis.
	Shapes map[string][]int
	// Known makes constants of inputs.
	Known map[string]*Tensor
	// Also names values to return beside the graph's outputs, as Layers does.
	Also []string
	// table compiles for the columns of tables: see sources.
	table bool
}

// compiler turns nodes into steps, one node after the other.
type compiler struct {
	g       *Graph
	opt     Options
	nodes   []Node // in order
	values  map[string]*value
	missing map[string]bool // results of refused nodes
	uses    map[string]int  // how often a name is read, as an output too

	returned map[string]bool // the names that are wanted
	steps    []step
	reads    []int
	bufs     []buffer
	copies   []copied
	strings  []string
	codes    map[string]int32
	faults   []Fault
	inputs   []port
	kept     int      // sources and cells of all values
	landed   []*value // that the table's cells are encoded into, beside inputs
	refused  []Refusal
	largest  int              // elements of the largest constant
	words    bool             // text matters beyond the words that are known
	givers   map[string]*Node // by result, made when first asked for
}

var errMixes = errors.New("it mixes rows")

// Compile makes a graph ready to run. Everything that cannot be run is in the
// error, an *UnsupportedError.
func Compile(g *Graph, opt Options) (*Program, error) {
	c := newCompiler(g, opt)
	nodes, err := c.compileAll()
	if err != nil {
		return nil, err
	}
	return c.program(nodes)
}

func newCompiler(g *Graph, opt Options) *compiler {
	return &compiler{
		g: g, opt: opt, values: map[string]*value{}, missing: map[string]bool{}, returned: map[string]bool{},
		strings: []string{""}, codes: map[string]int32{"": 0},
	}
}

// compileAll gives every value that is needed its steps; nodes are those left.
func (c *compiler) compileAll() (nodes []Node, err error) {
	if nodes, err = c.simplify(); err != nil {
		return nil, err
	}
	for _, t := range c.g.Constants {
		c.largest = max(c.largest, t.Len())
	}
	if err := c.bind(); err != nil {
		return nil, err
	}
	for i := range nodes {
		c.compile(&nodes[i])
	}
	if len(c.refused) > 0 {
		return nil, &UnsupportedError{c.refused}
	}
	return nodes, nil
}

// bind makes values of the inputs that are read and not known.
func (c *compiler) bind() error {
	var open []Input
	batch := false
	for _, in := range c.g.Inputs {
		if _, known := c.constant(in.Name); known || c.uses[in.Name] == 0 {
			continue
		}
		open = append(open, in)
		batch = batch || len(in.Shape) > 0 && in.Shape[0].Size < 0
	}
	batch = batch && !c.opt.Whole
	for _, in := range open {
		shape, err := c.inputShape(&in, batch)
		if err != nil {
			return err
		}
		rows := -1
		if batch && len(shape) > 0 {
			rows, shape[0] = 0, 1
		}
		if err := c.bounded(shape); err != nil {
			return &UnsupportedError{[]Refusal{{Op: "input", Node: in.Name, Reason: err.Error()}}}
		}
		v := c.output(in.Type, shape, rows)
		v.foreign = in.Type == String
		c.bindSources(v, len(c.inputs))
		c.values[in.Name] = v
		c.inputs = append(c.inputs, port{name: in.Name, value: v, buf: v.buf})
	}
	return nil
}

// inputShape is an input's shape, which Options.Shapes may fill in.
func (c *compiler) inputShape(in *Input, batch bool) ([]int, error) {
	given, has := c.opt.Shapes[in.Name]
	refuse := func(format string, args ...any) error {
		return &UnsupportedError{[]Refusal{{Op: "input", Node: in.Name, Reason: fmt.Sprintf(format, args...)}}}
	}
	switch {
	case in.Type == Unknown:
		return nil, refuse("an element type that is not supported")
	case !in.Ranks && !has:
		return nil, refuse("the model does not say its shape")
	case !in.Ranks:
		return append([]int{}, given...), nil
	case has && len(given) != len(in.Shape):
		return nil, refuse("%d dimensions given, the model has %d", len(given), len(in.Shape))
	}
	shape := make([]int, len(in.Shape))
	for i, d := range in.Shape {
		shape[i] = d.Size
		switch {
		case d.Size >= 0:
		case i == 0 && batch:
			shape[i] = 1
		case has:
			shape[i] = given[i]
		default:
			return nil, refuse("dimension %d is not fixed in the model: say how many columns there are", i)
		}
	}
	return shape, nil
}

// constant finds a constant of the graph or of the options.
func (c *compiler) constant(name string) (*Tensor, bool) {
	if t, ok := c.opt.Known[name]; ok {
		return t, true
	}
	t, ok := c.g.Constants[name]
	return t, ok
}

// value finds a value by name. A constant becomes a value when it is first
// asked for.
func (c *compiler) value(name string) (*value, error) {
	if v := c.values[name]; v != nil {
		return v, nil
	}
	t, ok := c.constant(name)
	if !ok {
		return nil, fmt.Errorf("nothing gives its input %.80q", name)
	}
	v, err := c.tensor(t)
	if err != nil {
		return nil, err
	}
	c.values[name] = v
	return v, nil
}

// tensor makes a value of a constant tensor.
func (c *compiler) tensor(t *Tensor) (*value, error) {
	data := Lanes{F32: t.F32, F64: t.F64, I64: t.I64, U64: t.U64, Bool: t.Bool}
	if t.Type == String {
		data.Str = make([]int32, len(t.Str))
		for i, s := range t.Str {
			data.Str[i] = c.code(s)
		}
	}
	v := constant(t.Type, t.Shape, -1, data)
	have := map[Storage]int{F32: len(data.F32), F64: len(data.F64), I64: len(data.I64), U64: len(data.U64), Bools: len(data.Bool), Codes: len(data.Str)}
	if n, ok := have[t.Type.Storage()]; !ok || n != t.Len() {
		return nil, fmt.Errorf("a constant of %s with shape %v has %d elements", t.Type, t.Shape, n)
	}
	return v, nil
}

// code is the number of a string in the program's table.
func (c *compiler) code(s string) int32 {
	if code, ok := c.codes[s]; ok {
		return code
	}
	code := int32(len(c.strings))
	c.codes[s] = code
	c.strings = append(c.strings, s)
	return code
}

// compile runs one node's operator, and remembers its results or why not.
func (c *compiler) compile(d *Node) {
	op, known := operators[operatorName(d)]
	if !known {
		c.refuse(d, errors.New("the operator is not supported"))
		return
	}
	n, ok := c.inputsOf(d)
	if !ok {
		return
	}
	mark := len(c.steps)
	outer, err := n.outerRows()
	if err == nil {
		err = n.shapeArithmetic(op)
	}
	if err == nil && !n.done && !n.follow() {
		if !op.fuses {
			n.forceAll()
		}
		err = op.compile(n)
	}
	if err != nil {
		c.steps = c.steps[:mark]
		c.reads = nil
		c.refuse(d, err)
		return
	}
	if n.allKnown() && len(c.steps) > mark {
		if err := c.foldSteps(n, mark); err != nil {
			c.refuse(d, err)
			return
		}
	}
	for i, name := range d.Outputs {
		if name != "" && i < len(n.out) && n.out[i] != nil {
			if v := n.out[i]; v.rows >= 0 && v.outer == 0 {
				v.outer = outer
			}
			n.followCells(n.out[i])
			c.values[name] = n.out[i]
		} else if name != "" && c.uses[name] > 0 {
			c.refuse(d, fmt.Errorf("its output %d is not supported", i))
			return
		}
	}
}

// inputsOf collects a node's inputs. It is false where one of them comes from
// a refused node, or is not there.
func (c *compiler) inputsOf(d *Node) (*node, bool) {
	n := &node{Node: d, c: c, out: make([]*value, len(d.Outputs))}
	for _, name := range d.Inputs {
		if name == "" {
			n.in = append(n.in, nil)
			continue
		}
		if c.missing[name] {
			c.markMissing(d)
			return nil, false
		}
		v, err := c.value(name)
		if err != nil {
			c.refuse(d, err)
			return nil, false
		}
		n.in = append(n.in, v)
	}
	return n, true
}

// outerRows is what stands outside the rows on the batch axis of the inputs,
// which must agree. Operators leave it as it is, but for those that change
// shapes or join.
func (n *node) outerRows() (int, error) {
	outer := 0
	for _, v := range n.in {
		if v == nil || v.rows < 0 {
			continue
		}
		if own := max(1, v.outer); outer != 0 && own != outer {
			return 0, fmt.Errorf("%w: batch axes that are cut differently", errMixes)
		} else {
			outer = own
		}
	}
	return max(1, outer), nil
}

func (c *compiler) refuse(d *Node, err error) {
	r := Refusal{Node: nodeName(d), Op: operatorName(d), Reason: err.Error()}
	if needs := (*needsError)(nil); errors.As(err, &needs) {
		r.Needs = c.origins([]string{needs.name})
	}
	c.refused = append(c.refused, r)
	c.markMissing(d)
}

func (c *compiler) markMissing(d *Node) {
	for _, name := range d.Outputs {
		c.missing[name] = true
	}
}

// foldLimit bounds the values that steps over constants may need.
const foldLimit = 1 << 25

// foldSteps runs what a node with known inputs emitted, once, and makes its
// results known.
func (c *compiler) foldSteps(n *node, mark int) error {
	for _, v := range n.out {
		if v != nil {
			c.force(v)
		}
	}
	total := 0
	for _, s := range c.steps[mark:] {
		for _, b := range s.writes {
			total += c.bufs[b].elems * lanes
		}
	}
	if total > foldLimit {
		return errors.New("it computes too large a constant")
	}
	ws := &Workspace{bufs: make([]Lanes, len(c.bufs)), strings: c.strings, codes: c.codes}
	ws.faults = make([][]uint32, len(c.faults))
	for i := range ws.faults {
		ws.faults[i] = make([]uint32, 1)
	}
	for _, s := range c.steps[mark:] {
		for _, b := range s.writes {
			if ws.bufs[b].empty() {
				ws.bufs[b] = NewLanes(c.bufs[b].typ, c.bufs[b].elems*lanes)
			}
		}
		s.run(ws, 1)
	}
	c.steps = c.steps[:mark]
	for _, v := range n.out {
		if v != nil && v.konst == nil && v.dims == nil {
			c.makeKnown(v, ws)
		}
	}
	return nil
}

// makeKnown takes a value's elements from the first lane of its buffer.
func (c *compiler) makeKnown(v *value, ws *Workspace) {
	index := make([]int32, v.len())
	for e := range index {
		at := int32(e)
		if v.index != nil {
			at = v.index[e]
		}
		index[e] = at * lanes
	}
	data := pick(v.typ, &ws.bufs[v.buf], index)
	for i, code := range data.Str {
		data.Str[i] = c.code(ws.String(code))
	}
	v.konst, v.index, v.buf = &data, nil, -1
}
