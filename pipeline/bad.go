package pipeline

import (
	"cmp"
	"math/bits"
	"slices"

	"yhat/io/table"
	"yhat/nn"
)

// badRow is the one reason a row is bad for, with what is known of its place.
type badRow struct {
	row    int
	rank   int // -1 the record, then the model's features, kept columns, output
	reason table.Reason
	column string
}

// rankOutput comes after features and kept columns.
const rankOutput = 1 << 30

// noteFaults collects the rows that feature f makes bad.
func (s *scorer[T]) noteFaults(w *worker[T], t *trip[T], f, start, panels int) {
	feature := &s.card.Features[f]
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

// foundReasons are the reasons of the network itself, in the words of tables.
var foundReasons = map[nn.FoundReason]table.Reason{
	nn.FoundUnknown: table.UnknownCategory, nn.FoundOutOfRange: table.OutOfRange, nn.FoundNotANumber: table.NotANumber,
}

// noteFound collects the rows that the network itself found bad, of the group
// that begins at row start. What comes from no one feature is the output's.
func (s *scorer[T]) noteFound(w *worker[T], t *trip[T], start int) {
	for _, found := range w.pass.Found() {
		bad := badRow{rank: rankOutput, reason: foundReasons[found.Reason], column: s.columns.prefix + "y_hat"}
		if found.Feature >= 0 {
			bad.rank, bad.column = found.Feature, t.from.binding.features[found.Feature].column
		}
		for p, mask := range found.Rows {
			for ; mask != 0; mask &= mask - 1 {
				if bad.row = start + p*nn.Lanes + bits.TrailingZeros32(mask); bad.row < t.rows.N {
					t.bad = append(t.bad, bad)
				}
			}
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
	nn.NonFinite(w.mask, t.values[s.last()], s.card.OutputWidth(), panels)
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
