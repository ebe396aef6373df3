package nn

// Scorer is a network made ready for the rows of tables in precision T. It
// does not change and may be used by many goroutines, each with its own Pass.
type Scorer[T Float] interface {
	Card() *Card
	// GroupPanels is how many panels a Pass takes at a time, so that their
	// values stay in a core's cache; at least 1.
	GroupPanels() int
	NewPass() Pass[T]
}

// Pass takes rows through a network, up to GroupPanels panels at a time: every
// feature in, then forward.
type Pass[T Float] interface {
	// Numbers encodes the cells of feature f for rows rows, and Codes those of
	// one of words: indices into its Categories, CodeMissing or CodeUnknown.
	// What is wrong with a cell is set in faults, for every panel of the rows.
	Numbers(f int, v Numbers, rows int, faults *Faults)
	Codes(f int, codes []int32, rows int, faults *Faults)
	// Forward runs the rows that were encoded last. out has an entry for each
	// of the card's Values: one that is not nil receives that value, as
	// [panel][unit][32]; the last must not be nil.
	Forward(rows int, out [][]T)
	// Found are the rows that the network itself found bad in the last Forward.
	Found() []Found
	// Chosen are the labels that the network chose in the last Forward, one a
	// row and some more: indices into the card's Words, or integers. Both are
	// nil where it chooses none.
	Chosen() (words []int32, integers []int64)
}

// Found are rows that a network cannot score.
type Found struct {
	Feature int // that it comes from; -1: no one feature
	Reason  FoundReason
	Rows    []uint32 // a bit for each row, a word for each panel
}

// FoundReason is why a network cannot score a row.
type FoundReason uint8

// The reasons.
const (
	FoundUnknown    FoundReason = iota + 1 // a category that the model has no place for
	FoundOutOfRange                        // an index outside a table, an integer divided by zero
	FoundNotANumber                        // text that is cast to a number and is none
)

// NewScorer makes a chain of layers ready. The error is a *ShapeError.
func NewScorer[T Float](m *Model, k Kernel) (Scorer[T], error) {
	net, err := Compile[T](m, k)
	if err != nil {
		return nil, err
	}
	return &layered[T]{m.Card(), net, NewEncoder[T](m, k)}, nil
}

// layered is a chain of layers behind the encoder of its features.
type layered[T Float] struct {
	card    *Card
	net     *Network[T]
	encoder *Encoder[T]
}

func (c *layered[T]) Card() *Card      { return c.card }
func (c *layered[T]) GroupPanels() int { return c.net.GroupPanels() }

func (c *layered[T]) NewPass() Pass[T] {
	return &layeredPass[T]{c, c.net.NewWorkspace(), make([]T, c.net.GroupPanels()*c.net.Width(0)*Lanes)}
}

type layeredPass[T Float] struct {
	*layered[T]
	space *Workspace[T]
	x     []T // a_0
}

func (p *layeredPass[T]) Numbers(f int, v Numbers, rows int, faults *Faults) {
	p.encoder.Numbers(f, p.x, v, rows, faults)
}

func (p *layeredPass[T]) Codes(f int, codes []int32, rows int, faults *Faults) {
	p.encoder.Codes(f, p.x, codes, rows, faults)
}

// Inputs are the rows that were encoded last: [panel][input][32].
func (p *layeredPass[T]) Inputs() []T { return p.x }

func (p *layeredPass[T]) Forward(rows int, out [][]T) { p.net.Forward(p.space, p.x, Panels(rows), out) }
func (p *layeredPass[T]) Found() []Found              { return nil }
func (p *layeredPass[T]) Chosen() ([]int32, []int64)  { return nil, nil }
