package pipeline

import (
	"errors"
	"slices"
	"time"

	"yhat/io/table"
	"yhat/nn"
)

// scorer is what the workers share: it does not change during a walk.
type scorer[T nn.Float] struct {
	job        *Job
	net        nn.Scorer[T]
	card       *nn.Card
	sources    []string // the columns that features are read from, before --map
	columns    *columns
	wanted     []bool        // wanted[v]: value v is kept
	watch      *watcher      // nil: nothing is compared
	explaining *explainer[T] // nil: no reasons are wanted
	sink       table.Sink
}

// desk is the memory a block is decoded and scored in. It stays with its
// worker, and so in that core's cache, unless the ordered end has to look at
// it; then worker and trip exchange desks.
type desk[T nn.Float] struct {
	rows   table.Rows
	values [][]T // panels of the card's values, where wanted; the last is ŷ
	made   []table.Computed
	label  []int32 // of words
	number []int64 // labels that are integers
	band   []int32
	errs   []int32
	why    reasons[T]
}

// worker is what one goroutine needs beside a trip.
type worker[T nn.Float] struct {
	desk   *desk[T]
	pass   nn.Pass[T]
	out    [][]T // of one group of panels
	faults nn.Faults
	mask   []uint32
	counts *modelCounts // where profiles are made
	why    explaining[T]
}

// trip is a block on its way: cut, decoded, scored, encoded, written. All its
// memory is used again.
type trip[T nn.Float] struct {
	*desk[T]
	block table.Block
	part  table.Part
	from  *input
	// Bytes consumed of all inputs, and of this one, when it was cut.
	read, readHere int64
	// Rows of the block, and its line ends and bytes (text).
	count        int
	lines, bytes int64
	err          error // of decoding, with a place relative to the block
	bad          []badRow
	unexplained  []int // good rows whose explanation failed
	drop         []bool
	null         []bool
	tally        []int64 // where columns are watched
	spent        stages
}

// newScorer makes the model ready for a table of these columns, which matter
// only where the job takes them by their order.
func newScorer[T nn.Float](job *Job, columns []string) (*scorer[T], error) {
	net, err := ready[T](job, columns)
	if err != nil {
		return nil, err
	}
	s := &scorer[T]{job: job, net: net, card: net.Card()}
	if job.profiling != nil {
		job.profiling.card = s.card
	}
	if job.Profiles != nil {
		if s.card, err = withProfiles(s.card, job.Profiles); err != nil {
			return nil, err
		}
	}
	if s.sources, err = sources(job, s.card, columns); err != nil {
		return nil, err
	}
	if s.columns, err = newColumns(job, s.card); err != nil {
		return nil, err
	}
	s.wanted = make([]bool, len(s.card.Values))
	for _, v := range s.columns.values {
		s.wanted[v] = true
	}
	s.wanted[s.last()] = true
	if s.watch, err = newWatcher(job.Watch, s.card, s.columns.predictions, job.Kernel); err != nil {
		return nil, err
	}
	s.explaining, err = newExplainer[T](job, s.card, columns)
	return s, err
}

// last is the value that is the prediction.
func (s *scorer[T]) last() int { return len(s.card.Values) - 1 }

func (s *scorer[T]) newWorker() *worker[T] {
	w := &worker[T]{
		desk:   s.newDesk(),
		pass:   s.net.NewPass(),
		out:    make([][]T, len(s.card.Values)),
		faults: *nn.NewFaults(s.net.GroupPanels() * nn.Lanes),
	}
	w.why = s.explaining.newExplaining(s.net.GroupPanels(), s.columns.reasons)
	if s.job.profiling != nil {
		w.counts = s.job.profiling.worker()
	}
	return w
}

func (s *scorer[T]) newDesk() *desk[T] {
	d := &desk[T]{values: make([][]T, len(s.card.Values)), made: s.columns.table()}
	d.why.which = make([][]int32, s.columns.reasons)
	return d
}

func (s *scorer[T]) newTrip() *trip[T] { return &trip[T]{desk: s.newDesk()} }

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

