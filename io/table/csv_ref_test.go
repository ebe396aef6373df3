package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// refCell is a cell as the slow reference sees it.
type refCell struct {
	raw, text string
	quoted    bool
	bad       bool
}

// refRow is a record as the slow reference sees it.
type refRow struct {
	cells  []refCell
	start  int
	line   int
	length int // without the line end
}

// refFault is what ends a table early.
type refFault struct {
	reason            Reason
	row, line, offset int64
}

// refRecords walks data one byte at a time, a state a byte: the rules of
// quoting, written down as plainly as possible.
func refRecords(data string, delim byte, columns, limit int) (rows []refRow, fault *refFault) {
	for p, line := 0, 1; p < len(data); {
		row := refRow{start: p, line: line}
		var raw, text strings.Builder
		state := "start" // start, plain, quoted, closed
		bad, quoted, past, done := false, false, false, false
		endCell := func() {
			r, t := raw.String(), text.String()
			row.cells = append(row.cells, refCell{r, t, quoted, bad})
			raw.Reset()
			text.Reset()
			state, bad, quoted = "start", false, false
		}
		i := p
		for ; i < len(data) && !done; i++ {
			b := data[i]
			endsLine := b == '\n' || b == '\r' && (i+1 == len(data) || data[i+1] == '\n')
			switch {
			case state == "quoted":
				past = past || i-p >= limit
				raw.WriteByte(b)
				if b == '"' {
					state = "closed"
				} else {
					text.WriteByte(b)
				}
			case state == "start" && b == '"':
				past = past || i-p >= limit
				raw.WriteByte(b)
				state, quoted = "quoted", true
			case state == "closed" && b == '"':
				past = past || i-p >= limit
				raw.WriteByte(b)
				text.WriteByte(b)
				state = "quoted"
			case b == delim:
				endCell()
			case b == '\n':
				done = true
			case endsLine: // a carriage return before it
			default:
				raw.WriteByte(b)
				text.WriteByte(b)
				if state == "closed" || state == "plain" && quoted {
					bad = true
				}
				state = "plain"
			}
		}
		row.length = i - p
		if done {
			row.length--
		}
		if row.length > 0 && data[p+row.length-1] == '\r' && state != "quoted" {
			row.length--
		}
		unclosed := state == "quoted"
		endCell()
		if unclosed || past {
			why := BadQuote
			if past {
				why = TooLong
			}
			return rows, &refFault{why, int64(len(rows)) + 1, int64(line), int64(p)}
		}
		if row.length > 0 || columns == 1 {
			rows = append(rows, row)
		}
		line += strings.Count(data[p:i], "\n")
		p = i
	}
	return rows, nil
}

