// Package graph runs imported models: graphs of operators over tensors, as
// ONNX files hold them, compiled for tables.
//
// A value of a compiled graph is a tensor that each row of the table has one
// of, of a shape fixed when the graph is compiled. Its elements are stored
// like the units of a layer: one lane vector of 32 rows each
// ([panel][element][32]). So reshape, transpose, slice, split and gather with
// constant indices are maps from element to element, resolved at compile time;
// dense products, elementwise operators and reductions are what runs.
//
// A model's batch axis is the axis of the table's rows. Every operator must
// keep rows apart: one that would mix them is refused by its node's name.
//
// The operators are those of the ONNX specification
// (https://onnx.ai/onnx/operators/), domains ai.onnx and ai.onnx.ml; each file
// of operators gives their formulas.
package graph

// Graph is a model as a file describes it: plain data, checked by Compile.
type Graph struct {
	Name      string
	Producer  string // the program that wrote it, for people
	Inputs    []Input
	Nodes     []Node // in an order in which every input comes before its use
	Constants map[string]*Tensor
	Outputs   []Output
	Metadata  map[string]string
	// Columns are the names that the model's metadata give to the columns of
	// its matrices; nil if they give none.
	Columns []string
	Words   *Words // nil: the file tells none
}

// Title is the graph's name.
func (g *Graph) Title() string { return g.Name }

// Parameters counts the elements of all constants.
func (g *Graph) Parameters() int {
	n := 0
	for _, t := range g.Constants {
		n += t.Len()
	}
	return n
}

// Dim is one dimension of an input's declared shape: a size, or -1 with the
// name of what it stands for ("batch_size", or "").
type Dim struct {
	Size int
	Name string
}

// Input is a value that the caller provides. An input of the same name as a
// constant is optional and not asked for.
type Input struct {
	Name  string
	Type  Type
	Shape []Dim
	Ranks bool // whether Shape is known at all
	// Keys are the vocabulary of an input that is a map (of a DictVectorizer):
	// it is asked for as a row of len(Keys) values, absent keys being zero.
	Keys []string
}

// Output is a value that the caller wants.
type Output struct {
	Name  string
	Type  Type // as declared; 0 where the file does not say
	Shape []Dim
}

// Node is one application of an operator. An empty input name is an optional
// input that is not given; an empty output name an output nobody wants.
type Node struct {
	Name       string // may be empty
	Domain     string // "" for ai.onnx, or "ai.onnx.ml"
	Op         string
	Version    int // of the domain's operator set
	Inputs     []string
	Outputs    []string
	Attributes map[string]Attribute
}

// AttributeKind says which field of an Attribute counts. The numbers are those
// of ONNX.
type AttributeKind uint8

// The kinds of attributes.
const (
	FloatAttribute AttributeKind = iota + 1
	IntAttribute
	StringAttribute
	TensorAttribute
	_ // a graph
	FloatsAttribute
	IntsAttribute
	StringsAttribute
)

// Attribute is a parameter of an operator. Operators know which field counts;
// Kind is for those who write the graph.
type Attribute struct {
	Kind    AttributeKind
	I       int64
	F       float32
	S       string
	Ints    []int64
	Floats  []float32
	Strings []string
	Tensor  *Tensor
}

// Tensor is a constant, its elements row-major in the field of its type's
// storage: F32 for Float32, Float16 and BFloat16, F64 for Float64, I64 for all
// signed integers and the unsigned ones below 64 bits, U64 for Uint64.
type Tensor struct {
	Type  Type
	Shape []int
	F32   []float32
	F64   []float64
	I64   []int64
	U64   []uint64
	Bool  []bool
	Str   []string
}

// Len is the number of elements that the shape asks for.
func (t *Tensor) Len() int { return count(t.Shape) }

// count multiplies dimensions.
func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
