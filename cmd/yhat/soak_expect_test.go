package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// soakOut is a cell that must come out: raw text of the CSV family or of NDJSON
// as it was written, or a value.
type soakOut struct {
	raw    bool
	text   string // raw
	null   bool
	value  any  // string, float64, int64, bool, []any
	approx bool // a number within a tolerance, a word of any kind
	absent bool // a key that NDJSON leaves out
}

// soakField is a column that must come out.
type soakField struct {
	name, raw string // raw: as the header writes it, "" for as it must be
	typ       string // raw, a type of --types, float32, or a typed column's own
}

// soakExpected is what must come of a job.
type soakExpected struct {
	code    int
	stop    *soakRow // the row that the message must name
	reason  string
	column  string
	file    string
	row     int64
	fields  []soakField
	rows    [][]soakOut
	refused bool // no row was looked at
	early   bool // an error after some rows
	vague   bool // how far it came is not told by the contract

	rejectLines                  [][]string
	read, scored, rejected, null int64
	inputRows                    []int64
	reasons                      map[string]int64
	missing, filled              map[string]int64
	odd                          bool // records without all their cells were seen
	lineEnd                      string
}

// soakBinding is an input's columns, bound.
type soakBinding struct {
	features []int
	kept     []int
}

// expectation works out what must come of the job, row by row.
func (j *soakJob) expectation() *soakExpected {
	e := &soakExpected{reasons: map[string]int64{}, missing: map[string]int64{}, filled: map[string]int64{}}
	if j.finalNewline && j.unfinished() {
		e.vague = true
		return e.fail(false)
	}
	var keep []soakField
	bad := int64(0)
	for n, t := range j.inputs {
		if j.limit > 0 && e.read == j.limit {
			break
		}
		if t.refused {
			return e.fail(n == 0)
		}
		if n == 0 {
			e.lineEnd = t.lineEnd
			var ok bool
			if keep, ok = j.keptFields(t); !ok {
				return e.fail(true)
			}
			e.fields = append(slices.Clone(keep), j.madeFields()...)
			if clash(e.fields) {
				return e.fail(true)
			}
		}
		b, ok := j.bind(t, keep)
		if !ok {
			return e.fail(n == 0)
		}
		e.inputRows = append(e.inputRows, 0)
		for i := range t.rows {
			if j.limit > 0 && e.read == j.limit {
				break
			}
			row := &t.rows[i]
			made, reason, column := j.score(t, b, keep, row)
			if reason != "" && j.policy == "fail" {
				e.stop, e.reason, e.column, e.file, e.row = row, reason, column, t.path, int64(i+1)
				return e.fail(false)
			}
			if reason != "" {
				bad++
				e.reasons[reason]++
				e.reject(j, t, row, int64(i+1), reason, column)
				if j.maxBad >= 0 && bad > j.maxBad {
					return e.fail(false)
				}
			}
			e.count(j, t, b, row, reason)
			e.inputRows[n]++
			if reason == "" || j.policy == "null" {
				e.rows = append(e.rows, append(j.kept(t, b, keep, row, reason), j.made(made, reason)...))
			}
		}
		if t.fatal != nil && (j.limit == 0 || e.read < j.limit) {
			e.stop, e.reason, e.file, e.row = t.fatal, t.fatal.fault, t.path, int64(len(t.rows)+1)
			return e.fail(false)
		}
	}
	return e.finish(j, bad)
}

// finish decides at the end of the inputs.
func (e *soakExpected) finish(j *soakJob, bad int64) *soakExpected {
	switch {
	case e.read == 0 && j.empty == "skip":
		e.code, e.refused = 99, true
	case e.read == 0 && j.empty == "fail":
		return e.fail(true)
	case float64(bad)*100 > j.maxPercent*float64(e.read), j.expect >= 0 && j.expect != e.read:
		e.code = 65
	}
	return e
}

func (e *soakExpected) fail(refused bool) *soakExpected {
	e.code, e.refused, e.early = 65, refused, true
	return e
}

// unfinished reports whether an input does not end in a line end.
func (j *soakJob) unfinished() bool {
	for _, t := range j.inputs {
		if data := j.plain(t); len(data) > 0 && data[len(data)-1] != '\n' {
			return true
		}
	}
	return false
}

// reject adds a line to the rejects.
func (e *soakExpected) reject(j *soakJob, t *soakRead, row *soakRow, n int64, reason, column string) {
	line := []string{t.path, strconv.FormatInt(n, 10), "", "", column, reason}
	if row.offset >= 0 {
		line[2], line[3] = strconv.FormatInt(row.line, 10), strconv.FormatInt(row.offset, 10)
	}
	if j.raw && reason == "too_long" {
		line = append(line, "") // it is not held
	} else if j.raw {
		line = append(line, row.raw)
	}
	e.rejectLines = append(e.rejectLines, line)
}

