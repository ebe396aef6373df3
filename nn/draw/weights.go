package draw

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"yhat/nn"
)

// The measures of a field of weights, in points.
const (
	fieldSide  = 170
	fieldGap   = 26
	fieldTop   = 46
	nameApart  = 6.2 // of names that stand beside each other, at least
	biasColumn = 2   // the biases stand apart from the weights
)

// Weights draws each layer's W as a field of colours, a row a unit, its biases
// in a column of their own; blue is negative, red positive, white nothing. The
// scale of a layer is its largest weight or bias. The inputs are named under the
// first layer and the outputs beside the last; where they are many, some of them.
func Weights(m *nn.Model, outputs []string) *Picture {
	inputs := inputNames(m)
	inputs = append(inputs, make([]string, max(0, m.Layers[0].In-len(inputs)))...)
	below, beside := fieldRoom(append(inputs, "bias")), fieldRoom(outputs)
	p := &Picture{width: vg.Length(len(m.Layers)*(fieldSide+fieldGap)+fieldGap) + beside, height: fieldSide + fieldTop + below}
	p.paint = func(c draw.Canvas) {
		for i := range m.Layers {
			left := c.Min.X + fieldGap + vg.Length(i*(fieldSide+fieldGap))
			box := vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y + below}, Max: vg.Point{X: left + fieldSide, Y: c.Min.Y + below + fieldSide}}
			fieldTitle(c, i, &m.Layers[i], box, field(c, &m.Layers[i], box))
			if i == 0 {
				nameColumns(c, inputs, box)
			}
			if i == len(m.Layers)-1 {
				nameRows(c, outputs, box)
			}
		}
	}
	return p
}

// fieldRoom is the room that names take.
func fieldRoom(names []string) vg.Length {
	room := vg.Length(0)
	for _, n := range names {
		room = max(room, words(6, text.XLeft, text.YCenter).Width(shortened(n)))
	}
	return room + 12
}

// fieldTitle says above a field what it shows.
func fieldTitle(c draw.Canvas, i int, l *nn.Layer, box vg.Rectangle, largest float64) {
	n, at := subscript(i+1), vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: box.Max.Y + 34}
	fillFormula(c, words(9, text.XLeft, text.YCenter), at, "W"+n+" and b"+n)
	at.Y -= 13
	c.FillText(words(7, text.XCenter, text.YCenter), at, fmt.Sprintf("%d × %d, %s", l.Out, l.In, l.Activation.Func))
	at.Y -= 10
	c.FillText(words(7, text.XCenter, text.YCenter), at, fmt.Sprintf("−%s (blue) … %s (red)", short(largest), short(largest)))
}

// named is which of so many names are written along a side: each, or every second,
// third, ….
func named(n int) int {
	step := 1
	for float64(step)*fieldSide/float64(n) < nameApart {
		step++
	}
	return step
}

// nameColumns writes the inputs under a field, from below to above, and where the
// biases are.
func nameColumns(c draw.Canvas, inputs []string, box vg.Rectangle) {
	style := words(6, text.XRight, text.YCenter)
	style.Rotation = math.Pi / 2
	n := len(inputs) + biasColumn
	write := func(k int, name string) {
		x := box.Min.X + (vg.Length(k)+0.5)*fieldSide/vg.Length(n)
		c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.4}, x, box.Min.Y, x, box.Min.Y-2)
		c.FillText(style, vg.Point{X: x, Y: box.Min.Y - 4}, shortened(name))
	}
	for k := 0; k < len(inputs); k += named(n) {
		write(k, inputs[k])
	}
	write(n-1, "bias")
}

// nameRows writes the outputs on the right of a field.
func nameRows(c draw.Canvas, outputs []string, box vg.Rectangle) {
	for u := 0; u < len(outputs); u += named(len(outputs)) {
		y := box.Max.Y - (vg.Length(u)+0.5)*fieldSide/vg.Length(len(outputs))
		c.StrokeLine2(draw.LineStyle{Color: quiet, Width: 0.4}, box.Max.X, y, box.Max.X+2, y)
		c.FillText(words(6, text.XLeft, text.YCenter), vg.Point{X: box.Max.X + 4, Y: y}, shortened(outputs[u]))
	}
}

// field fills a box with the colours of a layer and returns its scale.
func field(c draw.Canvas, l *nn.Layer, box vg.Rectangle) float64 {
	largest := 0.0
	for _, list := range [][]float64{l.W, l.B} {
		for _, v := range list {
			largest = max(largest, math.Abs(v))
		}
	}
	scale := largest
	if scale == 0 {
		scale = 1
	}
	// A picture of one dot a weight would be smoothed: each gets a block.
	block := max(1, 400/max(l.In+biasColumn, l.Out))
	img := image.NewNRGBA(image.Rect(0, 0, (l.In+biasColumn)*block, l.Out*block))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			u, k, tone := y/block, x/block, white
			if k < l.In {
				tone = diverging(l.W[u*l.In+k] / scale)
			} else if k == l.In+biasColumn-1 {
				tone = diverging(l.B[u] / scale)
			}
			img.SetNRGBA(x, y, tone)
		}
	}
	c.DrawImage(box, img)
	return largest
}
