// Package kernel holds the inner loops of a network, on panels: 32 rows × K
// values, stored value by value ([panel][value][32]). Rows sit in SIMD lanes
// and weights are broadcast, so a row's result never depends on the rows
// beside it, on how many there are, or on where it stands.
//
// A Set is a complete choice of loops for one machine and one precision. The
// generic set is plain Go and runs everywhere; it is the documentation of what
// the others compute.
package kernel

// Float is a working precision.
type Float interface{ float32 | float64 }

// Lanes is how many rows a panel holds.
const Lanes = 32

// Set is a choice of inner loops. Panels are passed as slices from their first
// element; they may be longer than what is used.
type Set[T Float] struct {
	Name string
	// Block is the most units the dense product makes at once.
	Block Limit
	// Dense computes y = W x + b for panels panels, and max(0, y) with relu.
	// x is [panels][d.X][32], y is [panels][d.Y][32].
	Dense func(d *Dense[T], x, y []T, panels int, relu bool)
	// Activate applies σ in place to panels panels of units units.
	Activate func(a Activation[T], y []T, units, panels int)
	// Encode puts a numeric column into value c.At of panels of c.Width values.
	Encode func(c *Column[T], v Values, x []T, rows int, f *Faults)

	// Outer sets y, row by row, to units o.From … o.To-1 by inputs 0 … o.Inputs-1
	// of Σ d·xᵀ over the rows of panels panels: d is [panels][o.D][32], x is
	// [panels][o.X][32].
	Outer func(o Outer, d, x []T, panels int, y []T)
	// Slope multiplies d by σ' where a is σ's output, of whole panel rows, for
	// the functions of HasSlope.
	Slope func(f Func, a, d []T)
	// Spread writes rows of width numbers, by their index in from, into the lanes of
	// a panel, and 0 into the lanes that are left. It may call for the rows of next,
	// which are to be spread then.
	Spread func(panel, from []T, rows, next []int32, width int)
	// SetRows writes w, a row a unit, and the biases of one of d's blocks into d,
	// and SetColumns inputs from … to-1 of all units, of w with a row an input.
	SetRows    func(d *Dense[T], b Block, w, bias []float64)
	SetColumns func(d *Dense[T], from, to int, w []float64)
	// Share makes g[i] share times d[i], or adds that to it.
	Share func(g []float64, d []T, share float64, more bool)
	// Penalise adds lambda times w to g, which is as long, and returns Σ w² by
	// four sums.
	Penalise func(lambda float64, w, g []float64) float64
	// Adam takes one step of Adam: p are the parameters, g the gradient, m and
	// v the running means.
	Adam func(c *AdamStep, p, g, m, v []float64)
	// Tally adds to counts[i] how many of the first rows cells, each times Factor
	// plus Plus, are at least edge i of e. Valid is not looked at.
	Tally func(e *Edges, v Values, rows int, counts []int64)
	// Path follows rows along straight lines.
	Path Path[T]
}

// Limit is the most units that are computed together of a layer of out units
// and in inputs.
type Limit func(in, out int) int

// atMost is the same limit for every layer.
func atMost(units int) Limit { return func(_, _ int) int { return units } }

// Dense is a layer's W and b, packed for the loops of a Set: unit blocks, one
// after the other, each as its biases and then, for each input, its weights.
type Dense[T Float] struct {
	In, Out int
	// X and Y are how many units a panel of inputs and one of outputs have room
	// for, at least In and Out.
	X, Y   int
	Blocks []Block
	W      []T
}

// Block is a run of units that are computed together.
type Block struct {
	First, Units int // units First … First+Units-1
	Offset       int // of the block in Dense.W
}

// Pack lays out w (out×in, row-major) and b for blocks of at most limit units,
// as even in size as can be. Panels have no more room than they need.
func Pack[T Float](in, out int, w, b []float64, limit Limit) *Dense[T] {
	d := &Dense[T]{In: in, Out: out, X: in, Y: out, W: make([]T, 0, out*(in+1))}
	most := limit(in, out)
	blocks := (out + most - 1) / most
	for first := 0; first < out; {
		left := blocks - len(d.Blocks)
		units := (out - first + left - 1) / left
		d.Blocks = append(d.Blocks, Block{First: first, Units: units, Offset: len(d.W)})
		for u := range units {
			d.W = append(d.W, T(b[first+u]))
		}
		for k := range in {
			for u := range units {
				d.W = append(d.W, T(w[(first+u)*in+k]))
			}
		}
		first += units
	}
	return d
}
