package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"

	"yhat/io/table"
)

// Difference is how far stored predictions are from recomputed ones.
type Difference struct {
	Rows    int64   `json:"rows"`   // rows compared
	Column  string  `json:"column"` // the worst column
	Largest float64 `json:"largest"`
	File    string  `json:"file"`
	Row     int64   `json:"row"` // of the file, from 1
	// Unmatched rows have a prediction on one side only; they count as an
	// infinite difference.
	Unmatched int64 `json:"unmatched"`
	// Unshown rows, which are not compared, have no stored prediction for a
	// stored reason that the table no longer shows.
	Unshown int64 `json:"unshown"`
}

// Verify recomputes the predictions of the job's inputs and compares them with
// those stored in their columns, named as score names them.
func Verify(ctx context.Context, job *Job) (Difference, *Report, error) {
	j := *job
	j.Columns = Columns{Prefix: job.Columns.Prefix}
	j.Bad = BadRows{Policy: Null, Max: -1, MaxPercent: 100}
	j.Raw = func(table.Format) bool { return false }
	v := &verifier{worst: deviation{row: -1}}
	report := newReport(&j)
	var err error
	if job.Precision == 64 {
		err = run[float64](ctx, &j, report, v)
	} else {
		err = run[float32](ctx, &j, report, v)
	}
	report.finish(&j)
	return v.difference(report), report, err
}

// verifier is a sink that compares instead of writing.
type verifier struct {
	names []string
	slots []int // of the stored predictions, as decoded numbers
	why   int   // slot of the stored reasons, in inputs that have them
	rows  int64
	worst deviation
}

// deviation is the largest difference in a block, or in all of them.
type deviation struct {
	by        float64
	row       int64 // from 0; -1: none yet
	column    int
	unmatched int64
	unshown   int64
}

// stored are the columns that a verifier needs read as well: those that score
// wrote, and the name of that of reasons.
type stored struct {
	predictions []string
	why         string
}

func (v *verifier) stored(c *columns) stored {
	if v == nil {
		return stored{}
	}
	for _, name := range c.predictions {
		v.names = append(v.names, c.prefix+name)
	}
	return stored{v.names, c.prefix + "y_hat_error"}
}

// check refuses a model that gives nothing to compare.
func (v *verifier) check() error {
	if len(v.names) == 0 {
		return fmt.Errorf("%w: verify compares predictions; this model gives labels alone", table.ErrUsage)
	}
	return nil
}

// Encode compares one block.
func (v *verifier) Encode(p *table.Part, rows *table.Rows, made []table.Computed, _ []bool) error {
	worst := deviation{row: -1}
	for row := range rows.N {
		if v.unshown(rows, made, row) {
			worst.unshown++
			continue
		}
		unmatched := false
		for i, slot := range v.slots {
			by := distance(&rows.Features[slot], &made[i], row)
			worst.take(i, int64(row), by)
			unmatched = unmatched || math.IsInf(by, 1)
		}
		if unmatched {
			worst.unmatched++
		}
	}
	p.Note, p.Rows = worst, rows.N
	return nil
}

// lost are the reasons that a table written under null no longer shows: of its
// records, which are padded, cut or emptied, and of cells that became null in a
// column of another type.
var lost = []table.Reason{table.Ragged, table.BadQuote, table.BadUTF8, table.TooLong, table.BadType, table.NotANumber}

// unshown reports whether a row has no stored prediction, for a stored reason
// that its cells no longer show.
func (v *verifier) unshown(rows *table.Rows, made []table.Computed, row int) bool {
	if v.why >= len(rows.Features) {
		return false
	}
	for i, slot := range v.slots {
		if _, there := cell(&rows.Features[slot], row); there || made[i].Null != nil && made[i].Null[row] {
			return false
		}
	}
	return slices.Contains(lost, table.Reason(max(0, rows.Features[v.why].Codes[row])))
}

// distance is |stored − computed|: infinite where only one of them is there. A
// stored number is first rounded to the precision computed in, since text holds
// the shortest digits that read back to that, not the number itself.
func distance(stored *table.Feature, computed *table.Computed, row int) float64 {
	was, there := cell(stored, row)
	null := computed.Null != nil && computed.Null[row]
	if null != !there {
		return math.Inf(1)
	}
	if null {
		return 0
	}
	if computed.F64.Units > 0 {
		return math.Abs(was - computed.F64.At(row))
	}
	return math.Abs(float64(float32(was)) - float64(computed.F32.At(row)))
}

func (d *deviation) take(column int, row int64, by float64) {
	if d.row < 0 || by > d.by {
		d.by, d.row, d.column = by, row, column
	}
}

// Write adds a block's result.
func (v *verifier) Write(p *table.Part) error {
	d := p.Note.(deviation)
	if d.row >= 0 {
		v.worst.take(d.column, d.row+v.rows, d.by)
	}
	v.worst.unmatched += d.unmatched
	v.worst.unshown += d.unshown
	v.rows += int64(p.Rows)
	return nil
}

// Close has nothing to end.
func (v *verifier) Close() error { return nil }

// difference puts the result in terms of the inputs.
func (v *verifier) difference(r *Report) Difference {
	d := Difference{Rows: v.rows - v.worst.unshown, Largest: v.worst.by, Unmatched: v.worst.unmatched, Unshown: v.worst.unshown}
	if v.worst.row < 0 {
		return d
	}
	d.Column, d.Row = v.names[v.worst.column], v.worst.row+1
	for _, in := range r.Inputs {
		d.File = in.Path
		if d.Row <= in.Rows {
			break
		}
		d.Row -= in.Rows
	}
	return d
}
