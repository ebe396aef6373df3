package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// check compares what a run left with what must come, and says how they differ.
func (j *soakJob) check(e *soakExpected, run *soakRun) error {
	if run.code != e.code {
		return fmt.Errorf("exit code %d, want %d: %s", run.code, e.code, run.stderr)
	}
	if e.code != 0 && run.stderr == "" {
		return fmt.Errorf("nothing is said")
	}
	if err := e.checkMessage(run); err != nil {
		return err
	}
	if e.code != 0 && run.output != nil {
		return fmt.Errorf("an output of a run that failed")
	}
	if e.vague || e.refused {
		return nil
	}
	if err := j.checkRejects(e, run); err != nil {
		return fmt.Errorf("rejects: %w", err)
	}
	if e.code == 0 || j.toStdout && soakText(j.outFormat) {
		data, err := unzipped(run.data(j), j.outZip)
		if err != nil {
			return err
		}
		if err := j.checkOutput(e, data); err != nil {
			return fmt.Errorf("output: %w", err)
		}
	}
	if e.code == 0 && j.report {
		return e.checkReport(j, run)
	}
	return nil
}

// checkMessage looks for the place and the reason of the row that stops the job.
func (e *soakExpected) checkMessage(run *soakRun) error {
	if e.stop == nil {
		return nil
	}
	words := []string{fmt.Sprintf("row %d", e.row), e.reason}
	if e.stop.offset >= 0 {
		words = append(words, fmt.Sprintf("line %d", e.stop.line))
	}
	if e.column != "" && e.stop.fault == "" {
		words = append(words, fmt.Sprintf("column %q", e.column))
	}
	if e.file != "-" {
		words = append(words, e.file)
	}
	for _, w := range words {
		if !strings.Contains(run.stderr, w) {
			return fmt.Errorf("no %s in %s", w, run.stderr)
		}
	}
	return nil
}

// checkRejects compares the rejects.
func (j *soakJob) checkRejects(e *soakExpected, run *soakRun) error {
	if !j.rejects {
		return nil
	}
	if run.rejects == nil {
		return fmt.Errorf("there are none")
	}
	head := []string{"file", "row", "line", "byte_offset", "column", "reason"}
	if j.raw {
		head = append(head, "raw")
	}
	var want bytes.Buffer
	w := csv.NewWriter(&want)
	w.Write(head)
	w.WriteAll(e.rejectLines)
	if bytes.Equal(run.rejects, want.Bytes()) {
		return nil
	}
	same := 0
	for same < min(len(run.rejects), want.Len()) && run.rejects[same] == want.Bytes()[same] {
		same++
	}
	same = max(0, same-100)
	return fmt.Errorf("from byte %d: %q, want %q", same, run.rejects[same:], want.Bytes()[same:])
}

