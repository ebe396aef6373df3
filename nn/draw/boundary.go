package draw

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Region is a rectangle of two features over which a network decides.
type Region struct {
	X, Y       string // the features
	MinX, MaxX float64
	MinY, MaxY float64
	// At gives the network's outputs at a place, in the features' own units.
	At func(x, y float64) []float64
	// Classes name several outputs; nil where there is one.
	Classes []string
	// Threshold is where one output is divided; with Values the output is no
	// probability and its own range gives the colours.
	Threshold float64
	Values    bool
	Title     string
	Points    []XY
	Class     []int
	Names     []string // of the points' classes
	Held      string   // what is said of the other features; ""
}

// cells is how many places are computed each way.
const cells = 240

// Boundary draws what a network gives all over a region, the line that divides
// it, and points on top.
func Boundary(r Region) *Picture {
	const width, height, left, bottom, top, right = 360, 330, 46, 72, 26, 14
	p := &Picture{width: width + left + right, height: height + bottom + top}
	p.paint = func(c draw.Canvas) {
		box := vg.Rectangle{Min: vg.Point{X: c.Min.X + left, Y: c.Min.Y + bottom}, Max: vg.Point{X: c.Min.X + left + width, Y: c.Min.Y + bottom + height}}
		img, low, high := r.image()
		c.DrawImage(box, img)
		at := func(q XY) vg.Point {
			return vg.Point{X: box.Min.X + vg.Length((q[0]-r.MinX)/(r.MaxX-r.MinX))*width, Y: box.Min.Y + vg.Length((q[1]-r.MinY)/(r.MaxY-r.MinY))*height}
		}
		r.dots(c, box, at)
		r.frame(c, box, at)
		c.FillText(words(9, text.XCenter, text.YCenter), vg.Point{X: box.Min.X + width/2, Y: box.Max.Y + 13}, r.Title)
		c.FillText(words(7, text.XCenter, text.YCenter), vg.Point{X: box.Min.X + width/2, Y: c.Min.Y + 27}, r.key(low, high))
		if r.Held != "" {
			c.FillText(words(7, text.XCenter, text.YCenter), vg.Point{X: box.Min.X + width/2, Y: c.Min.Y + 17}, r.Held)
		}
		if len(r.Names) > 1 {
			drawLegend(c, r.Names, box.Min.X, c.Min.Y+4, 7)
		}
	}
	return p
}

// dots draws the points: all rims first, so that no rim hides a point.
func (r *Region) dots(c draw.Canvas, box vg.Rectangle, at func(XY) vg.Point) {
	for _, rim := range []bool{true, false} {
		for i, q := range r.Points {
			style := draw.GlyphStyle{Color: white, Radius: 1.7, Shape: draw.CircleGlyph{}}
			if !rim {
				style.Color, style.Radius = classColors[0], 1.2
				if r.Class != nil {
					style.Color = classColor(r.Class[i], r.Names)
				}
			}
			if p := at(q); box.Min.X <= p.X && p.X <= box.Max.X && box.Min.Y <= p.Y && p.Y <= box.Max.Y {
				c.DrawGlyph(style, p)
			}
		}
	}
}

// image computes the field of colours, its first row on top.
func (r *Region) image() (img image.Image, low, high float64) {
	values := make([][]float64, cells*cells)
	for j := range cells {
		for i := range cells {
			x, y := r.MinX+(float64(i)+0.5)/cells*(r.MaxX-r.MinX), r.MinY+(float64(j)+0.5)/cells*(r.MaxY-r.MinY)
			values[j*cells+i] = r.At(x, y)
		}
	}
	low, high = values[0][0], values[0][0]
	for _, v := range values {
		low, high = min(low, v[0]), max(high, v[0])
	}
	made := image.NewNRGBA(image.Rect(0, 0, cells, cells))
	for j := range cells {
		for i := range cells {
			made.SetNRGBA(i, cells-1-j, r.tone(values, i, j, low, high))
		}
	}
	return made, low, high
}

