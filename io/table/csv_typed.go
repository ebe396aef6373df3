package table

import (
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// csvTyped builds the array of one kept column of a block. A cell that does
// not fit becomes null, and makes the row bad if the request is strict.
type csvTyped struct {
	id      arrow.Type
	strict  bool
	decimal byte
	build   array.Builder
}

func newCSVTyped(p *csvPlan, k KeepRequest) csvTyped {
	alloc := p.opt.Alloc
	if alloc == nil {
		alloc = memory.DefaultAllocator
	}
	t := typeOr(k.Type)
	return csvTyped{id: t.ID(), strict: k.Strict, decimal: p.decimal, build: array.NewBuilder(alloc, t)}
}

// array hands over what was built.
func (t *csvTyped) array() arrow.Array { return t.build.NewArray() }

func (t *csvTyped) null() { t.build.AppendNull() }

// undo takes the last value back.
func (t *csvTyped) undo() { t.build.Resize(t.build.Len() - 1) }

// add appends a cell. Text without quotes that is empty is null.
func (t *csvTyped) add(text []byte, quoted bool) Reason {
	if t.id == arrow.STRING {
		return t.addText(text, quoted)
	}
	text = trimBlanks(text)
	if len(text) == 0 {
		t.build.AppendNull()
		return Good
	}
	ok := false
	switch b := t.build.(type) {
	case *array.Float64Builder:
		var v float64
		if v, ok = parseNumber(text, t.decimal); ok {
			b.Append(v)
		}
	case *array.Int64Builder:
		v, err := strconv.ParseInt(unsafe.String(unsafe.SliceData(text), len(text)), 10, 64)
		if ok = err == nil; ok {
			b.Append(v)
		}
	case *array.BooleanBuilder:
		var v bool
		if v, ok = parseBool(text); ok {
			b.Append(v)
		}
	case *array.Date32Builder:
		var v int64
		if v, ok = parseDate(text); ok {
			b.Append(arrow.Date32(v))
		}
	case *array.TimestampBuilder:
		var v int64
		if v, ok = parseTimestamp(text); ok {
			b.Append(arrow.Timestamp(v))
		}
	}
	if ok {
		return Good
	}
	t.build.AppendNull()
	if t.strict {
		return BadType
	}
	return Good
}

func (t *csvTyped) addText(text []byte, quoted bool) Reason {
	b := t.build.(*array.StringBuilder)
	switch {
	case len(text) == 0 && !quoted:
		b.AppendNull()
	case !utf8.Valid(text):
		b.AppendNull()
		return BadUTF8
	default:
		b.BinaryBuilder.Append(text)
	}
	return Good
}

func parseBool(text []byte) (v, ok bool) {
	switch string(text) {
	case "true", "True", "TRUE", "1":
		return true, true
	case "false", "False", "FALSE", "0":
		return false, true
	}
	return false, false
}

// parseDate reads YYYY-MM-DD as days since 1970-01-01.
func parseDate(text []byte) (days int64, ok bool) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	y, ok1 := digits(text[:4])
	m, ok2 := digits(text[5:7])
	d, ok3 := digits(text[8:])
	if !ok1 || !ok2 || !ok3 {
		return 0, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != m {
		return 0, false // such as 30 February
	}
	return t.Unix() / 86400, true
}

// parseTimestamp reads an ISO 8601 date, or date and time with or without
// seconds, fraction and offset, as microseconds since 1970-01-01 UTC. A time
// without an offset is taken to be UTC.
func parseTimestamp(text []byte) (micros int64, ok bool) {
	if len(text) < 10 {
		return 0, false
	}
	days, ok := parseDate(text[:10])
	if !ok || len(text) == 10 {
		return days * 86400e6, ok
	}
	if text[10] != 'T' && text[10] != ' ' {
		return 0, false
	}
	clock, rest, ok := parseClock(text[11:])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	return days*86400e6 + clock - offset, ok
}

// parseClock reads HH:MM[:SS[.fraction]] as microseconds of the day.
func parseClock(text []byte) (micros int64, rest []byte, ok bool) {
	h, m, ok := hourMinute(text)
	if !ok || h > 23 {
		return 0, nil, false
	}
	micros, rest = int64(h*3600+m*60)*1e6, text[5:]
	if len(rest) < 3 || rest[0] != ':' {
		return micros, rest, true
	}
	s, ok := digits(rest[1:3])
	if !ok || s > 59 {
		return 0, nil, false
	}
	micros, rest = micros+int64(s)*1e6, rest[3:]
	if len(rest) == 0 || rest[0] != '.' {
		return micros, rest, true
	}
	n, unit := 1, int64(100000)
	for ; n < len(rest) && rest[n]-'0' <= 9; n++ {
		d := int64(rest[n] - '0')
		if unit == 0 && d != 0 {
			return 0, nil, false // finer than a microsecond
		}
		micros += d * unit
		unit /= 10
	}
	return micros, rest[n:], n > 1
}

// parseOffset reads nothing, Z, ±HH:MM, ±HHMM or ±HH as microseconds.
func parseOffset(text []byte) (micros int64, ok bool) {
	if len(text) == 0 || string(text) == "Z" || string(text) == "z" {
		return 0, true
	}
	sign := int64(1)
	switch text[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	var hhmm [5]byte
	copy(hhmm[:], "00:00")
	switch t := text[1:]; len(t) {
	case 2:
		copy(hhmm[:], t)
	case 4:
		copy(hhmm[:2], t[:2])
		copy(hhmm[3:], t[2:])
	case 5:
		copy(hhmm[:], t)
	default:
		return 0, false
	}
	h, m, ok := hourMinute(hhmm[:])
	return sign * int64(h*3600+m*60) * 1e6, ok && h < 24
}

func hourMinute(text []byte) (h, m int, ok bool) {
	if len(text) < 5 || text[2] != ':' {
		return 0, 0, false
	}
	h, ok1 := digits(text[:2])
	m, ok2 := digits(text[3:5])
	return h, m, ok1 && ok2 && m < 60
}

// digits reads text that is digits and nothing else.
func digits(text []byte) (n int, ok bool) {
	for _, b := range text {
		if b-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(b-'0')
	}
	return n, len(text) > 0
}
