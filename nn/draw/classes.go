package draw

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Classes is what there is to draw of the predictions of several classes.
type Classes struct {
	Target    string
	Names     []string
	Each      []Judged    // each class against all others
	Confusion [][]float64 // [true][predicted]
	Accuracy  float64
}

// mostCurves is how many classes have curves: those with the most rows. The
// confusion has all.
const mostCurves = 8

// mostErrors is up to how many classes a legend leaves the calibration to be
// seen; the colours are those of the other curves.
const mostErrors = 4

// EvaluationOfClasses draws each class against all others, as ROC curve,
// precision against recall, and calibration, and which class was taken for which.
func EvaluationOfClasses(c Classes) *Picture {
	shown := c.largest()
	title := "ROC, each class against the others"
	if len(shown) < len(c.Names) {
		title = fmt.Sprintf("ROC, %d largest of %d classes", len(shown), len(c.Names))
	}
	roc := unitChart(title, "share of the others taken for it", "share of the class found")
	pr := unitChart("precision and recall", "recall", "precision")
	calibration := unitChart("calibration", "mean prediction", "share of the class")
	if len(shown) > mostErrors {
		calibration.Title.Text = "calibration, in the same colours"
	}
	for _, p := range []*plot.Plot{roc, calibration} {
		line(p, "", []XY{{0, 0}, {1, 1}}, quiet, 0.7, true)
	}
	for i, k := range shown {
		j, colour := &c.Each[k], classColor(i, nil)
		line(roc, fmt.Sprintf("%s, AUC %.3f", shortened(c.Names[k]), j.AUC), thinned(j.ROC), colour, 1.3, false)
		line(pr, fmt.Sprintf("%s, AP %.3f", shortened(c.Names[k]), j.AveragePrecision), thinned(j.PrecisionRecall), colour, 1.3, false)
		name := ""
		if len(shown) <= mostErrors {
			name = fmt.Sprintf("%s, error %.3f", shortened(c.Names[k]), j.CalibrationError)
		}
		line(calibration, name, j.Calibration, colour, 1.3, false)
		dots(calibration, j.Calibration, colour, 2.2)
	}
	roc.Legend.XOffs, roc.Legend.YOffs = -6, 5
	pr.Legend.Left, pr.Legend.XOffs, pr.Legend.YOffs = true, 6, 5
	calibration.Legend.Top, calibration.Legend.Left, calibration.Legend.XOffs, calibration.Legend.YOffs = true, true, 6, -3
	return sideBySide([][]*plot.Plot{{roc, pr}, {calibration, c.confused()}}, 290, 270)
}

// largest are the classes with the most rows, in their own order.
func (c *Classes) largest() []int {
	order := make([]int, len(c.Names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(c.Each[b].Yes) - len(c.Each[a].Yes) })
	order = order[:min(mostCurves, len(order))]
	slices.Sort(order)
	return order
}

// shortened keeps a legend from covering its chart.
func shortened(name string) string {
	const most = 18
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// confused is the confusion as a field of squares, true classes down and
// predicted ones across, each row shaded by its shares.
func (c *Classes) confused() *plot.Plot {
	n := len(c.Names)
	p := chart(fmt.Sprintf("true and predicted %s, accuracy %.4f", shortened(c.Target), c.Accuracy), "predicted", "true")
	p.Add(&squares{c.Confusion})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5, -0.5, float64(n)-0.5
	var across, down []plot.Tick
	every := (n + 19) / 20
	for i, name := range c.Names {
		if i%every != 0 {
			continue
		}
		across = append(across, plot.Tick{Value: float64(i), Label: shortened(name)})
		down = append(down, plot.Tick{Value: float64(n - 1 - i), Label: shortened(name)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(across), plot.ConstantTicks(down)
	if longest := len([]rune(slices.MaxFunc(across, func(a, b plot.Tick) int { return len(a.Label) - len(b.Label) }).Label)); longest*len(across) > 45 {
		p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = math.Pi/4, text.XRight, text.YCenter
	}
	return p
}

// squares shades a field of numbers.
type squares struct{ rows [][]float64 }

// mostNumbers is up to how many classes their squares are wide enough for
// numbers.
const mostNumbers = 12

// Plot implements plot.Plotter.
func (s *squares) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	n := len(s.rows)
	for i, row := range s.rows {
		sum := 0.0
		for _, v := range row {
			sum += v
		}
		for j, v := range row {
			share := v / math.Max(sum, math.SmallestNonzeroFloat64)
			at := vg.Rectangle{Min: vg.Point{X: x(float64(j) - 0.5), Y: y(float64(n-1-i) - 0.5)}, Max: vg.Point{X: x(float64(j) + 0.5), Y: y(float64(n-1-i) + 0.5)}}
			c.SetColor(blend(color.NRGBA{247, 248, 250, 255}, classColors[0], math.Sqrt(share)))
			c.Fill(at.Path())
			if n > mostNumbers {
				continue
			}
			style := words(8, text.XCenter, text.YCenter)
			if share > 0.3 {
				style.Color = white
			}
			c.FillText(style, vg.Point{X: (at.Min.X + at.Max.X) / 2, Y: (at.Min.Y + at.Max.Y) / 2}, strconv.FormatFloat(v, 'f', -1, 32))
		}
	}
}

// DataRange implements plot.DataRanger.
func (s *squares) DataRange() (xmin, xmax, ymin, ymax float64) {
	n := float64(len(s.rows))
	return -0.5, n - 0.5, -0.5, n - 0.5
}
