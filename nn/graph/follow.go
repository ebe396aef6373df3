package graph

import (
	"math"
	"slices"
)

// followSecond is k + x or k · x, with the constant first.
func (n *node) followSecond() bool {
	if op := operatorName(n.Node); len(n.in) != 2 || n.in[1] == nil || n.in[1].sources == nil || op != "Add" && op != "Mul" {
		return false
	}
	return n.followArithmetic(n.in[1], n.in[0])
}

// followArithmetic is x − k, x + k, x · k or x / k with a constant for each
// element, or one for all.
func (n *node) followArithmetic(x, y *value) bool {
	k, ok := n.constantFor(x, y)
	if !ok {
		return false
	}
	sources := slices.Clone(x.sources)
	for i := range sources {
		switch s := &sources[i]; n.Op {
		case "Sub":
			ok = ok && s.shift(-k[i])
		case "Add":
			ok = ok && s.shift(k[i])
		case "Mul":
			ok = ok && s.stretch(1/k[i])
		default:
			ok = ok && s.stretch(k[i])
		}
	}
	return n.moved(x, x.typ, ok, sources)
}

// constantFor are the elements of a constant y, broadcast to x, which must not
// change its shape.
func (n *node) constantFor(x, y *value) ([]float64, bool) {
	if y == nil || y.konst == nil || y.typ != x.typ || n.Version < 7 {
		return nil, false
	}
	shape, _, err := n.c.broadcast(x, y)
	k, known := y.floats()
	if err != nil || known != nil || !slices.Equal(shape, x.shape) {
		return nil, false
	}
	if index := spread(y.shape, shape); index != nil {
		k = gathered(k, index)
	}
	return k, true
}

// followBound is a test of cells against bounds that the table checks already:
// it is never true for a row that is scored.
func (n *node) followBound(x *value) bool {
	k, ok := n.constantFor(x, n.input(1))
	if !ok || !x.typ.Float() {
		return false
	}
	for i, s := range x.sources {
		low, high := n.c.boundsOf(s.input)
		if !s.bare() || !(n.Op == "Less" && k[i] <= low || n.Op == "Greater" && k[i] >= high) {
			return false
		}
	}
	n.set(0, constant(Bool, x.shape, x.rows, Lanes{Bool: make([]bool, x.len())}))
	return true
}

// boundsOf are the bounds that the file tells of an input of one column.
func (c *compiler) boundsOf(input int) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if in := &c.inputs[input]; c.g.Words != nil && in.value.len() == 1 {
		for _, f := range c.g.Words.Features {
			if f.Name == in.name {
				return given(f.Min, low), given(f.Max, high)
			}
		}
	}
	return low, high
}

// followCast is a cast between float32 and float64.
func (n *node) followCast(x *value) bool {
	to := onnxType(n.int("to", 0))
	if n.Op == "CastLike" && n.input(1) != nil {
		to = n.in[1].typ
	}
	sources, ok := castSources(x, to)
	return n.moved(x, to, ok, sources)
}

func castSources(x *value, to Type) ([]source, bool) {
	if x.sources == nil || x.typ == String || to != Float32 && to != Float64 {
		return nil, false
	}
	sources := slices.Clone(x.sources)
	for i := range sources {
		s := &sources[i]
		switch {
		case !s.number() && to != x.typ:
			return nil, false
		case to == Float32 && x.typ == Float64 && s.bare() && !s.narrow:
			s.narrow = true
			if s.fill != nil {
				fill := float64(float32(*s.fill))
				s.fill = &fill
			}
		case to == Float64 && x.typ == Float32 && !s.bare():
			return nil, false // rounded in between
		}
	}
	return sources, true
}

// followConcat puts values side by side.
func (n *node) followConcat() bool {
	first := n.in[0]
	axis, err := axisOf(n.int("axis", 1), len(first.shape))
	if err != nil || axis == first.rows || count(first.shape[:axis]) != 1 {
		return false
	}
	shape := slices.Clone(first.shape)
	shape[axis] = 0
	var sources []source
	for _, v := range n.in {
		if v == nil || v.sources == nil || v.typ != first.typ || v.rows != first.rows || len(v.shape) != len(shape) {
			return false
		}
		for i, d := range v.shape {
			if i != axis && d != shape[i] {
				return false
			}
		}
		shape[axis] += v.shape[axis]
		sources = append(sources, v.sources...)
	}
	out := *first
	out.shape = shape
	return n.moved(&out, first.typ, n.c.bounded(shape) == nil, sources)
}

