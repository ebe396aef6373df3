package draw

import (
	"image/color"

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
	loss.Legend.Top, loss.Legend.XOffs = true, -10
	measure := chart(l.MeasureName, "epoch", l.MeasureName)
	line(measure, "", thinned(l.Measure), classColors[2], 1.2, false)
	for _, c := range []*plot.Plot{loss, measure} {
		if c.Y.Min < c.Y.Max && l.Best > 0 {
			line(c, map[bool]string{true: "best epoch"}[c == loss], []XY{{l.Best, c.Y.Min}, {l.Best, c.Y.Max}}, quiet, 0.8, true)
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