// count adds a row to the totals.
func (e *soakExpected) count(j *soakJob, t *soakRead, b *soakBinding, row *soakRow, reason string) {
	e.read++
	switch {
	case reason == "":
		e.scored++
	case j.policy == "null":
		e.null++
	default:
		e.rejected++
	}
	if row.fault != "" {
		e.odd = true
		return
	}
	for i := range j.model.features {
		f := &j.model.features[i]
		if _, why := j.feature(t, f, row.cells[b.features[i]]); why == "missing" || j.isMissing(t, f, row.cells[b.features[i]]) {
			e.missing[f.name]++
			if f.fill != nil || f.fillWord != "" {
				e.filled[f.name]++
			}
		}
	}
}

// keptFields are the kept columns, by the first input.
func (j *soakJob) keptFields(t *soakRead) ([]soakField, bool) {
	for _, name := range j.keep {
		if indexOf(t.names, name) < 0 {
			return nil, false
		}
	}
	for name := range j.types {
		if indexOf(t.names, name) < 0 {
			return nil, false
		}
	}
	var keep []soakField
	for i, name := range t.names {
		if !j.keepAll && indexOf(j.keep, name) < 0 {
			continue
		}
		f := soakField{name: name, typ: j.keptType(t, i)}
		if times(t.names, name) > 1 && (f.typ != "raw" || !j.keepAll) {
			return nil, false
		}
		if f.typ == "raw" && t.header != nil {
			f.raw = t.header[i]
		}
		keep = append(keep, f)
	}
	return keep, true
}

// keptType says as what a column is kept.
func (j *soakJob) keptType(t *soakRead, i int) string {
	switch {
	case t.types != nil:
		return t.types[i]
	case delimited(j.inFormat) && delimited(j.outFormat), j.inFormat == "ndjson" && j.outFormat == "ndjson":
		return "raw"
	case j.types[t.names[i]] != "":
		return j.types[t.names[i]]
	case delimited(j.outFormat):
		return "string" // NDJSON to CSV: as it was written
	}
	for k := range j.model.features {
		if f := &j.model.features[k]; f.categories == nil && f.column == t.names[i] {
			return "float64"
		}
	}
	return "string"
}

// madeFields are the computed columns: CONTRACT 3.
func (j *soakJob) madeFields() []soakField {
	m, number := j.model, "float"+strconv.Itoa(j.precision)
	var fields []soakField
	for i := range m.width() {
		name := "y_hat_" + strconv.Itoa(i)
		switch {
		case m.names != nil:
			name = m.names[i]
		case m.width() == 1:
			name = "y_hat"
		case m.labels != nil:
			name = "y_hat_" + m.labels[i]
		}
		fields = append(fields, soakField{name: j.prefix + name, typ: number})
	}
	if m.labels != nil {
		fields = append(fields, soakField{name: j.prefix + "y_hat_label", typ: "string"})
	} else if j.threshold != nil {
		fields = append(fields, soakField{name: j.prefix + "y_hat_label", typ: "code"})
	}
	if j.bands != nil {
		fields = append(fields, soakField{name: j.prefix + "y_hat_band", typ: "string"})
	}
	if j.policy == "null" {
		fields = append(fields, soakField{name: j.prefix + "y_hat_error", typ: "string"})
	}
	for _, l := range j.activations {
		name := j.prefix + "a" + strconv.Itoa(l)
		if j.list {
			fields = append(fields, soakField{name: name, typ: "list"})
			continue
		}
		for u := range m.layers[l-1].bias {
			fields = append(fields, soakField{name: name + "_" + strconv.Itoa(u), typ: number})
		}
	}
	for _, a := range j.add {
		fields = append(fields, soakField{name: a[0], typ: "string"})
	}
	return fields
}

// clash reports whether two columns have one name, but for kept ones of a text
// table that stays one.
func clash(fields []soakField) bool {
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.name] && f.typ != "raw" {
			return true
		}
		seen[f.name] = true
	}
	return false
}

// bind finds the columns of one input by name.
func (j *soakJob) bind(t *soakRead, keep []soakField) (*soakBinding, bool) {
	b := &soakBinding{}
	for _, f := range j.model.features {
		if times(t.names, f.column) > 1 {
			return nil, false
		}
		b.features = append(b.features, indexOf(t.names, f.column))
	}
	for i, f := range keep {
		at := indexOf(t.names, f.name)
		same := j.keepAll && slices.Equal(t.names, j.inputs[0].names)
		switch twice := times(t.names, f.name) > 1; {
		case twice && same:
			at = i // a name that stands twice is its own column each time
		case twice:
			at = -1
		}
		b.kept = append(b.kept, at)
	}
	return b, !slices.Contains(b.features, -1) && !slices.Contains(b.kept, -1)
}