// followVectorizer joins matrices of one row as float32.
func (n *node) followVectorizer() bool {
	out := &value{shape: []int{1, 0}, rows: 0}
	var all []source
	for i, v := range n.in {
		if v == nil || len(v.shape) != 2 || v.rows != 0 || v.shape[0] != 1 || n.inputWidth(i, v.shape[1]) != v.shape[1] {
			return false
		}
		sources, ok := castSources(v, Float32)
		if !ok {
			return false
		}
		all = append(all, sources...)
		out.shape[1] += v.shape[1]
	}
	return n.moved(out, Float32, n.c.bounded(out.shape) == nil, all)
}

// followScaler is (x − offset) · scale in float32.
func (n *node) followScaler(x *value) bool {
	sources, ok := castSources(x, Float32)
	offset, scale := n.Attributes["offset"].Floats, n.Attributes["scale"].Floats
	if !ok || !fits(offset, x) || !fits(scale, x) {
		return false
	}
	for i := range sources {
		s := &sources[i]
		ok = ok && s.shift(-float64(offset[i%len(offset)])) && s.stretch(1/float64(scale[i%len(scale)]))
	}
	return n.moved(x, Float32, ok, sources)
}

// fits reports whether a list has one number for all elements of a vector, or
// one for each.
func fits(list []float32, x *value) bool {
	return len(list) == 1 || len(list) == x.len() && len(list) == width1(x)
}

// followFill fills missing numbers, which are NaN.
func (n *node) followFill(x *value) bool {
	var k []float64
	if n.Op == fillMissing {
		ok := false
		if k, ok = n.constantFor(x, n.input(1)); !ok {
			return false
		}
	} else {
		list := n.Attributes["imputed_value_floats"].Floats
		if !fits(list, x) || x.typ == String || !math.IsNaN(n.float("replaced_value_float", 0)) {
			return false
		}
		for i := range x.len() {
			k = append(k, float64(list[i%len(list)]))
		}
	}
	sources, ok := slices.Clone(x.sources), true
	for i := range sources {
		ok = ok && sources[i].fillWith(k[i])
	}
	return n.moved(x, x.typ, ok, sources)
}

// followWords makes words of words.
func (n *node) followWords(x *value) bool {
	if x.typ != String {
		return false
	}
	keys, values, err := n.encoderTables(x)
	if err != nil || keys.len() != values.len() || values.typ != String || keys.typ != String {
		return false
	}
	d, err := newDictionary(keys)
	otherwise, none := n.encoderDefault(String)
	if err != nil || none != nil {
		return false
	}
	sources := slices.Clone(x.sources)
	for i := range sources {
		before := sources[i].become
		sources[i].become = func(code int32) int32 {
			if before != nil {
				code = before(code)
			}
			if at := d.code(code); at >= 0 {
				return values.konst.Str[at]
			}
			return otherwise.konst.Str[0]
		}
	}
	return n.moved(x, String, true, sources)
}

// followOneHot makes a 0/1 value for each category of each word.
func (n *node) followOneHot(x *value) bool {
	words := n.Attributes["cats_strings"].Strings
	if x.typ != String || len(words) == 0 || len(n.Attributes["cats_int64s"].Ints) > 0 {
		return false
	}
	cats, err := n.list("cats_strings", "", "", "")
	if err != nil {
		return false
	}
	d, err := newDictionary(cats)
	out := *x
	out.shape = append(slices.Clone(x.shape), len(words))
	if err != nil || n.c.bounded(out.shape) != nil {
		return false
	}
	var sources []source
	for _, s := range x.sources {
		before := s.become
		hot := &oneHot{categories: len(words), strict: n.int("zeros", 1) == 0, find: func(code int32) int32 {
			if before != nil {
				code = before(code)
			}
			return d.code(code)
		}}
		for k := range words {
			sources = append(sources, source{input: s.input, element: s.element, hot: hot, category: k})
		}
	}
	return n.moved(&out, Float32, true, sources)
}
