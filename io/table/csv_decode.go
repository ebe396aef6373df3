package table

import (
	"bytes"
	"errors"
	"slices"
)

// csvDecoder decodes the blocks of one source. It lives in Rows, whose memory
// it fills, and keeps what is used from block to block.
type csvDecoder struct {
	plan   *csvPlan
	r      *Rows
	data   []byte // of the block; a line feed stands behind its end
	rows   int    // how many rows there is room for
	valid  [][]byte
	text   []byte // for cells put together
	kept   []csvTyped
	short  []csvRepair
	fast   []fastColumn
	wide   *cellRun   // nil where the machine lacks what it needs
	memos  []codeMemo // by feature
	err    error      // what ends the block early
	blanks int        // blank lines that are no rows
}

// csvRepair is a record to be kept with cells added.
type csvRepair struct {
	row   int
	cells int // that it lacks
}

// decode implements decoder.
func (s *csvSource) decode(b *Block, r *Rows) error {
	d, ok := r.scratch.(*csvDecoder)
	if !ok || d.plan != s.plan {
		d = newCSVDecoder(s.plan)
		r.scratch = d
	}
	note := csvNote{}
	switch n := b.state.(type) {
	case *csvNote:
		note = *n
	case csvQuoted:
		note.quoted = true
	}
	if cap(b.Data) < len(b.Data)+Slack {
		b.Data = slices.Grow(b.Data, Slack)
	}
	d.begin(b, r)
	err := d.all(note)
	r.Lines, r.Bytes = d.lines(note), int64(len(b.Data))+note.skipped
	d.finish(b)
	if stop, ok := errors.AsType[*RowError](err); ok {
		r.data = r.data[:stop.Place.Offset]
	}
	r.oneLine = false
	return err
}

func newCSVDecoder(p *csvPlan) *csvDecoder {
	d := &csvDecoder{plan: p, valid: make([][]byte, len(p.req.Features)),
		fast: make([]fastColumn, len(p.columns)), memos: make([]codeMemo, len(p.req.Features))}
	d.wide = newCellRun(p)
	if !p.req.Raw {
		for i, k := range p.req.Keep {
			d.kept = append(d.kept, newCSVTyped(p, k))
			if slot, ok := p.shared[i]; ok {
				d.kept[i].feature = slot
			}
		}
	}
	return d
}

// begin points the decoder at a block and makes room for at least one row.
func (d *csvDecoder) begin(b *Block, r *Rows) {
	d.r, d.data, d.err, d.blanks = r, b.Data, nil, 0
	d.data[:len(d.data)+1][len(d.data)] = '\n'
	d.short = d.short[:0]
	if len(r.Features) != len(d.plan.req.Features) {
		r.Features = make([]Feature, len(d.plan.req.Features))
	}
	for i := range r.Features {
		r.Features[i].F32, r.Features[i].Valid = nil, nil
	}
	d.rows = 0
	d.grow(max(cap(r.starts), 64))
}

// grow makes room for n rows, keeping those that are there.
func (d *csvDecoder) grow(n int) {
	r, req := d.r, &d.plan.req
	for i := range r.Features {
		f := &r.Features[i]
		if req.Features[i].Dict != nil {
			f.Codes, f.F64 = resize(f.Codes, n), nil
			continue
		}
		f.F64, f.Codes = resize(f.F64, n), nil
		if f.Valid != nil {
			d.growValid(i, n)
		}
	}
	r.starts = resize(r.starts, n)
	if req.Raw && d.plan.whole {
		r.Raw.Spans = resize(r.Raw.Spans, 2*n)
	} else if req.Raw {
		r.Raw.Cells = resize(r.Raw.Cells, 2*n*len(req.Keep))
	}
	d.rows = n
}

// resize gives s the length n, keeping what is in it.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	grown := make([]T, n)
	copy(grown, s[:cap(s)])
	return grown
}

