package graph

import (
	"fmt"
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// target is a place that a feature's cells are put into: an element of an
// input buffer, or several for the categories of a word.
type target struct {
	buffer, element, width int
	typ                    Type

	// Of a number.
	missing  bool // goes in as NaN
	rounds   bool // to float32 before anything else
	column32 kernel.Column[float32]
	column64 kernel.Column[float64]

	// Of a word: what each code becomes, from nn.CodeUnknown on: the code of a
	// word, or a place among places (-1: none of them, refusedWord: a fault).
	codes  []int32
	places int
}

// refusedWord is the place of a word that the model refuses.
const refusedWord = -2

// aim finds the places that each feature's cells are put into: those that the
// program reads, and one at the least, since a cell can be bad even where
// nothing depends on it.
func (t *Table) aim() {
	read := reads(t.steps, len(t.bufs))
	at := map[[2]int]int{} // of a feature, by input and element
	for f, c := range t.cells {
		at[[2]int{c.input, c.element}] = f
		if read[t.inputs[c.input].buf] {
			t.raw(f)
		}
	}
	for i, v := range t.landed {
		for e := 0; e < len(v.sources) && read[v.buf]; {
			run := encodedTogether(v.sources[e:])
			f := at[[2]int{run[0].input, run[0].element}]
			t.aimAt(f, run, target{buffer: len(t.inputs) + i, element: e, width: v.len(), typ: v.typ})
			e += len(run)
		}
	}
	for f := range t.cells {
		if len(t.cells[f].targets) == 0 {
			t.raw(f)
		}
	}
}

// raw puts cells into the input itself.
func (t *Table) raw(f int) {
	c := &t.cells[f]
	t.aimAt(f, []source{{scale: 1}}, target{buffer: c.input, element: c.element, width: c.width, typ: c.typ})
}

// encodedTogether are the first of the sources: one, or the categories of one
// word, each once.
func encodedTogether(sources []source) []source {
	n, seen := 1, map[int]bool{sources[0].category: true}
	for n < len(sources) && sources[0].hot != nil && sources[n].hot == sources[0].hot && !seen[sources[n].category] {
		seen[sources[n].category] = true
		n++
	}
	return sources[:n]
}

// aimAt adds a target of feature f, whose sources are a number, a word or some
// of its categories.
func (t *Table) aimAt(f int, run []source, to target) {
	feature, c, s := &t.Features[f], &t.cells[f], &run[0]
	switch {
	case s.hot != nil:
		to.places = len(run)
		to.codes = t.wordCodes(c, s.hot.among(run))
		if s.hot.strict {
			feature.UnknownZeros = false
		}
	case to.typ == String:
		to.codes = t.wordCodes(c, s.word)
	default:
		to.number(feature, c, s)
	}
	c.targets = append(c.targets, to)
}

// number says how a number is encoded.
func (to *target) number(f *nn.Feature, c *cell, s *source) {
	to.rounds = s.narrow && !(s.bare() && to.typ == Float32)
	fill, has := 0.0, s.fill != nil || f.Fill != nil && *f.Fill == 0 // an absent key of a map is 0
	if s.fill != nil {
		fill = *s.fill
	}
	to.missing = c.missing && !has
	low, high := given(f.Min, math.Inf(-1)), given(f.Max, math.Inf(1))
	to.column32 = kernel.Column[float32]{At: to.element, Width: to.width, Fill: fill, HasFill: has, Min: low, Max: high, Center: s.center, Scale: s.scale}
	to.column64 = kernel.Column[float64](to.column32)
}

// wordCodes lists what becomes of the codes of a column of words: unknown,
// missing, and the feature's categories.
func (t *Table) wordCodes(c *cell, become func(code int32) int32) []int32 {
	list := []int32{become(int32(len(t.strings))), become(0)}
	for code := 1; code < len(t.strings); code++ {
		list = append(list, become(int32(code)))
	}
	if list[1] == refusedWord && !c.missing {
		list[1] = -1 // missing already
	}
	return list
}

// word is the code that a word has become.
func (s *source) word(code int32) int32 {
	if s.become == nil {
		return code
	}
	return s.become(code)
}

// among gives the place of each code's category among some of the categories.
func (h *oneHot) among(run []source) func(code int32) int32 {
	places := make([]int32, h.categories)
	for i := range places {
		places[i] = -1
	}
	for i := range run {
		places[run[i].category] = int32(i)
	}
	return func(code int32) int32 {
		at := h.find(code)
		switch {
		case at >= 0:
			return places[at]
		case h.strict:
			return refusedWord
		}
		return -1
	}
}

// Steps are those of the program, after the encoding of cells beyond what the
// inputs take.
func (t *Table) Steps() []string {
	n, steps := 0, t.Program.Steps()
	for _, c := range t.cells {
		for _, to := range c.targets {
			if to.buffer >= len(t.inputs) {
				n += max(1, to.places)
			}
		}
	}
	if n == 0 {
		return steps
	}
	return append([]string{fmt.Sprintf("encode %d", n)}, steps...)
}
