package table

import "bytes"

// escapeFormulas puts an apostrophe before each cell of the record dst[start:]
// that a spreadsheet would take for a formula: text that starts with = + - @, a
// tab or a carriage return, and is no number (OWASP, CSV Injection).
func escapeFormulas(dst []byte, start int, delim byte) []byte {
	whole := dst[start:]
	record := trimLineEnd(whole)
	var escaped []byte // set once a cell is changed
	done := 0          // bytes of whole that are in escaped
	for p := 0; p <= len(record); {
		c := cellOf(record, p, delim)
		at := c.start
		if c.quoted {
			at++
		}
		if isFormula(c.text(record, nil)) {
			escaped = append(append(escaped, whole[done:at]...), '\'')
			done = at
		}
		if p = c.next; c.last {
			break
		}
	}
	if escaped == nil {
		return dst
	}
	escaped = append(escaped, whole[done:]...)
	return append(dst[:start], escaped...)
}

// isFormula reports whether a spreadsheet would calculate with a cell.
func isFormula(text []byte) bool {
	if len(text) == 0 || bytes.IndexByte([]byte("=+-@\t\r"), text[0]) < 0 {
		return false
	}
	if text[0] != '+' && text[0] != '-' {
		return true
	}
	for _, decimal := range []byte{'.', ','} {
		if _, ok := parseNumber(text, decimal); ok {
			return false
		}
	}
	return true
}
