// Package nn holds feed-forward networks as values. A network maps features x
// to a prediction ŷ through layers a_ℓ = σ_ℓ(W_ℓ a_{ℓ-1} + b_ℓ), with a_0 = x
// and a_L = ŷ.
//
// Rows travel in panels: 32 rows × K values, stored value by value
// ([panel][unit][32]), so that rows sit in SIMD lanes, one layer's output
// panel is the next one's input, and a row's sums are made in one fixed order
// whatever stands beside it. The package knows no files, no Arrow and no
// goroutines.
package nn

// Float is a working precision.
type Float interface{ float32 | float64 }

// Model is a network with the words around it: which features go in, and what
// comes out. All numbers are float64 until a network is compiled.
type Model struct {
	Name     string
	Features []Feature
	Layers   []Layer
	Outputs  Outputs
	// Provenance says where the model comes from, for people.
	Provenance []Note
}

// Note is a word about a model.
type Note struct{ Key, Value string }

// Feature says how one column of a table becomes inputs of the network: one
// input for a number, one for each category otherwise.
type Feature struct {
	Name string
	Unit string // "kg"; for people

	// A number x: missing becomes Fill (nil: missing is bad), outside Min or
	// Max is bad, then (x − Center) / Scale.
	Fill          *float64
	Min, Max      *float64
	Center, Scale float64

	// A category, when Categories is not empty: one 0/1 input each. Missing
	// becomes FillCategory ("" with HasFillCategory false: missing is bad); an
	// unknown word is bad, or all zeros with UnknownZeros.
	Categories      []string
	FillCategory    string
	HasFillCategory bool
	UnknownZeros    bool

	Profile *Profile // of the rows the model was learned from; nil: not known
}

// Categorical reports whether the feature is one of words.
func (f *Feature) Categorical() bool { return len(f.Categories) > 0 }

// Width is how many inputs the feature takes.
func (f *Feature) Width() int { return max(1, len(f.Categories)) }

// Layer is a_ℓ = σ(W a_{ℓ-1} + b). W is out×in, one row a unit.
type Layer struct {
	Name       string
	Activation Activation
	In, Out    int
	W          []float64 // out×in, row-major
	B          []float64 // out
}

// Activation is a nonlinearity σ with its parameters.
type Activation struct {
	Func        Func
	Alpha, Beta float64 // where the function has them
}

// Outputs names what comes out.
type Outputs struct {
	Names     []string  // one for each unit of the last layer, or none
	Labels    []string  // one for each output, two for a single output, or none
	Threshold *float64  // of a single output
	Profiles  []Profile // one for each output, or none: of the rows the model was learned from
}

// InputWidth is the number of inputs all features take together.
func (m *Model) InputWidth() int {
	w := 0
	for i := range m.Features {
		w += m.Features[i].Width()
	}
	return w
}

// OutputWidth is the number of units of the last layer.
func (m *Model) OutputWidth() int { return m.Layers[len(m.Layers)-1].Out }

// Parameters counts weights and biases.
func (m *Model) Parameters() int {
	n := 0
	for _, l := range m.Layers {
		n += len(l.W) + len(l.B)
	}
	return n
}
