package nn

import "yhat/nn/internal/kernel"

// Edges are numbers that columns are counted by. They do not change and may be
// used by many goroutines.
type Edges struct {
	set *kernel.Set[float32]
	at  *kernel.Edges
}

// NewEdges makes edges for the loops of a kernel.
func NewEdges(at []float64, k Kernel) *Edges {
	return &Edges{set: kernel.Choose[float32](k.Name()), at: kernel.NewEdges(at)}
}

// Tally adds to counts[i] how many of the first rows cells of a column, each
// times Factor plus Plus, are at least edge i; a NaN is at least nothing. Cells
// that are missing count as what stands in their place: Valid is not looked at.
func (e *Edges) Tally(v Numbers, rows int, counts []int64) {
	e.set.Tally(e.at, kernel.Values{F64: v.F64, F32: v.F32, Factor: v.Factor, Plus: v.Plus}, rows, counts)
}
