// Package draw makes pictures of networks: what layers do to a plane of points
// and to the grid under it, the network's nodes and weights, the regions it
// decides, and curves of learning and judging. Pictures are drawn with
// gonum/plot and come as SVG, PNG and PDF; films also as GIF and as one page
// of HTML that needs nothing else.
//
// All positions are computed in float64 from nn.Model.Trace. Nothing here
// depends on time or chance: the same arguments give the same picture.
package draw

import (
	"bytes"
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Picture is one still picture of a fixed size.
type Picture struct {
	width, height vg.Length
	paint         func(c draw.Canvas)
}

// dpi is the resolution of PNG.
const dpi = 192

// Write writes the picture in a format: "svg", "png" or "pdf".
func (p *Picture) Write(w io.Writer, format string) error {
	var made interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch format {
	case "svg":
		made = vgsvg.New(p.width, p.height)
	case "png":
		made = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(p.width, p.height), vgimg.UseDPI(dpi))}
	case "pdf":
		made = vgpdf.New(p.width, p.height)
	default:
		return fmt.Errorf("no picture format %q", format)
	}
	c := draw.New(made)
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	p.paint(c)
	if format != "svg" {
		_, err := made.WriteTo(w)
		return err
	}
	var text bytes.Buffer
	if _, err := made.WriteTo(&text); err != nil {
		return err
	}
	// Where Liberation Sans is not at hand, fonts of the same widths are.
	_, err := w.Write(bytes.ReplaceAll(text.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")))
	return err
}

// sans is a font without serifs of a size.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// words is how text looks.
func words(size vg.Length, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: ink, Font: sans(size), XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}
