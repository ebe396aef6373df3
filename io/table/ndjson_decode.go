package table

import "bytes"

// ndjsonDecoder decodes the blocks of one source. It fills Rows as the CSV
// decoder does, and differs in how it finds the cells.
type ndjsonDecoder struct {
	csvDecoder
	keys *ndjsonKeys
	line ndjsonLine
	text []byte // for strings put together
}

// decode implements decoder.
func (s *ndjsonSource) decode(b *Block, r *Rows) error {
	d, ok := r.scratch.(*ndjsonDecoder)
	if !ok || d.plan != s.plan {
		d = &ndjsonDecoder{csvDecoder: *newCSVDecoder(s.plan), keys: s.keys}
		r.scratch = d
	}
	if cap(b.Data) < len(b.Data)+Slack {
		b.Data = append(make([]byte, 0, len(b.Data)+Slack), b.Data...)
	}
	d.begin(b, r)
	r.Lines, r.Bytes = int64(bytes.Count(b.Data, []byte{'\n'})), int64(len(b.Data))
	if _, ok := b.state.(ndjsonNoRoom); ok {
		return d.fatal(0, csvNote{fault: TooLong, room: true})
	}
	if skip, ok := b.state.(*ndjsonSkip); ok {
		d.faulty(0, TooLong)
		r.Bytes = skip.bytes
		if skip.ended {
			r.Lines = 1
		}
	} else {
		d.lines()
	}
	d.finish(b)
	r.oneLine = true
	return nil
}

// lines decodes the block's records.
func (d *ndjsonDecoder) lines() {
	for p := 0; p < len(d.data); {
		end := len(d.data)
		if i := bytes.IndexByte(d.data[p:], '\n'); i >= 0 {
			end = p + i + 1
		}
		if record := d.data[p:end]; !blank(record) {
			if d.r.N == d.rows {
				d.grow(2 * d.rows)
			}
			d.record(p, record)
		}
		p = end
	}
}

// record decodes the record at p as the next row.
func (d *ndjsonDecoder) record(p int, record []byte) {
	if len(trimLineEnd(record)) > d.plan.limit {
		d.faulty(p, TooLong)
		return
	}
	fault := d.line.parse(record, d.keys, false)
	if fault != Good && fault != Ragged {
		d.faulty(p, fault)
		return
	}
	r, row, bads := d.r, d.r.N, len(d.r.Bad)
	r.starts[row] = int32(p)
	for column := range d.plan.columns {
		d.value(column, row, p)
	}
	if fault != Good {
		r.Bad = r.Bad[:bads]
		d.bad(row, SlotRecord, -1, fault)
	}
	d.endRow(row, p, p, bads)
}

// faulty makes a row without values of the record at p.
func (d *ndjsonDecoder) faulty(p int, why Reason) {
	row, bads := d.r.N, len(d.r.Bad)
	d.r.starts[row] = int32(p)
	d.absent(0, row, p)
	d.bad(row, SlotRecord, -1, why)
	d.endRow(row, p, p, bads)
}

var jsonNull = []byte("null")

// value uses the value of a column, in the record at p, in every way that is
// asked for.
func (d *ndjsonDecoder) value(column, row, p int) {
	start, end := p, p
	literal := jsonNull
	if at := d.line.start[column]; at >= 0 {
		start, end = p+int(at), p+int(d.line.end[column])
		literal = d.data[start:end]
	}
	for _, op := range d.plan.columns[column] {
		switch op.kind {
		case opNumber:
			d.jsonNumber(op.slot, column, row, literal)
		case opCode:
			d.jsonCode(op.slot, column, row, literal)
		case opSpan:
			d.span(op.slot, row, start, end)
		case opTyped:
			if why := d.jsonTyped(op.slot, literal); why != Good {
				d.bad(row, SlotKept+int32(op.slot), column, why)
			}
		}
	}
}

// jsonNumber puts a value into feature slot as a number. Strings are read as
// cells of a CSV are; numbers are always written with a point.
func (d *ndjsonDecoder) jsonNumber(slot, column, row int, literal []byte) {
	switch literal[0] {
	case '"':
		d.number(slot, column, row, trimBlanks(d.unquote(literal)))
	case 'n':
		d.invalid(slot, row)
	case '{', '[':
		d.bad(row, int32(slot), column, NotANumber)
		d.invalid(slot, row)
	default:
		v, ok := parseNumber(literal, '.')
		switch missing := &d.plan.missing; {
		case !ok:
			d.bad(row, int32(slot), column, NotANumber)
			d.invalid(slot, row)
		case len(missing.numbers) > 0 && missing.maybe(v) && missing.has(literal):
			d.invalid(slot, row)
		default:
			d.r.Features[slot].F64[row] = v
		}
	}
}

// jsonCode puts a value into feature slot as the code of its word: what a
// string says, or the text of a number, true or false.
func (d *ndjsonDecoder) jsonCode(slot, column, row int, literal []byte) {
	switch literal[0] {
	case '"':
		d.code(slot, column, row, trimBlanks(d.unquote(literal)))
	case 'n':
		d.r.Features[slot].Codes[row] = CodeMissing
	case '{', '[':
		d.bad(row, int32(slot), column, BadType)
		d.r.Features[slot].Codes[row] = CodeUnknown
	case 't', 'f':
		d.code(slot, column, row, d.boolWord(slot, literal))
	default:
		d.code(slot, column, row, literal)
	}
}

// boolWord is the word of true or false: that, or 1 or 0 for a model whose
// categories are those.
func (d *ndjsonDecoder) boolWord(slot int, literal []byte) []byte {
	if d.plan.req.Features[slot].Dict.Code(literal) != CodeUnknown {
		return literal
	}
	digit := []byte("0")
	if literal[0] == 't' {
		digit = []byte("1")
	}
	if d.plan.req.Features[slot].Dict.Code(digit) != CodeUnknown {
		return digit
	}
	return literal
}

// jsonTyped appends a value to kept column slot.
func (d *ndjsonDecoder) jsonTyped(slot int, literal []byte) Reason {
	k := &d.kept[slot]
	switch literal[0] {
	case 'n':
		k.null()
		return Good
	case '"':
		return k.add(d.unquote(literal), true)
	}
	decimal := k.decimal
	k.decimal = '.'
	why := k.add(literal, false)
	k.decimal = decimal
	return why
}

// unquote is what a JSON string says; it is good until the next call.
func (d *ndjsonDecoder) unquote(quoted []byte) []byte {
	text := unquoted(quoted, d.text)
	if len(text) > 0 && &text[0] != &quoted[1] {
		d.text = text
	}
	return text
}
