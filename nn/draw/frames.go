package draw

import (
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The timing of a film: frames from stage to stage, and hundredths of a second
// that a frame and a finished stage are shown.
const (
	between   = 14
	frameTime = 5
	holdTime  = 90
)

// ease starts and ends without a jerk: 3t² − 2t³.
func ease(t float64) float64 { return t * t * (3 - 2*t) }

// moment is the film between stage i and the next; t from 0 to 1. At 0 and 1
// the places are exactly those of the stages.
func (f *Film) moment(i int, t float64) Stage {
	a := f.Stages[i]
	if t == 0 || i+1 == len(f.Stages) {
		return a
	}
	b := f.Stages[i+1]
	if t == 1 {
		return b
	}
	e := ease(t)
	s := Stage{Title: b.Title, Caption: b.Caption, Seen: b.Seen, Dots: mid(a.Dots, b.Dots, e)}
	for k := range b.Across {
		s.Across, s.Down = append(s.Across, mid(a.Across[k], b.Across[k], e)), append(s.Down, mid(a.Down[k], b.Down[k], e))
	}
	center := mid([]XY{a.Box.Center}, []XY{b.Box.Center}, e)
	s.Box = Box{center[0], a.Box.Half + e*(b.Box.Half-a.Box.Half)}
	return s
}

// mid is the places between a and b.
func mid(a, b []XY, t float64) []XY {
	made := make([]XY, len(b))
	for i := range b {
		for k := range made[i] {
			made[i][k] = a[i][k] + t*(b[i][k]-a[i][k])
		}
	}
	return made
}

// frameSide is the side of the film's picture, in points.
const frameSide = 300

// GIF writes the film as an animation that starts again at its end.
func (f *Film) GIF(w io.Writer) error {
	p := newQuantizer(f.Names)
	film := &gif.GIF{}
	show := func(s Stage, time int) {
		film.Image = append(film.Image, p.reduce(f.frame(s)))
		film.Delay = append(film.Delay, time)
	}
	for i := range f.Stages {
		show(f.Stages[i], holdTime)
		for k := 1; k < between && i+1 < len(f.Stages); k++ {
			show(f.moment(i, float64(k)/between), frameTime)
		}
	}
	film.Delay[len(film.Delay)-1] = 3 * holdTime
	return gif.EncodeAll(w, film)
}

// frame draws one moment.
func (f *Film) frame(s Stage) image.Image {
	c := vgimg.NewWith(vgimg.UseWH(frameSide+2*borderRoom+tickRoom, frameSide+82), vgimg.UseDPI(96))
	canvas := vgdraw.New(c)
	canvas.SetColor(white)
	canvas.Fill(canvas.Rectangle.Path())
	left, top := canvas.Min.X+borderRoom+tickRoom, canvas.Max.Y-30
	fillFormula(canvas, words(12, text.XLeft, text.YCenter), vg.Point{X: left + frameSide/2, Y: canvas.Max.Y - 16}, s.Title)
	f.stage(canvas, s, vg.Rectangle{Min: vg.Point{X: left, Y: top - frameSide}, Max: vg.Point{X: left + frameSide, Y: top}})
	for i, line := range s.lines() {
		fillFormula(canvas, words(9, text.XLeft, text.YCenter), vg.Point{X: left + frameSide/2, Y: top - frameSide - 20 - vg.Length(i)*12}, line)
	}
	if len(f.Names) > 1 {
		drawLegend(canvas, f.Names, left, canvas.Min.Y+4, 9)
	}
	return c.Image()
}

// quantizer finds for each colour the nearest of 256: blends of the film's few
// colours with white.
type quantizer struct {
	palette color.Palette
	known   map[color.RGBA]uint8
}

func newQuantizer(names []string) *quantizer {
	q := &quantizer{known: map[color.RGBA]uint8{}}
	bases := []color.NRGBA{ink, quiet, across, down}
	for i := range max(1, min(len(names), 6)) {
		bases = append(bases, classColor(i, names))
	}
	steps := 255 / len(bases)
	for _, b := range bases {
		for i := range steps {
			q.palette = append(q.palette, blend(white, b, float64(i+1)/float64(steps)))
		}
	}
	q.palette = append(q.palette, white)
	return q
}

// reduce maps a picture to the palette.
func (q *quantizer) reduce(from image.Image) *image.Paletted {
	b := from.Bounds()
	rgba := image.NewRGBA(b)
	draw.Draw(rgba, b, from, b.Min, draw.Src)
	to := image.NewPaletted(b, q.palette)
	for i := range to.Pix {
		at := i/b.Dx()*rgba.Stride + i%b.Dx()*4
		c := color.RGBA{rgba.Pix[at], rgba.Pix[at+1], rgba.Pix[at+2], 255}
		index, ok := q.known[c]
		if !ok {
			index = uint8(q.palette.Index(c))
			q.known[c] = index
		}
		to.Pix[i] = index
	}
	return to
}
