package pipeline

import (
	"cmp"
	"slices"

	"yhat/io/table"
)

// outside finds a feature of the row beyond its bounds.
func (s *survey) outside(b *scanned, row int) fault {
	if len(s.job.Bounds) == 0 {
		return fault{}
	}
	for i := range s.columns {
		c := &s.columns[i]
		limit, ok := s.job.Bounds[c.name]
		if x, there := cell(b.number(i), row); ok && there {
			if x = x*c.factor + c.plus; x < limit[0] || x > limit[1] {
				return fault{reason: table.OutOfRange, slot: int32(i), column: c.column}
			}
		}
	}
	return fault{}
}

// fault is the first thing wrong with a row.
type fault struct {
	reason table.Reason
	slot   int32 // of the wanted column; -1 the record
	column string
}

// faults are the faults of a block's rows: of the record, or of a cell that
// should be a number.
func (s *survey) faults(b *scanned) map[int]fault {
	found := map[int]fault{}
	for _, bad := range b.rows.Bad {
		row := int(bad.Row)
		if _, ok := found[row]; ok && bad.Slot != table.SlotRecord {
			continue
		}
		at := int32(-1)
		if bad.Slot != table.SlotRecord {
			if at = int32(slices.Index(b.from.slots, int(bad.Slot))); at < 0 || !s.mustBeNumber(int(at)) {
				continue
			}
		}
		f := fault{reason: bad.Reason, slot: at}
		if at >= 0 {
			f.column = s.scan.columns[at].column
		}
		found[row] = f
	}
	return found
}

// mustBeNumber reports whether wanted column i holds numbers. What a target
// holds is seen in the end.
func (s *survey) mustBeNumber(i int) bool {
	switch {
	case i < s.firstTarget:
		return !s.columns[i].words
	case i < s.firstSplit:
		return s.job.Task == Regression || len(s.job.Targets) > 1
	}
	return true
}

// hasTargets reports whether no target of the row is missing. A target that is
// no number is there all the same.
func (s *survey) hasTargets(b *scanned, row int) bool {
	for i := range s.targets {
		at := s.firstTarget + i
		if _, isNumber := cell(b.number(at), row); isNumber {
			continue
		}
		if !s.isWord(b, at, row) {
			return false
		}
	}
	return true
}

// isWord reports whether a cell that is no number is there at all.
func (s *survey) isWord(b *scanned, at, row int) bool {
	slot := int32(b.from.slots[at])
	i, _ := slices.BinarySearchFunc(b.rows.Bad, int32(row), func(bad table.Bad, row int32) int { return cmp.Compare(bad.Row, row) })
	for ; i < len(b.rows.Bad) && b.rows.Bad[i].Row == int32(row); i++ {
		if b.rows.Bad[i].Slot == slot {
			return true
		}
	}
	return false
}
