package pipeline

import (
	"errors"
	"fmt"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline/flow"
)

// end is the ordered end of the walk: it sees every block in file order, adds
// places, decides about bad rows and limits, and writes.
type end[T nn.Float] struct {
	job     *Job
	report  *Report
	stats   *stats[T]
	scorer  *scorer[T]
	rejects *rejects
	current *input
	bad     int64
	tally   []int64 // where columns are watched
}

func newEnd[T nn.Float](job *Job, report *Report, s *scorer[T], first *input) *end[T] {
	e := &end[T]{job: job, report: report, scorer: s, rejects: newRejects(job)}
	if job.Stats {
		e.stats = newStats(job, s, first.binding)
	}
	return e
}

// start writes what stands before the first row of the rejects.
func (e *end[T]) start() error { return e.rejects.header() }

// take is the drain of the flow.
func (e *end[T]) take(t *trip[T]) error {
	clock := startClock()
	e.enter(t)
	fault, behind := e.place(t, t.err)
	if fault != nil && !behind {
		return fault
	}
	rows, stop := e.limit(t)
	rows, err := e.judge(t, rows)
	if err := e.write(t, rows); err != nil {
		return err
	}
	clock.lap(&t.spent.write)
	e.count(t, rows)
	switch {
	case err != nil:
		fault = err
	case stop:
		return flow.ErrStop
	}
	e.halt(t, fault)
	return fault
}

// halt counts the row that ends the job: it was read, and is bad for a reason.
func (e *end[T]) halt(t *trip[T], fault error) {
	row, ok := errors.AsType[*table.RowError](fault)
	if !ok {
		return
	}
	e.report.Rows.Read++
	e.report.Reasons[row.Reason.String()]++
	t.from.rows++
}

// enter notes the input that a trip was cut from.
func (e *end[T]) enter(t *trip[T]) {
	if e.current != t.from {
		e.current = t.from
		e.report.addInput(t.from)
	}
	t.from.read = t.readHere
}

// limit says how many of the block's rows count, and whether they are the last.
func (e *end[T]) limit(t *trip[T]) (rows int, last bool) {
	left := e.job.Limit - e.report.Rows.Read
	if e.job.Limit == 0 || left > int64(t.count) {
		return t.count, false
	}
	return int(left), true
}

// judge goes through the bad rows among the first rows ones. It returns how
// many rows are still to be written when one of them ends the job.
func (e *end[T]) judge(t *trip[T], rows int) (int, error) {
	places := placer{rows: &t.rows, from: t.from}
	for i, b := range t.bad {
		if b.row >= rows {
			t.bad = t.bad[:i]
			break
		}
		place := places.of(b)
		e.bad++
		if e.job.Bad.Policy == Fail {
			t.bad = t.bad[:i]
			return b.row, &table.RowError{Place: place, Reason: b.reason, Hint: hints[b.reason]}
		}
		if err := e.rejects.add(place, b.reason, t, b.row); err != nil {
			t.bad = t.bad[:i]
			return b.row, err
		}
		if e.job.Bad.Max >= 0 && e.bad > e.job.Bad.Max {
			t.bad = t.bad[:i]
			return b.row, e.tooMany(&table.RowError{Place: place, Reason: b.reason})
		}
		e.report.Reasons[b.reason.String()]++
	}
	return rows, nil
}

// tooMany is the error of the bad row that is one more than --max-bad. Among
// the rejects it is the last.
func (e *end[T]) tooMany(last *table.RowError) error {
	if e.job.Bad.Policy == Reject {
		e.report.Rows.Rejected++
	}
	return fmt.Errorf("%w: more than %d bad rows (--max-bad); the last is %w", table.ErrData, e.job.Bad.Max, last)
}

