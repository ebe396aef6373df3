package kernel

import "math"

// edgeGroup is how many edges the assembly looks at in one pass.
const edgeGroup = 8

// Edges are numbers that others are counted by.
type Edges struct {
	at []float64
	// wide holds each edge in every lane, group by group. The groups are filled
	// up with NaN, which no number reaches.
	wide [][edgeGroup][4]float64
}

// NewEdges lays edges out for the loops.
func NewEdges(at []float64) *Edges {
	e := &Edges{at: at, wide: make([][edgeGroup][4]float64, (len(at)+edgeGroup-1)/edgeGroup)}
	for i := range len(e.wide) * edgeGroup {
		edge := math.NaN()
		if i < len(at) {
			edge = at[i]
		}
		e.wide[i/edgeGroup][i%edgeGroup] = [4]float64{edge, edge, edge, edge}
	}
	return e
}

// tallyGeneric adds to counts[i] how many of the first rows cells, each times
// Factor plus Plus, are at least edge i. Validity is not looked at.
func tallyGeneric(e *Edges, v Values, rows int, counts []int64) {
	if v.F32 != nil {
		tallyCells(e, v.F32[:rows], v.Factor, v.Plus, counts)
	} else {
		tallyCells(e, v.F64[:rows], v.Factor, v.Plus, counts)
	}
}

// tallyCells goes edge by edge, so that the one count stays in a register. The
// conversion of the product forbids the compiler to fuse it.
func tallyCells[C Float](e *Edges, cells []C, factor, plus float64, counts []int64) {
	var x [256]float64
	for len(cells) > 0 {
		n := min(len(x), len(cells))
		for i, cell := range cells[:n] {
			x[i] = float64(float64(cell)*factor) + plus
		}
		for i, edge := range e.at {
			reached := int64(0)
			for _, v := range x[:n] {
				one := int64(0)
				if v >= edge {
					one = 1 // without a branch, which would be taken by chance
				}
				reached += one
			}
			counts[i] += reached
		}
		cells = cells[n:]
	}
}