// growValid gives feature i a bitmap for n rows, with set bits where it had
// none.
func (d *csvDecoder) growValid(i, n int) {
	f := &d.r.Features[i]
	had := len(f.Valid)
	v := resize(d.valid[i], (n+7)/8)
	for j := had; j < len(v); j++ {
		v[j] = 0xff
	}
	d.valid[i], f.Valid = v, v
}

// invalid marks number i of a row as not there.
func (d *csvDecoder) invalid(i, row int) {
	f := &d.r.Features[i]
	if f.Valid == nil {
		d.growValid(i, d.rows)
	}
	f.Valid[row>>3] &^= 1 << (row & 7)
	f.F64[row] = 0
}

func (d *csvDecoder) bad(row int, slot int32, column int, why Reason) {
	d.r.Bad = append(d.r.Bad, Bad{Row: int32(row), Slot: slot, Column: int32(column), Reason: why})
}

// all decodes the block's records.
func (d *csvDecoder) all(note csvNote) error {
	if note.fatal {
		return d.fatal(0, note)
	}
	if note.fault == TooLong {
		d.tooLong(0)
		return nil
	}
	return d.records()
}

// records decodes the records of a block that is nothing else.
func (d *csvDecoder) records() error {
	for p := 0; p < len(d.data) && d.err == nil; {
		if d.r.N == d.rows {
			d.grow(2 * d.rows)
		}
		p = d.fastRows(p)
	}
	return d.err
}

// overlong takes back the last row, whose record is data[start:next], if the
// record is longer than the limit.
func (d *csvDecoder) overlong(start, next int) error {
	record := trimLineEnd(d.data[start:min(next, len(d.data))])
	if len(record) <= d.plan.limit {
		return nil
	}
	d.undo()
	if quotedPast(record, d.plan.delim, d.plan.limit) {
		return d.fatal(start, csvNote{fault: TooLong})
	}
	d.tooLong(start)
	return nil
}

// blank is the length of the blank line at p, or 0. The last line may end in a
// carriage return alone.
func (d *csvDecoder) blank(p int) int {
	if n := lineEndAt(d.data[p:]); n > 0 || p != len(d.data)-1 || d.data[p] != '\r' {
		return n
	}
	return 1
}

// ragged reports the record whose cell, the last of n used, is not where the
// header has its end, and returns where the next record starts. What was bad
// with its cells no longer matters.
func (d *csvDecoder) ragged(n int, cell *csvCell, bads int) (next int) {
	row := d.r.N
	d.r.Bad = d.r.Bad[:bads]
	d.bad(row, SlotRecord, -1, Ragged)
	if !cell.last {
		return d.rest(cell.next)
	}
	d.absent(n, row, cell.end)
	if d.plan.req.PadRagged && d.plan.whole {
		d.short = append(d.short, csvRepair{row, len(d.plan.columns) - n})
	}
	return cell.next
}

// endRow closes a row whose kept record is data[start:end].
func (d *csvDecoder) endRow(row, start, end, bads int) {
	r := d.r
	if d.plan.whole {
		r.Raw.Spans[2*row], r.Raw.Spans[2*row+1] = int32(start), int32(end)
	}
	if len(r.Bad) > bads+1 {
		slices.SortStableFunc(r.Bad[bads:], func(a, b Bad) int { return int(a.Slot) - int(b.Slot) })
	}
	r.N++
}

// rest passes over the cells of a record that has too many.
func (d *csvDecoder) rest(p int) int {
	for {
		c := scanCell(d.data, p, d.plan.delim)
		p = c.next
		if c.last {
			return p
		}
	}
}

// absent gives row's columns from column on, which its record lacks, no value.
func (d *csvDecoder) absent(column, row, end int) {
	for ; column < len(d.plan.columns); column++ {
		for _, op := range d.plan.columns[column] {
			switch op.kind {
			case opNumber:
				d.invalid(op.slot, row)
			case opCode:
				d.r.Features[op.slot].Codes[row] = CodeMissing
			case opSpan:
				d.span(op.slot, row, end, end)
			case opTyped:
				d.kept[op.slot].null()
			}
		}
	}
}

