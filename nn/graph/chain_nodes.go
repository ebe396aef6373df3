package graph

import (
	"math"

	"yhat/nn"
)

// node follows one node: its first result gets a form, or the search ends.
func (h *follower) node(d *Node) error {
	var f *form
	var err error
	switch op := operatorName(d); op {
	case "Gemm", "MatMul":
		f, err = h.dense(d)
	case "Add", "Sub", "Mul", "Div":
		f, err = h.arithmetic(d)
	case "BatchNormalization":
		f, err = h.batchNorm(d)
	case "ai.onnx.ml.Scaler":
		f, err = h.scaler(d)
	case "ai.onnx.ml.Imputer":
		f, err = h.imputer(d)
	case fillMissing:
		f, err = h.filled(d)
	case "ai.onnx.ml.OneHotEncoder":
		f, err = h.oneHot(d)
	case "ai.onnx.ml.LabelEncoder":
		f, err = h.filledWords(d)
	case "ai.onnx.ml.LinearClassifier":
		return h.classifier(d)
	case "ai.onnx.ml.LinearRegressor":
		f, err = h.regressor(d)
	case "ai.onnx.ml.Normalizer":
		f, err = h.normalizer(d)
	case "Concat", "ai.onnx.ml.FeatureVectorizer":
		f, err = h.concat(d)
	case "ReduceSum":
		f, err = h.sum(d)
	case "Softmax", "LogSoftmax":
		f, err = h.softmax(d)
	case "IsNaN", "Less", "Greater", "Or", "Max", "ReduceMax", "Where":
		f, err = h.test(d)
	default:
		if act, ok := activations[op]; ok {
			f, err = h.activation(d, nn.Activation{Func: nn.Func(act.Func), Alpha: act.Alpha, Beta: act.Beta})
			break
		}
		return h.move(d)
	}
	if err == nil {
		h.forms[d.Outputs[0]] = f
	}
	return err
}

// elements are the linear elements of input i.
func (h *follower) elements(d *Node, i int) (*form, error) {
	if i < len(d.Inputs) {
		if f := h.forms[d.Inputs[i]]; f != nil && f.elems != nil {
			return &form{base: f.base, elems: append([]linear{}, f.elems...)}, nil
		}
	}
	return nil, h.refuse(d, "it takes what is no linear map of one layer")
}

// known are the numbers of input i, which must be a constant.
func (h *follower) known(d *Node, i int) ([]float64, *value, error) {
	if i < len(d.Inputs) && h.c.isKnown(d.Inputs[i]) {
		if v, err := h.c.value(d.Inputs[i]); err == nil {
			list, err := v.floats()
			return list, v, err
		}
	}
	return nil, nil, h.refuse(d, "its input %d is no constant", i)
}

// dense is Gemm or MatMul by a constant matrix.
func (h *follower) dense(d *Node) (*form, error) {
	n := &node{Node: d, c: h.c}
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	w, v, err := h.known(d, 1)
	if err != nil {
		return nil, err
	}
	if len(v.shape) != 2 || n.int("transA", 0) != 0 {
		return nil, h.refuse(d, "no product of rows and a matrix")
	}
	in, out := v.shape[0], v.shape[1]
	at := func(o, i int) float64 { return w[i*out+o] }
	if n.int("transB", 0) != 0 {
		in, out = out, in
		at = func(o, i int) float64 { return w[o*in+i] }
	}
	if h.c.g.Producer == producer {
		h.name = d.Name
	}
	if len(f.elems) != in {
		return nil, h.refuse(d, "more than one row of the product for a row of the table")
	}
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	bias := func(int) float64 { return 0 }
	if len(d.Inputs) > 2 && d.Inputs[2] != "" {
		c, _, err := h.known(d, 2)
		if err != nil {
			return nil, err
		}
		bias = func(o int) float64 { return beta * c[o%len(c)] }
	}
	return h.product(d, f, out, func(o, i int) float64 { return alpha * at(o, i) }, bias)
}

// arithmetic is +, −, · or / with a constant, or a sum or difference of two
// maps of one layer.
func (h *follower) arithmetic(d *Node) (*form, error) {
	if len(d.Inputs) != 2 {
		return nil, h.refuse(d, "not two inputs")
	}
	shape := h.c.values[d.Outputs[0]].shape
	switch {
	case h.c.isKnown(d.Inputs[1]):
		k, v, err := h.known(d, 1)
		if err != nil {
			return nil, err
		}
		return h.withConstant(d, 0, spreadNumbers(k, v.shape, shape), shape)
	case h.c.isKnown(d.Inputs[0]):
		k, v, err := h.known(d, 0)
		if err != nil {
			return nil, err
		}
		return h.withConstant(d, 1, spreadNumbers(k, v.shape, shape), shape)
	}
	x, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	y, err := h.elements(d, 1)
	if err != nil {
		return nil, err
	}
	sign := map[string]float64{"Add": 1, "Sub": -1}[d.Op]
	if sign == 0 || x.base != y.base || len(x.elems) != len(y.elems) {
		return nil, h.refuse(d, "it joins two values that are no linear maps of one layer")
	}
	n := len(x.elems)
	x.elems = append(x.elems, y.elems...)
	return h.product(d, x, n, func(o, i int) float64 {
		switch i {
		case o:
			return 1
		case o + n:
			return sign
		}
		return 0
	}, func(int) float64 { return 0 })
}

