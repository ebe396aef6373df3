package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// soakCell is one cell as the reference sees it: what a table of the CSV
// family says, the literal of an NDJSON record ("" where the key is absent), or
// a value of a typed table (nil: null).
type soakCell struct {
	raw, text   string
	quoted, bad bool
	value       any
}

// soakRow is one record. Its fault, if any, makes it bad whatever its cells.
type soakRow struct {
	cells        []soakCell
	raw          string
	line, offset int64 // 0 and -1 where they are not known
	fault        string
	column       int // of the fault, or -1
}

// soakRead is one input as the reference reads it.
type soakRead struct {
	path, format string
	names        []string
	header       []string // as it is written; nil: none
	types        []string // of typed tables
	rows         []soakRow
	fatal        *soakRow // a record that ends the job under every policy
	refused      bool     // the whole table, before its first row
	lineEnd      string
	bytes        int64
}

// readCSVSlowly reads a table of the CSV family by CONTRACT 8, a byte at a time.
func readCSVSlowly(data string, j *soakJob, names []string) *soakRead {
	t := &soakRead{lineEnd: "\n", names: names}
	p, line := 0, int64(1)
	if strings.HasPrefix(data, "\ufeff") {
		p = 3
	}
	if j.header {
		for p < len(data) && lineEndLength(data[p:]) > 0 {
			p += lineEndLength(data[p:])
			line++
		}
		if p == len(data) {
			t.refused = true
			return t
		}
		head, next, past := oneRecord(data, p, j.delim, j.maxRecord)
		if head.fault != "" || past || strings.Contains(head.raw, "\r") && !strings.Contains(data, "\n") {
			t.refused = true
			return t
		}
		t.names = nil
		for _, c := range head.cells {
			t.refused = t.refused || c.bad
			t.header = append(t.header, c.raw)
			t.names = append(t.names, c.text)
		}
		if strings.HasSuffix(data[p:next], "\r\n") {
			t.lineEnd = "\r\n"
		}
		line += int64(strings.Count(data[p:next], "\n"))
		p = next
	} else if p == len(data) {
		t.refused = true
	} else {
		head, next, _ := oneRecord(data, p, j.delim, j.maxRecord)
		t.refused = strings.Contains(head.raw, "\r") && !strings.Contains(data, "\n")
		if strings.HasSuffix(data[p:next], "\r\n") {
			t.lineEnd = "\r\n"
		}
	}
	for p < len(data) && !t.refused {
		row, next, past := oneRecord(data, p, j.delim, j.maxRecord)
		row.line, row.offset = line, int64(p)
		switch {
		case past:
			row.fault = "too_long"
			t.fatal = &row
			return t
		case row.fault != "":
			t.fatal = &row
			return t
		case row.raw == "" && len(t.names) != 1:
		case len(row.raw) > j.maxRecord:
			row.fault, row.column, row.cells = "too_long", -1, nil
			t.rows = append(t.rows, row)
		default:
			row.judge(len(t.names))
			t.rows = append(t.rows, row)
		}
		line += int64(strings.Count(data[p:next], "\n"))
		p = next
	}
	return t
}

// judge finds what is wrong with a record as such.
func (row *soakRow) judge(columns int) {
	row.column = -1
	if len(row.cells) != columns {
		row.fault = "ragged"
		return
	}
	for i, c := range row.cells {
		if c.bad {
			row.fault, row.column = "bad_quote", i
			return
		}
	}
}

// lineEndLength is the length of the line end that s starts with, or 0.
func lineEndLength(s string) int {
	switch {
	case strings.HasPrefix(s, "\n"):
		return 1
	case strings.HasPrefix(s, "\r\n"):
		return 2
	}
	return 0
}