func (d *csvDecoder) span(slot, row, start, end int) {
	k := 2 * (row*len(d.plan.req.Keep) + slot)
	d.r.Raw.Cells[k], d.r.Raw.Cells[k+1] = int32(start), int32(end)
}

// tooLong makes a row without values of the record at p.
func (d *csvDecoder) tooLong(p int) {
	row := d.r.N
	d.r.starts[row] = int32(p)
	d.absent(0, row, p)
	d.bad(row, SlotRecord, -1, TooLong)
	if n := len(d.plan.columns); d.plan.req.PadRagged && d.plan.whole && n > 1 {
		d.short = append(d.short, csvRepair{row, n - 1})
	}
	d.endRow(row, p, p, len(d.r.Bad)-1)
}

// undo takes the last row back.
func (d *csvDecoder) undo() {
	r := d.r
	r.N--
	for len(r.Bad) > 0 && int(r.Bad[len(r.Bad)-1].Row) == r.N {
		r.Bad = r.Bad[:len(r.Bad)-1]
	}
	if n := len(d.short); n > 0 && d.short[n-1].row == r.N {
		d.short = d.short[:n-1]
	}
	for i := range d.kept {
		d.kept[i].undo()
	}
	for i := range r.Features {
		if v := r.Features[i].Valid; v != nil {
			v[r.N>>3] |= 1 << (r.N & 7)
		}
	}
}

// fatal is the error for a record at p that may have swallowed others.
func (d *csvDecoder) fatal(p int, note csvNote) error {
	hint := "a quoted cell that is never closed"
	switch {
	case note.room:
		hint = noRoomHint
	case note.fault == TooLong:
		hint = "a quoted cell that is never closed, or a record longer than the limit"
	}
	lines := int64(bytes.Count(d.data[:p], []byte{'\n'}))
	return &RowError{Reason: note.fault, Hint: hint,
		Place: Place{Row: int64(d.r.N) + 1, Line: lines + 1, Offset: int64(p)}}
}

// lines counts the line ends of the block. Without quotes there is one to each
// record and blank line, but for the last of the file.
func (d *csvDecoder) lines(note csvNote) int64 {
	if note.quoted || note.fault != Good {
		return note.lines + int64(bytes.Count(d.data, []byte{'\n'}))
	}
	n := int64(d.r.N + d.blanks)
	if d.data[len(d.data)-1] != '\n' {
		n--
	}
	return n
}

// finish cuts everything to the number of rows.
func (d *csvDecoder) finish(b *Block) {
	r, n := d.r, d.r.N
	for i := range r.Features {
		f := &r.Features[i]
		if d.plan.req.Features[i].Dict != nil {
			f.Codes = f.Codes[:n]
			continue
		}
		f.F64 = f.F64[:n]
		if f.Valid != nil {
			f.Valid = f.Valid[:(n+7)/8]
		}
	}
	r.starts, r.data = r.starts[:n], b.Data
	if !d.plan.req.Raw {
		for i := range d.kept {
			r.Kept = append(r.Kept, d.kept[i].array(r.Features))
		}
		return
	}
	d.repair(b)
	r.Raw.Data, r.Raw.Delim, r.Raw.Whole = d.data, d.plan.delim, d.plan.whole
	if d.plan.whole {
		r.Raw.Spans = r.Raw.Spans[:2*n]
	} else {
		r.Raw.Cells = r.Raw.Cells[:2*n*len(d.plan.req.Keep)]
	}
}

// repair writes the short records that are kept whole out anew, with empty
// cells for those they lack, behind the block's data.
func (d *csvDecoder) repair(b *Block) {
	if len(d.short) == 0 {
		return
	}
	data := b.Data
	for _, s := range d.short {
		span := d.r.Raw.Spans[2*s.row : 2*s.row+2]
		start := len(data)
		data = append(data, data[span[0]:span[1]]...)
		for range s.cells {
			data = append(data, d.plan.delim)
		}
		span[0], span[1] = int32(start), int32(len(data))
	}
	d.data, b.Data = data, data[:len(b.Data)]
	d.r.data = b.Data
}
