package graph

import (
	"math"
	"slices"
	"strconv"

	"yhat/nn"
)

// scaler is (x − offset) · scale.
func (h *follower) scaler(d *Node) (*form, error) {
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	offset, scale := d.Attributes["offset"].Floats, d.Attributes["scale"].Floats
	for i := range f.elems {
		if len(offset) > 0 {
			f.elems[i].shift(-float64(offset[i%len(offset)]))
		}
		if len(scale) == 0 {
			continue
		}
		k := float64(scale[i%len(scale)])
		if k == 0 && f.elems[i].number {
			return nil, h.refuse(d, "a feature times 0")
		}
		f.elems[i].stretch(k)
	}
	return f, nil
}

// imputer fills missing numbers, which are NaN.
func (h *follower) imputer(d *Node) (*form, error) {
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	values := d.Attributes["imputed_value_floats"].Floats
	if len(values) == 0 || !math.IsNaN(float64(d.Attributes["replaced_value_float"].F)) {
		return nil, h.refuse(d, "it replaces something else than NaN")
	}
	for i := range f.elems {
		if err := h.fill(d, &f.elems[i], shortest(float64(values[i%len(values)]))); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// filled is a column whose missing numbers become a constant.
func (h *follower) filled(d *Node) (*form, error) {
	f, k, err := h.columnsAndConstants(d)
	if err != nil {
		return nil, err
	}
	return h.fillAll(d, f, k)
}

// columnsAndConstants are the two inputs of an operator on columns, the second
// spread over the shape of what comes out.
func (h *follower) columnsAndConstants(d *Node) (*form, []float64, error) {
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, nil, err
	}
	k, v, err := h.known(d, 1)
	if err != nil {
		return nil, nil, err
	}
	return f, spreadNumbers(k, v.shape, h.c.values[d.Outputs[0]].shape), nil
}

// fillAll fills each element by its own number.
func (h *follower) fillAll(d *Node, f *form, k []float64) (*form, error) {
	if len(k) != len(f.elems) {
		return nil, h.refuse(d, "shapes that do not fit together")
	}
	for i := range f.elems {
		if err := h.fill(d, &f.elems[i], k[i]); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// shortest is the number that a float32 is written as.
func shortest(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', -1, 32), 64)
	return y
}

func (h *follower) fill(d *Node, e *linear, x float64) error {
	if !e.number || e.center != 0 || e.scale != 1 {
		return h.refuse(d, "it fills what is no column of the table")
	}
	if e.fill == nil {
		e.fill = &x
	}
	return nil
}

// oneHot is a 0/1 value for each category.
func (h *follower) oneHot(d *Node) (*form, error) {
	in := h.forms[d.Inputs[0]]
	words := d.Attributes["cats_strings"].Strings
	if in == nil || in.words == nil || len(words) == 0 {
		return nil, h.refuse(d, "its input is no column of words")
	}
	f := nn.Feature{Categories: words, UnknownZeros: (&node{Node: d}).int("zeros", 1) != 0}
	switch {
	case in.words.fill != nil:
		f.FillCategory, f.HasFillCategory = *in.words.fill, true
	case hasWord(words, ""):
		f.HasFillCategory = true
	}
	if f.HasFillCategory && !hasWord(words, f.FillCategory) {
		return nil, h.refuse(d, "a missing word becomes none of the categories")
	}
	own := &h.features[in.words.feature]
	if own.known && (!slices.Equal(own.Categories, words) || own.UnknownZeros != f.UnknownZeros || own.FillCategory != f.FillCategory) {
		return nil, h.refuse(d, "a feature is encoded in two ways")
	}
	*own = encoding{true, f}
	g := &form{}
	for k := range words {
		g.elems = append(g.elems, linear{units: []int{h.unit(unit{in.words.feature, k})}, coefficients: []float64{1}})
	}
	return g, nil
}

// filledWords is a LabelEncoder that changes no word but the missing one.
func (h *follower) filledWords(d *Node) (*form, error) {
	in := h.forms[d.Inputs[0]]
	keys, values := d.Attributes["keys_strings"].Strings, d.Attributes["values_strings"].Strings
	if in == nil || in.words == nil || len(keys) == 0 || len(keys) != len(values) || hasWord(keys, (&node{Node: d}).string("default_string", "_Unused")) {
		return nil, h.refuse(d, "it changes words")
	}
	w := *in.words
	for i, k := range keys {
		switch {
		case k == "":
			w.fill = &values[i]
		case k != values[i]:
			return nil, h.refuse(d, "it changes words")
		}
	}
	return &form{words: &w}, nil
}

// regressor is a LinearRegressor without a transform.
func (h *follower) regressor(d *Node) (*form, error) {
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	n := &node{Node: d, c: h.c}
	if n.string("post_transform", "NONE") != "NONE" {
		return nil, h.refuse(d, "a transform of the result")
	}
	return h.coefficients(d, f, max(1, n.int("targets", 1)))
}

// coefficients is W f + b by the attributes of a linear model.
func (h *follower) coefficients(d *Node, f *form, out int) (*form, error) {
	w, b := d.Attributes["coefficients"].Floats, d.Attributes["intercepts"].Floats
	in := len(f.elems)
	if len(w) != in*out || len(b) != out && len(b) != 0 {
		return nil, h.refuse(d, "%d coefficients for %d × %d", len(w), out, in)
	}
	return h.product(d, f, out, func(o, i int) float64 { return float64(w[o*in+i]) }, func(o int) float64 {
		if len(b) == 0 {
			return 0
		}
		return float64(b[o])
	})
}

// classifier is a LinearClassifier: the scores are its second result. Two
// classes whose scores are each other's negatives are one unit.
func (h *follower) classifier(d *Node) error {
	f, err := h.elements(d, 0)
	if err != nil {
		return err
	}
	post := (&node{Node: d, c: h.c}).string("post_transform", "NONE")
	classes := max(len(d.Attributes["classlabels_strings"].Strings), len(d.Attributes["classlabels_ints"].Ints))
	out, err := h.coefficients(d, f, max(1, len(d.Attributes["coefficients"].Floats)/max(1, len(f.elems))))
	if err != nil {
		return err
	}
	if len(d.Outputs) < 2 || d.Outputs[1] == "" || len(out.elems) != classes {
		return h.refuse(d, "not a score for each class")
	}
	switch {
	case post == "SOFTMAX":
		out, err = h.layer(d, out, nn.Activation{Func: nn.Softmax})
	case post == "LOGISTIC" && classes == 2 && negatives(&out.elems[0], &out.elems[1]):
		if out, err = h.layer(d, &form{base: out.base, elems: out.elems[1:]}, nn.Activation{Func: nn.Sigmoid}); err == nil {
			out.elems = append([]linear{{units: []int{0}, coefficients: []float64{-1}, bias: 1}}, out.elems...)
		}
	case post == "LOGISTIC":
		out, err = h.layer(d, out, nn.Activation{Func: nn.Sigmoid})
	case post != "NONE":
		return h.refuse(d, "post_transform %s", clip(post))
	}
	h.forms[d.Outputs[1]] = out
	return err
}

// negatives reports whether x = −y.
func negatives(x, y *linear) bool {
	if x.bias != -y.bias || !slices.Equal(x.units, y.units) {
		return false
	}
	for i := range x.coefficients {
		if x.coefficients[i] != -y.coefficients[i] {
			return false
		}
	}
	return true
}

// normalizer divides by the sum, which is 1 after a softmax, and of p and 1 − p.
func (h *follower) normalizer(d *Node) (*form, error) {
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	one := len(f.elems) == 2 && f.elems[0].rest() && f.elems[1].same(0)
	if f.base > 0 && h.layers[f.base-1].Activation.Func == nn.Softmax && h.isLast(f) {
		one = true
	}
	if (&node{Node: d}).string("norm", "MAX") != "L1" || !one {
		return nil, h.refuse(d, "it divides by what is not 1")
	}
	return f, nil
}

// concat puts values side by side.
func (h *follower) concat(d *Node) (*form, error) {
	var f *form
	for i, name := range d.Inputs {
		g, err := h.elements(d, i)
		if err != nil {
			return nil, err
		}
		v := h.c.values[name]
		if axis, err := axisOf((&node{Node: d}).int("axis", 1), len(v.shape)); err != nil || v.shape[axis] != v.len() {
			return nil, h.refuse(d, "not along the only axis of the values")
		}
		switch {
		case f == nil:
			f = g
		case f.base != g.base:
			return nil, h.refuse(d, "it joins values of different layers")
		default:
			f.elems = append(f.elems, g.elems...)
		}
	}
	return f, nil
}

// sum adds all elements up.
func (h *follower) sum(d *Node) (*form, error) {
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	if h.c.values[d.Outputs[0]].len() != 1 {
		return nil, h.refuse(d, "more than one sum")
	}
	return h.product(d, f, 1, func(int, int) float64 { return 1 }, func(int) float64 { return 0 })
}

// move follows operators that only move elements: the result lies in the
// buffer of the input, or has its elements in the same order.
func (h *follower) move(d *Node) error {
	if len(d.Inputs) == 0 {
		return h.refuse(d, "no operator of a layer")
	}
	in := h.forms[d.Inputs[0]]
	if in == nil {
		return h.refuse(d, "no operator of a layer")
	}
	v := h.c.values[d.Inputs[0]]
	for _, name := range d.Outputs {
		w := h.c.values[name]
		if name == "" || w == nil {
			continue
		}
		switch {
		case in.elems == nil && w.len() == v.len() && (movers[operatorName(d)] || d.Op == "Cast"):
			h.forms[name] = in
		case in.elems == nil:
			return h.refuse(d, "no operator of a layer")
		case ordered[operatorName(d)] && w.len() == len(in.elems) && w.typ != Bool && w.typ != String && (d.Op != "Cast" || w.typ.Float()):
			h.forms[name] = in
		case v.buf >= 0 && v.buf == w.buf:
			h.forms[name] = &form{base: in.base, elems: h.moved(in, v, w)}
		default:
			return h.refuse(d, "no operator of a layer")
		}
		if f := h.forms[name]; f.elems != nil && slices.ContainsFunc(f.elems, func(e linear) bool { return !e.number && e.units == nil }) {
			return h.refuse(d, "it makes elements of its own")
		}
	}
	return nil
}

// ordered are the operators that keep elements in their order.
var ordered = map[string]bool{"Identity": true, "Dropout": true, "Reshape": true, "Flatten": true, "Squeeze": true, "Unsqueeze": true,
	"Cast": true, "CastLike": true, "ai.onnx.ml.ZipMap": true}

// moved are the elements of w, which lies in the buffer of v.
func (h *follower) moved(in *form, v, w *value) []linear {
	at := map[int32]int{}
	for e := range in.elems {
		at[place(v, e)] = e
	}
	out := make([]linear, w.len())
	for e := range out {
		if k, ok := at[place(w, e)]; ok {
			out[e] = in.elems[k]
		}
	}
	return out
}

func place(v *value, e int) int32 {
	if v.index != nil {
		return v.index[e]
	}
	return int32(e)
}

// test follows tests for missing values and for bounds, and what they guard.
func (h *follower) test(d *Node) (*form, error) {
	switch d.Op {
	case "IsNaN":
		return &form{isNaN: d.Inputs[0]}, nil
	case "Less", "Greater":
		return h.bound(d)
	case "Where":
		return h.where(d)
	}
	all := &form{limits: []limit{}}
	for i, name := range d.Inputs {
		if d.Op == "ReduceMax" && i > 0 {
			break
		}
		f := h.forms[name]
		if f == nil || f.limits == nil {
			return nil, h.refuse(d, "no operator of a layer")
		}
		all.limits = append(all.limits, f.limits...)
	}
	return all, nil
}

// bound is a test of columns against constants.
func (h *follower) bound(d *Node) (*form, error) {
	f, k, err := h.columnsAndConstants(d)
	if err != nil {
		return nil, err
	}
	g := &form{limits: []limit{}}
	for i, e := range f.elems {
		if !e.number || e.center != 0 || e.scale != 1 || len(k) != len(f.elems) {
			return nil, h.refuse(d, "it compares what is no column of the table")
		}
		if !math.IsInf(k[i], 0) {
			g.limits = append(g.limits, limit{e.feature, d.Op == "Greater", k[i]})
		}
	}
	return g, nil
}

// where fills missing numbers, or makes rows outside their bounds NaN.
func (h *follower) where(d *Node) (*form, error) {
	test := h.forms[d.Inputs[0]]
	k, v, err := h.known(d, 1)
	if err != nil {
		return nil, err
	}
	f, err := h.elements(d, 2)
	if err != nil {
		return nil, err
	}
	k = spreadNumbers(k, v.shape, h.c.values[d.Outputs[0]].shape)
	switch {
	case test == nil || len(k) != len(f.elems):
	case test.isNaN == d.Inputs[2]:
		return h.fillAll(d, f, k)
	case test.limits != nil && !slices.ContainsFunc(k, func(x float64) bool { return x == x }):
		for _, l := range test.limits {
			if l.above {
				h.features[l.feature].Max = &l.value
			} else {
				h.features[l.feature].Min = &l.value
			}
		}
		return f, nil
	}
	return nil, h.refuse(d, "no operator of a layer")
}
