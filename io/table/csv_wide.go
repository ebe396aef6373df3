package table

import (
	"bytes"
	"unsafe"
)

// cellRun is what the wide loop works on: it reads records whose cells are
// plain, sixteen bytes at a time, in assembly. What it does is what fastRows
// does, which takes over at any cell that is not plain: a number of more than
// 19 digits, or with an exponent or blanks, a cell that is missing where there
// is no bitmap yet to say so, categories, records that are blank or ragged.
type cellRun struct {
	base     unsafe.Pointer // of the block
	p        uintptr        // the next cell; out: where the loop stopped
	end      uintptr        // out: where the record ends, if left is 0
	row      uintptr        // in and out
	left     int            // how many of the record's columns are to be read; out: are left
	room     uintptr        // rows that there is room for
	size     uintptr        // of the block
	limit    int            // bytes of a record
	columns  unsafe.Pointer // fastColumns
	count    int            // how many
	cells    unsafe.Pointer // kept cells, row by row
	stride   uintptr        // bytes from row to row
	starts   unsafe.Pointer // of rows
	spans    unsafe.Pointer // of rows kept whole, or nil
	delims   [16]byte
	newlines [16]byte
	points   [16]byte
	quotes   [16]byte
}

// newCellRun is nil if the plan's cells or the machine do not allow it.
func newCellRun(p *csvPlan) *cellRun {
	if !hasAVX2() || len(p.missing.numbers) > 0 {
		return nil
	}
	j := &cellRun{limit: p.limit, stride: uintptr(len(p.req.Keep)) * 8}
	for i, marks := range []*[16]byte{&j.delims, &j.newlines, &j.points, &j.quotes} {
		copy(marks[:], bytes.Repeat([]byte{p.delim, '\n', p.decimal, '"'}[i:i+1], 16))
	}
	return j
}

// aim points the loop at the decoder's block and rows.
func (j *cellRun) aim(d *csvDecoder) {
	r := d.r
	j.base, j.size, j.room = unsafe.Pointer(unsafe.SliceData(d.data)), uintptr(len(d.data)), uintptr(d.rows)
	j.columns, j.count = unsafe.Pointer(unsafe.SliceData(d.fast)), len(d.fast)
	j.starts, j.cells, j.spans = unsafe.Pointer(unsafe.SliceData(r.starts)), nil, nil
	switch {
	case d.plan.whole:
		j.spans = unsafe.Pointer(unsafe.SliceData(r.Raw.Spans))
	case d.plan.req.Raw:
		j.cells = unsafe.Pointer(unsafe.SliceData(r.Raw.Cells))
	}
}

// read reads row's last columns, and, if it may go on, the rows that follow.
// It returns where it stopped, in which row, and how many columns of that are
// left: with none, the row is whole but has yet to be closed.
func (j *cellRun) read(p, row uintptr, columns int, on bool) (uintptr, uintptr, int) {
	room := j.room
	if !on {
		j.room = row + 1
	}
	j.p, j.row, j.left = p, row, columns
	readCells(j)
	j.room = room
	return j.p, j.row, j.left
}
