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

// chart is an empty plot in the house's look.
func chart(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font, p.Title.TextStyle.Color = sans(10), ink
	p.Title.Padding = 4
	p.Legend.TextStyle.Font, p.Legend.TextStyle.Color = sans(8), ink
	p.Legend.ThumbnailWidth, p.Legend.Padding = 14, 2
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = sans(8.5), ink
		a.Tick.Label.Font, a.Tick.Label.Color = sans(7.5), ink
		a.LineStyle.Color, a.Tick.LineStyle.Color = quiet, quiet
		a.LineStyle.Width, a.Tick.LineStyle.Width, a.Tick.Length = 0.6, 0.6, 3
		a.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.NRGBA{232, 234, 238, 255}, color.NRGBA{232, 234, 238, 255}
	grid.Horizontal.Width, grid.Vertical.Width = 0.5, 0.5
	p.Add(grid)
	return p
}

// line adds a curve, named in the legend unless the name is empty.
func line(p *plot.Plot, name string, places []XY, c color.Color, width vg.Length, dashed bool) {
	if len(places) == 0 {
		return
	}
	l := &plotter.Line{XYs: points(places), LineStyle: draw.LineStyle{Color: c, Width: width}}
	if dashed {
		l.Dashes = []vg.Length{3, 3}
	}
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
}

func points(places []XY) plotter.XYs {
	list := make(plotter.XYs, len(places))
	for i, p := range places {
		list[i] = plotter.XY{X: p[0], Y: p[1]}
	}
	return list
}

// sideBySide puts plots into a grid of columns.
func sideBySide(plots [][]*plot.Plot, width, height vg.Length) *Picture {
	p := &Picture{width: width * vg.Length(len(plots[0])), height: height * vg.Length(len(plots))}
	p.paint = func(c draw.Canvas) {
		tiles := draw.Tiles{Rows: len(plots), Cols: len(plots[0]), PadX: 14, PadY: 14, PadTop: 8, PadBottom: 8, PadLeft: 8, PadRight: 12}
		canvases := plot.Align(plots, tiles, c)
		for i, row := range plots {
			for j, one := range row {
				one.Draw(canvases[i][j])
			}
		}
	}
	return p
}

// Learning is what a run of training tells epoch by epoch.
type Learning struct {
	Loss, Validation []XY // (epoch, loss)
	Measure          []XY // (epoch, measure)
	MeasureName      string
	Best             float64 // epoch
}

// Curves draws losses and the measure over the epochs, with a line at the best
// epoch.
func Curves(l Learning) *Picture {
	loss := chart("loss", "epoch", "mean loss")
	line(loss, "training", thinned(l.Loss), classColors[0], 1.2, false)
	line(loss, "validation", thinned(l.Validation), classColors[1], 1.2, false)
	loss.Legend.Top = true
	measure := chart(l.MeasureName, "epoch", l.MeasureName)
	line(measure, "", thinned(l.Measure), classColors[2], 1.2, false)
	for _, c := range []*plot.Plot{loss, measure} {
		if c.Y.Min < c.Y.Max && l.Best > 0 {
			line(c, "", []XY{{l.Best, c.Y.Min}, {l.Best, c.Y.Max}}, quiet, 0.8, true)
		}
	}
	return sideBySide([][]*plot.Plot{{loss, measure}}, 290, 230)
}

// thinned keeps at most about a thousand places of a curve.
func thinned(places []XY) []XY {
	step := max(1, len(places)/1000)
	var kept []XY
	for i, p := range places {
		if i%step == 0 || i == len(places)-1 {
			kept = append(kept, p)
		}
	}
	return kept
}

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
	calibration.Add(&plotter.Scatter{XYs: points(j.Calibration), GlyphStyle: draw.GlyphStyle{Color: blue, Radius: 2.4, Shape: draw.CircleGlyph{}}})
	spread := chart("predictions", "ŷ", "share of the class")
	spread.X.Min, spread.X.Max, spread.Y.Min = 0, 1, 0
	line(spread, "others", histogram(j.No), blue, 1.2, false)
	line(spread, j.Positive, histogram(j.Yes), classColors[1], 1.2, false)
	spread.Legend.Top = true
	return sideBySide([][]*plot.Plot{{roc, pr}, {calibration, spread}}, 270, 250)
}

// unitChart is a chart of two shares.
func unitChart(title, x, y string) *plot.Plot {
	p := chart(title, x, y)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	return p
}

// histogram is the outline of forty bars from 0 to 1, as shares.
func histogram(values []float64) []XY {
	const bars = 40
	var count [bars]float64
	for _, v := range values {
		count[int(math.Max(0, math.Min(bars-1, v*bars)))]++
	}
	places := []XY{{0, 0}}
	for i, n := range count {
		h := n / float64(max(1, len(values)))
		places = append(places, XY{float64(i) / bars, h}, XY{float64(i+1) / bars, h})
	}
	return append(places, XY{1, 0})
}
