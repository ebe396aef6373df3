package graph

import (
	"math"
	"strconv"

	"yhat/nn"
)

// inputs adds the features and gives a_0 [N, width], and the rows that have a
// number outside its bounds: a truth value [N, 1], "" if there are no bounds.
// Neighbours of one kind are reckoned together, as one matrix.
func (b *builder) inputs(features []nn.Feature) (a, outside string) {
	var parts, flags []string
	for i := 0; i < len(features); {
		f := &features[i]
		if f.Categorical() {
			parts = append(parts, b.category(f))
			i++
			continue
		}
		end := i + 1
		for end < len(features) && !features[end].Categorical() && (features[end].Fill == nil) == (f.Fill == nil) {
			end++
		}
		part, flag := b.numbers(features[i:end])
		if parts = append(parts, part); flag != "" {
			flags = append(flags, flag)
		}
		i = end
	}
	switch len(flags) {
	case 0:
	case 1:
		outside = b.with("Cast", cast(codeBool), flags[0])
	default:
		outside = b.with("Cast", cast(codeBool), b.node("Max", flags...))
	}
	return b.join(parts), outside
}

func (b *builder) input(name string, t Type) string {
	b.g.Inputs = append(b.g.Inputs, Input{Name: name, Type: t, Shape: []Dim{{Size: -1, Name: "N"}, {Size: 1}}, Ranks: true})
	return name
}

// numbers encodes neighbouring numeric features, either all with a fill or all
// without: (x − center) / scale in float64, then one rounding. flag is a float32
// [N, 1] that is not 0 where one is outside its bounds.
func (b *builder) numbers(features []nn.Feature) (z, flag string) {
	row := func(of func(f *nn.Feature) float64) []float64 {
		list := make([]float64, len(features))
		for i := range features {
			list[i] = of(&features[i])
		}
		return list
	}
	var names []string
	for i := range features {
		names = append(names, b.input(features[i].Name, Float64))
	}
	x := b.join(names)
	if features[0].Fill != nil {
		x = b.node("Where", b.node("IsNaN", x), b.doubles("fill", row(func(f *nn.Feature) float64 { return *f.Fill })), x)
	}
	flag = b.bounds(x,
		row(func(f *nn.Feature) float64 { return given(f.Min, math.Inf(-1)) }),
		row(func(f *nn.Feature) float64 { return given(f.Max, math.Inf(1)) }))
	if center := row(func(f *nn.Feature) float64 { return f.Center }); differs(center, 0) {
		x = b.node("Sub", x, b.doubles("center", center))
	}
	if scale := row(func(f *nn.Feature) float64 { return f.Scale }); differs(scale, 1) {
		x = b.node("Div", x, b.doubles("scale", scale))
	}
	return b.with("Cast", cast(codeFloat), x), flag
}

func given(x *float64, otherwise float64) float64 {
	if x == nil {
		return otherwise
	}
	return *x
}

// differs reports whether a list holds anything but x.
func differs(list []float64, x float64) bool {
	for _, v := range list {
		if v != x {
			return true
		}
	}
	return false
}

// bounds tells the rows that have a value below low or above high.
func (b *builder) bounds(x string, low, high []float64) string {
	var tests []string
	if differs(low, math.Inf(-1)) {
		tests = append(tests, b.node("Less", x, b.doubles("min", low)))
	}
	if differs(high, math.Inf(1)) {
		tests = append(tests, b.node("Greater", x, b.doubles("max", high)))
	}
	switch len(tests) {
	case 0:
		return ""
	case 2:
		tests = []string{b.node("Or", tests[0], tests[1])}
	}
	return b.with("ReduceMax", map[string]Attribute{"keepdims": whole(1)}, b.with("Cast", cast(codeFloat), tests[0]), b.integers("axes", 1))
}