// hints say what to do about a row that stops the job.
var hints = map[table.Reason]string{
	table.Missing:         "the model has no fill for it; give one, or see --on-bad-row",
	table.NotANumber:      "see --missing-values and --decimal, or --on-bad-row",
	table.OutOfRange:      "outside the model's min and max; a unit? see --map, or --on-bad-row",
	table.UnknownCategory: "not among the model's categories; see --on-bad-row",
	table.BadType:         "does not fit the column's type; see --types, or --on-bad-row",
	table.Ragged:          "more or fewer cells than the header (NDJSON: a key twice, or not in the first 100 records); see --on-bad-row",
	table.BadQuote:        "bytes after a closing quote; see --on-bad-row",
	table.BadUTF8:         "no UTF-8; see --encoding, or --on-bad-row",
	table.TooLong:         "longer than --max-record; see --on-bad-row",
	table.NonFiniteOutput: "the prediction is no finite number; see --on-bad-row",
}

// write passes on what the first rows rows gave.
func (e *end[T]) write(t *trip[T], rows int) error {
	if rows < t.count {
		t.part.Truncate(rows)
	}
	err := e.scorer.sink.Write(&t.part)
	t.part.Release()
	return err
}

// count adds the block to the totals.
func (e *end[T]) count(t *trip[T], rows int) {
	bad := int64(len(t.bad))
	e.report.Rows.Read += int64(rows)
	switch e.job.Bad.Policy {
	case Reject:
		e.report.Rows.Rejected += bad
	case Null:
		e.report.Rows.Null += bad
	}
	e.report.Rows.Scored += int64(rows) - bad
	t.from.rows += int64(rows)
	t.from.lines += t.lines
	t.from.bytes += t.bytes
	e.report.addStages(t.spent)
	e.report.Explanations.add(t.unexplained, rows, len(t.bad))
	if e.stats != nil {
		e.stats.add(t, rows)
	}
	if e.scorer.watch != nil {
		e.addTally(t, rows)
	}
	if e.job.Progress != nil {
		e.job.Progress(Progress{Rows: e.report.Rows.Read, Bytes: t.read})
	}
}

// place gives an error of decoding its place in the file, before the totals
// move on, and says whether it stands behind the block's rows.
func (e *end[T]) place(t *trip[T], err error) (placed error, behind bool) {
	if row, ok := errors.AsType[*table.RowError](err); ok {
		fixed := *row
		fixed.Place.File = t.from.info.Path
		fixed.Place.Row += t.from.rows
		fixed.Place.Line += t.from.lines
		fixed.Place.Offset += t.from.bytes
		return &fixed, true
	}
	return err, false
}

// addTally adds what was counted of the block; of one that does not count to
// its end, it is counted again.
func (e *end[T]) addTally(t *trip[T], rows int) {
	if rows < t.count {
		e.scorer.tally(t, rows)
	}
	if e.tally == nil {
		e.tally = make([]int64, e.scorer.watch.size)
	}
	for i, n := range t.tally {
		e.tally[i] += n
	}
}

// tell writes the figures of features and predictions into the report.
func (e *end[T]) tell() {
	if e.stats != nil {
		e.stats.report(e.report)
	}
	if e.tally != nil {
		e.scorer.tellDrift(e.tally, e.report)
		if e.job.plan != nil {
			e.job.plan.counted(e.scorer.watch, e.tally)
		}
	}
}

// judgeShare decides whether too large a share of the rows is bad.
func (e *end[T]) judgeShare() error {
	if read := e.report.Rows.Read; 100*float64(e.bad) > e.job.Bad.MaxPercent*float64(read) {
		return fmt.Errorf("%w: %d of %d rows are bad, more than --max-bad allows", table.ErrData, e.bad, read)
	}
	return nil
}

// ErrNothing is returned for inputs without rows under --empty=skip.
var ErrNothing = errors.New("nothing to do: the input has no rows")

// judgeEmpty decides what a table without rows is.
func (e *end[T]) judgeEmpty() error {
	if e.report.Rows.Read > 0 {
		return nil
	}
	switch e.job.Empty {
	case EmptyFail:
		return fmt.Errorf("%w: the input has no rows (--empty=fail)", table.ErrData)
	case EmptySkip:
		return ErrNothing
	}
	return nil
}
