package draw

import (
	"image/color"
	"math"
)

// The colours of every picture.
var (
	white  = color.NRGBA{255, 255, 255, 255}
	ink    = color.NRGBA{45, 48, 56, 255}
	quiet  = color.NRGBA{150, 156, 168, 255}
	across = color.NRGBA{173, 180, 192, 255} // grid lines
	down   = color.NRGBA{205, 196, 182, 255}
)

// classColors tell classes apart, also for eyes that see red and green alike
// (after Okabe and Ito 2008).
var classColors = []color.NRGBA{
	{0, 104, 178, 255},   // blue
	{230, 126, 20, 255},  // orange
	{0, 145, 105, 255},   // green
	{190, 90, 150, 255},  // purple
	{200, 70, 50, 255},   // vermilion
	{70, 165, 220, 255},  // sky
	{150, 130, 30, 255},  // olive
	{100, 100, 110, 255}, // grey
}

// classColor is the colour of class i. A class named after one of the first
// colours has it.
func classColor(i int, names []string) color.NRGBA {
	named := map[string]int{"blue": 0, "orange": 1, "green": 2}
	if i < len(names) {
		if c, ok := named[names[i]]; ok {
			return classColors[c]
		}
	}
	return classColors[i%len(classColors)]
}

// diverging goes from blue at −1 over near white at 0 to red at 1.
func diverging(v float64) color.NRGBA {
	v = max(-1, min(1, v))
	low, middle, high := color.NRGBA{33, 94, 168, 255}, color.NRGBA{244, 244, 242, 255}, color.NRGBA{196, 52, 40, 255}
	if v < 0 {
		return blend(middle, low, math.Pow(-v, 0.8))
	}
	return blend(middle, high, math.Pow(v, 0.8))
}

// blend goes from a to b as t goes from 0 to 1.
func blend(a, b color.NRGBA, t float64) color.NRGBA {
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + t*(float64(y)-float64(x)))) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), mix(a.A, b.A)}
}
