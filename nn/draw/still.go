package draw

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The measures of a panel of a film, in points.
const (
	panelSide  = 156 // of five in a row; fewer have more room
	wideSide   = 196
	titleRoom  = 16
	tickRoom   = 12
	lineRoom   = 9
	panelGap   = 22
	borderRoom = 14
	legendRoom = 14
)

// Still puts stages side by side: the input and what every layer gives or,
// with all, each of its stages too, a row for each layer.
func (f *Film) Still(all bool) *Picture {
	shown, columns := f.ends, min(len(f.ends), 3)
	if len(f.ends)%4 == 0 || len(f.ends) > 6 {
		columns = 4
	}
	if len(f.ends) == 5 {
		columns = 5
	}
	if all {
		shown, columns = nil, 4
		for l, end := range f.ends[1:] {
			shown = append(shown, f.ends[l])
			for s := f.ends[l] + 1; s <= end; s++ {
				shown = append(shown, s)
			}
		}
	}
	stages := make([]Stage, len(shown))
	for i, s := range shown {
		stages[i] = f.Stages[s]
		if !all && i > 0 {
			stages[i] = f.whole(i)
		}
	}
	return f.tiled(stages, columns)
}

// whole is layer l's last stage with the captions of all its stages.
func (f *Film) whole(l int) Stage {
	s := f.Stages[f.ends[l]]
	s.Caption = nil
	for i := f.ends[l-1] + 1; i <= f.ends[l]; i++ {
		s.Caption = append(s.Caption, f.Stages[i].Caption...)
	}
	return s
}

// tiled lays panels out in rows.
func (f *Film) tiled(stages []Stage, columns int) *Picture {
	lines := 1
	for _, s := range stages {
		lines = max(lines, len(s.Caption))
	}
	legend := vg.Length(0)
	if len(f.Names) > 1 {
		legend = legendRoom
	}
	rows, side := (len(stages)+columns-1)/columns, vg.Length(wideSide)
	if columns > 4 {
		side = panelSide
	}
	high := titleRoom + side + tickRoom + vg.Length(lineRoom*lines) + panelGap/2
	p := &Picture{width: vg.Length(columns)*(side+panelGap) - panelGap + 2*borderRoom + tickRoom, height: vg.Length(rows)*high - panelGap/2 + 2*borderRoom + legend}
	p.paint = func(c draw.Canvas) {
		for i, s := range stages {
			left := c.Min.X + borderRoom + tickRoom + vg.Length(i%columns)*(side+panelGap)
			top := c.Max.Y - borderRoom - vg.Length(i/columns)*high
			f.panel(c, s, left, top, side)
		}
		if legend > 0 {
			drawLegend(c, f.Names, c.Min.X+borderRoom+tickRoom, c.Min.Y+borderRoom/2, 7)
		}
	}
	return p
}

// panel draws one stage with title and captions.
func (f *Film) panel(c draw.Canvas, s Stage, left, top, side vg.Length) {
	middle := left + side/2
	fillFormula(c, words(9, text.XLeft, text.YCenter), vg.Point{X: middle, Y: top - titleRoom/2}, s.Title)
	square := vg.Rectangle{Min: vg.Point{X: left, Y: top - titleRoom - side}, Max: vg.Point{X: left + side, Y: top - titleRoom}}
	f.stage(c, s, square)
	for i, line := range s.Caption {
		fillFormula(c, words(6.5, text.XLeft, text.YCenter), vg.Point{X: middle, Y: square.Min.Y - tickRoom - vg.Length(i)*lineRoom - lineRoom/2}, line)
	}
}

// fillFormula writes a line around a place in the middle, its low digits as
// ordinary ones, smaller and lower: few fonts have them in a good shape.
func fillFormula(c draw.Canvas, style text.Style, at vg.Point, line string) {
	low := style
	low.Font.Size *= 0.7
	type run struct {
		text string
		low  bool
	}
	var runs []run
	for _, r := range line {
		is := r >= '₀' && r <= '₉'
		if is {
			r += '0' - '₀'
		}
		if n := len(runs); n == 0 || runs[n-1].low != is {
			runs = append(runs, run{low: is})
		}
		runs[len(runs)-1].text += string(r)
	}
	total := vg.Length(0)
	width := func(r run) vg.Length {
		if r.low {
			return low.Width(r.text)
		}
		return style.Width(r.text)
	}
	for _, r := range runs {
		total += width(r)
	}
	at.X -= total / 2
	for _, r := range runs {
		if r.low {
			c.FillText(low, vg.Point{X: at.X, Y: at.Y - 0.28*style.Font.Size}, r.text)
		} else {
			c.FillText(style, at, r.text)
		}
		at.X += width(r)
	}
}