var numberGrammar = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// refNumber reads a number by the grammar as written down.
func refNumber(text string, decimal byte) (float64, bool) {
	if text == "true" || text == "false" {
		return map[string]float64{"true": 1}[text], true
	}
	if decimal != '.' {
		text = strings.ReplaceAll(strings.ReplaceAll(text, ".", "x"), string(rune(decimal)), ".")
	}
	if !numberGrammar.MatchString(text) {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// refDump is what a table decodes to, in words, by the slow reference.
func refDump(data string, columns int, q Request, o ReadOptions, delim byte) string {
	o = csvDefaults(o)
	var out strings.Builder
	rows, fault := refRecords(data, delim, columns, o.MaxRecord)
	for i, row := range rows {
		refDumpRow(&out, i, &row, columns, q, o, delim)
	}
	if fault != nil {
		fmt.Fprintf(&out, "fatal %s row %d line %d offset %d\n", fault.reason, fault.row, fault.line, fault.offset)
	}
	return out.String()
}

func refDumpRow(out *strings.Builder, i int, row *refRow, columns int, q Request, o ReadOptions, delim byte) {
	var record, slots []string
	long := row.length > o.MaxRecord
	if long {
		record = append(record, TooLong.String())
		row.cells = nil
	} else if len(row.cells) != columns {
		record = append(record, Ragged.String())
	}
	whole := len(record) == 0
	cell := func(c int) (refCell, bool) {
		if c < len(row.cells) {
			return row.cells[c], true
		}
		return refCell{}, false
	}
	if whole {
		for c, cell := range row.cells {
			if cell.bad {
				record = append(record, fmt.Sprintf("%s column %d", BadQuote, c))
				break
			}
		}
	}
	fmt.Fprintf(out, "row %d line %d offset %d:", i+1, row.line, row.start)
	for slot, f := range q.Features {
		c, there := cell(f.Column)
		word, why := refFeature(c, there, f, o)
		out.WriteString(" " + word)
		if why != Good && whole {
			slots = append(slots, fmt.Sprintf("%s slot %d", why, slot))
		}
	}
	for slot, k := range q.Keep {
		c, there := cell(k.Column)
		if q.Raw {
			fmt.Fprintf(out, " %q", c.raw)
			continue
		}
		word, why := refText(c, there)
		out.WriteString(" " + word)
		if why != Good && whole {
			slots = append(slots, fmt.Sprintf("%s slot %d", why, int(SlotKept)+slot))
		}
	}
	for _, why := range append(record, slots...) {
		out.WriteString(" !" + why)
	}
	out.WriteString("\n")
}

func refFeature(c refCell, there bool, f FeatureRequest, o ReadOptions) (string, Reason) {
	text := strings.Trim(c.text, " \t")
	missing := !there
	for _, w := range o.Missing {
		missing = missing || text == w
	}
	if f.Dict != nil {
		code := f.Dict.Code([]byte(text))
		why := Good
		if !there || code == CodeUnknown && missing {
			code = CodeMissing
		} else if code == CodeUnknown && !utf8.ValidString(text) {
			why = BadUTF8
		}
		return fmt.Sprintf("#%d", code), why
	}
	if missing {
		return "-", Good
	}
	v, ok := refNumber(text, o.Decimal)
	if !ok {
		return "-", NotANumber
	}
	return strconv.FormatFloat(v, 'x', -1, 64), Good
}

func refText(c refCell, there bool) (string, Reason) {
	switch {
	case !there || c.text == "" && !c.quoted:
		return "null", Good
	case !utf8.ValidString(c.text):
		return "null", BadUTF8
	}
	return strconv.Quote(c.text), Good
}

// dumpCSV is what a table decodes to, in words, by the product: the same words
// as refDump's if both are right. The header is not counted in the places.
func dumpCSV(r io.Reader, q Request, o ReadOptions) (string, error) {
	return dumpCSVBy(r, q, o, false)
}

// dumpCSVBy is dumpCSV, narrow without the wide loop.
func dumpCSVBy(r io.Reader, q Request, o ReadOptions, narrow bool) (string, error) {
	src, err := newCSV(r, func() Info { return Info{Format: CSV} }, o)
	if err != nil {
		return "", err
	}
	if err := src.Start(q); err != nil {
		return "", err
	}
	var out strings.Builder
	var b Block
	var rows Rows
	defer rows.Reset()
	if narrow {
		d := newCSVDecoder(src.(*csvSource).plan)
		d.wide, rows.scratch = nil, d
	}
	var row, line, offset int64
	for {
		err := src.Next(&b)
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		err = b.Decode(&rows)
		dumpRows(&out, &rows, q, row, line, offset)
		if e, ok := errors.AsType[*RowError](err); ok {
			fmt.Fprintf(&out, "fatal %s row %d line %d offset %d\n", e.Reason,
				row+e.Place.Row, line+e.Place.Line, offset+e.Place.Offset)
			return out.String(), nil
		} else if err != nil {
			return out.String(), err
		}
		row, line, offset = row+int64(rows.N), line+rows.Lines, offset+rows.Bytes
		b.Release()
	}
}

func dumpRows(out *strings.Builder, rows *Rows, q Request, row, line, offset int64) {
	bad := rows.Bad
	var seek Seeker
	for i := range rows.N {
		lines, bytesBefore := seek.Place(rows, i)
		fmt.Fprintf(out, "row %d line %d offset %d:", row+int64(i)+1, line+lines+1, offset+bytesBefore)
		for slot := range q.Features {
			f := &rows.Features[slot]
			switch {
			case q.Features[slot].Dict != nil:
				fmt.Fprintf(out, " #%d", f.Codes[i])
			case f.Missing(i):
				out.WriteString(" -")
			default:
				out.WriteString(" " + strconv.FormatFloat(f.F64[i], 'x', -1, 64))
			}
		}
		for slot := range q.Keep {
			dumpKept(out, rows, q, i, slot)
		}
		for len(bad) > 0 && int(bad[0].Row) == i {
			out.WriteString(" !" + bad[0].Reason.String())
			if bad[0].Slot != SlotRecord {
				fmt.Fprintf(out, " slot %d", bad[0].Slot)
			} else if bad[0].Column >= 0 {
				fmt.Fprintf(out, " column %d", bad[0].Column)
			}
			bad = bad[1:]
		}
		out.WriteString("\n")
	}
}

func dumpKept(out *strings.Builder, rows *Rows, q Request, i, slot int) {
	switch {
	case !q.Raw && rows.Kept[slot].IsNull(i):
		out.WriteString(" null")
	case !q.Raw:
		out.WriteString(" " + strconv.Quote(rows.Kept[slot].ValueStr(i)))
	case rows.Raw.Whole:
		record := append(bytes.Clone(rows.Raw.Span(i)), rows.Raw.Delim)
		for k, p := 0, 0; k <= slot; k++ {
			c := scanCell(record, p, rows.Raw.Delim)
			if k == slot {
				fmt.Fprintf(out, " %q", record[c.start:c.end])
			}
			p = c.next
		}
	default:
		fmt.Fprintf(out, " %q", rows.Raw.Cell(i, slot, len(q.Keep)))
	}
}
