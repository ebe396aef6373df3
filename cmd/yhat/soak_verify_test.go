package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// mapping is --map for each feature that is read from a column of another name.
func (j *soakJob) mapping() (args []string) {
	for _, f := range j.model.features {
		from := f.column
		if !strings.Contains(from, `"`) {
			from = `"` + from + `"`
		}
		if f.mapped {
			args = append(args, "--map", fmt.Sprintf("%s=%s*%s+%s", f.name, from, plainFloat(f.factor), plainFloat(f.plus)))
		}
	}
	return args
}

// verifiable reports whether an output still has all that its predictions were
// made of, and these in full. A category that is a boolean may be found as 1,
// which it is no longer as text.
func (j *soakJob) verifiable(e *soakExpected) bool {
	if soakText(j.outFormat) && !soakText(j.inFormat) {
		return false
	}
	typed := !delimited(j.outFormat) && j.outFormat != j.inFormat
	return e.code == 0 && !j.toStdout && j.keepAll && j.outHeader && j.fixed < 0 && !j.escape && j.missing == nil &&
		!(typed && soakText(j.inFormat) && (j.decimal == ',' || len(j.types) > 0))
}

// verify computes the predictions of the output again: they are the same to the
// bit, and no row is lost.
func (j *soakJob) verify(e *soakExpected) (bool, error) {
	if !j.verifiable(e) {
		return false, nil
	}
	args := []string{"verify", "-m", filepath.Join(j.dir, "model.json"), j.output(), "--json", "--tolerance", "0",
		"--precision", strconv.Itoa(j.precision), "--input-format", j.outFormat, "--output-prefix=" + j.prefix}
	if delim := j.outDelimiter(); delimited(j.outFormat) && (delim != ',' || j.outFormat == "tsv") {
		args = append(args, "--delimiter", string(rune(delim)))
	}
	if j.decimal == ',' && delimited(j.outFormat) {
		args = append(args, "--decimal", ",")
	}
	in := inside{}
	code := in.run(append(args, j.mapping()...)...)
	var told verdict
	err := json.Unmarshal(in.out.Bytes(), &told)
	if want := e.scored + e.null; err != nil || code != 0 || told.Rows+told.Unshown != want {
		return true, fmt.Errorf("verify of %d rows: exit code %d: %s %s", want, code, in.out.Bytes(), in.err.String())
	}
	return true, nil
}
