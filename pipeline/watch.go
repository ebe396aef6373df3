package pipeline

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"yhat/io/table"
	"yhat/nn"
)

// watcher counts, block by block, how many rows lie in which bin of the model's
// profiles. It does not change during a walk. Counts are whole numbers, so that
// sums do not depend on how the input was cut.
type watcher struct {
	features, outputs []watched
	names             []string // of outputs
	size              int      // of a tally
	kernel            nn.Kernel
}

// watched is one column: where its counts stand in a tally, and its bins. The
// counts are those of the missing cells, then of bins; for categories the
// unknown ones, then each category.
type watched struct {
	profile    *nn.Profile // nil: only missing cells are counted
	output     bool
	categories int
	at         int
	bins       *bins
}

// newWatcher lays out the tallies, and refuses limits of what there is not. It
// is nil where there is nothing to compare.
func newWatcher(limits *Watch, card *nn.Card, outputs []string, k nn.Kernel) (*watcher, error) {
	if limits == nil {
		return nil, nil
	}
	if err := limits.check(card.Features, outputs, card.Outputs.Profiles); err != nil {
		return nil, err
	}
	w := &watcher{names: outputs, kernel: k}
	profiled := len(card.Outputs.Profiles) > 0
	for i := range card.Features {
		f := &card.Features[i]
		profiled = profiled || f.Profile != nil
		w.features = append(w.features, w.place(watched{profile: f.Profile, categories: len(f.Categories)}))
	}
	for i := range card.Outputs.Profiles {
		w.outputs = append(w.outputs, w.place(watched{profile: &card.Outputs.Profiles[i], output: true}))
	}
	if !profiled && !limits.MaxMissing.any() {
		return nil, nil
	}
	return w, nil
}

// place gives a column its place in the tallies.
func (w *watcher) place(c watched) watched {
	c.at = w.size
	if c.categories == 0 {
		c.bins = newBins(c.profile, w.kernel)
	}
	w.size += c.size()
	return c
}

// size is how many counts a column has.
func (w *watched) size() int {
	if w.bins == nil {
		return 2 + w.categories
	}
	return 2 + len(w.bins.edges)
}

// expected are the counts of the profile: missing, then its bins, or the
// categories that it counts and all other words.
func (w *watched) expected() []int64 {
	p := w.profile
	counts := append([]int64{p.Missing}, p.Counts...)
	if p.Categorical {
		counts = append(counts, p.Other)
	}
	return counts
}

// observed are the counts of the table, as expected has them.
func (w *watched) observed(tally []int64) []int64 {
	p := w.profile
	counts := make([]int64, len(w.expected()))
	counts[0] = tally[0]
	if !p.Categorical {
		bin := 0
		for i, n := range tally[1:] {
			if i > 0 && bin < len(p.Edges) && w.bins.edges[i-1] == p.Edges[bin] {
				bin++
			}
			counts[1+bin] += n
		}
		return counts
	}
	other := len(counts) - 1
	counts[other] = tally[1]
	for i, n := range tally[2:] {
		if p.Counts[i] == 0 { // too few rows to be told
			counts[other] += n
		} else {
			counts[1+i] = n
		}
	}
	return counts
}

// outside counts what the profile's rows hardly had: numbers below low or from
// high on, unknown categories.
func (w *watched) outside(bins []int64) int64 {
	if w.bins == nil {
		return bins[0]
	}
	var n int64
	for i, count := range bins {
		p := w.profile
		below := p.Low != nil && i < len(w.bins.edges) && w.bins.edges[i] <= *p.Low
		above := p.High != nil && i > 0 && w.bins.edges[i-1] >= *p.High
		if below || above {
			n += count
		}
	}
	return n
}

// tally counts the first rows rows of a block that has been scored.
func (s *scorer[T]) tally(t *trip[T], rows int) {
	t.tally = slices.Grow(t.tally[:0], s.watch.size)[:s.watch.size]
	clear(t.tally)
	for f := range s.watch.features {
		w := &s.watch.features[f]
		s.tallyFeature(t, w, &t.from.binding.features[f], t.tally[w.at:][:w.size()], rows)
	}
	marks := t.null
	if marks == nil {
		marks = t.drop
	}
	for unit := range s.watch.outputs {
		w := &s.watch.outputs[unit]
		tallyOutput(w.bins, t.tally[w.at+1:][:w.size()-1], t.values[s.last()], s.card.OutputWidth(), unit, marks, rows)
	}
}

