package main

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// kept are the kept cells of a row as they must come out. A bad row keeps what
// fits.
func (j *soakJob) kept(t *soakRead, b *soakBinding, keep []soakField, row *soakRow, reason string) []soakOut {
	out := make([]soakOut, len(keep))
	for i, f := range keep {
		at := b.kept[i]
		switch {
		case at >= len(row.cells) && f.typ == "raw":
			out[i] = soakOut{raw: true, absent: j.inFormat == "ndjson"}
		case at >= len(row.cells):
			out[i] = soakOut{null: true}
		default:
			out[i], _ = j.keptValue(t, f, row.cells[at])
		}
	}
	return out
}

// keptValue is a kept cell as it must come out, or why it makes the row bad.
func (j *soakJob) keptValue(t *soakRead, f soakField, c soakCell) (soakOut, string) {
	switch {
	case t.types != nil:
		return soakOut{null: c.value == nil, value: c.value}, ""
	case f.typ == "raw":
		return soakOut{raw: true, text: c.raw, absent: j.inFormat == "ndjson" && c.raw == ""}, ""
	case j.inFormat == "ndjson" && (c.raw == "" || c.raw == "null"):
		return soakOut{null: true}, ""
	case f.typ == "string":
		switch {
		case c.text == "" && !c.quoted:
			return soakOut{null: true}, ""
		case !utf8.ValidString(c.text):
			return soakOut{null: true}, "bad_utf8"
		}
		return soakOut{value: c.text}, ""
	}
	word := trimmed(c.text)
	if word == "" {
		return soakOut{null: true}, ""
	}
	decimal := j.decimal
	if j.inFormat == "ndjson" && !c.quoted {
		decimal = '.'
	}
	v, ok := typedWord(word, f.typ, decimal)
	switch {
	case ok:
		return soakOut{value: v}, ""
	case j.types[f.name] == "":
		return soakOut{null: true}, ""
	}
	return soakOut{null: true}, "bad_type"
}

// typedWord reads a word as a value of --types.
func typedWord(word, typ string, decimal byte) (any, bool) {
	switch typ {
	case "float64":
		v, ok := numberBySlowGrammar(word, decimal)
		return v, ok
	case "int64":
		v, err := strconv.ParseInt(word, 10, 64)
		return v, err == nil
	case "date", "timestamp":
		at, err := time.Parse(time.DateOnly, word)
		if typ == "date" {
			return at.Unix() / 86400, err == nil
		}
		return at.UnixMicro(), err == nil
	}
	panic(typ)
}

// made are the computed cells of a row as they must come out.
func (j *soakJob) made(a [][]float64, reason string) []soakOut {
	var out []soakOut
	null := a == nil
	add := func(o soakOut) {
		if null {
			o = soakOut{null: true}
		}
		out = append(out, o)
	}
	y := make([]float64, j.model.width())
	if !null {
		y = a[len(a)-1]
	}
	for _, v := range y {
		add(j.numberOut(v))
	}
	if j.model.labels != nil || j.threshold != nil {
		add(j.labelOut(y))
	}
	if j.bands != nil {
		add(j.bandOut(y[0]))
	}
	if j.policy == "null" {
		out = append(out, soakOut{null: reason == "", value: reason})
	}
	for _, l := range j.activations {
		row := make([]float64, len(j.model.layers[l-1].bias))
		if !null {
			row = a[l-1]
		}
		var items []any
		for _, v := range row {
			items = append(items, v)
			if !j.list {
				add(j.numberOut(v))
			}
		}
		if j.list {
			add(soakOut{value: items, approx: !j.model.exact})
		}
	}
	for _, c := range j.add {
		value := c[1]
		if value == "{model}" {
			value = "soak"
		}
		out = append(out, soakOut{value: value})
	}
	return out
}

// numberOut is a computed number.
func (j *soakJob) numberOut(v float64) soakOut { return soakOut{value: v, approx: !j.model.exact} }

// atLeast compares in the working precision; near says that sums made in
// another order may decide otherwise.
func (j *soakJob) atLeast(y, t float64) (yes, near bool) {
	if j.precision == 32 {
		t = float64(float32(t))
	}
	return y >= t, !j.model.exact && math.Abs(y-t) < 1e-2
}

// labelOut is the label: by threshold, or the first of the largest.
func (j *soakJob) labelOut(y []float64) soakOut {
	t := j.model.threshold
	if j.threshold != nil {
		t = *j.threshold
	}
	at, near := 0, false
	if len(y) == 1 {
		var yes bool
		if yes, near = j.atLeast(y[0], t); yes {
			at = 1
		}
	}
	for i, v := range y {
		if v > y[at%len(y)] && len(y) > 1 {
			at = i
		}
	}
	for i, v := range y {
		near = near || len(y) > 1 && i != at && !j.model.exact && y[at]-v < 1e-2
	}
	if j.model.labels == nil {
		return soakOut{value: int64(at), approx: near}
	}
	return soakOut{value: j.model.labels[at], approx: near}
}

// bandOut is the last band that starts at or below y.
func (j *soakJob) bandOut(y float64) soakOut {
	out := soakOut{null: true}
	for _, b := range j.bands {
		yes, near := j.atLeast(y, b.from)
		if yes {
			out = soakOut{value: b.name}
		}
		out.approx = out.approx || near
	}
	for _, b := range j.bands {
		_, near := j.atLeast(y, b.from)
		out.approx = out.approx || near
	}
	return out
}

// csvOut is a cell of the CSV family that must come out: as it is written, and
// what it says.
func (j *soakJob) csvOut(o soakOut, typ string, delim byte) (raw, text string) {
	switch {
	case o.raw:
		raw = o.text
		// The delimiter behind it keeps a last carriage return in the cell.
		c, _, _ := oneRecord(raw+string(rune(delim)), 0, delim, 1<<30)
		if len(c.cells) > 2 {
			raw = `"` + strings.ReplaceAll(raw, `"`, `""`) + `"`
			c, _, _ = oneRecord(raw, 0, delim, 1<<30)
		}
		return j.escaped(raw, c.cells[0].text)
	case o.null:
		return "", ""
	}
	text = j.word(o.value, typ)
	raw = text
	if text == "" || strings.ContainsAny(text, "\"\r\n"+string(rune(delim))) {
		raw = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return j.escaped(raw, text)
}

// word is a value as text, computed floats as --float-format has it.
func (j *soakJob) word(v any, typ string) string {
	if typ == "made32" || typ == "made64" {
		if items, ok := v.([]any); ok {
			var words []string
			for _, item := range items {
				words = append(words, j.word(item, typ))
			}
			return "[" + strings.Join(words, ",") + "]"
		}
		f, ok := v.(float64)
		switch {
		case ok && j.fixed >= 0:
			return strconv.FormatFloat(f, 'f', j.fixed, 64)
		case ok && typ == "made32":
			return floatWord(f, 32)
		}
	}
	return wordOf(v, typ)
}

// escaped puts an apostrophe before a formula, if that is asked for.
func (j *soakJob) escaped(raw, text string) (string, string) {
	if !j.escape || text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return raw, text
	}
	for _, decimal := range []byte{'.', ','} {
		if _, ok := numberBySlowGrammar(text, decimal); ok && (text[0] == '+' || text[0] == '-') {
			return raw, text
		}
	}
	if strings.HasPrefix(raw, `"`) {
		return `"'` + raw[1:], "'" + text
	}
	return "'" + raw, "'" + text
}
