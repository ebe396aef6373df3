package graph

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"yhat/nn"
)

// Agreement is how near two models are to each other on the same rows.
type Agreement struct {
	Rows int
	// Largest is the largest difference of two scores, in float32, relative to
	// max(1, |y|).
	Largest float64
	// Apart counts the rows that are bad for one model only, and those with
	// another label.
	Apart int
	Bad   int // the rows that are bad for both
}

// Scorer is a model that scores made-up rows; NetworkScorer and TableScorer
// make one.
type Scorer struct {
	features []nn.Feature
	kinds    []Type // of the inputs; Float64 where a number is not rounded
	score    func(c []column, rows int) scored
}

// column is a feature's cells: numbers with NaN for missing, or words.
type column struct {
	numbers []float64
	words   []string
	missing []bool // of words
}

// scored is what a model makes of rows.
type scored struct {
	width  int
	scores []float32 // [row][width]
	labels []string  // nil: none
	bad    []bool
}

// Agree scores rows rows of made-up cells with both models. The cells are drawn
// by a generator with a seed, around the centers and within the bounds of the
// features of a; some are missing where a model fills them, and some words are
// unknown where that is allowed. Numbers are such that the inputs of both hold
// them exactly: float32 where an input is one, whole where it is of integers.
func Agree(a, b *Scorer, rows int, seed uint64) (Agreement, error) {
	at := map[string]int{}
	for i := range b.features {
		at[b.features[i].Name] = i
	}
	d := newDraws(seed)
	ours, theirs := make([]column, len(a.features)), make([]column, len(b.features))
	for i := range a.features {
		f := &a.features[i]
		k, ok := at[f.Name]
		if !ok {
			ours[i] = d.column(f, nil, a.kinds[i], a.kinds[i], rows)
			continue
		}
		ours[i] = d.column(f, &b.features[k], a.kinds[i], b.kinds[k], rows)
		theirs[k] = ours[i]
		delete(at, f.Name)
	}
	for name := range at {
		return Agreement{}, fmt.Errorf("feature %q is one model's only", clip(name))
	}
	return compare(a.score(ours, rows), b.score(theirs, rows), rows)
}

func compare(x, y scored, rows int) (Agreement, error) {
	if x.width != y.width {
		return Agreement{}, fmt.Errorf("%d scores and %d", x.width, y.width)
	}
	found := Agreement{Rows: rows}
	for r := range rows {
		switch {
		case x.bad[r] && y.bad[r]:
			found.Bad++
			continue
		case x.bad[r] != y.bad[r], x.labels != nil && y.labels != nil && x.labels[r] != y.labels[r]:
			found.Apart++
		}
		if x.bad[r] || y.bad[r] {
			continue
		}
		for k := range x.width {
			u, v := float64(x.scores[r*x.width+k]), float64(y.scores[r*x.width+k])
			if d := math.Abs(u-v) / max(1, math.Abs(u)); !(d <= found.Largest) {
				found.Largest = d
			}
		}
	}
	if found.Bad == rows {
		return found, errors.New("both models find every generated row bad")
	}
	return found, nil
}

// NetworkScorer scores with a model of layers, in float32.
func NetworkScorer(m *nn.Model, k nn.Kernel) (*Scorer, error) {
	network, err := nn.Compile[float32](m, k)
	if err != nil {
		return nil, err
	}
	encoder := nn.NewEncoder[float32](m, k)
	s := &Scorer{features: m.Features, kinds: make([]Type, len(m.Features))}
	for i := range s.kinds {
		s.kinds[i] = Float64
	}
	s.score = func(c []column, rows int) scored {
		panels := nn.Panels(rows)
		x, out := make([]float32, panels*encoder.Width()*lanes), make([][]float32, network.Layers())
		bad := make([]uint32, panels)
		faults := nn.NewFaults(rows)
		for i := range m.Features {
			f := &m.Features[i]
			if f.Categorical() {
				encoder.Codes(i, x, codesOf(f, c[i]), rows, faults)
			} else {
				encoder.Numbers(i, x, nn.Numbers{F64: c[i].numbers, Factor: 1}, rows, faults)
			}
			addFaults(bad, f, faults)
		}
		width := network.Width(network.Layers())
		y := make([]float32, panels*width*lanes)
		out[len(out)-1] = y
		network.Forward(network.NewWorkspace(), x, panels, out)
		found := collect(rows, width, bad, func(r, k int) float32 { return y[(r/lanes*width+k)*lanes+r%lanes] })
		found.labels = labelled(&found, &m.Outputs)
		return found
	}
	return s, nil
}

