package graph

import "math"

// Most models begin by filling, centering, scaling and one-hot encoding the
// table's columns, and by putting them side by side. Where a graph is compiled
// for tables, such operators run no steps: each element of their results keeps
// its source, the cell that it is made of and how, until an operator of another
// kind reads the value. Then the cells are encoded right into that value's
// buffer, as package nn does it for its own models.

// source is what an element of a value is made of: (x − center) / scale of a
// cell, reckoned in float64 and rounded once; or the 0/1 value of a category.
type source struct {
	input, element int // of the compiler's inputs

	// A number.
	narrow        bool     // x is rounded to float32 first
	fill          *float64 // what a missing x becomes
	center, scale float64

	// A word.
	become   func(code int32) int32 // what it has become; nil: itself
	hot      *oneHot
	category int
}

// oneHot is a OneHotEncoder of words.
type oneHot struct {
	find       func(code int32) int32 // the category of a code, or -1
	categories int
	strict     bool // words of no category are faults
}

// waits reports whether a value is known by its sources only.
func (v *value) waits() bool { return v.sources != nil && v.buf < 0 }

// bindSources gives an input its sources.
func (c *compiler) bindSources(v *value, input int) {
	if !c.opt.table || !c.keeps(v.len()) {
		return
	}
	v.bindCells(input)
	if v.typ != Float32 && v.typ != Float64 && v.typ != String {
		return
	}
	v.sources = make([]source, v.len())
	for e := range v.sources {
		v.sources[e] = source{input: input, element: e, narrow: v.typ == Float32, scale: 1}
	}
}

// maxSources bounds what is kept of sources and cells, so that a small file
// cannot ask for much memory.
const maxSources = 1 << 18

// keeps reports whether n more may be kept, and counts them.
func (c *compiler) keeps(n int) bool {
	if c.kept+n > maxSources {
		return false
	}
	c.kept += n
	return true
}

// keepSources gives w, whose elements are v's at the places of index, their
// sources and cells.
func (c *compiler) keepSources(w, v *value, index []int32) {
	w.cells, w.sources = nil, nil
	switch {
	case v.cells == nil && v.sources == nil:
	case !c.keeps(len(index)):
		c.force(v)
	default:
		if v.cells != nil {
			w.cells = gathered(v.cells, index)
		}
		if v.sources != nil {
			w.sources = gathered(v.sources, index)
		}
	}
}

// land gives a value that waits a buffer, which the table's cells are to be
// encoded into.
func (c *compiler) land(v *value) {
	v.buf = len(c.bufs)
	c.bufs = append(c.bufs, buffer{typ: v.typ, elems: v.len()})
	c.landed = append(c.landed, v)
}

// bare reports whether a source is a number that is neither centered nor
// scaled yet.
func (s *source) bare() bool { return s.number() && s.center == 0 && s.scale == 1 }

func (s *source) number() bool { return s.hot == nil }

// shift adds k to what a source becomes, if one rounding is as good as the
// operator's own: it must be the first thing that is done to the cell.
func (s *source) shift(k float64) bool {
	if !s.bare() {
		return false
	}
	s.center = -k
	return !math.IsNaN(k) && !math.IsInf(k, 0)
}

// stretch multiplies what a source becomes by 1/k.
func (s *source) stretch(k float64) bool {
	if !s.number() {
		return false
	}
	s.scale *= k
	return s.scale != 0 && !math.IsNaN(s.scale) && !math.IsInf(s.scale, 0)
}

// fillWith makes x what a missing cell becomes. NaN that is left would be
// another missing one.
func (s *source) fillWith(x float64) bool {
	if !s.bare() || math.IsNaN(x) || math.IsInf(x, 0) {
		return false
	}
	if s.fill == nil {
		s.fill = &x
	}
	return true
}

// moved makes result 0 a value of these sources, if all of them are as wanted.
func (n *node) moved(x *value, t Type, ok bool, sources []source) bool {
	if ok = ok && n.c.keeps(len(sources)); ok {
		n.set(0, &value{typ: t, shape: x.shape, rows: x.rows, outer: x.outer, buf: -1, sources: sources})
	}
	return ok
}

// follow makes the results of a node by their sources, if it is one of those
// that package nn's encoder does the work of.
func (n *node) follow() bool {
	if n.c.kept > maxSources/2 {
		return false
	}
	if len(n.in) == 0 || n.in[0] == nil || n.in[0].sources == nil {
		return n.followSecond()
	}
	x := n.in[0]
	switch operatorName(n.Node) {
	case "Sub", "Add", "Mul", "Div":
		return n.followArithmetic(x, n.input(1))
	case "Less", "Greater":
		return n.followBound(x)
	case "Cast", "CastLike":
		return n.followCast(x)
	case "Concat":
		return n.followConcat()
	case "ai.onnx.ml.FeatureVectorizer":
		return n.followVectorizer()
	case "ai.onnx.ml.Scaler":
		return n.followScaler(x)
	case "ai.onnx.ml.Imputer", fillMissing:
		return n.followFill(x)
	case "ai.onnx.ml.LabelEncoder":
		return n.followWords(x)
	case "ai.onnx.ml.OneHotEncoder":
		return n.followOneHot(x)
	}
	return false
}