// unzipped is a compressed output, unpacked.
func unzipped(data []byte, zip string) ([]byte, error) {
	switch zip {
	case "gz":
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	case "zst":
		r, err := zstd.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	return data, nil
}

// checkOutput compares the table that came out.
func (j *soakJob) checkOutput(e *soakExpected, data []byte) error {
	if e.code != 0 && len(data) == 0 && len(e.rows) == 0 {
		return nil // not even a header
	}
	switch {
	case delimited(j.outFormat):
		return j.checkCSV(e, data)
	case j.outFormat == "ndjson":
		return j.checkNDJSON(e, data)
	}
	return j.checkTyped(e, data)
}

// outDelimiter is the delimiter of the output.
func (j *soakJob) outDelimiter() byte {
	switch {
	case j.outDelim != 0:
		return j.outDelim
	case j.outFormat == j.inFormat:
		return j.delim
	case j.outFormat == "tsv":
		return '\t'
	}
	return ','
}

// madeType marks the columns that are computed.
func (j *soakJob) madeType(e *soakExpected, k int) string {
	if k < len(e.fields)-len(j.madeFields()) {
		return e.fields[k].typ
	}
	return fmt.Sprintf("made%d", j.precision)
}

// checkCSV compares a table of the CSV family cell by cell, as it is written.
func (j *soakJob) checkCSV(e *soakExpected, data []byte) error {
	delim := j.outDelimiter()
	end := "\n"
	if delimited(j.inFormat) {
		end = e.lineEnd
	}
	rows, whole := splitOutput(data, delim, end)
	if !whole {
		return fmt.Errorf("it is more than its cells, joined")
	}
	if j.outHeader {
		if len(rows) == 0 {
			return fmt.Errorf("no header")
		}
		for k, f := range e.fields {
			o := soakOut{value: f.name}
			if f.raw != "" {
				o = soakOut{raw: true, text: f.raw}
			}
			raw, _ := j.csvOut(o, "string", delim)
			if k >= len(rows[0]) || rows[0][k].raw != raw {
				return fmt.Errorf("header cell %d of %v, want %q", k+1, rows[0], raw)
			}
		}
		rows = rows[1:]
	}
	if len(rows) != len(e.rows) {
		return fmt.Errorf("%d rows, want %d", len(rows), len(e.rows))
	}
	for i, want := range e.rows {
		if len(rows[i]) != len(want) {
			return fmt.Errorf("row %d has %d cells, want %d", i+1, len(rows[i]), len(want))
		}
		for k, o := range want {
			if err := j.checkCell(o, rows[i][k], j.madeType(e, k), delim); err != nil {
				return fmt.Errorf("row %d, column %q: %w", i+1, e.fields[k].name, err)
			}
		}
	}
	return nil
}

// checkCell compares one cell.
func (j *soakJob) checkCell(o soakOut, c soakCell, typ string, delim byte) error {
	if o.approx {
		return nearly(o, c.text, j.fixed)
	}
	raw, _ := j.csvOut(o, typ, delim)
	if o.null && c.raw == "" || c.raw == raw {
		return nil
	}
	return fmt.Errorf("%q, want %q", c.raw, raw)
}

// nearly compares by tolerance: a number, a list of them, or any word.
func nearly(o soakOut, text string, fixed int) error {
	list, isList := o.value.([]any)
	if _, isNumber := o.value.(float64); !isNumber && !isList {
		return nil
	}
	if !isList {
		list, text = []any{o.value}, "["+text+"]"
	}
	var got []float64
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != len(list) {
		return fmt.Errorf("%s, want about %v", text, list)
	}
	slack := 0.0
	if fixed >= 0 {
		slack = math.Pow10(-fixed)
	}
	for i, want := range list {
		w := want.(float64)
		if math.Abs(got[i]-w) > 2e-3*max(1, math.Abs(w))+slack {
			return fmt.Errorf("%v, want about %v", got[i], w)
		}
	}
	return nil
}

// checkNDJSON compares objects key by key.
func (j *soakJob) checkNDJSON(e *soakExpected, data []byte) error {
	lines := strings.SplitAfter(string(data), "\n")
	if lines = lines[:len(lines)-1]; len(lines) != len(e.rows) {
		return fmt.Errorf("%d rows, want %d", len(lines), len(e.rows))
	}
	for i, want := range e.rows {
		dec := json.NewDecoder(strings.NewReader(lines[i]))
		dec.Token()
		for k, o := range want {
			if o.absent {
				continue
			}
			key, err := dec.Token()
			if err != nil || key != e.fields[k].name {
				return fmt.Errorf("row %d: key %v, want %q (%v)", i+1, key, e.fields[k].name, err)
			}
			var literal json.RawMessage
			if err := dec.Decode(&literal); err != nil {
				return err
			}
			if err := j.checkLiteral(o, string(literal), j.madeType(e, k)); err != nil {
				return fmt.Errorf("row %d, key %q: %w", i+1, e.fields[k].name, err)
			}
		}
		if dec.More() {
			return fmt.Errorf("row %d has more keys than it should", i+1)
		}
	}
	return nil
}

// checkLiteral compares one JSON value.
func (j *soakJob) checkLiteral(o soakOut, literal, typ string) error {
	want := "null"
	switch v := o.value.(type) {
	case nil:
	case string:
		var text string
		if err := json.Unmarshal([]byte(literal), &text); err == nil && !o.null && (o.approx || text == j.word(v, typ)) && literal != "null" {
			return nil
		}
		if want = fmt.Sprintf("%q", v); typ == "decimal" {
			want = v
		}
	case float64:
		if want = j.word(v, typ); math.IsNaN(v) || math.IsInf(v, 0) {
			want = "null"
		}
	case int64, bool, []any:
		if want = j.word(v, typ); typ == "date" || typ == "timestamp" {
			want = `"` + want + `"`
		}
	}
	switch {
	case o.raw:
		want = o.text
	case o.null:
		want = "null"
	case o.approx:
		return nearly(o, literal, j.fixed)
	}
	if o.approx || literal == want {
		return nil
	}
	return fmt.Errorf("%s, want %s", literal, want)
}

// checkTyped compares values.
func (j *soakJob) checkTyped(e *soakExpected, data []byte) error {
	fields, rows, err := readBatches(data, j.outFormat)
	if err != nil {
		return err
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	for k, f := range e.fields {
		if k >= len(names) || names[k] != f.name {
			return fmt.Errorf("columns %q, want %q as the one with number %d", names, f.name, k+1)
		}
		if want := soakArrow[f.typ]; want != nil && f.typ != "list" && fields[k].Type.String() != want.String() {
			return fmt.Errorf("column %q is %s, want %s", f.name, fields[k].Type, want)
		}
	}
	if len(names) != len(e.fields) || len(rows) != len(e.rows) {
		return fmt.Errorf("%d columns and %d rows, want %d and %d", len(names), len(rows), len(e.fields), len(e.rows))
	}
	for i, want := range e.rows {
		for k, o := range want {
			if !sameValue(o, rows[i][k]) {
				return fmt.Errorf("row %d, column %q: %#v, want %#v", i+1, names[k], rows[i][k], o)
			}
		}
	}
	return nil
}

// sameValue compares a value with what must come out.
func sameValue(o soakOut, got any) bool {
	if o.null || got == nil {
		return o.approx && o.null || o.null && got == nil || o.approx && !isNumber(o.value)
	}
	if o.approx && !isNumber(o.value) {
		return true
	}
	if list, ok := o.value.([]any); ok {
		items, _ := got.([]any)
		return slices.EqualFunc(list, items, func(a, b any) bool {
			return sameValue(soakOut{value: a, null: a == nil, approx: o.approx}, b)
		})
	}
	want, ok := o.value.(float64)
	have, _ := got.(float64)
	switch {
	case !ok:
		return o.value == got
	case o.approx:
		return math.Abs(want-have) <= 2e-3*max(1, math.Abs(want))
	}
	return math.IsNaN(want) && math.IsNaN(have) || want == have && math.Signbit(want) == math.Signbit(have)
}

func isNumber(v any) bool {
	_, number := v.(float64)
	_, list := v.([]any)
	return number || list
}

// checkReport compares the report's counts.
func (e *soakExpected) checkReport(j *soakJob, run *soakRun) error {
	var got struct {
		Rows    struct{ Read, Scored, Rejected, Null int64 }
		Reasons map[string]int64
		Inputs  []struct{ Rows, Bytes int64 }
		Output  struct {
			Bytes, Rows int64
			SHA256      string
		}
		Features map[string]struct{ Missing, Filled int64 }
	}
	if err := json.Unmarshal(run.report, &got); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if r := got.Rows; r.Read != e.read || r.Scored != e.scored || r.Rejected != e.rejected || r.Null != e.null {
		return fmt.Errorf("report: rows %+v, want %d read, %d scored, %d rejected, %d null", r, e.read, e.scored, e.rejected, e.null)
	}
	if fmt.Sprint(got.Reasons) != fmt.Sprint(e.reasons) {
		return fmt.Errorf("report: reasons %v, want %v", got.Reasons, e.reasons)
	}
	for i, rows := range e.inputRows {
		if e.read > 0 && j.limit == 0 && (i >= len(got.Inputs) && rows > 0 || i < len(got.Inputs) && len(got.Inputs) == len(j.inputs) && got.Inputs[i].Rows != rows) {
			return fmt.Errorf("report: inputs %v, want rows %v", got.Inputs, e.inputRows)
		}
	}
	sum := sha256.Sum256(run.data(j))
	if got.Output.SHA256 != hex.EncodeToString(sum[:]) || got.Output.Bytes != int64(len(run.data(j))) || got.Output.Rows != int64(len(e.rows)) {
		return fmt.Errorf("report: output %+v", got.Output)
	}
	for name, f := range got.Features {
		if !e.odd && (f.Missing != e.missing[name] || f.Filled != e.filled[name]) {
			return fmt.Errorf("report: feature %q %+v, want %d missing, %d filled", name, f, e.missing[name], e.filled[name])
		}
	}
	return nil
}

// plain is what an input holds, unpacked.
func (j *soakJob) plain(t *soakRead) []byte {
	data := j.stdin
	if t.path != "-" {
		data, _ = os.ReadFile(t.path)
	}
	for _, magic := range []struct{ head, zip string }{{"\x1f\x8b", "gz"}, {"\x28\xb5\x2f\xfd", "zst"}} {
		if bytes.HasPrefix(data, []byte(magic.head)) {
			data, _ = unzipped(data, magic.zip)
		}
	}
	return data
}
