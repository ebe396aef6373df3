package pipeline

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"yhat/io/table"
	"yhat/nn"
)

// scorer is what the workers share: it does not change during a walk.
type scorer[T nn.Float] struct {
	job     *Job
	net     *nn.Network[T]
	encoder *nn.Encoder[T]
	columns *columns
	wanted  []bool // wanted[l-1]: the values of layer l are kept
	sink    table.Sink
}

// worker is what one goroutine needs beside a trip.
type worker[T nn.Float] struct {
	space  *nn.Workspace[T]
	x      []T // panels of one group
	out    [][]T
	faults nn.Faults
	mask   []uint32
}

// trip is a block on its way: cut, decoded, scored, encoded, written. It owns
// all the memory it needs and is used again.
type trip[T nn.Float] struct {
	block table.Block
	rows  table.Rows
	part  table.Part
	from  *input
	// Bytes consumed of all inputs, and of this one, when it was cut.
	read, readHere int64
	err            error // of decoding, with a place relative to the block
	bad            []badRow
	drop           []bool
	null           []bool
	layers         [][]T // layers[l-1]: panels of a_l, where wanted
	made           []table.Computed
	label          []int32
	band           []int32
	errs           []int32
	spent          stages
}

// badRow is the one reason a row is bad for, with what is known of its place.
type badRow struct {
	row    int
	rank   int // -1 the record, then the model's features, kept columns, output
	reason table.Reason
	column string
}

// rankOutput comes after features and kept columns.
const rankOutput = 1 << 30

// newScorer compiles the network.
func newScorer[T nn.Float](job *Job, c *columns) (*scorer[T], error) {
	net, err := nn.Compile[T](job.Model, job.Kernel)
	if err != nil {
		return nil, err
	}
	s := &scorer[T]{job: job, net: net, columns: c, encoder: nn.NewEncoder[T](job.Model, job.Kernel)}
	s.wanted = make([]bool, net.Layers())
	for _, l := range c.layers {
		s.wanted[l-1] = true
	}
	s.wanted[net.Layers()-1] = true
	return s, nil
}

func (s *scorer[T]) newWorker() *worker[T] {
	group := s.net.GroupPanels()
	return &worker[T]{
		space:  s.net.NewWorkspace(),
		x:      make([]T, group*s.net.Width(0)*nn.Lanes),
		out:    make([][]T, s.net.Layers()),
		faults: *nn.NewFaults(group * nn.Lanes),
	}
}

func (s *scorer[T]) newTrip() *trip[T] {
	return &trip[T]{layers: make([][]T, s.net.Layers()), made: s.columns.table()}
}

// layout is the shape of the computed columns.
func (s *scorer[T]) layout() []table.Field {
	t := s.newTrip()
	s.grow(t, 1)
	s.point(t)
	fields := make([]table.Field, len(t.made))
	for i := range t.made {
		fields[i] = table.Field{Name: t.made[i].Name, Type: t.made[i].Type()}
	}
	return fields
}

// work is a block's trip through one worker.
func (s *scorer[T]) work(w *worker[T], t *trip[T]) error {
	clock := startClock()
	t.bad, t.drop, t.null = t.bad[:0], nil, nil
	if t.err = t.block.Decode(&t.rows); t.err != nil {
		return nil // told in order, with its place
	}
	clock.lap(&t.spent.decode)
	s.grow(t, t.rows.N)
	s.noteDecoded(t)
	s.forward(w, t, &clock)
	s.noteNonFinite(w, t)
	s.resolveBad(t)
	s.point(t)
	s.words(t)
	t.part.Release()
	t.part.Mark = len(t.bad) > 0 || s.job.Limit > 0
	err := s.sink.Encode(&t.part, &t.rows, t.made, t.drop)
	clock.lap(&t.spent.encode)
	return err
}

