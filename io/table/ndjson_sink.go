package table

import (
	"fmt"
	"io"
	"math"
)

// ndjsonSink writes one JSON object a row: kept values as they were written,
// or Arrow values as JSON, and computed ones behind them.
type ndjsonSink struct {
	w          io.Writer
	kept, made [][]byte // `"key":`
	fixed      int
	most       int // bytes of a block that was columns before
}

// newNDJSONSink makes a sink for NDJSON.
func newNDJSONSink(w io.Writer, l Layout, o WriteOptions) Sink {
	s := &ndjsonSink{w: w, fixed: o.FloatFixed, most: o.blockOfText()}
	key := func(f Field) []byte { return append(appendJSONString(nil, f.Name), ':') }
	for _, f := range l.Kept {
		s.kept = append(s.kept, key(f))
	}
	for _, f := range l.Made {
		s.made = append(s.made, key(f))
	}
	return s
}

// Encode implements Sink.
func (s *ndjsonSink) Encode(p *Part, rows *Rows, made []Computed, drop []bool) error {
	if len(made) != len(s.made) {
		return fmt.Errorf("%d computed columns for a layout of %d", len(made), len(s.made))
	}
	e := ndjsonEncoder{sink: s, rows: rows, made: made}
	if len(rows.Kept) > 0 {
		if len(rows.Kept) != len(s.kept) {
			return fmt.Errorf("%d kept columns for a layout of %d", len(rows.Kept), len(s.kept))
		}
		for _, a := range rows.Kept {
			e.typed = append(e.typed, newJSONText(a))
		}
	}
	p.Bytes, p.Rows, p.Ends = p.Bytes[:0], 0, p.Ends[:0]
	for i := range rows.N {
		if drop == nil || !drop[i] {
			p.Bytes = e.row(p.Bytes, i)
			if e.typed != nil && len(p.Bytes) > s.most {
				return longText(len(p.Bytes), s.most)
			}
			p.Rows++
		}
		if p.Mark {
			p.Ends = append(p.Ends, len(p.Bytes))
		}
	}
	return nil
}

// Write implements Sink.
func (s *ndjsonSink) Write(p *Part) error {
	if len(p.Bytes) == 0 {
		return nil
	}
	_, err := s.w.Write(p.Bytes)
	return err
}

// Close implements Sink.
func (s *ndjsonSink) Close() error { return nil }

// ndjsonEncoder encodes one block.
type ndjsonEncoder struct {
	sink  *ndjsonSink
	rows  *Rows
	made  []Computed
	typed []jsonText
}

// row appends row i and its line end. Keys that a record lacks are left out
// where the rest of it is copied as it was written.
func (e *ndjsonEncoder) row(dst []byte, i int) []byte {
	start := len(dst)
	dst = append(dst, '{')
	for k, key := range e.sink.kept {
		if e.typed != nil {
			if dst = append(e.typed[k](append(dst, key...), i), ','); len(dst) > e.sink.most {
				return dst // Encode says so
			}
			continue
		}
		if raw := e.rows.Raw.Cell(i, k, len(e.sink.kept)); len(raw) > 0 {
			dst = append(append(append(dst, key...), raw...), ',')
		}
	}
	for m, key := range e.sink.made {
		dst = append(e.appendMade(append(dst, key...), &e.made[m], i), ',')
	}
	if len(dst) > start+1 {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}', '\n')
}

// appendMade appends value i of a computed column.
func (e *ndjsonEncoder) appendMade(dst []byte, c *Computed, i int) []byte {
	switch {
	case c.Null != nil && c.Null[i]:
		return append(dst, "null"...)
	case c.Words != nil:
		code := int32(0)
		if c.Codes != nil {
			code = c.Codes[i]
		}
		if code < 0 {
			return append(dst, "null"...)
		}
		return appendJSONString(dst, c.Words[code])
	case c.Integers != nil:
		return appendInt(dst, c.Integers[i])
	case c.List:
		return e.appendList(dst, c, i)
	}
	return e.appendFloat(dst, c, i, c.F32.Unit+c.F64.Unit)
}

func (e *ndjsonEncoder) appendList(dst []byte, c *Computed, i int) []byte {
	dst = append(dst, '[')
	for u := range max(c.F32.Units, c.F64.Units) {
		if u > 0 {
			dst = append(dst, ',')
		}
		dst = e.appendFloat(dst, c, i, u)
	}
	return append(dst, ']')
}

// appendFloat appends one unit's number of row i; null if it is not finite.
func (e *ndjsonEncoder) appendFloat(dst []byte, c *Computed, i, unit int) []byte {
	var v float64
	wide := c.F64.Units > 0
	if wide {
		l := c.F64
		l.Unit = unit
		v = l.At(i)
	} else {
		l := c.F32
		l.Unit = unit
		v = float64(l.At(i))
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(dst, "null"...)
	case e.sink.fixed >= 0:
		return AppendFixed(dst, v, e.sink.fixed)
	case wide:
		return AppendFloat64(dst, v)
	}
	return AppendFloat32(dst, float32(v))
}