// TableScorer scores with a compiled graph.
func TableScorer(t *Table) *Scorer {
	s := &Scorer{features: t.Features}
	for _, c := range t.cells {
		s.kinds = append(s.kinds, c.typ)
	}
	s.score = t.scoreColumns
	return s
}

func (t *Table) scoreColumns(c []column, rows int) scored {
	panels := nn.Panels(rows)
	in, out := t.NewInputs(panels), t.NewOutputs(panels)
	bad, faults := make([]uint32, panels), nn.NewFaults(rows)
	for i := range t.Features {
		f := &t.Features[i]
		if f.Categorical() {
			t.Codes(i, in, codesOf(f, c[i]), rows, faults)
		} else {
			t.Numbers(i, in, nn.Numbers{F64: c[i].numbers, Factor: 1}, rows, faults)
		}
		addFaults(bad, f, faults)
	}
	ws := t.NewWorkspace()
	t.Run(ws, in, panels, out)
	for i := range t.Faults() {
		for p, mask := range ws.Fault(i) {
			bad[p] |= mask
		}
	}
	found := collect(rows, len(t.Scores), bad, func(r, k int) float32 {
		at := t.Scores[k]
		return t.single(&out[at.Output], at.Output, at.Element, r)
	})
	if t.Label != nil {
		found.labels = make([]string, rows)
		for r := range rows {
			found.labels[r] = t.word(ws, &out[t.Label.Output], t.Label.Output, t.Label.Element, r)
		}
	}
	return found
}

// single is a score of row r as a float32.
func (t *Table) single(l *Lanes, output, element, r int) float32 {
	at := t.laneOf(output, element, r)
	switch {
	case l.F32 != nil:
		return l.F32[at]
	case l.F64 != nil:
		return float32(l.F64[at])
	case l.I64 != nil:
		return float32(l.I64[at])
	case l.U64 != nil:
		return float32(l.U64[at])
	case l.Bool != nil && l.Bool[at]:
		return 1
	}
	return 0
}

// word is a label of row r as text.
func (t *Table) word(ws *Workspace, l *Lanes, output, element, r int) string {
	at := t.laneOf(output, element, r)
	switch {
	case l.Str != nil:
		return ws.String(l.Str[at])
	case l.I64 != nil:
		return strconv.FormatInt(l.I64[at], 10)
	case l.U64 != nil:
		return strconv.FormatUint(l.U64[at], 10)
	case l.Bool != nil:
		return strconv.FormatBool(l.Bool[at])
	}
	return ""
}

func (t *Table) laneOf(output, element, r int) int {
	return (r/lanes*t.outputs[output].value.len()+element)*lanes + r%lanes
}

// collect collects scores by rows; a row whose score is not finite is bad.
func collect(rows, width int, bad []uint32, at func(r, k int) float32) scored {
	s := scored{width: width, scores: make([]float32, rows*width), bad: make([]bool, rows)}
	for r := range rows {
		s.bad[r] = bad[r/lanes]>>(r%lanes)&1 != 0
		for k := range width {
			y := at(r, k)
			s.scores[r*width+k] = y
			s.bad[r] = s.bad[r] || y-y != 0
		}
	}
	return s
}

// addFaults adds the rows that a feature has no value for.
func addFaults(bad []uint32, f *nn.Feature, faults *nn.Faults) {
	filled := f.Fill != nil || f.HasFillCategory
	for p := range bad {
		bad[p] |= faults.NotANumber[p] | faults.OutOfRange[p]
		if !filled {
			bad[p] |= faults.Missing[p]
		}
		if !f.UnknownZeros {
			bad[p] |= faults.Unknown[p]
		}
	}
}

// labelled are the labels of a model's scores, nil if it has none.
func labelled(s *scored, o *nn.Outputs) []string {
	if len(o.Labels) == 0 {
		return nil
	}
	threshold := float32(0.5)
	if o.Threshold != nil {
		threshold = float32(*o.Threshold)
	}
	list := make([]string, len(s.bad))
	for r := range list {
		row, best := s.scores[r*s.width:(r+1)*s.width], 0
		for k := range row {
			if row[k] > row[best] {
				best = k
			}
		}
		if s.width == 1 && len(o.Labels) == 2 && row[0] >= threshold {
			best = 1
		}
		list[r] = o.Labels[best]
	}
	return list
}
