package draw

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"yhat/nn"
)

// XY is a place on the plane.
type XY [2]float64

// Points are labelled points to be followed through a network.
type Points struct {
	X       [][]float64 // encoded inputs, one slice a point
	Class   []int       // of each point, an index into Classes; nil: no classes
	Classes []string
}

// Grid is a square grid of lines over the plane of a network with two inputs.
type Grid struct {
	From, To float64 // both ways
	Lines    int     // each way; 0: no grid
	Samples  int     // places along a line
}

// Stage is where grid and points are at one moment.
type Stage struct {
	Title   string
	Caption []string
	Seen    string // how more than two units are seen, where the caption does not say it
	Across  [][]XY // grid lines of equal second coordinate
	Down    [][]XY // and of equal first
	Dots    []XY   // of the points
	Box     Box
}

// lines are the caption of a stage that stands alone.
func (s *Stage) lines() []string {
	if s.Seen == "" {
		return s.Caption
	}
	return append(slices.Clone(s.Caption), s.Seen)
}

// Box is a square of the plane that shows a stage.
type Box struct {
	Center XY
	Half   float64
}

// Film is a network's work, stage after stage: the input, then for each layer
// the linear map, the shift and the nonlinearity.
type Film struct {
	Stages []Stage
	Class  []int
	Names  []string
	ends   []int // indices of the input and of the layers' last stages
}

// Layers follows points and grid through every stage of every layer. Layers
// that are wider than two units are shown by their two principal components.
func Layers(m *nn.Model, points Points, grid Grid) (*Film, error) {
	if m.InputWidth() != 2 {
		grid.Lines = 0
	}
	if grid.Lines == 0 && len(points.X) == 0 {
		return nil, fmt.Errorf("nothing to draw: a network of %d inputs needs points", m.InputWidth())
	}
	lines, rows := grid.rows()
	rows = append(rows, points.X...)
	f := &Film{Class: points.Class, Names: points.Classes}
	at := make([][][]float64, 1+3*len(m.Layers)) // [stage][row]
	for _, x := range rows {
		at[0] = append(at[0], x)
		for l, s := range m.Trace(x) {
			at[1+3*l], at[2+3*l], at[3+3*l] = append(at[1+3*l], s.Linear), append(at[2+3*l], s.Shifted), append(at[3+3*l], s.Output)
		}
	}
	start := newView(at[0])
	f.add("x", []string{startCaption(points, grid) + start.words()}, start, at[0], lines)
	f.ends = append(f.ends, 0)
	for l := range m.Layers {
		layer := &m.Layers[l]
		v := newView(at[3+3*l])
		name := fmt.Sprintf("a%s", subscript(l))
		if l == 0 {
			name = "x"
		}
		n := subscript(l + 1)
		linear := fmt.Sprintf("W%s%s", n, name)
		shifted := linear + " + b" + n
		f.add(linear, []string{"W" + n + " = " + matrix(layer)}, v, at[1+3*l], lines)
		f.add(shifted, []string{"b" + n + " = " + vector(layer.B)}, v, at[2+3*l], lines)
		before, now := &f.Stages[len(f.Stages)-2], &f.Stages[len(f.Stages)-1]
		before.Seen, now.Seen = v.borrowed("a"+n), v.borrowed("a"+n)
		share(before, now)
		f.add(fmt.Sprintf("a%s = σ(%s)", n, shifted), []string{"σ = " + layer.Activation.Func.String() + v.words()}, v, at[3+3*l], lines)
		f.ends = append(f.ends, len(f.Stages)-1)
	}
	return f, nil
}

// Activations makes a film of activations that were computed before: one
// stage for each layer, points only.
func Activations(titles []string, layers [][][]float64, class []int, names []string) *Film {
	f := &Film{Class: class, Names: names}
	for i, rows := range layers {
		v := newView(rows)
		caption := strings.TrimPrefix(v.words(), ", ")
		f.add(titles[i], []string{caption}, v, rows, lineCount{})
		f.ends = append(f.ends, i)
	}
	return f
}

