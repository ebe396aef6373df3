package draw

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Judged is what there is to draw of the predictions of two classes.
type Judged struct {
	Positive                                string
	ROC, PrecisionRecall, Calibration       []XY
	AUC, AveragePrecision, CalibrationError float64
	Yes, No                                 []float64 // the predictions of either class
}

// Evaluation draws the ROC curve, precision against recall, the calibration,
// and how the predictions are spread.
func Evaluation(j Judged) *Picture {
	blue := classColors[0]
	roc := unitChart(fmt.Sprintf("ROC, AUC %.4f", j.AUC), "share of the others taken for "+j.Positive, "share of "+j.Positive+" found")
	line(roc, "", []XY{{0, 0}, {1, 1}}, quiet, 0.7, true)
	line(roc, "", thinned(j.ROC), blue, 1.3, false)
	pr := unitChart(fmt.Sprintf("precision and recall, AP %.4f", j.AveragePrecision), "recall", "precision")
	share := float64(len(j.Yes)) / float64(max(1, len(j.Yes)+len(j.No)))
	line(pr, "", []XY{{0, share}, {1, share}}, quiet, 0.7, true)
	line(pr, "", thinned(j.PrecisionRecall), blue, 1.3, false)
	calibration := unitChart(fmt.Sprintf("calibration, error %.4f", j.CalibrationError), "mean prediction", "share of "+j.Positive)
	line(calibration, "", []XY{{0, 0}, {1, 1}}, quiet, 0.7, true)
	line(calibration, "", j.Calibration, blue, 1.3, false)
	dots(calibration, j.Calibration, blue, 2.4)
	spread := chart("predictions", "ŷ", "share of the class")
	spread.X.Min, spread.X.Max, spread.Y.Min = 0, 1, 0
	line(spread, "others", histogram(j.No), blue, 1.2, false)
	line(spread, j.Positive, histogram(j.Yes), classColors[1], 1.2, false)
	spread.Legend.Top = true
	return sideBySide([][]*plot.Plot{{roc, pr}, {calibration, spread}}, 270, 250)
}

// dots adds round dots.
func dots(p *plot.Plot, places []XY, c color.Color, radius vg.Length) {
	p.Add(&plotter.Scatter{XYs: points(places), GlyphStyle: draw.GlyphStyle{Color: c, Radius: radius, Shape: draw.CircleGlyph{}}})
}

// unitChart is a chart of two shares.
func unitChart(title, x, y string) *plot.Plot {
	p := chart(title, x, y)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	return p
}

// histogram is the outline of forty bars from 0 to 1, as shares.
func histogram(values []float64) []XY { return outline(values, 0, 1, 40) }

// outline is that of bars of equal width from low to high, as shares of the
// values; what lies beyond is in the first and the last bar.
func outline(values []float64, low, high float64, bars int) []XY {
	count := make([]float64, bars)
	for _, v := range values {
		at := (v - low) / (high - low) * float64(bars)
		count[int(math.Max(0, math.Min(float64(bars-1), at)))]++
	}
	edge := func(i int) float64 { return low + (high-low)*float64(i)/float64(bars) }
	places := []XY{{low, 0}}
	for i, n := range count {
		h := n / float64(max(1, len(values)))
		places = append(places, XY{edge(i), h}, XY{edge(i + 1), h})
	}
	return append(places, XY{high, 0})
}