// tone is the colour of one place; dark where the decision changes.
func (r *Region) tone(values [][]float64, i, j int, low, high float64) color.NRGBA {
	v := values[j*cells+i]
	if i > 0 && j > 0 && !r.Values {
		here := r.decide(v)
		if here != r.decide(values[j*cells+i-1]) || here != r.decide(values[(j-1)*cells+i]) {
			return blend(ink, white, 0.25)
		}
	}
	switch {
	case r.Classes != nil:
		k := r.decide(v)
		return blend(white, classColor(k, r.Classes), 0.12+0.4*max(0, min(1, v[k])))
	case r.Values:
		if high == low {
			return blend(white, ink, 0.1)
		}
		if r.Class != nil { // whose colours would be taken for the field's
			return blend(ink, white, 0.45+0.5*(v[0]-low)/(high-low))
		}
		return blend(white, diverging(2*(v[0]-low)/(high-low)-1), 0.7)
	case v[0] < r.Threshold:
		return blend(white, diverging(-1), 0.75*(r.Threshold-v[0])/max(r.Threshold, 1e-9))
	}
	return blend(white, diverging(1), 0.75*(v[0]-r.Threshold)/max(1-r.Threshold, 1e-9))
}

// decide is the class of outputs: the largest, or which side of the threshold.
func (r *Region) decide(v []float64) int {
	best := 0
	if r.Classes == nil {
		if v[0] >= r.Threshold {
			best = 1
		}
		return best
	}
	for k := range v {
		if v[k] > v[best] {
			best = k
		}
	}
	return best
}

// key says what the colours mean.
func (r *Region) key(low, high float64) string {
	switch {
	case r.Classes != nil:
		return "colour: the class with the largest output"
	case r.Values && r.Class != nil:
		return fmt.Sprintf("ŷ from %s (dark) to %s (light)", short(low), short(high))
	case r.Values:
		return fmt.Sprintf("ŷ from %s (blue) to %s (red)", short(low), short(high))
	case high < r.Threshold:
		return fmt.Sprintf("ŷ from %s to %s here, below %s all over", short(low), short(high), short(r.Threshold))
	case low >= r.Threshold:
		return fmt.Sprintf("ŷ from %s to %s here, %s and above all over", short(low), short(high), short(r.Threshold))
	}
	return fmt.Sprintf("ŷ from %s to %s here; line at %s, red above", short(low), short(high), short(r.Threshold))
}

// frame draws ticks and names.
func (r *Region) frame(c draw.Canvas, box vg.Rectangle, at func(XY) vg.Point) {
	corners := []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min}
	c.StrokeLines(draw.LineStyle{Color: quiet, Width: 0.6}, corners)
	for _, t := range (plot.DefaultTicks{}).Ticks(r.MinX, r.MaxX) {
		if q := at(XY{t.Value, r.MinY}); !t.IsMinor() && q.X >= box.Min.X && q.X <= box.Max.X {
			c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.6}, q.X, q.Y, q.X, q.Y-3)
			c.FillText(words(7, text.XCenter, text.YTop), vg.Point{X: q.X, Y: q.Y - 5}, tidy(t.Label))
		}
	}
	for _, t := range (plot.DefaultTicks{}).Ticks(r.MinY, r.MaxY) {
		if q := at(XY{r.MinX, t.Value}); !t.IsMinor() && q.Y >= box.Min.Y && q.Y <= box.Max.Y {
			c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.6}, q.X, q.Y, q.X-3, q.Y)
			c.FillText(words(7, text.XRight, text.YCenter), vg.Point{X: q.X - 5, Y: q.Y}, tidy(t.Label))
		}
	}
	c.FillText(words(8, text.XCenter, text.YCenter), vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: box.Min.Y - 24}, r.X)
	side := words(8, text.XCenter, text.YCenter)
	side.Rotation = 1.5707963267948966
	c.FillText(side, vg.Point{X: box.Min.X - 36, Y: (box.Min.Y + box.Max.Y) / 2}, r.Y)
}

// tidy leaves out the zeros that a tick's label ends with, and writes a minus.
func tidy(label string) string {
	if strings.ContainsRune(label, '.') && !strings.ContainsRune(label, 'e') {
		label = strings.TrimRight(strings.TrimRight(label, "0"), ".")
	}
	return strings.Replace(label, "-", "−", 1)
}
