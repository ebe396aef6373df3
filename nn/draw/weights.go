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

// Weights draws each layer's W as a field of colours, a row a unit, its biases
// in a column of their own; blue is negative, red positive, white nothing. The
// scale of a layer is its largest weight or bias.
func Weights(m *nn.Model) *Picture {
	const side, gap, top, bottom = 170, 26, 24, 34
	p := &Picture{width: vg.Length(len(m.Layers)*(side+gap) + gap), height: side + top + bottom}
	p.paint = func(c draw.Canvas) {
		for i := range m.Layers {
			l := &m.Layers[i]
			left := c.Min.X + gap + vg.Length(i*(side+gap))
			box := vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y + bottom}, Max: vg.Point{X: left + side, Y: c.Min.Y + bottom + side}}
			largest := field(c, l, box)
			n := subscript(i + 1)
			middle := left + side/2
			fillFormula(c, words(9, text.XLeft, text.YCenter), vg.Point{X: middle, Y: box.Max.Y + 12}, "W"+n+" and b"+n)
			c.FillText(words(7, text.XCenter, text.YTop), vg.Point{X: middle, Y: box.Min.Y - 6},
				fmt.Sprintf("%d × %d, %s", l.Out, l.In, l.Activation.Func))
			c.FillText(words(7, text.XCenter, text.YTop), vg.Point{X: middle, Y: box.Min.Y - 16}, fmt.Sprintf("−%s (blue) … %s (red)", short(largest), short(largest)))
		}
	}
	return p
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
	block := max(1, 400/max(l.In+2, l.Out))
	img := image.NewNRGBA(image.Rect(0, 0, (l.In+2)*block, l.Out*block))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			u, k, tone := y/block, x/block, white
			if k < l.In {
				tone = diverging(l.W[u*l.In+k] / scale)
			} else if k == l.In+1 {
				tone = diverging(l.B[u] / scale)
			}
			img.SetNRGBA(x, y, tone)
		}
	}
	c.DrawImage(box, img)
	return largest
}
