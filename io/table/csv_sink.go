package table

import (
	"bytes"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
)

// csvSink writes the CSV family: kept cells as they were written, or Arrow
// arrays as text, and computed columns behind them.
type csvSink struct {
	w       io.Writer
	delim   byte
	lineEnd string
	layout  Layout
	fixed   int
	header  []byte // nil once written
}

// newCSVSink makes a sink for a format of the CSV family. header holds the raw
// header cells of the kept columns; nil: they are made of the layout's names.
// The header is written before the first part, or by Close.
func newCSVSink(w io.Writer, f Format, l Layout, header [][]byte, o WriteOptions) Sink {
	s := &csvSink{w: w, delim: o.Delimiter, lineEnd: o.LineEnd, layout: l, fixed: o.FloatFixed}
	if s.delim == 0 {
		s.delim = delimiterOf(f)
	}
	if s.lineEnd == "" {
		s.lineEnd = "\n"
	}
	if !o.NoHeader {
		s.header = s.makeHeader(header)
	}
	return s
}

func (s *csvSink) makeHeader(raw [][]byte) []byte {
	var line []byte
	for i, f := range s.layout.Kept {
		if raw != nil {
			line = s.appendRaw(line, raw[i])
		} else {
			line = s.appendText(line, f.Name)
		}
		line = append(line, s.delim)
	}
	for _, f := range s.layout.Made {
		line = append(s.appendText(line, f.Name), s.delim)
	}
	if len(line) > 0 {
		line = line[:len(line)-1]
	}
	return append(line, s.lineEnd...)
}

// Encode implements Sink.
func (s *csvSink) Encode(p *Part, rows *Rows, made []Computed, drop []bool) error {
	if len(made) != len(s.layout.Made) {
		return fmt.Errorf("%d computed columns for a layout of %d", len(made), len(s.layout.Made))
	}
	e, ok := p.scratch.(*csvEncoder)
	if !ok {
		e = &csvEncoder{}
		p.scratch = e
	}
	if err := e.begin(s, rows, made); err != nil {
		return err
	}
	p.Rows, p.Ends = 0, p.Ends[:0]
	dst := p.Bytes[:0]
	for i := range rows.N {
		if i&31 == 0 {
			e.panel(i >> 5)
		}
		if drop == nil || !drop[i] {
			dst = e.row(dst, i)
			p.Rows++
		}
		if p.Mark {
			p.Ends = append(p.Ends, len(dst))
		}
	}
	p.Bytes = dst
	return nil
}

// csvEncoder encodes one block.
type csvEncoder struct {
	sink  *csvSink
	rows  *Rows
	made  []Computed
	kept  int
	typed []arrowText
	same  bool // raw cells have the sink's delimiter
	plain []plainFloats
}

// plainFloats are a computed column's next 32 values, if there is nothing to it
// but float32 in their shortest form.
type plainFloats struct {
	yes    bool
	digits [32]decimal9
}

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
	e.plain = resize(e.plain, len(made))
	for i := range made {
		m := &made[i]
		e.plain[i].yes = m.Words == nil && m.Codes == nil && m.Null == nil && !m.List &&
			m.F64.Units == 0 && m.F32.Units > 0 && s.fixed < 0
	}
	return nil
}

// panel prepares the computed columns' values of 32 rows.
func (e *csvEncoder) panel(n int) {
	for i := range e.plain {
		if e.plain[i].yes {
			l := &e.made[i].F32
			shortestPanel(&e.plain[i].digits, (*[32]float32)(l.Data[(n*l.Units+l.Unit)<<5:]))
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
			dst = append(e.typed[k].append(dst, i, delim), delim)
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
	for m := range e.made {
		if p := &e.plain[m]; p.yes {
			dst = append(p.digits[i&31].append(dst, e.made[m].F32.At(i)), delim)
		} else {
			dst = append(e.appendMade(dst, &e.made[m], i), delim)
		}
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
		c := scanCell(record, p, e.rows.Raw.Delim)
		dst = append(e.sink.appendRaw(dst, record[c.start:c.end]), e.sink.delim)
		if c.last {
			return dst
		}
		p = c.next
	}
}

// appendRaw appends a cell that was written for another delimiter: if it has
// no quotes round it and holds the sink's delimiter, it is quoted.
func (s *csvSink) appendRaw(dst, cell []byte) []byte {
	if len(cell) > 0 && cell[0] == '"' || bytes.IndexByte(cell, s.delim) < 0 {
		return append(dst, cell...)
	}
	return appendQuoted(dst, cell)
}

// appendText appends a cell that says text, quoted if it must be.
func (s *csvSink) appendText(dst []byte, text string) []byte {
	return appendCell(dst, text, s.delim)
}

// appendCell appends a cell that says text. It is quoted if it is empty (so as
// not to be null) or holds the delimiter, a quote or a line end.
func appendCell[T string | []byte](dst []byte, text T, delim byte) []byte {
	if len(text) == 0 {
		return append(dst, `""`...)
	}
	for i := range len(text) {
		if b := text[i]; b == delim || b == '"' || b == '\n' || b == '\r' {
			return appendQuoted(dst, text)
		}
	}
	return append(dst, text...)
}

func appendQuoted[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	for i := range len(text) {
		if text[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

// Write implements Sink.
func (s *csvSink) Write(p *Part) error {
	if err := s.writeHeader(); err != nil || len(p.Bytes) == 0 {
		return err
	}
	_, err := s.w.Write(p.Bytes)
	return err
}

func (s *csvSink) writeHeader() error {
	if s.header == nil {
		return nil
	}
	_, err := s.w.Write(s.header)
	s.header = nil
	return err
}

// Close implements Sink.
func (s *csvSink) Close() error { return s.writeHeader() }

// appendMade appends cell i of a computed column.
func (e *csvEncoder) appendMade(dst []byte, c *Computed, i int) []byte {
	switch {
	case c.Null != nil && c.Null[i]:
		return dst
	case c.Words != nil:
		code := int32(0)
		if c.Codes != nil {
			code = c.Codes[i]
		}
		if code < 0 {
			return dst
		}
		return e.sink.appendText(dst, c.Words[code])
	case c.Codes != nil:
		return appendInt(dst, int64(c.Codes[i]))
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

// arrowText writes the values of one array as CSV cells.
type arrowText struct {
	array arrow.Array
	cell  func(dst []byte, i int, delim byte) []byte
}

// append appends value i; null is an empty cell.
func (t *arrowText) append(dst []byte, i int, delim byte) []byte {
	if t.array.IsNull(i) {
		return dst
	}
	return t.cell(dst, i, delim)
}