// oneRecord reads the record at p. Its fault is bad_quote if a quote is never
// closed; past says that quotes were open beyond the limit.
func oneRecord(data string, p int, delim byte, limit int) (row soakRow, next int, past bool) {
	cell, i := p, p
	open, closed := false, false // within quotes; behind them
	var c soakCell
	finish := func(end int) {
		c.raw = data[cell:end]
		if !c.quoted {
			c.text = c.raw
		}
		row.cells = append(row.cells, c)
		c = soakCell{}
		closed = false
	}
	for ; ; i++ {
		atEnd := i == len(data)
		switch {
		case atEnd && open:
			row.fault = "bad_quote"
			fallthrough
		case atEnd, !open && (data[i] == '\n' || data[i] == '\r' && (i+1 == len(data) || data[i+1] == '\n')):
			finish(i)
			row.raw = data[p:i]
			if !atEnd {
				i += max(lineEndLength(data[i:]), 1)
			}
			return row, i, past
		case open && data[i] == '"' && i+1 < len(data) && data[i+1] == '"':
			past = past || i+1-p >= limit
			c.text += `"`
			i++
		case open && data[i] == '"':
			past = past || i-p >= limit
			open, closed = false, true
		case open:
			past = past || i-p >= limit
			c.text += data[i : i+1]
		case data[i] == delim:
			finish(i)
			cell = i + 1
		case i == cell && data[i] == '"':
			past = past || i-p >= limit
			open, c.quoted = true, true
		case closed:
			c.bad = true
			c.text += data[i : i+1]
		}
	}
}

// readNDJSONSlowly reads one object a line; names are the columns.
func readNDJSONSlowly(data string, names []string, limit int) *soakRead {
	t := &soakRead{names: names, lineEnd: "\n"}
	p, line := 0, int64(1)
	if strings.HasPrefix(data, "\ufeff") {
		p = 3
	}
	for ; p < len(data); line++ {
		end := len(data)
		if i := strings.IndexByte(data[p:], '\n'); i >= 0 {
			end = p + i + 1
		}
		if record := strings.TrimSuffix(strings.TrimSuffix(data[p:end], "\n"), "\r"); strings.Trim(record, " \t\r") != "" {
			row := soakRow{line: line, offset: int64(p), raw: record, column: -1}
			row.readObject(record, names)
			if len(record) > limit {
				row.fault, row.cells = "too_long", nil
			}
			t.rows = append(t.rows, row)
		}
		p = end
	}
	return t
}

// readObject finds the values of a record.
func (row *soakRow) readObject(record string, names []string) {
	dec := json.NewDecoder(strings.NewReader(record))
	cells := make([]soakCell, len(names))
	token, err := dec.Token()
	object := err == nil && token == json.Delim('{')
	for object && dec.More() {
		key, err := dec.Token()
		if err != nil {
			object = false
			break
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			object = false
			break
		}
		at := indexOf(names, key.(string))
		if at < 0 || cells[at].raw != "" {
			row.fault = "ragged"
			continue
		}
		cells[at] = jsonCell(string(value))
	}
	if object {
		_, err := dec.Token()
		object = err == nil && strings.Trim(record[dec.InputOffset():], " \t\r") == ""
	}
	if !object || !utf8.ValidString(record) {
		row.fault, row.cells = "bad_type", nil
		if !utf8.ValidString(record) {
			row.fault = "bad_utf8"
		}
		return
	}
	row.cells = cells
}

// jsonCell is a literal, and what it says as a cell.
func jsonCell(literal string) soakCell {
	c := soakCell{raw: literal, text: literal}
	if literal[0] == '"' {
		json.Unmarshal([]byte(literal), &c.text)
		c.quoted = true
	}
	if literal == "null" {
		c.text = ""
	}
	return c
}

func indexOf(list []string, word string) int {
	for i, w := range list {
		if w == word {
			return i
		}
	}
	return -1
}

var soakNumber = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// numberBySlowGrammar reads a trimmed cell by the grammar of CONTRACT 4.
func numberBySlowGrammar(text string, decimal byte) (float64, bool) {
	switch text {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	if decimal == ',' {
		text = strings.ReplaceAll(strings.ReplaceAll(text, ".", "x"), ",", ".")
	}
	if !soakNumber.MatchString(text) {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

func trimmed(s string) string { return strings.Trim(s, " \t") }

// splitOutput reads a table of the CSV family that the command wrote into its
// raw cells. It must be those cells, joined.
func splitOutput(data []byte, delim byte, end string) (rows [][]soakCell, ok bool) {
	var again bytes.Buffer
	text := string(data)
	for p := 0; p < len(text); {
		row, next, _ := oneRecord(text, p, delim, 1<<30)
		for i, c := range row.cells {
			if i > 0 {
				again.WriteByte(delim)
			}
			again.WriteString(c.raw)
		}
		again.WriteString(end)
		rows = append(rows, row.cells)
		p = next
	}
	return rows, bytes.Equal(again.Bytes(), data)
}
