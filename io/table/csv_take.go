package table

import (
	"encoding/binary"
	"unicode/utf8"
)

// take uses the cell of a column in every way that is asked for.
func (d *csvDecoder) take(column, row int, c *csvCell) {
	if c.bad {
		d.badQuote(column, row)
	}
	for _, op := range d.plan.columns[column] {
		switch op.kind {
		case opSpan:
			d.span(op.slot, row, c.start, c.end)
		case opNumber:
			d.number(op.slot, column, row, trimBlanks(d.textOf(c)))
		case opCode:
			d.code(op.slot, column, row, trimBlanks(d.textOf(c)))
		case opTyped:
			k := &d.kept[op.slot]
			if why := k.add(d.textOf(c), c.quoted); why != Good {
				d.bad(row, SlotKept+int32(op.slot), column, why)
			}
		}
	}
}

// badQuote reports the first badly quoted cell of a row.
func (d *csvDecoder) badQuote(column, row int) {
	for i := len(d.r.Bad) - 1; i >= 0 && int(d.r.Bad[i].Row) == row; i-- {
		if d.r.Bad[i].Slot == SlotRecord {
			return
		}
	}
	d.bad(row, SlotRecord, column, BadQuote)
}

// textOf is what the cell says; it is good until the next call.
func (d *csvDecoder) textOf(c *csvCell) []byte {
	text := c.text(d.data, d.text)
	if c.escaped || c.bad {
		d.text = text
	}
	return text
}

// number puts a cell into feature slot as a number.
func (d *csvDecoder) number(slot, column, row int, text []byte) {
	v, ok := parseNumber(text, d.plan.decimal)
	if !ok && d.plan.req.Features[slot].Point {
		v, ok = parseNumber(text, '.')
	}
	missing := &d.plan.missing
	if ok && (len(missing.numbers) == 0 || !missing.maybe(v) || !missing.has(text)) {
		d.r.Features[slot].F64[row] = v
		return
	}
	if !ok && !missing.has(text) {
		d.bad(row, int32(slot), column, NotANumber)
	}
	d.invalid(slot, row)
}

// code puts a cell into feature slot as the code of its word.
func (d *csvDecoder) code(slot, column, row int, text []byte) {
	memo := &d.memos[slot]
	key := keyOf(text)
	at := (key.low ^ key.high) * 0x9e3779b97f4a7c15 >> 58
	if key.high != 0 && memo.keys[at] == key {
		d.r.Features[slot].Codes[row] = memo.codes[at]
		return
	}
	code := d.plan.req.Features[slot].Dict.Code(text)
	if code == CodeUnknown {
		switch {
		case d.plan.missing.has(text):
			code = CodeMissing
		case !utf8.Valid(text):
			d.bad(row, int32(slot), column, BadUTF8)
			key.high = 0
		}
	}
	if key.high != 0 {
		memo.keys[at], memo.codes[at] = key, code
	}
	d.r.Features[slot].Codes[row] = code
}

// codeMemo remembers the codes of short words that came up lately.
type codeMemo struct {
	keys  [64]wordKey
	codes [64]int32
}

// wordKey is up to fifteen bytes and, in the highest byte, one more than their
// number; high is 0 for other words.
type wordKey struct{ low, high uint64 }

func keyOf(text []byte) wordKey {
	if len(text) > 15 || cap(text) < 16 {
		return wordKey{}
	}
	n, whole := uint(len(text)), text[:16]
	low, high := binary.LittleEndian.Uint64(whole), uint64(n+1)<<56
	if n < 8 {
		return wordKey{low & (1<<(8*n) - 1), high}
	}
	return wordKey{low, high | binary.LittleEndian.Uint64(whole[8:])&(1<<(8*n-64)-1)}
}
