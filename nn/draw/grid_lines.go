package draw

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lines that lie closer than roomyGap, in points, fade, until at crowdedGap all but
// some of them, at most every tenth part of the grid, are a light shade.
const (
	roomyGap   = 1.4
	crowdedGap = 0.5
	strongest  = 10
)

// gridLines draws the lines of a grid that go one way. Where a layer crowds them,
// they would merge to one grey; some stay as they are.
func gridLines(c draw.Canvas, lines [][]XY, tone color.NRGBA, at func(XY) vg.Point) {
	paths := make([][]vg.Point, len(lines))
	for i, line := range lines {
		for _, p := range line {
			paths[i] = append(paths[i], at(p))
		}
	}
	width := vg.Length(0.45)
	if len(lines) > 50 {
		width = 0.18
	}
	room := 1.0
	if gap := usualGap(paths); gap < roomyGap {
		room = max(0, (gap-crowdedGap)/(roomyGap-crowdedGap))
	}
	step := max(1, len(lines)/strongest)
	faint := draw.LineStyle{Color: blend(white, tone, 0.3+0.7*room), Width: width}
	plain := draw.LineStyle{Color: tone, Width: width + vg.Length(0.2*(1-room))}
	for _, strong := range []bool{false, true} {
		style := faint
		if strong {
			style = plain
		}
		for i, path := range paths {
			if (i%step == 0 || i == len(paths)-1) != strong {
				continue
			}
			for _, piece := range c.ClipLinesXY(path) {
				c.StrokeLines(style, straightened(piece))
			}
		}
	}
}

// usualGap is how far neighbouring lines are from each other, straight across: the
// mean along their lengths, so that places where they are drawn together count little.
func usualGap(paths [][]vg.Point) float64 {
	area, length := 0.0, 0.0
	for i := range len(paths) - 1 {
		for k := 1; k < min(len(paths[i]), len(paths[i+1])); k++ {
			a, b, p := paths[i][k-1], paths[i][k], paths[i+1][k]
			dx, dy := float64(b.X-a.X), float64(b.Y-a.Y)
			area += math.Abs(dx*float64(p.Y-a.Y) - dy*float64(p.X-a.X))
			length += math.Hypot(dx, dy)
		}
	}
	return area / length
}
