package table

import "unsafe"

// fastKind is what the fast loop does with a column's cells.
type fastKind uint8

const (
	fastTake       fastKind = iota // finds their end, and leaves the rest to take
	fastSkip                       // passes over them
	fastSpan                       // notes where they stand
	fastNumber                     // reads them as a number
	fastNumberSpan                 // both
	fastRun                        // passes over them and over some that follow
	fastCode                       // looks them up in a dictionary
	fastLong                       // a fastNumber whose last cell was a long one
)

// plain reports whether plain cells are the wide loop's.
func (k fastKind) plain() bool { return k-fastSkip <= fastRun-fastSkip }

// fastColumn is a column as the fast loop sees it.
type fastColumn struct {
	out     unsafe.Pointer // the feature's numbers
	valid   unsafe.Pointer // its bitmap, once it has one and empty cells are missing
	slot    uintptr        // of the kept cell
	kind    fastKind
	sep     byte // what ends the cell: the delimiter, or a line feed in the last
	signed  bool // a minus sign has been seen
	feature int
	run     int // how many columns from here on are passed over; never the last
}

// fastKindOf says what the fast loop can do with a column that is put to uses.
func fastKindOf(uses []csvOp, p *csvPlan) (kind fastKind, feature, kept int) {
	if len(uses) == 1 && uses[0].kind == opCode {
		return fastCode, uses[0].slot, 0
	}
	numbers, spans := 0, 0
	for _, op := range uses {
		switch op.kind {
		case opNumber:
			numbers, feature = numbers+1, op.slot
		case opSpan:
			spans, kept = spans+1, op.slot
		default:
			return fastTake, 0, 0
		}
	}
	plain := (p.decimal == '.' || p.decimal == ',') && p.decimal != p.delim
	switch {
	case numbers == 0 && spans == 0:
		return fastSkip, 0, 0
	case numbers == 0 && spans == 1:
		return fastSpan, 0, kept
	case numbers == 1 && spans == 0 && plain:
		return fastNumber, feature, 0
	case numbers == 1 && spans == 1 && plain:
		return fastNumberSpan, feature, kept
	}
	return fastTake, 0, 0
}

// aim points the fast columns at the features' memory.
func (d *csvDecoder) aim() {
	for c, uses := range d.plan.columns {
		kind, feature, kept := fastKindOf(uses, d.plan)
		f := &d.fast[c]
		f.kind, f.feature, f.slot, f.sep, f.out = kind, feature, uintptr(kept), d.plan.delim, nil
		if kind == fastNumber || kind == fastNumberSpan {
			f.out = unsafe.Pointer(unsafe.SliceData(d.r.Features[feature].F64))
			d.aimValid(f)
		}
	}
	d.fast[len(d.fast)-1].sep = '\n'
	run := 0
	for c := len(d.fast) - 2; c >= 0; c-- {
		if run++; d.fast[c].kind != fastSkip {
			run = 0
		}
		d.fast[c].run = run
		if run >= shortRun {
			d.fast[c].kind = fastRun
		}
	}
	if d.wide != nil {
		d.wide.aim(d)
	}
}

// aimValid points the column at its feature's bitmap.
func (d *csvDecoder) aimValid(f *fastColumn) {
	f.valid = nil
	if d.plan.missing.empty {
		f.valid = unsafe.Pointer(unsafe.SliceData(d.r.Features[f.feature].Valid))
	}
}