// work is a block's trip through one worker, on the worker's desk.
func (s *scorer[T]) work(w *worker[T], t *trip[T]) error {
	t.desk, w.desk = w.desk, t.desk
	err := s.score(w, t)
	if len(t.bad) == 0 && !s.job.Stats && (s.watch == nil || s.job.Limit == 0) {
		t.desk, w.desk = w.desk, t.desk // the end need not look at it
		w.desk.rows.Reset()
	}
	return err
}

// score decodes, scores and encodes a block.
func (s *scorer[T]) score(w *worker[T], t *trip[T]) error {
	clock := startClock()
	t.bad, t.drop, t.null = t.bad[:0], nil, nil
	t.err = t.block.Decode(&t.rows) // told in order, with its place
	if _, row := errors.AsType[*table.RowError](t.err); t.err != nil && !row {
		return nil
	}
	t.block.Release() // what the rows show of it they hold themselves
	// Of a record that ends the job, the rows before it are scored.
	t.count, t.lines, t.bytes = t.rows.N, t.rows.Lines, t.rows.Bytes
	clock.lap(&t.spent.decode)
	s.grow(t, t.count)
	s.noteDecoded(t)
	s.forward(w, t, &clock)
	s.noteNonFinite(w, t)
	s.resolveBad(t)
	s.noteUnexplained(t)
	if w.counts != nil {
		s.profileBlock(w.counts, t)
	}
	if s.watch != nil {
		s.tally(t, t.rows.N)
	}
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
	for v, wanted := range s.wanted {
		if wanted {
			size := nn.Panels(rows) * s.card.Values[v].Units * nn.Lanes
			t.values[v] = slices.Grow(t.values[v][:0], size)[:size]
		}
	}
	if s.columns.label != nil {
		t.label = slices.Grow(t.label[:0], rows)[:rows]
		if s.columns.label.words == nil {
			t.number = slices.Grow(t.number[:0], rows)[:rows]
		}
	}
	t.why.grow(nn.Panels(rows))
}

// forward runs the rows through encoder and network, a group of panels at a
// time, so that a group's values stay in the cache from feature to prediction.
func (s *scorer[T]) forward(w *worker[T], t *trip[T], clock *clock) {
	group := s.net.GroupPanels() * nn.Lanes
	for start := 0; start < t.rows.N; start += group {
		rows := min(group, t.rows.N-start)
		for f := range t.from.binding.features {
			s.encode(w, t, f, start, rows)
		}
		clock.lap(&t.spent.bind)
		for v := range w.out {
			w.out[v] = nil
			if s.wanted[v] {
				size := s.card.Values[v].Units * nn.Lanes
				w.out[v] = t.values[v][start/nn.Lanes*size:][:nn.Panels(rows)*size]
			}
		}
		w.pass.Forward(rows, w.out)
		s.noteFound(w, t, start)
		s.takeChosen(w, t, start, rows)
		clock.lap(&t.spent.forward)
		if s.explaining != nil {
			s.explain(w, t, start, rows)
			clock.lap(&t.spent.explain)
		}
	}
}

// encode puts feature f of rows start … start+rows into the worker's pass.
func (s *scorer[T]) encode(w *worker[T], t *trip[T], f int, start, rows int) {
	s.encodeInto(w.pass, t, f, start, rows, &w.faults)
	s.noteFaults(w, t, f, start, nn.Panels(rows))
}

// taker takes the cells of features.
type taker interface {
	Numbers(f int, v nn.Numbers, rows int, faults *nn.Faults)
	Codes(f int, codes []int32, rows int, faults *nn.Faults)
}

// encodeInto gives the cells of feature f to a taker.
func (s *scorer[T]) encodeInto(to taker, t *trip[T], f int, start, rows int, faults *nn.Faults) {
	bound := &t.from.binding.features[f]
	col := &t.rows.Features[bound.slot]
	if s.card.Features[f].Categorical() {
		to.Codes(f, col.Codes[start:start+rows], rows, faults)
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
		to.Numbers(f, v, rows, faults)
	}
}

// stages are seconds a block spent in each stage.
type stages struct{ cut, decode, bind, forward, explain, encode, write float64 }

// clock measures laps.
type clock struct{ last time.Time }

func startClock() clock { return clock{time.Now()} }

// lap adds the seconds since the last lap.
func (c *clock) lap(to *float64) {
	now := time.Now()
	*to += now.Sub(c.last).Seconds()
	c.last = now
}
