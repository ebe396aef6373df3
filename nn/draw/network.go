package draw

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"yhat/nn"
)

// mostNodes is how many units of a layer are drawn; of wider ones the first
// and the last.
const mostNodes = 12

// column is a layer of nodes in the picture of a network.
type column struct {
	units []int // the units that are drawn; −1 stands for those left out
	width int
}

func newColumn(width int) column {
	c := column{width: width}
	for u := range width {
		if width > mostNodes && u >= mostNodes/2 && u < width-mostNodes/2+1 {
			if u == mostNodes/2 {
				c.units = append(c.units, -1)
			}
			continue
		}
		c.units = append(c.units, u)
	}
	return c
}

// Network draws nodes and weighted edges, inputs on the left. An edge's colour
// is its weight's sign, its strength the weight's size beside the largest of
// its layer.
func Network(m *nn.Model, outputs []string) *Picture {
	columns := []column{newColumn(m.Layers[0].In)}
	tallest := len(columns[0].units)
	for _, l := range m.Layers {
		columns = append(columns, newColumn(l.Out))
		tallest = max(tallest, len(columns[len(columns)-1].units))
	}
	const step, top, bottom = 24, 26, 40
	inputs := inputNames(m)
	left, right := nameRoom(inputs), nameRoom(outputs)
	apart := vg.Length(max(90, 460/len(m.Layers)))
	p := &Picture{width: left + right + apart*vg.Length(len(m.Layers)), height: vg.Length(step*tallest + top + bottom)}
	p.paint = func(c draw.Canvas) {
		middle := c.Min.Y + bottom + vg.Length(step*tallest)/2
		at := func(layer, i int) vg.Point {
			n := len(columns[layer].units)
			return vg.Point{X: c.Min.X + left + apart*vg.Length(layer), Y: middle + step*(vg.Length(n-1)/2-vg.Length(i))}
		}
		for l := range m.Layers {
			drawEdges(c, &m.Layers[l], columns[l], columns[l+1], func(i int) vg.Point { return at(l, i) }, func(i int) vg.Point { return at(l+1, i) })
		}
		for l, col := range columns {
			drawNodes(c, col, func(i int) vg.Point { return at(l, i) })
			caption := vg.Point{X: c.Min.X + left + apart*vg.Length(l), Y: c.Min.Y + 24}
			style := words(7.5, text.XCenter, text.YCenter)
			if l == 0 {
				c.FillText(style, caption, fmt.Sprintf("x, %d inputs", col.width))
				caption.Y -= 10
				c.FillText(style, caption, "blue < 0 < red")
			} else {
				c.FillText(style, caption, fmt.Sprintf("%d × %s", col.width, m.Layers[l-1].Activation.Func))
				caption.Y -= 10
				c.FillText(style, caption, m.Layers[l-1].Name)
			}
		}
		name := func(l int, names []string, side vg.Length, align text.XAlignment) {
			for i, u := range columns[l].units {
				if u >= 0 && u < len(names) {
					q := at(l, i)
					c.FillText(words(7.5, align, text.YCenter), vg.Point{X: q.X + side, Y: q.Y}, names[u])
				}
			}
		}
		name(0, inputs, -10, text.XRight)
		name(len(m.Layers), outputs, 10, text.XLeft)
	}
	return p
}

// inputNames names the network's inputs: a feature, or feature = category.
func inputNames(m *nn.Model) []string {
	var names []string
	for _, f := range m.Features {
		if !f.Categorical() {
			names = append(names, f.Name)
		}
		for _, c := range f.Categories {
			names = append(names, f.Name+" = "+c)
		}
	}
	return names
}

// nameRoom is the width that names take beside the nodes.
func nameRoom(names []string) vg.Length {
	room := vg.Length(40)
	for _, n := range names {
		room = max(room, words(7.5, text.XLeft, text.YCenter).Width(n)+24)
	}
	return room
}

// drawEdges draws weak weights first, so that strong ones lie on top.
func drawEdges(c draw.Canvas, l *nn.Layer, from, to column, start, end func(int) vg.Point) {
	largest := 0.0
	for _, w := range l.W {
		largest = max(largest, math.Abs(w))
	}
	for strength := range 4 {
		for i, u := range to.units {
			for k, in := range from.units {
				if u < 0 || in < 0 || largest == 0 {
					continue
				}
				w := l.W[u*l.In+in] / largest
				if int(min(3, math.Abs(w)*4)) != strength {
					continue
				}
				tone := diverging(math.Copysign(max(0.15, math.Abs(w)), w))
				a, b := start(k), end(i)
				c.StrokeLine2(draw.LineStyle{Color: tone, Width: vg.Length(0.3 + 1.9*math.Abs(w))}, a.X, a.Y, b.X, b.Y)
			}
		}
	}
}

// drawNodes draws the units of a layer, and dots for those left out.
func drawNodes(c draw.Canvas, col column, at func(int) vg.Point) {
	for i, u := range col.units {
		p := at(i)
		if u < 0 {
			for _, dy := range []vg.Length{-5, 0, 5} {
				c.DrawGlyph(draw.GlyphStyle{Color: quiet, Radius: 1, Shape: draw.CircleGlyph{}}, vg.Point{X: p.X, Y: p.Y + dy})
			}
			continue
		}
		c.DrawGlyph(draw.GlyphStyle{Color: white, Radius: 5.5, Shape: draw.CircleGlyph{}}, p)
		c.DrawGlyph(draw.GlyphStyle{Color: color.NRGBA{70, 78, 92, 255}, Radius: 5.5, Shape: draw.RingGlyph{}}, p)
	}
}
