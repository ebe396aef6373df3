package pipeline

import (
	"slices"

	"yhat/io/table"
	"yhat/nn"
)

// point aims the computed columns at the trip's values.
func (s *scorer[T]) point(t *trip[T]) {
	i := 0
	next := func() *table.Computed {
		c := &t.made[i]
		c.Null = t.null
		i++
		return c
	}
	for unit := range s.columns.predictions {
		s.lanes(next(), t, s.last(), unit)
	}
	if s.columns.label != nil {
		s.pointLabel(next(), t)
	}
	if len(s.columns.bands) > 0 {
		t.band = slices.Grow(t.band[:0], t.rows.N)[:t.rows.N]
		next().Codes = t.band
	}
	if s.columns.errors {
		t.errs = slices.Grow(t.errs[:0], t.rows.N)[:t.rows.N]
		c := next()
		c.Codes, c.Null = t.errs, nil
	}
	for _, v := range s.columns.values {
		if s.columns.list {
			s.lanes(next(), t, v, 0)
			continue
		}
		for unit := range s.card.Values[v].Units {
			s.lanes(next(), t, v, unit)
		}
	}
	for k := range s.columns.reasons {
		s.pointReason(next(), next(), t, k)
	}
}

// pointLabel aims the label's column at words or at integers.
func (s *scorer[T]) pointLabel(c *table.Computed, t *trip[T]) {
	if s.columns.label.words != nil {
		c.Codes = t.label
	} else if c.Integers = t.number; c.Integers == nil {
		c.Integers = []int64{} // of no rows, still integers
	}
}

// lanes aims a column at one unit of a value.
func (s *scorer[T]) lanes(c *table.Computed, t *trip[T], value, unit int) {
	units := s.card.Values[value].Units
	switch data := any(t.values[value]).(type) {
	case []float32:
		c.F32 = table.Lanes[float32]{Data: data, Units: units, Unit: unit}
	case []float64:
		c.F64 = table.Lanes[float64]{Data: data, Units: units, Unit: unit}
	}
}

// takeChosen copies the labels that the network chose for a group of rows.
func (s *scorer[T]) takeChosen(w *worker[T], t *trip[T], start, rows int) {
	if s.columns.label == nil || !s.columns.label.chosen {
		return
	}
	words, integers := w.pass.Chosen()
	if words != nil {
		copy(t.label[start:start+rows], words)
	} else {
		copy(t.number[start:start+rows], integers)
	}
}

// words computes the columns of words: label, band and error.
func (s *scorer[T]) words(t *trip[T]) {
	y := table.Lanes[T]{Data: t.values[s.last()], Units: s.card.OutputWidth()}
	if rule := s.columns.label; rule != nil && !rule.chosen {
		for row := range t.label {
			t.label[row] = labelOf(rule, y, row)
		}
		if rule.words == nil {
			for row, code := range t.label {
				t.number[row] = rule.integers[code]
			}
		}
	}
	if len(s.columns.bands) > 0 {
		for row := range t.band {
			t.band[row] = bandOf(s.columns.bands, y.At(row))
		}
	}
	if s.columns.errors {
		for row := range t.errs {
			t.errs[row] = -1
		}
		for _, b := range t.bad {
			t.errs[b.row] = int32(b.reason)
		}
	}
}

// labelOf is the label's number: 1 from the threshold on for one output, the
// first of the largest for several.
func labelOf[T nn.Float](rule *labelRule, y table.Lanes[T], row int) int32 {
	if !rule.largest {
		if y.At(row) >= T(rule.threshold) {
			return 1
		}
		return 0
	}
	best, bestAt := y.At(row), 0
	for i := 1; i < y.Units; i++ {
		y.Unit = i
		if v := y.At(row); v > best {
			best, bestAt = v, i
		}
	}
	return int32(bestAt)
}

// bandOf is the last band that starts at or below y, -1 below the first.
func bandOf[T nn.Float](bands []Band, y T) int32 {
	band := int32(-1)
	for i, b := range bands {
		if y >= T(b.From) {
			band = int32(i)
		}
	}
	return band
}