// stage draws grid, axes and points into a square.
func (f *Film) stage(c draw.Canvas, s Stage, square vg.Rectangle) {
	at := mapper(s.Box, square)
	f.axes(c, s.Box, square, at)
	clipped := draw.Crop(c, 0, 0, 0, 0)
	clipped.Rectangle = square
	for _, set := range []struct {
		lines [][]XY
		color color.NRGBA
	}{{s.Across, across}, {s.Down, down}} {
		gridLines(clipped, set.lines, set.color, at)
	}
	radius := enlarged(square)
	if len(s.Dots) > 1500 {
		radius *= 0.75
	}
	covered := map[[3]int]bool{}
	for i, p := range s.Dots {
		class := 0
		if f.Class != nil {
			class = f.Class[i]
		}
		q := at(p)
		// Of dots that lie on each other one is enough.
		cell := [3]int{class, int(q.X / radius), int(q.Y / radius)}
		if clipped.Contains(q) && !covered[cell] {
			covered[cell] = true
			c.DrawGlyph(draw.GlyphStyle{Color: classColor(class, f.Names), Radius: radius, Shape: draw.CircleGlyph{}}, q)
		}
	}
}

// enlarged is how much larger than among others a stage that stands alone has
// its dots and numbers.
func enlarged(square vg.Rectangle) vg.Length {
	if square.Max.X-square.Min.X > wideSide {
		return 1.4
	}
	return 1
}

// mapper takes places of a box to places of the canvas.
func mapper(b Box, square vg.Rectangle) func(XY) vg.Point {
	scale := float64(square.Max.X-square.Min.X) / (2 * b.Half)
	return func(p XY) vg.Point {
		return vg.Point{
			X: square.Min.X + vg.Length((p[0]-b.Center[0]+b.Half)*scale),
			Y: square.Min.Y + vg.Length((p[1]-b.Center[1]+b.Half)*scale),
		}
	}
}

// axes draws the frame, with the same ticks both ways.
func (f *Film) axes(c draw.Canvas, b Box, square vg.Rectangle, at func(XY) vg.Point) {
	frame := draw.LineStyle{Color: color.NRGBA{222, 225, 230, 255}, Width: 0.5}
	corners := []vg.Point{square.Min, {X: square.Max.X, Y: square.Min.Y}, square.Max, {X: square.Min.X, Y: square.Max.Y}, square.Min}
	c.StrokeLines(frame, corners)
	small := words(5.5*enlarged(square), text.XCenter, text.YTop)
	small.Color = quiet
	for axis := range 2 {
		for _, t := range ticks(b.Center[axis]-b.Half, b.Center[axis]+b.Half) {
			p := XY{b.Center[0] - b.Half, b.Center[1] - b.Half}
			p[axis] = t
			q := at(p)
			end := vg.Point{X: q.X, Y: q.Y - 2}
			style, place := small, vg.Point{X: q.X, Y: q.Y - 3.5}
			if axis == 1 {
				end, place = vg.Point{X: q.X - 2, Y: q.Y}, vg.Point{X: q.X - 3.5, Y: q.Y}
				style.XAlign, style.YAlign = text.XRight, text.YCenter
			}
			c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.4}, q.X, q.Y, end.X, end.Y)
			c.FillText(style, place, short(t))
		}
	}
}

// ticks are a few round numbers between two others.
func ticks(low, high float64) []float64 {
	var list []float64
	for _, t := range (plot.DefaultTicks{}).Ticks(low, high) {
		if margin := (high - low) * 0.02; !t.IsMinor() && t.Value > low+margin && t.Value < high-margin {
			list = append(list, t.Value)
		}
	}
	return list
}

// drawLegend names the classes, in words of a size.
func drawLegend(c draw.Canvas, names []string, x, y, size vg.Length) {
	style := words(size, text.XLeft, text.YCenter)
	for i, name := range names {
		c.DrawGlyph(draw.GlyphStyle{Color: classColor(i, names), Radius: 2, Shape: draw.CircleGlyph{}}, vg.Point{X: x + 2, Y: y + 3})
		c.FillText(style, vg.Point{X: x + 7, Y: y + 3}, name)
		x += 7 + style.Width(name) + 12
	}
}

// flatness is how far a line may be from its places, in points.
const flatness = 0.06

// straightened leaves out the places that a line passes anyway (Ramer 1972,
// Computer Graphics and Image Processing 1; Douglas and Peucker 1973).
func straightened(line []vg.Point) []vg.Point {
	if len(line) < 3 {
		return line
	}
	first, last := line[0], line[len(line)-1]
	worst, at := 0.0, 0
	for i := 1; i+1 < len(line); i++ {
		if d := offLine(line[i], first, last); d > worst {
			worst, at = d, i
		}
	}
	if worst <= flatness {
		return []vg.Point{first, last}
	}
	left := straightened(line[:at+1])
	return append(left[:len(left)-1:len(left)-1], straightened(line[at:])...)
}

// offLine is the distance of p from the piece between a and b.
func offLine(p, a, b vg.Point) float64 {
	dx, dy := float64(b.X-a.X), float64(b.Y-a.Y)
	px, py := float64(p.X-a.X), float64(p.Y-a.Y)
	t := 0.0
	if square := dx*dx + dy*dy; square > 0 {
		t = max(0, min(1, (px*dx+py*dy)/square))
	}
	return math.Hypot(px-t*dx, py-t*dy)
}