// tallyFeature counts the cells of one feature. A cell that is there but cannot
// be read counts nowhere.
func (s *scorer[T]) tallyFeature(t *trip[T], w *watched, bound *boundFeature, counts []int64, rows int) {
	col := &t.rows.Features[bound.slot]
	if col.Codes != nil {
		for _, code := range col.Codes[:rows] {
			switch {
			case code >= 0:
				counts[2+code]++
			case code == table.CodeMissing:
				counts[0]++
			default:
				counts[1]++
			}
		}
	} else {
		v := nn.Numbers{F64: col.F64, F32: col.F32, Valid: col.Valid, Factor: bound.factor, Plus: bound.plus}
		counts[0] += w.bins.count(counts[1:], v, rows)
	}
	for _, b := range t.rows.Bad {
		if int(b.Slot) == bound.slot && int(b.Row) < rows {
			if _, ok := cell(col, int(b.Row)); !ok {
				counts[0]--
			}
		}
	}
}

// tallyOutput counts the predictions of the rows that have one: unit unit of the
// panels y ([panel][units][32]).
func tallyOutput[T nn.Float](b *bins, counts []int64, y []T, units, unit int, marks []bool, rows int) {
	if units > 1 {
		y = unitOf(y, units, unit, rows)
	}
	b.count(counts, numbersOf(y), rows)
	for row, marked := range marks {
		if marked && row < rows {
			b.add(counts, float64(y[row]), -1)
		}
	}
}

// unitOf is one unit of panels, row by row.
func unitOf[T nn.Float](y []T, units, unit, rows int) []T {
	column := make([]T, 0, nn.Panels(rows)*nn.Lanes)
	for p := range nn.Panels(rows) {
		column = append(column, y[(p*units+unit)*nn.Lanes:][:nn.Lanes]...)
	}
	return column
}

// numbersOf is a column without holes.
func numbersOf[T nn.Float](x []T) nn.Numbers {
	v := nn.Numbers{Factor: 1}
	switch x := any(x).(type) {
	case []float32:
		v.F32 = x
	case []float64:
		v.F64 = x
	}
	return v
}

// bins are where a profile counts: bin i goes from edges[i-1] up to, but not
// with, edges[i].
type bins struct {
	edges []float64 // of the profile, its low and its high, in order
	// steps are −∞, the least number, the edges and ∞: what a number reaches of
	// them tells its bin, and whether it is a number and finite.
	steps *nn.Edges
}

// newBins makes the bins of a profile of numbers.
func newBins(p *nn.Profile, k nn.Kernel) *bins {
	b := &bins{}
	if p != nil {
		b.edges = slices.Clone(p.Edges)
		for _, bound := range []*float64{p.Low, p.High} {
			if bound != nil {
				b.edges = append(b.edges, *bound)
			}
		}
	}
	slices.Sort(b.edges)
	b.edges = slices.Compact(b.edges)
	b.steps = nn.NewEdges(slices.Concat([]float64{math.Inf(-1), -math.MaxFloat64}, b.edges, []float64{math.Inf(1)}), k)
	return b
}

// add adds n to the count of a number's bin; one that is not finite has none.
func (b *bins) add(counts []int64, x float64, n int64) {
	if x-x == 0 {
		counts[sort.Search(len(b.edges), func(i int) bool { return b.edges[i] > x })] += n
	}
}

// count counts the first rows numbers of a column, and returns how many are
// missing. All are counted, by loops that ask for nothing, and then those that
// are not there are taken back.
func (b *bins) count(counts []int64, v nn.Numbers, rows int) (missing int64) {
	reached := make([]int64, len(b.edges)+3)
	b.steps.Tally(v, rows, reached)
	for i := range counts {
		counts[i] += reached[i+1] - reached[i+2]
	}
	missing = int64(rows) - reached[0] // NaN
	for at := 0; v.Valid != nil && at < rows; at += 8 {
		for holes := ^v.Valid[at/8]; holes != 0; holes &= holes - 1 {
			row := at + bits.TrailingZeros8(holes)
			if row >= rows {
				break
			}
			x := v.At(row)
			b.add(counts, x, -1)
			if x == x { // else it is counted as missing
				missing++
			}
		}
	}
	return missing
}
