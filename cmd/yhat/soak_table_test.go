package main

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// soakColumn is a column of a random table. Its kind says what cells it has:
// number, category, id, text or date.
type soakColumn struct{ name, kind string }

var soakCategories = []string{"male", "female", "NA", "1", "é", "a b"}

// soakNames are column names, of which some must be quoted.
var soakNames = []string{"id", "weight_kg", "x", "sex", "note", "p;q", "r,s", "é", "two words", "say \"x\"", "t\tu", "day", "Z", "y_hat", "a1_0"}

// soakColumns draws the columns of a table: at least one feature.
func soakColumns(r *rand.Rand) []soakColumn {
	names := append([]string{}, soakNames...)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	columns := []soakColumn{{names[0], pick(r, "number", "number", "number", "category")}}
	if chance(r, 5) {
		return columns
	}
	for _, name := range names[1 : 2+r.IntN(6)] {
		columns = append(columns, soakColumn{name, pick(r, "number", "number", "category", "id", "text", "text", "date")})
	}
	r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
	return columns
}

// Numbers good and bad, as they may stand in a cell. None is so small that half
// of it is zero: whether such a zero keeps its sign depends on whether a product
// is rounded before the bias is added, which kernels do differently.
var (
	soakGood = []string{"1", "2.5", "-3", "+4", "5.", ".5", "1e3", "1E-2", "0", "-0", "81.2", "650", "2", "99.5", "12.50", "007", "1e15", "999999999999999",
		"1e-5", "0.00001", "0.0000099999999", "9.999999e14", "1.17549435e-38", "1e-40", "1e-43", "3.4028235e38", "0.1", "0.30000001", "123456789", "16777217",
		"1.00000005960464477539", "1.0000000596046448", "5e-324", " 7", "8 ", " 9 ", "true", "false", "\"10\"", "\" 11 \"", "0.000012345678901234567890", "1234567.8125"}
	soakBad   = []string{"abc", "0x10", "1_000", "inf", "-Inf", "1e400", "1..2", "--1", "1e", "1e+", ".", "+", "1 2", "TRUE", "1,5", "1.5", "é", "5\" x", "\"a\"", "1e38000", "0x1p-2", "1f"}
	soakRare  = []string{"3.5e38", "1e39", "1e300", "-1e308", "1e-400", "1e9", "-6", "651"}
	soakNone  = []string{"", "NA", "N/A", "NaN", "nan", "null", "NULL", "\"\"", " ", "\" NA \"", "?", "-999"}
	soakWords = []string{"abc", "a b", "", "\"\"", "\"a,b\"", "\"two\nlines\"", "\"cr\r\nlf\"", "\"say \"\"hi\"\"\"", "5\" disk", "=1+1", "@x", "-5", "+6", "-x", "é", "日本", "\"\n\"",
		"\"=cmd,x\"", " lead", "trail ", "x;y", "x\ty", "x|y", "'", "a'b", "\"\"\"\"", "NULL", "0012", "12.50", "\x00", "a\x00b", "a\rb", "x\r", "\r", "\"\r\"", "\"a\"\"\r\n\"", "a\"b\"c"}
)

// cell draws a cell as a table of the CSV family holds it.
func (c soakColumn) cell(r *rand.Rand, j *soakJob) string {
	odd := r.IntN(1000)
	switch {
	case odd < j.spoil/4:
		return pick(r, "\"a\"b", "\"a;\";b", "\"a\"b,c", "\"1\" ", "\"x\"\"y\"z", "\"\"\"\"q\"\"")
	case odd < j.spoil/3:
		return pick(r, "\xff", "a\xc3", "\"\xf0\x28\"")
	}
	switch c.kind {
	case "number":
		switch n := r.IntN(1000); {
		case n < j.spoil:
			return pick(r, soakBad...)
		case n < j.spoil+j.spoil/2:
			return pick(r, soakRare...)
		case n < 3*j.spoil:
			return pick(r, soakNone...)
		case n < 600:
			return j.decimals(strconv.FormatFloat(r.NormFloat64()*100, 'g', 1+r.IntN(17), 64))
		}
		return j.decimals(pick(r, soakGood...))
	case "category":
		if r.IntN(1000) < 2*j.spoil {
			return pick(r, pick(r, soakNone...), "other", "MALE", "\"\"")
		}
		return pick(r, "male", "male", "female", " male ", "\"female\"", "\" male\"")
	case "id":
		return strconv.Itoa(r.IntN(2000))
	case "date":
		if r.IntN(1000) < 2*j.spoil {
			return pick(r, "2026-02-30", "yesterday", "", "\"\"", "2026-1-1")
		}
		return pick(r, "2026-03-01", "1969-12-31", "\"2024-02-29\"", "0001-01-01", "9999-12-31")
	}
	if chance(r, 2) {
		return strings.Repeat(pick(r, "x", "é", "long "), 1+r.IntN(300))
	}
	return pick(r, soakWords...)
}

