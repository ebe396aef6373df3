package draw

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
)

// Numbers is what there is to draw of predicted numbers.
type Numbers struct {
	Target          string
	Predicted, True []float64 // row by row
	RMSE, R2        float64
}

// mostDots is how many rows are drawn as dots, evenly from all of them.
const mostDots = 3000

// EvaluationOfNumbers draws what was true against what was predicted, the means
// of both in tenths of the rows, the residuals against the predictions, and how
// they are spread.
func EvaluationOfNumbers(n Numbers) *Picture {
	colour := classColors[0]
	faint := color.NRGBA{colour.R, colour.G, colour.B, 90}
	title := fmt.Sprintf("RMSE %.5g", n.RMSE)
	if !math.IsNaN(n.R2) { // as where all truth is the same
		title += fmt.Sprintf(", R² %.4f", n.R2)
	}
	step := (len(n.True) + mostDots - 1) / mostDots
	if step > 1 {
		title += fmt.Sprintf(", every %dth row", step)
	}
	var truth, residual []XY
	for i := 0; i < len(n.True); i += step {
		truth = append(truth, XY{n.Predicted[i], n.True[i]})
		residual = append(residual, XY{n.Predicted[i], n.True[i] - n.Predicted[i]})
	}
	name := shortened(n.Target)
	both := chart(title, "predicted "+name, "true "+name)
	dots(both, truth, faint, 1.6)
	same(both)
	tenths := chart("means of tenths of the rows, by prediction", "mean predicted "+name, "mean true "+name)
	means := n.tenths()
	line(tenths, "", means, colour, 1.3, false)
	dots(tenths, means, colour, 2.4)
	same(tenths)
	apart := chart("residuals", "predicted "+name, "true − predicted")
	dots(apart, residual, faint, 1.6)
	apart.X.Min, apart.X.Max = roomy(apart.X.Min, apart.X.Max)
	apart.Y.Min, apart.Y.Max = roomy(apart.Y.Min, apart.Y.Max)
	line(apart, "", []XY{{apart.X.Min, 0}, {apart.X.Max, 0}}, quiet, 0.7, true)
	spread := chart("residuals, all rows", "true − predicted", "share of the rows")
	spread.Y.Min = 0
	line(spread, "", n.residuals(), colour, 1.2, false)
	line(spread, "", []XY{{0, 0}, {0, spread.Y.Max}}, quiet, 0.7, true)
	return sideBySide([][]*plot.Plot{{both, tenths}, {apart, spread}}, 290, 270)
}

// same gives both axes the same ends, and draws where both are equal.
func same(p *plot.Plot) {
	low, high := roomy(math.Min(p.X.Min, p.Y.Min), math.Max(p.X.Max, p.Y.Max))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high
	line(p, "", []XY{{low, low}, {high, high}}, quiet, 0.7, true)
}

// roomy leaves room for the outermost dots.
func roomy(low, high float64) (float64, float64) {
	if !(low < high) {
		return low - 1, high + 1
	}
	return low - 0.03*(high-low), high + 0.03*(high-low)
}

// tenths are the mean prediction and the mean truth of each tenth of the rows,
// in the order of their predictions.
func (n *Numbers) tenths() []XY {
	order := make([]int, len(n.True))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch p, q := n.Predicted[a], n.Predicted[b]; {
		case p < q:
			return -1
		case p > q:
			return 1
		}
		return 0
	})
	parts := min(10, len(order))
	var means []XY
	for k := range parts {
		part := order[k*len(order)/parts : (k+1)*len(order)/parts]
		var sum XY
		for _, i := range part {
			sum[0] += n.Predicted[i]
			sum[1] += n.True[i]
		}
		means = append(means, XY{sum[0] / float64(len(part)), sum[1] / float64(len(part))})
	}
	return means
}

// residuals is the outline of ten to forty bars over all but the outermost
// residuals, which the first and the last bar hold.
func (n *Numbers) residuals() []XY {
	bars := max(10, min(40, int(math.Sqrt(float64(len(n.True))))))
	apart := make([]float64, len(n.True))
	for i, v := range n.True {
		apart[i] = v - n.Predicted[i]
	}
	slices.Sort(apart)
	low, high := apart[len(apart)/500], apart[len(apart)-1-len(apart)/500]
	if !(low < high) {
		low, high = low-1, high+1
	}
	return outline(apart, low, high, bars)
}
