package table

import (
	"bytes"
	"fmt"
	"io"
)

// csvSink writes the CSV family: kept cells as they were written, or Arrow
// arrays as text, and computed columns behind them.
type csvSink struct {
	w       io.Writer
	delim   byte
	lineEnd string
	layout  Layout
	fixed   int
	escape  bool   // formulas
	most    int    // bytes of a block that was columns before
	header  []byte // nil once written
}

// newCSVSink makes a sink for a format of the CSV family. header holds the raw
// header cells of the kept columns; nil: they are made of the layout's names.
// The header is written before the first part, or by Close.
func newCSVSink(w io.Writer, f Format, l Layout, header [][]byte, o WriteOptions) Sink {
	s := &csvSink{w: w, delim: o.Delimiter, lineEnd: o.LineEnd, layout: l, fixed: o.FloatFixed, escape: o.EscapeFormulas, most: o.blockOfText()}
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
	line = append(line, s.lineEnd...)
	if s.escape {
		line = escapeFormulas(line, 0, s.delim)
	}
	return line
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
	if drop == nil && !p.Mark && e.allPlain() {
		p.Bytes, p.Rows = e.plain(dst), rows.N
		return nil
	}
	for i := range rows.N {
		if i&31 == 0 {
			e.panel(i >> 5)
		}
		if drop == nil || !drop[i] {
			start := len(dst)
			dst = e.row(dst, i)
			if len(e.typed) > 0 && len(dst) > s.most {
				return longText(len(dst), s.most)
			}
			if s.escape {
				dst = escapeFormulas(dst, start, s.delim)
			}
			p.Rows++
		}
		if p.Mark {
			p.Ends = append(p.Ends, len(dst))
		}
	}
	p.Bytes = dst
	return nil
}

// appendRaw appends a cell that was written for another delimiter: if it holds
// the sink's delimiter outside of quotes, it is quoted as it stands.
func (s *csvSink) appendRaw(dst, cell []byte) []byte {
	if bytes.IndexByte(cell, s.delim) < 0 {
		return append(dst, cell...)
	}
	if cell[0] == '"' {
		if c := scanCell(cell, 0, s.delim); c.end == len(cell) {
			return append(dst, cell...)
		}
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
