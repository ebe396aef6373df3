package graph

import (
	"math"
	"math/rand/v2"

	"yhat/nn"
)

// draws makes up cells.
type draws struct{ *rand.Rand }

func newDraws(seed uint64) draws { return draws{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

// One cell in so many is missing, or unknown, where that is allowed.
const seldom = 16

// column draws the cells of a feature that both models have: of f and, where it
// is not nil, of g, whose inputs hold types t and u.
func (d draws) column(f, g *nn.Feature, t, u Type, rows int) column {
	if f.Categorical() || g != nil && g.Categorical() {
		return d.words(f, g, rows)
	}
	return d.numbers(f, g, t, u, rows)
}

// words draws categories; a word that is none of them stands for all others.
func (d draws) words(f, g *nn.Feature, rows int) column {
	c := column{words: make([]string, rows), missing: make([]bool, rows)}
	list := f.Categories
	if g != nil && (len(list) == 0 || len(g.Categories) < len(list)) {
		list = g.Categories
	}
	other := noCategory(append(append([]string{}, f.Categories...), list...))
	fills := f.HasFillCategory && (g == nil || g.HasFillCategory)
	for r := range rows {
		switch {
		case fills && d.IntN(seldom) == 0:
			c.missing[r] = true
		case f.UnknownZeros && d.IntN(seldom) == 0:
			c.words[r] = other
		default:
			c.words[r] = list[d.IntN(len(list))]
		}
	}
	return c
}

// numbers draws around the center, within the bounds; without a center and a
// scale, of magnitudes from 1/10 to 10.
func (d draws) numbers(f, g *nn.Feature, t, u Type, rows int) column {
	c := column{numbers: make([]float64, rows)}
	if g != nil && f.Center == 0 && f.Scale == 1 {
		f = &nn.Feature{Fill: f.Fill, Min: f.Min, Max: f.Max, Center: g.Center, Scale: g.Scale}
	}
	fills := f.Fill != nil && (g == nil || g.Fill != nil)
	for r := range rows {
		x := d.NormFloat64()
		if f.Center == 0 && f.Scale == 1 {
			x *= math.Pow(10, 2*d.Float64()-1)
		}
		x = f.Center + f.Scale*x
		if f.Min != nil {
			x = max(x, *f.Min)
		}
		if f.Max != nil {
			x = min(x, *f.Max)
		}
		if c.numbers[r] = held(u, held(t, x)); fills && d.IntN(seldom) == 0 {
			c.numbers[r] = math.NaN()
		}
	}
	return c
}

// held is a value near x that an input of type t can have.
func held(t Type, x float64) float64 {
	switch {
	case t == Float32:
		return float64(float32(x))
	case t == Float16 || t == BFloat16:
		return float64(roundTo(t, float32(x)))
	case t == Bool:
		return math.Min(1, math.Abs(math.Round(x)))
	case t.Integer():
		b := ranges[t]
		return math.Round(min(max(x, b[0]), b[1]/2))
	}
	return x
}

// codesOf turns words into codes of a feature's categories.
func codesOf(f *nn.Feature, c column) []int32 {
	at := map[string]int32{}
	for i, w := range f.Categories {
		at[w] = int32(i)
	}
	codes := make([]int32, len(c.words))
	for r, w := range c.words {
		code, ok := at[w]
		switch {
		case c.missing[r]:
			code = nn.CodeMissing
		case !ok:
			code = nn.CodeUnknown
		}
		codes[r] = code
	}
	return codes
}