// decimals writes a number with the job's decimal sign.
func (j *soakJob) decimals(text string) string {
	if j.decimal == ',' {
		text = strings.ReplaceAll(text, ".", ",")
	}
	if strings.IndexByte(text, j.delim) >= 0 && text[0] != '"' {
		return `"` + text + `"`
	}
	return text
}

// csvTable draws a table of the CSV family.
func csvTable(r *rand.Rand, j *soakJob, columns []soakColumn, rows int) []byte {
	var b bytes.Buffer
	end := pick(r, "\n", "\n", "\r\n")
	endOf := func() string {
		if j.mixedEnds && chance(r, 20) {
			return pick(r, "\n", "\r\n")
		}
		return end
	}
	if chance(r, 10) {
		b.WriteString("\ufeff")
	}
	blank := func() {
		for j.blanks && chance(r, 5) {
			b.WriteString(endOf())
		}
	}
	if j.header {
		blank()
		twice := chance(r, 3)
		for i, c := range columns {
			if i > 0 {
				b.WriteByte(j.delim)
			}
			if twice && i == len(columns)-1 {
				c = columns[0] // a name that stands twice
			}
			b.WriteString(headerCell(r, c.name, j.delim))
		}
		b.WriteString(endOf())
	}
	for i := range rows {
		if j.header || i > 0 {
			blank()
		}
		csvRecord(r, j, &b, columns)
		if i+1 < rows || chance(r, 85) {
			b.WriteString(endOf())
		}
	}
	if chance(r, 1) && j.spoil > 0 {
		b.WriteString("\"never closed")
	}
	return b.Bytes()
}

// csvRecord draws a record without its end.
func csvRecord(r *rand.Rand, j *soakJob, b *bytes.Buffer, columns []soakColumn) {
	n := len(columns)
	if odd := r.IntN(1000); odd < j.spoil/5 {
		n += pick(r, -1, 1, 2, -n+1)
	}
	for k := range max(n, 1) {
		if k > 0 {
			b.WriteByte(j.delim)
		}
		c := soakColumn{kind: "text"}
		if k < len(columns) {
			c = columns[k]
		}
		b.WriteString(j.safe(r, c.cell(r, j)))
	}
}

// safe quotes most unquoted cells that hold the delimiter: those that are left
// make the record ragged.
func (j *soakJob) safe(r *rand.Rand, cell string) string {
	if len(cell) > 0 && cell[0] != '"' && strings.IndexByte(cell, j.delim) >= 0 && r.IntN(1000) >= j.spoil {
		return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	}
	return cell
}

// headerCell writes a name, in quotes if it must be or at times.
func headerCell(r *rand.Rand, name string, delim byte) string {
	if strings.IndexByte(name, delim) >= 0 || name[0] == '"' || chance(r, 10) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// zipped compresses a table, in several members at times.
func zipped(r *rand.Rand, data []byte, zip string) []byte {
	var b bytes.Buffer
	cut := len(data)
	if chance(r, 40) {
		cut = r.IntN(len(data) + 1)
	}
	for _, part := range [][]byte{data[:cut], data[cut:]} {
		switch {
		case zip == "gz":
			w := gzip.NewWriter(&b)
			w.Write(part)
			w.Close()
		case zip == "zst":
			w, _ := zstd.NewWriter(&b)
			w.Write(part)
			w.Close()
		default:
			b.Write(part)
		}
		if cut == len(data) {
			break
		}
	}
	return b.Bytes()
}
