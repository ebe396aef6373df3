package draw

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// view puts activations on a plane: two units are the plane, more are seen by
// their two principal components (Pearson 1901), one unit lies along the first
// axis, its points spread a little so that they do not hide each other.
type view struct {
	width  int
	basis  [2][]float64
	center []float64
	share  float64 // of the variance that the plane shows
}

// newView finds the view of rows that all are as wide.
func newView(rows [][]float64) view {
	v := view{width: len(rows[0])}
	if v.width <= 2 {
		return v
	}
	data := mat.NewDense(len(rows), v.width, nil)
	v.center = make([]float64, v.width)
	for i, r := range rows {
		data.SetRow(i, r)
		for k, x := range r {
			v.center[k] += x / float64(len(rows))
		}
	}
	var pc stat.PC
	if !pc.PrincipalComponents(data, nil) {
		v.basis = [2][]float64{make([]float64, v.width), make([]float64, v.width)}
		v.basis[0][0], v.basis[1][1] = 1, 1
		return v
	}
	var directions mat.Dense
	pc.VectorsTo(&directions)
	total := 0.0
	for i, s := range pc.VarsTo(nil) {
		if total += s; i < 2 {
			v.share += s
		}
	}
	v.share /= total
	_, have := directions.Dims()
	for i := range v.basis {
		v.basis[i] = make([]float64, v.width)
		if i < have {
			mat.Col(v.basis[i], i, &directions)
			upright(v.basis[i])
		}
	}
	return v
}

// upright turns a direction so that its largest part is positive: which way a
// component points is nobody's choice.
func upright(d []float64) {
	largest := 0
	for i, x := range d {
		if math.Abs(x) > math.Abs(d[largest]) {
			largest = i
		}
	}
	if d[largest] < 0 {
		for i := range d {
			d[i] = -d[i]
		}
	}
}

// place is where row number i is on the plane.
func (v view) place(row []float64, i int) XY {
	switch v.width {
	case 1:
		_, spread := math.Modf(float64(i) * 0.6180339887498949) // even, whatever the order
		return XY{row[0], 0.12 * (spread - 0.5)}
	case 2:
		return XY{row[0], row[1]}
	}
	var p XY
	for k, x := range row {
		p[0] += v.basis[0][k] * (x - v.center[k])
		p[1] += v.basis[1][k] * (x - v.center[k])
	}
	return p
}

// words is what a caption must say of the view.
func (v view) words() string {
	switch v.width {
	case 1:
		return ", one unit, spread to be seen"
	case 2:
		return ""
	}
	return fmt.Sprintf(", %d units by PCA (%.0f %%)", v.width, 100*v.share)
}

// borrowed is what the caption of a layer's earlier stages must say of the
// view, which is that of its output.
func (v view) borrowed(output string) string {
	switch v.width {
	case 1:
		return "one unit, spread to be seen"
	case 2:
		return ""
	}
	return fmt.Sprintf("%d units, seen along the PCA of %s", v.width, output)
}