// category encodes a feature of words: one 0/1 value for each category.
func (b *builder) category(f *nn.Feature) string {
	x := b.input(f.Name, String)
	if f.HasFillCategory && !hasWord(f.Categories, "") {
		x = b.ml("LabelEncoder", map[string]Attribute{
			"keys_strings":   {Kind: StringsAttribute, Strings: append([]string{""}, f.Categories...)},
			"values_strings": {Kind: StringsAttribute, Strings: append([]string{f.FillCategory}, f.Categories...)},
			"default_string": {Kind: StringAttribute, S: noCategory(f.Categories)},
		}, x)
	}
	zeros := int64(0)
	if f.UnknownZeros {
		zeros = 1
	}
	hot := b.ml("OneHotEncoder", map[string]Attribute{
		"cats_strings": {Kind: StringsAttribute, Strings: f.Categories},
		"zeros":        whole(zeros),
	}, x)
	return b.with("Flatten", axis(1), hot)
}

func hasWord(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// noCategory is a word that is none of the categories.
func noCategory(categories []string) string {
	word := "unknown"
	for hasWord(categories, word) {
		word += "_"
	}
	return word
}

// layer adds a_ℓ = σ(W a + b). The product's node and the layer's value bear
// the layer's name.
func (b *builder) layer(l *nn.Layer, i int, a string) string {
	name := l.Name
	if name == "" {
		name = "layer" + strconv.Itoa(i+1)
	}
	weights := b.constant(name+".weight", &Tensor{Type: Float32, Shape: []int{l.Out, l.In}, F32: singles(l.W)})
	bias := b.constant(name+".bias", &Tensor{Type: Float32, Shape: []int{l.Out}, F32: singles(l.B)})
	z := b.add(Node{Name: name, Op: "Gemm", Version: lowerOpset, Inputs: []string{a, weights, bias},
		Attributes: map[string]Attribute{"transB": whole(1)}}, name+".linear")
	return b.activation(l.Activation, z)
}

func singles(list []float64) []float32 {
	out := make([]float32, len(list))
	for i, x := range list {
		out[i] = float32(x)
	}
	return out
}

// lowered are the activations that are one operator of opset 18, with the
// parameters that they take.
var lowered = map[nn.Func]string{nn.ReLU: "Relu", nn.LeakyReLU: "LeakyRelu", nn.ELU: "Elu", nn.SELU: "Selu", nn.CELU: "Celu",
	nn.Sigmoid: "Sigmoid", nn.HardSigmoid: "HardSigmoid", nn.Tanh: "Tanh", nn.Softplus: "Softplus", nn.Softsign: "Softsign",
	nn.Mish: "Mish", nn.HardSwish: "HardSwish", nn.Softmax: "Softmax", nn.LogSoftmax: "LogSoftmax"}

// activation adds σ. What opset 18 has no operator for is composed.
func (b *builder) activation(a nn.Activation, z string) string {
	switch a.Func {
	case nn.Identity:
		return z
	case nn.GELU: // z · 0.5 · (1 + erf(z/√2))
		erf := b.node("Erf", b.node("Div", z, b.scalar(math.Sqrt2)))
		return b.node("Mul", b.node("Mul", z, b.node("Add", erf, b.scalar(1))), b.scalar(0.5))
	case nn.GELUTanh: // z · 0.5 · (1 + tanh(√(2/π) (z + 0.044715 z³)))
		cube := b.node("Mul", b.node("Mul", b.node("Mul", z, z), z), b.scalar(0.044715))
		tanh := b.node("Tanh", b.node("Mul", b.node("Add", z, cube), b.scalar(math.Sqrt(2/math.Pi))))
		return b.node("Mul", b.node("Mul", z, b.node("Add", tanh, b.scalar(1))), b.scalar(0.5))
	case nn.SiLU:
		return b.node("Mul", z, b.node("Sigmoid", z))
	case nn.Softmax, nn.LogSoftmax:
		return b.with(lowered[a.Func], axis(-1), z)
	}
	attributes := map[string]Attribute{}
	alpha, beta := a.Func.Parameters()
	if alpha {
		attributes["alpha"] = Attribute{Kind: FloatAttribute, F: float32(a.Alpha)}
	}
	if beta {
		attributes["beta"] = Attribute{Kind: FloatAttribute, F: float32(a.Beta)}
	}
	return b.with(lowered[a.Func], attributes, z)
}