// grow makes room for the values of rows rows.
func (s *scorer[T]) grow(t *trip[T], rows int) {
	for l, wanted := range s.wanted {
		if wanted {
			t.layers[l] = slices.Grow(t.layers[l][:0], nn.Panels(rows)*s.net.Width(l+1)*nn.Lanes)
			t.layers[l] = t.layers[l][:nn.Panels(rows)*s.net.Width(l+1)*nn.Lanes]
		}
	}
}

// forward runs the rows through encoder and network, a group of panels at a
// time, so that a group's values stay in the cache from feature to prediction.
func (s *scorer[T]) forward(w *worker[T], t *trip[T], clock *clock) {
	group := s.net.GroupPanels() * nn.Lanes
	for start := 0; start < t.rows.N; start += group {
		rows := min(group, t.rows.N-start)
		panels := nn.Panels(rows)
		x := w.x[:panels*s.net.Width(0)*nn.Lanes]
		for f := range t.from.binding.features {
			s.encode(w, t, f, x, start, rows)
		}
		clock.lap(&t.spent.bind)
		for l := range w.out {
			w.out[l] = nil
			if s.wanted[l] {
				size := s.net.Width(l+1) * nn.Lanes
				w.out[l] = t.layers[l][start/nn.Lanes*size:][:panels*size]
			}
		}
		s.net.Forward(w.space, x, panels, w.out)
		clock.lap(&t.spent.forward)
	}
}

// encode puts feature f of rows start … start+rows into the panels x.
func (s *scorer[T]) encode(w *worker[T], t *trip[T], f int, x []T, start, rows int) {
	bound := &t.from.binding.features[f]
	col := &t.rows.Features[bound.slot]
	if s.job.Model.Features[f].Categorical() {
		s.encoder.Codes(f, x, col.Codes[start:start+rows], rows, &w.faults)
	} else {
		v := nn.Numbers{Factor: bound.factor, Plus: bound.plus}
		if col.F32 != nil {
			v.F32 = col.F32[start : start+rows]
		} else {
			v.F64 = col.F64[start : start+rows]
		}
		if col.Valid != nil {
			v.Valid = col.Valid[start/8:]
		}
		s.encoder.Numbers(f, x, v, rows, &w.faults)
	}
	s.noteFaults(w, t, f, start, nn.Panels(rows))
}

// noteFaults collects the rows that feature f makes bad.
func (s *scorer[T]) noteFaults(w *worker[T], t *trip[T], f, start, panels int) {
	feature := &s.job.Model.Features[f]
	for p := range panels {
		missing, unknown := w.faults.Missing[p], w.faults.Unknown[p]
		if feature.Fill != nil || feature.HasFillCategory {
			missing = 0
		}
		if feature.UnknownZeros {
			unknown = 0
		}
		if missing|unknown|w.faults.NotANumber[p]|w.faults.OutOfRange[p] == 0 {
			continue
		}
		at := start + p*nn.Lanes
		s.note(t, missing, at, f, table.Missing)
		s.note(t, unknown, at, f, table.UnknownCategory)
		s.note(t, w.faults.NotANumber[p], at, f, table.NotANumber)
		s.note(t, w.faults.OutOfRange[p], at, f, table.OutOfRange)
	}
}

// note collects the rows of one panel whose bit is set.
func (s *scorer[T]) note(t *trip[T], mask uint32, at, f int, reason table.Reason) {
	for ; mask != 0; mask &= mask - 1 {
		row := at + bits.TrailingZeros32(mask)
		if row < t.rows.N {
			t.bad = append(t.bad, badRow{row, f, reason, t.from.binding.features[f].column})
		}
	}
}