func spreadNumbers(k []float64, from, shape []int) []float64 {
	if index := spread(from, shape); index != nil {
		return gathered(k, index)
	}
	return k
}

// withConstant reckons with the linear input x and a constant for each element;
// the constant is the other input.
func (h *follower) withConstant(d *Node, x int, k []float64, shape []int) (*form, error) {
	f, err := h.elements(d, x)
	if err != nil {
		return nil, err
	}
	if index := spread(h.c.values[d.Inputs[x]].shape, shape); index != nil {
		f.elems = gathered(f.elems, index)
	}
	if len(k) != len(f.elems) {
		return nil, h.refuse(d, "shapes that do not fit together")
	}
	for i := range f.elems {
		e := &f.elems[i]
		switch {
		case d.Op == "Add":
			e.shift(k[i])
		case d.Op == "Sub" && x == 0:
			e.shift(-k[i])
		case d.Op == "Sub":
			e.stretch(-1)
			e.shift(k[i])
		case k[i] == 0 && e.number, d.Op == "Div" && x == 1:
			return nil, h.refuse(d, "a feature times 0, or a constant divided by one")
		case d.Op == "Div" && e.number:
			e.scale *= k[i]
		case d.Op == "Div":
			e.stretch(1 / k[i])
		default:
			e.stretch(k[i])
		}
	}
	return f, nil
}

// shift adds a constant.
func (e *linear) shift(k float64) {
	if e.number {
		e.center -= k * e.scale
		return
	}
	e.bias += k
}

// stretch multiplies by a constant; that of a number is not 0.
func (e *linear) stretch(k float64) {
	if e.number {
		e.scale /= k
		return
	}
	e.bias *= k
	list := make([]float64, len(e.coefficients))
	for i, c := range e.coefficients {
		list[i] = k * c
	}
	e.coefficients = list
}

// batchNorm is γ (x − μ) / √(σ² + ε) + β.
func (h *follower) batchNorm(d *Node) (*form, error) {
	n := &node{Node: d, c: h.c}
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	var of [4][]float64
	for i := range of {
		if of[i], _, err = h.known(d, i+1); err != nil {
			return nil, err
		}
		if len(of[i]) != len(f.elems) {
			return nil, h.refuse(d, "more than one value for a channel")
		}
	}
	epsilon := n.float("epsilon", 1e-5)
	return h.product(d, f, len(f.elems), func(o, i int) float64 {
		if o != i {
			return 0
		}
		return of[0][o] / math.Sqrt(of[3][o]+epsilon)
	}, func(o int) float64 { return of[1][o] - of[2][o]*of[0][o]/math.Sqrt(of[3][o]+epsilon) })
}

func (h *follower) activation(d *Node, a nn.Activation) (*form, error) {
	n := &node{Node: d, c: h.c}
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	switch {
	case d.Op == "Gelu" && n.string("approximate", "none") == "tanh":
		a.Func = nn.GELUTanh
	case d.Op == "Selu" && (n.has("alpha") || n.has("gamma")) && (n.float("alpha", 1.67326319) != float64(float32(1.67326319)) || n.float("gamma", 1.05070102) != float64(float32(1.05070102))),
		d.Op == "Swish" && n.float("alpha", 1) != 1:
		return nil, h.refuse(d, "parameters that the native format has no place for")
	}
	if takes, _ := a.Func.Parameters(); takes {
		a.Alpha = shortest(n.float("alpha", float32(a.Alpha)))
	}
	if _, takes := a.Func.Parameters(); takes {
		a.Beta = shortest(n.float("beta", float32(a.Beta)))
	}
	return h.layer(d, f, a)
}

func (h *follower) softmax(d *Node) (*form, error) {
	n := &node{Node: d, c: h.c}
	f, err := h.elements(d, 0)
	if err != nil {
		return nil, err
	}
	shape := h.c.values[d.Inputs[0]].shape
	otherwise := -1
	if d.Version < 13 {
		otherwise = 1
	}
	axis, err := axisOf(n.int("axis", otherwise), len(shape))
	if err != nil || shape[axis] != len(f.elems) {
		return nil, h.refuse(d, "not over all units of a layer")
	}
	if d.Op == "Softmax" {
		return h.layer(d, f, nn.Activation{Func: nn.Softmax})
	}
	return h.layer(d, f, nn.Activation{Func: nn.LogSoftmax})
}
