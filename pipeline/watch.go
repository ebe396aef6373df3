package pipeline

import (
	"math"
	"slices"

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
func newWatcher(limits *Watch, card *nn.Card, outputs []string) (*watcher, error) {
	if limits == nil {
		return nil, nil
	}
	if err := limits.check(card.Features, outputs, card.Outputs.Profiles); err != nil {
		return nil, err
	}
	w := &watcher{names: outputs}
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
		c.bins = newBins(c.profile)
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
		missing := w.bins.count(counts[1:], col, rows, bound.factor, bound.plus)
		counts[0] += int64(missing)
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
	for first := 0; first < rows; first += nn.Lanes {
		lanes := y[first*units+unit*nn.Lanes:][:min(nn.Lanes, rows-first)]
		for i, v := range lanes {
			if marks != nil && marks[first+i] {
				continue
			}
			if bin := b.of(float64(v)); bin >= 0 {
				counts[bin]++
			}
		}
	}
}

// binCells is how many equal cells the range of the bins is divided into, to
// look a number's bin up.
const binCells = 2048

// bins finds the bin of a number: bin i goes from edges[i-1] up to, but not
// with, edges[i].
type bins struct {
	edges       []float64 // of the profile, its low and its high, in order
	padded      []float64 // the edges and +Inf
	first, each float64   // the first edge, and cells per unit
	start       [binCells]uint8
}

// newBins makes the bins of a profile of numbers.
func newBins(p *nn.Profile) *bins {
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
	b.padded = append(slices.Clone(b.edges), math.Inf(1))
	if len(b.edges) < 2 {
		return b
	}
	b.first = b.edges[0]
	b.each = binCells / (b.edges[len(b.edges)-1] - b.first)
	if math.IsInf(b.each, 0) || b.each == 0 {
		b.each = 0
		return b
	}
	// A cell's search begins a cell too low: rounding cannot carry it past.
	for i := range b.start {
		low := b.first + float64(i-1)/b.each
		for int(b.start[i]) < len(b.edges) && b.edges[b.start[i]] <= low {
			b.start[i]++
		}
	}
	return b
}

// of is the bin of a number; -1 for one that is not finite.
func (b *bins) of(x float64) int {
	at := (x - b.first) * b.each
	bin := 0
	if at >= 0 && at < binCells {
		bin = int(b.start[int(at)])
	} else if x-x != 0 {
		return -1
	} else if at >= binCells {
		bin = int(b.start[binCells-1])
	}
	for x >= b.padded[bin] {
		bin++
	}
	return bin
}

// count counts the first rows numbers of a column, each times factor plus plus,
// and returns how many are missing.
func (b *bins) count(counts []int64, col *table.Feature, rows int, factor, plus float64) (missing int) {
	if col.F32 != nil {
		return b.countEach(counts, col, rows, factor, plus)
	}
	for first := 0; first < rows; first += 8 {
		n, valid := min(8, rows-first), byte(0xff)
		if col.Valid != nil {
			valid = col.Valid[first/8]
		}
		missing += b.countEight(counts, col.F64[first:first+n], valid, factor, plus)
	}
	return missing
}

// countEight counts up to eight numbers, of which those are there whose bit is
// set: without a branch on it, since holes are hard to foretell.
func (b *bins) countEight(counts []int64, numbers []float64, valid byte, factor, plus float64) (missing int) {
	first, each, padded := b.first, b.each, b.padded
	for _, x := range numbers {
		there := int64(valid & 1)
		valid >>= 1
		x = float64(x*factor) + plus
		bin := 0
		if at := (x - first) * each; at >= 0 && at < binCells {
			bin = int(b.start[int(at)])
			for x >= padded[bin] {
				bin++
			}
		} else if bin = b.of(x); bin < 0 {
			if x != x {
				there = 0
			}
			missing += int(1 - there)
			continue
		}
		counts[bin] += there
		missing += int(1 - there)
	}
	return missing
}

// countEach is count, number by number.
func (b *bins) countEach(counts []int64, col *table.Feature, rows int, factor, plus float64) (missing int) {
	for row := range rows {
		if x, ok := cell(col, row); !ok {
			missing++
		} else if bin := b.of(float64(x*factor) + plus); bin >= 0 {
			counts[bin]++
		}
	}
	return missing
}