// noteDecoded collects what the decoder found: a bad cell counts for each
// feature that reads it.
func (s *scorer[T]) noteDecoded(t *trip[T]) {
	bound := t.from.binding
	for _, b := range t.rows.Bad {
		bad := badRow{row: int(b.Row), rank: -1, reason: b.Reason, column: bound.columnName(b)}
		switch {
		case b.Slot >= table.SlotKept:
			bad.rank = len(bound.features) + int(b.Slot-table.SlotKept)
		case b.Slot >= 0:
			f := slices.IndexFunc(bound.features, func(f boundFeature) bool { return f.slot == int(b.Slot) })
			if f < 0 {
				continue // an extra column of verify: no feature
			}
			bad.rank = f
		}
		t.bad = append(t.bad, bad)
	}
}

// noteNonFinite collects the rows whose prediction is no finite number.
func (s *scorer[T]) noteNonFinite(w *worker[T], t *trip[T]) {
	panels := nn.Panels(t.rows.N)
	w.mask = slices.Grow(w.mask[:0], panels)[:panels]
	last := len(t.layers) - 1
	nn.NonFinite(w.mask, t.layers[last], s.net.Width(last+1), panels)
	for p, mask := range w.mask {
		for ; mask != 0; mask &= mask - 1 {
			if row := p*nn.Lanes + bits.TrailingZeros32(mask); row < t.rows.N {
				t.bad = append(t.bad, badRow{row, rankOutput, table.NonFiniteOutput, s.columns.prefix + "y_hat"})
			}
		}
	}
}

// resolveBad leaves one reason a bad row, the first by rank, and marks the
// rows for the policy.
func (s *scorer[T]) resolveBad(t *trip[T]) {
	if len(t.bad) == 0 {
		return
	}
	slices.SortStableFunc(t.bad, func(a, b badRow) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.rank, b.rank))
	})
	t.bad = slices.CompactFunc(t.bad, func(a, b badRow) bool { return a.row == b.row })
	marks := make([]bool, t.rows.N)
	for _, b := range t.bad {
		marks[b.row] = true
	}
	if s.job.Bad.Policy == Null {
		t.null = marks
	} else {
		t.drop = marks
	}
}

// point aims the computed columns at the trip's values.
func (s *scorer[T]) point(t *trip[T]) {
	i := 0
	next := func() *table.Computed {
		c := &t.made[i]
		c.Null = t.null
		i++
		return c
	}
	last := len(t.layers)
	for unit := range s.columns.predictions {
		s.lanes(next(), t, last, unit)
	}
	if s.columns.label != nil {
		t.label = slices.Grow(t.label[:0], t.rows.N)[:t.rows.N]
		c := next()
		if c.Codes = t.label; c.Codes == nil {
			c.Codes = []int32{}
		}
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
	for _, l := range s.columns.layers {
		if s.columns.list {
			s.lanes(next(), t, l, 0)
			continue
		}
		for unit := range s.net.Width(l) {
			s.lanes(next(), t, l, unit)
		}
	}
}

// lanes aims a column at one unit of a layer.
func (s *scorer[T]) lanes(c *table.Computed, t *trip[T], layer, unit int) {
	switch data := any(t.layers[layer-1]).(type) {
	case []float32:
		c.F32 = table.Lanes[float32]{Data: data, Units: s.net.Width(layer), Unit: unit}
	case []float64:
		c.F64 = table.Lanes[float64]{Data: data, Units: s.net.Width(layer), Unit: unit}
	}
}

// words computes the columns of words: label, band and error.
func (s *scorer[T]) words(t *trip[T]) {
	last := len(t.layers)
	y := table.Lanes[T]{Data: t.layers[last-1], Units: s.net.Width(last)}
	if rule := s.columns.label; rule != nil {
		for row := range t.label {
			t.label[row] = labelOf(rule, y, row)
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

// stages are seconds a block spent in each stage.
type stages struct{ cut, decode, bind, forward, encode, write float64 }

// clock measures laps.
type clock struct{ last time.Time }

func startClock() clock { return clock{time.Now()} }

// lap adds the seconds since the last lap.
func (c *clock) lap(to *float64) {
	now := time.Now()
	*to += now.Sub(c.last).Seconds()
	c.last = now
}
