package table

import (
	"fmt"
	"slices"
)

// csvEncoder encodes one block.
type csvEncoder struct {
	sink  *csvSink
	rows  *Rows
	made  []Computed
	kept  int
	typed []arrowText
	same  bool      // raw cells have the sink's delimiter
	cols  []csvMade // by computed column
}

// csvMade is what is prepared of a computed column.
type csvMade struct {
	kind  madeKind
	texts textPanel // the next values, of madeFloats
	text  []byte    // the words as cells, of madeWords
	ends  []int32
}

// madeKind is how a computed column is written.
type madeKind uint8

const (
	madeOther  madeKind = iota
	madeFloats          // float32, shortest
	madeWords           // few words
)

// begin points the encoder at a block.
func (e *csvEncoder) begin(s *csvSink, rows *Rows, made []Computed) error {
	e.sink, e.rows, e.made, e.kept = s, rows, made, len(s.layout.Kept)
	e.same = rows.Raw.Delim == s.delim
	e.typed = e.typed[:0]
	if len(rows.Kept) > 0 && len(rows.Kept) != e.kept {
		return fmt.Errorf("%d kept columns for a layout of %d", len(rows.Kept), e.kept)
	}
	for _, a := range rows.Kept {
		t, err := newArrowText(a)
		if err != nil {
			return err
		}
		e.typed = append(e.typed, t)
	}
	e.cols = resize(e.cols, len(made))
	for i := range made {
		e.cols[i].begin(&made[i], s)
	}
	return nil
}

// maxWords is up to how many words are made cells for each block anew.
const maxWords = 64

func (c *csvMade) begin(m *Computed, s *csvSink) {
	c.kind = madeOther
	switch {
	case m.Words != nil && len(m.Words) <= maxWords:
		c.kind = madeWords
		c.text, c.ends = c.text[:0], append(c.ends[:0], 0)
		for _, w := range m.Words {
			c.text = s.appendText(c.text, w)
			c.ends = append(c.ends, int32(len(c.text)))
		}
		c.text = slices.Grow(c.text, 16) // for appendNear
	case m.Words == nil && m.Integers == nil && !m.List && m.F64.Units == 0 && m.F32.Units > 0 && s.fixed < 0:
		c.kind = madeFloats
	}
}

// panel prepares the computed columns' values of 32 rows.
func (e *csvEncoder) panel(n int) {
	for i := range e.cols {
		if e.cols[i].kind == madeFloats {
			l := &e.made[i].F32
			e.cols[i].texts.write((*[32]float32)(l.Data[(n*l.Units+l.Unit)<<5:]))
		}
	}
}

// row appends row i and its line end.
func (e *csvEncoder) row(dst []byte, i int) []byte {
	delim := e.sink.delim
	raw := &e.rows.Raw
	start := len(dst)
	switch {
	case e.kept == 0:
	case len(e.typed) > 0:
		for k := range e.typed {
			if dst = append(e.typed[k].append(dst, i, delim), delim); len(dst) > e.sink.most {
				return dst // Encode says so
			}
		}
	case raw.Whole && e.same:
		dst = append(appendNear(dst, raw.Data, raw.Spans[2*i], raw.Spans[2*i+1]), delim)
	case raw.Whole:
		dst = e.recut(dst, raw.Span(i))
	default:
		cells := raw.Cells[2*i*e.kept : 2*(i+1)*e.kept]
		for ; len(cells) >= 2; cells = cells[2:] {
			if e.same {
				dst = append(appendNear(dst, raw.Data, cells[0], cells[1]), delim)
			} else {
				dst = append(e.sink.appendRaw(dst, raw.Data[cells[0]:cells[1]]), delim)
			}
		}
	}
	for j := range e.made {
		m, c := &e.made[j], &e.cols[j]
		switch {
		case m.Null != nil && m.Null[i]:
		case c.kind == madeFloats:
			dst = c.texts.append(dst, i&31, m.F32.At(i))
		case c.kind == madeWords:
			code := int32(0)
			if m.Codes != nil {
				code = m.Codes[i]
			}
			if code >= 0 {
				dst = appendNear(dst, c.text, c.ends[code], c.ends[code+1])
			}
		default:
			dst = e.appendMade(dst, m, i)
		}
		dst = append(dst, delim)
	}
	if len(dst) > start {
		if len(e.sink.lineEnd) == 1 {
			dst[len(dst)-1] = '\n' // in the last delimiter's place
			return dst
		}
		dst = dst[:len(dst)-1]
	}
	return append(dst, e.sink.lineEnd...)
}

// appendNear appends data[start:end]. A short cell is copied as sixteen bytes,
// of which those that are too many are then cut off: reading a little past it
// costs less than a call.
func appendNear(dst, data []byte, start, end int32) []byte {
	n, at := int(end-start), len(dst)
	if uint(n) > 16 || int(start)+16 > cap(data) || at+16 > cap(dst) {
		return append(dst, data[start:end]...)
	}
	*(*[16]byte)(dst[at : at+16]) = *(*[16]byte)(data[start : start+16])
	return dst[:at+n]
}

// recut appends the cells of a whole record under another delimiter.
func (e *csvEncoder) recut(dst, record []byte) []byte {
	for p := 0; ; {
		c := cellOf(record, p, e.rows.Raw.Delim)
		dst = append(e.sink.appendRaw(dst, record[c.start:c.end]), e.sink.delim)
		if c.last {
			return dst
		}
		p = c.next
	}
}

// appendMade appends cell i of a computed column; it is not null.
func (e *csvEncoder) appendMade(dst []byte, c *Computed, i int) []byte {
	switch {
	case c.Words != nil:
		code := int32(0)
		if c.Codes != nil {
			code = c.Codes[i]
		}
		if code < 0 {
			return dst
		}
		return e.sink.appendText(dst, c.Words[code])
	case c.Integers != nil:
		return appendInt(dst, c.Integers[i])
	case c.List:
		return e.appendList(dst, c, i)
	case c.F64.Units > 0:
		return e.appendFloat64(dst, c.F64.At(i))
	}
	return e.appendFloat32(dst, c.F32.At(i))
}

func (e *csvEncoder) appendFloat32(dst []byte, f float32) []byte {
	if e.sink.fixed >= 0 {
		return AppendFixed(dst, float64(f), e.sink.fixed)
	}
	return AppendFloat32(dst, f)
}

func (e *csvEncoder) appendFloat64(dst []byte, f float64) []byte {
	if e.sink.fixed >= 0 {
		return AppendFixed(dst, f, e.sink.fixed)
	}
	return AppendFloat64(dst, f)
}

// appendList appends all units of a row as a JSON array, in quotes because of
// its commas.
func (e *csvEncoder) appendList(dst []byte, c *Computed, i int) []byte {
	units := max(c.F32.Units, c.F64.Units)
	quoted := units > 1 && e.sink.delim == ','
	if quoted {
		dst = append(dst, '"')
	}
	dst = append(dst, '[')
	for u := range units {
		if u > 0 {
			dst = append(dst, ',')
		}
		if c.F64.Units > 0 {
			l := c.F64
			l.Unit = u
			dst = e.appendFloat64(dst, l.At(i))
			continue
		}
		l := c.F32
		l.Unit = u
		dst = e.appendFloat32(dst, l.At(i))
	}
	dst = append(dst, ']')
	if quoted {
		dst = append(dst, '"')
	}
	return dst
}
