package table

import "unsafe"

// allPlain reports whether the block's rows are what plainRows is for: raw
// cells in the sink's dialect, float32 as short as can be, and few words.
func (e *csvEncoder) allPlain() bool {
	plain := e.same && len(e.typed) == 0 && !e.sink.escape && len(e.sink.lineEnd) == 1 && e.kept+len(e.cols) > 0
	for i := range e.cols {
		plain = plain && e.cols[i].kind != madeOther && e.made[i].Null == nil
	}
	return plain
}

// plain appends all rows of a block of plain ones.
func (e *csvEncoder) plain(dst []byte) []byte {
	for i := 0; i < e.rows.N; i += 32 {
		e.panel(i >> 5)
		dst = e.plainRows(dst, i, min(e.rows.N, i+32))
	}
	return dst
}

// copyNear copies n bytes sixteen at a time: up to fifteen more than n, and
// sixteen where n is 0.
func copyNear(to, from unsafe.Pointer, n int) {
	*(*[16]byte)(to) = *(*[16]byte)(from)
	for o := 16; o < n; o += 16 {
		*(*[16]byte)(unsafe.Add(to, o)) = *(*[16]byte)(unsafe.Add(from, o))
	}
}

// plainRows appends rows from … to-1, of one panel, as row does. A row for
// which there is too little room to copy more than its cells is left to row.
func (e *csvEncoder) plainRows(dst []byte, from, to int) []byte {
	raw := &e.rows.Raw
	places, cells := raw.Cells, e.kept
	if raw.Whole {
		places, cells = raw.Spans, min(1, e.kept)
	}
	data, last := unsafe.Pointer(unsafe.SliceData(raw.Data)), cap(raw.Data)-16
	for i := from; i < to; i++ {
		out, p, room := unsafe.Pointer(unsafe.SliceData(dst)), len(dst), cap(dst)-17
		start, whole := len(dst), true
		for k := 2 * i * cells; whole && k < 2*(i+1)*cells; k += 2 {
			at, n := int(places[k]), int(places[k+1]-places[k])
			if whole = p+n <= room && at+n <= last; whole {
				copyNear(unsafe.Add(out, p), unsafe.Add(data, at), n)
				p += n
				*(*byte)(unsafe.Add(out, p)) = e.sink.delim
				p++
			}
		}
		for j := 0; whole && j < len(e.cols); j++ {
			text, n := e.cols[j].cell(&e.made[j], i)
			if n < 0 {
				dst = AppendFloat32(dst[:p], e.made[j].F32.At(i))
				out, p, room, n = unsafe.Pointer(unsafe.SliceData(dst)), len(dst), cap(dst)-17, 0
			}
			if whole = p+n <= room; whole {
				copyNear(unsafe.Add(out, p), text, n)
				p += n
				*(*byte)(unsafe.Add(out, p)) = e.sink.delim
				p++
			}
		}
		if !whole {
			dst = e.row(dst[:start], i)
			continue
		}
		*(*byte)(unsafe.Add(out, p-1)) = '\n' // in the last delimiter's place
		dst = dst[:p]
	}
	return dst
}

// cell is the text of row i, behind which there are bytes that may be read; n
// is -1 for a number that is no short text.
func (c *csvMade) cell(m *Computed, i int) (text unsafe.Pointer, n int) {
	if c.kind == madeFloats {
		if n = int(c.texts.length[i&31]); n == 0 {
			n = -1
		}
		return unsafe.Pointer(&c.texts.text[i&31]), n
	}
	code := int32(0)
	if m.Codes != nil {
		code = m.Codes[i]
	}
	start := unsafe.Pointer(unsafe.SliceData(c.text))
	if code < 0 {
		return start, 0
	}
	return unsafe.Add(start, c.ends[code]), int(c.ends[code+1] - c.ends[code])
}