// score gives a row's activations, or why it is bad.
func (j *soakJob) score(t *soakRead, b *soakBinding, keep []soakField, row *soakRow) (a [][]float64, reason, column string) {
	if row.fault != "" {
		if row.column >= 0 {
			column = t.names[row.column]
		}
		return nil, row.fault, column
	}
	m := j.model
	last := m.features[len(m.features)-1]
	x := make([]float64, last.first+last.width)
	for i := range m.features {
		f := &m.features[i]
		values, why := j.feature(t, f, row.cells[b.features[i]])
		if why != "" {
			return nil, why, f.column
		}
		copy(x[f.first:], values)
	}
	for i, f := range keep {
		if _, why := j.keptValue(t, f, row.cells[b.kept[i]]); why != "" {
			return nil, why, f.name
		}
	}
	a = m.forward(x, j.precision)
	for _, y := range a[len(a)-1] {
		if math.IsInf(y, 0) || math.IsNaN(y) {
			return nil, "non_finite_output", j.prefix + "y_hat"
		}
	}
	return a, "", ""
}

// isMissing reports whether a feature's cell stands for no value.
func (j *soakJob) isMissing(t *soakRead, f *soakFeature, c soakCell) bool {
	if t.types != nil {
		v, ok := c.value.(float64)
		if c.value == nil || ok && math.IsNaN(v) {
			return true
		}
		text, isText := c.value.(string)
		if f.categories != nil && !isText {
			text, isText = categoryWord(c.value), true
		}
		if !isText || t.types[indexOf(t.names, f.column)] == "decimal" {
			return false
		}
		c.text = text
	} else if j.inFormat == "ndjson" && (c.raw == "" || c.raw == "null") {
		return true
	}
	word := trimmed(c.text)
	tokens := j.missing
	if tokens == nil {
		tokens = []string{"", "NA", "N/A", "NaN", "nan", "null", "NULL"}
	}
	if f.categories != nil && indexOf(f.categories, word) >= 0 {
		return false
	}
	return slices.ContainsFunc(tokens, func(token string) bool { return trimmed(token) == word })
}

// feature gives the inputs of the network that a cell makes, or why not.
func (j *soakJob) feature(t *soakRead, f *soakFeature, c soakCell) ([]float64, string) {
	missing := j.isMissing(t, f, c)
	if f.categories != nil {
		return j.category(t, f, c, missing)
	}
	x, ok := 0.0, true
	switch {
	case missing && f.fill == nil:
		return nil, "missing"
	case missing:
		x = *f.fill
	default:
		if x, ok = j.number(t, f, c); !ok {
			return nil, "not_a_number"
		}
		if f.factor != 1 || f.plus != 0 {
			scaled := x * f.factor
			x = scaled + f.plus
		}
	}
	if f.bounded && (x < f.low || x > f.high) {
		return nil, "out_of_range"
	}
	z := (x - f.center) / f.scale
	if j.precision == 32 {
		z = float64(float32(z))
	}
	if math.IsInf(z, 0) || math.IsNaN(z) {
		return nil, "out_of_range"
	}
	return []float64{z}, ""
}

// number reads a cell that is not missing.
func (j *soakJob) number(t *soakRead, f *soakFeature, c soakCell) (float64, bool) {
	switch v := c.value.(type) {
	case float64:
		return v, !math.IsInf(v, 0)
	case int64:
		return float64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		if t.types[indexOf(t.names, f.column)] == "decimal" {
			return numberBySlowGrammar(v, '.')
		}
		return numberBySlowGrammar(trimmed(v), j.decimal)
	}
	if j.inFormat == "ndjson" && !c.quoted {
		return numberBySlowGrammar(c.text, '.')
	}
	return numberBySlowGrammar(trimmed(c.text), j.decimal)
}

// category gives one 0/1 for each category.
func (j *soakJob) category(t *soakRead, f *soakFeature, c soakCell, missing bool) ([]float64, string) {
	x := make([]float64, len(f.categories))
	word := trimmed(c.text)
	if c.value != nil {
		word = categoryWord(c.value)
	}
	if j.inFormat == "ndjson" && (c.raw == "true" || c.raw == "false") {
		word = map[string]string{"true": "1", "false": "0"}[c.raw]
	}
	switch at := indexOf(f.categories, word); {
	case missing && f.fillWord == "":
		return nil, "missing"
	case missing:
		x[indexOf(f.categories, f.fillWord)] = 1
	case at >= 0:
		x[at] = 1
	case !utf8.ValidString(word):
		return nil, "bad_utf8"
	case j.inFormat == "ndjson" && strings.HasPrefix(c.raw, "[") || strings.HasPrefix(c.raw, "{"):
		return nil, "bad_type"
	case !f.zeros:
		return nil, "unknown_category"
	}
	return x, ""
}

// categoryWord is a typed value as the word of a category: integers and bools
// by their decimal text.
func categoryWord(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	return trimmed(v.(string))
}

// times says how often a word is in a list.
func times(list []string, word string) (n int) {
	for _, w := range list {
		if w == word {
			n++
		}
	}
	return n
}