// lineCount says how many of the rows are of grid lines.
type lineCount struct{ lines, samples int }

// rows lists the places along all lines, those across first.
func (g Grid) rows() (lineCount, [][]float64) {
	if g.Lines == 0 {
		return lineCount{}, nil
	}
	var rows [][]float64
	along := func(i, n int) float64 { return g.From + (g.To-g.From)*float64(i)/float64(max(1, n-1)) }
	for _, swap := range []bool{false, true} {
		for i := range g.Lines {
			for j := range g.Samples {
				x, y := along(j, g.Samples), along(i, g.Lines)
				if swap {
					x, y = y, x
				}
				rows = append(rows, []float64{x, y})
			}
		}
	}
	return lineCount{g.Lines, g.Samples}, rows
}

// add appends a stage.
func (f *Film) add(title string, caption []string, v view, rows [][]float64, n lineCount) {
	s := Stage{Title: title, Caption: caption}
	flat := make([]XY, len(rows))
	for i, r := range rows {
		flat[i] = v.place(r, i)
	}
	for i := range 2 * n.lines {
		line := flat[i*n.samples : (i+1)*n.samples]
		if i < n.lines {
			s.Across = append(s.Across, line)
		} else {
			s.Down = append(s.Down, line)
		}
	}
	s.Dots = flat[2*n.lines*n.samples:]
	s.Box = boxOf(flat)
	f.Stages = append(f.Stages, s)
}

// boxOf is the square that holds all places, with a margin.
func boxOf(places []XY) Box {
	low, high := XY{math.Inf(1), math.Inf(1)}, XY{math.Inf(-1), math.Inf(-1)}
	for _, p := range places {
		for i, v := range p {
			low[i], high[i] = min(low[i], v), max(high[i], v)
		}
	}
	half := max(high[0]-low[0], high[1]-low[1]) / 2
	if half == 0 {
		half = 1
	}
	return Box{XY{(low[0] + high[0]) / 2, (low[1] + high[1]) / 2}, margin * half}
}

// share shows two stages in one box, so that the shift between them is seen.
func share(a, b *Stage) {
	var corners []XY
	for _, box := range []Box{a.Box, b.Box} {
		half := box.Half / margin
		corners = append(corners, XY{box.Center[0] - half, box.Center[1] - half}, XY{box.Center[0] + half, box.Center[1] + half})
	}
	a.Box = boxOf(corners)
	b.Box = a.Box
}

// margin is how much larger than what it shows a box is.
const margin = 1.06

// startCaption says what is followed.
func startCaption(points Points, g Grid) string {
	var parts []string
	if g.Lines > 0 {
		parts = append(parts, fmt.Sprintf("grid %s … %s", short(g.From), short(g.To)))
	}
	if n := len(points.X); n > 0 {
		parts = append(parts, fmt.Sprintf("%d points", n))
	}
	return strings.Join(parts, ", ")
}

// subscript writes a number in small low digits.
func subscript(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + '₀' }, fmt.Sprint(n))
}

// matrix writes W in full if it is small, else its shape.
func matrix(l *nn.Layer) string {
	if l.In*l.Out > 6 {
		return fmt.Sprintf("%d × %d", l.Out, l.In)
	}
	var rows []string
	for u := range l.Out {
		rows = append(rows, "["+list(l.W[u*l.In:(u+1)*l.In])+"]")
	}
	return "[" + strings.Join(rows, ", ") + "]"
}

// vector writes b in full if it is short.
func vector(b []float64) string {
	if len(b) > 4 {
		return fmt.Sprintf("%d numbers", len(b))
	}
	return "(" + list(b) + ")"
}

func list(v []float64) string {
	var parts []string
	for _, x := range v {
		parts = append(parts, short(x))
	}
	return strings.Join(parts, ", ")
}

// short is a number with two decimals at most, and a true minus sign.
func short(v float64) string {
	text := fmt.Sprintf("%.2f", v)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "-0" || text == "" {
		return "0"
	}
	return strings.Replace(text, "-", "−", 1)
}
