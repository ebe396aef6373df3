package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// soakBand is a named range of predictions.
type soakBand struct {
	name string
	from float64
}

// soakJob is a random job: a model, tables and flags, all of them drawn from
// one number.
type soakJob struct {
	seed    uint64
	dir     string
	model   *soakModel
	columns []soakColumn
	inputs  []*soakRead
	stdin   []byte // nil: the inputs are files

	inFormat          string
	delim             byte
	decimal           byte
	header            bool
	mixedEnds, blanks bool
	spoil             int // bad cells in a thousand
	missing           []string
	maxRecord         int
	limit             int64
	expect            int64
	finalNewline      bool
	empty             string

	keepAll     bool
	keep        []string
	types       map[string]string
	prefix      string
	add         [][2]string
	activations []int // layers, from 1
	list        bool
	threshold   *float64
	bands       []soakBand
	fixed       int
	escape      bool

	policy         string
	rejects, raw   bool
	maxBad         int64
	maxPercent     float64
	precision      int
	outFormat      string
	outZip         string
	outDelim       byte // 0: not given
	outHeader      bool
	toStdout       bool
	report         bool
	workers, block int
}

// newSoakJob draws job number seed and writes its files into the folder.
func newSoakJob(seed uint64, dir string) *soakJob {
	r := rand.New(rand.NewPCG(seed, 0x50a4))
	j := &soakJob{seed: seed, dir: dir, delim: ',', decimal: '.', header: true, maxRecord: 16 << 20, expect: -1, fixed: -1,
		maxBad: -1, maxPercent: 100, keepAll: true, outHeader: true, empty: "ok"}
	j.inFormat = pick(r, "csv", "csv", "csv", "csv", "tsv", "ndjson", "parquet", "arrow", "arrows")
	j.spoil = pick(r, 0, 0, 3, 20, 80)
	j.policy = pick(r, "fail", "reject", "null")
	j.columns = soakColumns(r)
	j.drawReading(r)
	j.model = newSoakModel(r, j.columns)
	j.drawBinding(r)
	j.drawWriting(r)
	j.drawInputs(r)
	j.workers, j.block = 1+r.IntN(4), pick(r, 1, 7, 64, 500, 4096, 256<<10)
	j.drawLimits(r)
	return j
}

// text reports whether a format is of text.
func soakText(format string) bool { return format == "csv" || format == "tsv" || format == "ndjson" }

func delimited(format string) bool { return format == "csv" || format == "tsv" }

// drawReading draws how the table is written.
func (j *soakJob) drawReading(r *rand.Rand) {
	if j.inFormat == "tsv" {
		j.delim = '\t'
	}
	if !delimited(j.inFormat) {
		return
	}
	if chance(r, 25) {
		j.delim = pick(r, byte(';'), '|', '\t', ',', ' ')
	}
	if j.delim != ',' && chance(r, 40) || j.inFormat == "csv" && chance(r, 3) {
		j.decimal = ','
	}
	j.header, j.mixedEnds, j.blanks = !chance(r, 12), chance(r, 20), chance(r, 20)
	if chance(r, 10) {
		j.maxRecord = pick(r, 200, 60)
	}
}

// drawBinding draws missing tokens and where features are read from.
func (j *soakJob) drawBinding(r *rand.Rand) {
	if chance(r, 15) {
		j.missing = pick(r, []string{"?", "-999"}, []string{"", "NA", "1"}, []string{"NULL"}, []string{"", " none "})
	}
	for i := range j.model.features {
		f := &j.model.features[i]
		if f.categories != nil || !chance(r, 15) {
			continue
		}
		f.mapped, f.name = true, "F"+strconv.Itoa(i)
		if other := pick(r, j.model.features...); other.categories == nil && chance(r, 20) {
			f.column = other.column // one column, two features
		}
		if chance(r, 60) {
			f.factor, f.plus = pick(r, 0.45359237, 2, -1, 1e-3), pick(r, 0, 0.1, -17.7777777778)
		}
	}
	if !j.model.exact { // sums of many terms are compared by tolerance: keep them small
		for i := range j.model.features {
			f := &j.model.features[i]
			f.bounded, f.low, f.high, f.center, f.scale = true, -100, 100, 0, 20
		}
	}
}

// drawWriting draws what is written, and how.
func (j *soakJob) drawWriting(r *rand.Rand) {
	j.outFormat = pick(r, "csv", "csv", "csv", "tsv", "ndjson", "parquet", "arrow", "arrows")
	if soakText(j.outFormat) || j.outFormat == "arrows" {
		j.outZip = pick(r, "", "", "", "gz", "zst")
	}
	if j.toStdout = chance(r, 25); j.toStdout {
		j.outZip = ""
	}
	if delimited(j.outFormat) {
		if chance(r, 25) {
			j.outDelim = pick(r, byte(';'), '|', '\t', ',', ' ')
		}
		j.outHeader, j.escape = !chance(r, 10), chance(r, 10)
	}
	if soakText(j.outFormat) && chance(r, 15) {
		j.fixed = r.IntN(8)
	}
	if chance(r, 30) {
		j.keepAll = false
		for _, c := range j.columns {
			if chance(r, 50) {
				j.keep = append(j.keep, c.name)
			}
		}
		r.Shuffle(len(j.keep), func(a, b int) { j.keep[a], j.keep[b] = j.keep[b], j.keep[a] })
	}
	if chance(r, 15) {
		j.prefix = pick(r, "new_", "=", "é ")
	}
	if chance(r, 10) {
		j.add = append(j.add, [2]string{"batch", pick(r, "7", "a,b", "", "=x", "{model}", "two\nlines")})
	}
	if chance(r, 20) {
		j.list = chance(r, 40)
		for l := range j.model.layers {
			if chance(r, 60) {
				j.activations = append(j.activations, l+1)
			}
		}
	}
	j.precision = pick(r, 32, 32, 32, 64)
	j.drawLabels(r)
	j.drawTypes(r)
}

// drawLabels draws threshold and bands, where there is one output.
func (j *soakJob) drawLabels(r *rand.Rand) {
	if j.model.width() > 1 {
		return
	}
	if chance(r, 20) {
		t := pick(r, 0.5, 0.1, 3, 2.5, 81.2)
		j.threshold = &t
	}
	if chance(r, 20) {
		j.bands = []soakBand{{"low", pick(r, 0, -3.5)}, {"re,fer", 0.1}, {"high", pick(r, 0.3, 81.2)}}
	}
}

// drawTypes draws --types, which is for text that goes to a typed format.
func (j *soakJob) drawTypes(r *rand.Rand) {
	if !soakText(j.inFormat) || delimited(j.outFormat) || j.inFormat == "ndjson" && j.outFormat == "ndjson" {
		return
	}
	j.types = map[string]string{}
	for _, c := range j.columns {
		if !chance(r, 30) {
			continue
		}
		j.types[c.name] = map[string]string{"number": pick(r, "float64", "string"), "id": "int64", "date": pick(r, "date", "timestamp"), "text": "string", "category": "string"}[c.kind]
	}
}

// drawInputs writes the inputs.
func (j *soakJob) drawInputs(r *rand.Rand) {
	n, rows := 1, pick(r, 0, 1, 2, 9, 33, 70, 70, 300)
	if chance(r, 4) {
		rows = 2500
	} else if r.IntN(400) == 0 {
		rows = 20000 // more than a slice of a typed output
	}
	if chance(r, 20) {
		n = 2 + r.IntN(2)
	}
	var types []string
	if !soakText(j.inFormat) {
		types = drawSoakTypes(r, j.columns, n == 1 && j.inFormat != "parquet")
	}
	for i := range n {
		columns, typ := slices.Clone(j.columns), slices.Clone(types)
		if i > 0 && j.header {
			r.Shuffle(len(columns), func(a, b int) {
				columns[a], columns[b] = columns[b], columns[a]
				if typ != nil {
					typ[a], typ[b] = typ[b], typ[a]
				}
			})
			if chance(r, 20) && soakText(j.inFormat) {
				columns = append(columns, soakColumn{"extra", "text"})
			}
			if chance(r, 3) && len(columns) > 1 && soakText(j.inFormat) {
				columns = columns[1:]
			}
		}
		j.drawInput(r, i, columns, typ, rows)
	}
	if n == 1 && j.header && chance(r, 3) && soakText(j.inFormat) {
		return
	}
	if n == 1 && chance(r, 25) {
		data, _ := os.ReadFile(j.inputs[0].path)
		j.stdin, j.inputs[0].path = append(make([]byte, 0, len(data)+1), data...), "-"
	}
}

// drawInput writes one input and reads it slowly.
func (j *soakJob) drawInput(r *rand.Rand, i int, columns []soakColumn, types []string, rows int) {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	var data []byte
	var t *soakRead
	zip := ""
	switch {
	case delimited(j.inFormat):
		data = csvTable(r, j, columns, rows)
		t = readCSVSlowly(string(data), j, names)
		zip = pick(r, "", "", "", "gz", "zst")
	case j.inFormat == "ndjson":
		data = ndjsonTable(r, j, columns, rows)
		t = readNDJSONSlowly(string(data), keysOf(data), j.maxRecord)
		t.refused = len(t.names) == 0
		zip = pick(r, "", "", "", "gz", "zst")
	default:
		data, t = typedTable(r, j, columns, types, rows)
		if j.inFormat == "arrows" {
			zip = pick(r, "", "", "zst", "gz")
		}
	}
	t.format = j.inFormat
	if zip != "" {
		data = zipped(r, data, zip)
	}
	t.bytes = int64(len(data))
	t.path = filepath.Join(j.dir, fmt.Sprintf("in%d.%s%s", i, j.inFormat, dotted(zip)))
	if err := os.WriteFile(t.path, data, 0o666); err != nil {
		panic(err)
	}
	j.inputs = append(j.inputs, t)
}

func dotted(zip string) string {
	if zip == "" {
		return ""
	}
	return "." + zip
}

// drawLimits draws what depends on how many rows there are and how many are bad.
func (j *soakJob) drawLimits(r *rand.Rand) {
	j.rejects = j.policy == "reject" && chance(r, 80)
	j.raw, j.report = j.rejects && chance(r, 30), chance(r, 30)
	rows := int64(0)
	for _, t := range j.inputs {
		rows += int64(len(t.rows))
	}
	if chance(r, 20) {
		j.limit = 1 + r.Int64N(rows+2)
	}
	if chance(r, 8) {
		j.expect = max(0, rows+int64(pick(r, 0, 0, 0, 1, -1)))
	}
	if soakText(j.inFormat) && chance(r, 5) && j.limit == 0 {
		j.finalNewline = true
	}
	j.empty = pick(r, "ok", "ok", "fail", "skip")
	if j.policy == "fail" || !chance(r, 30) {
		return
	}
	all := j.expectation()
	switch bad := all.rejected + all.null; {
	case chance(r, 50):
		j.maxBad = max(0, bad+int64(pick(r, 0, 0, -1, 1, -3)))
	case all.read > 0 && bad*100%all.read == 0:
		j.maxPercent = float64(bad * 100 / all.read)
	default:
		j.maxPercent = pick(r, 0, 5, 10, 29, 57.5)
	}
}

// ndjsonTable draws objects, one a line.
func ndjsonTable(r *rand.Rand, j *soakJob, columns []soakColumn, rows int) []byte {
	var b bytes.Buffer
	for i := range rows {
		if j.blanks && chance(r, 5) {
			b.WriteString(pick(r, "\n", "  \n", "\r\n", "\t\n\n"))
		}
		order := r.Perm(len(columns))
		if i == 0 || chance(r, 80) {
			slices.Sort(order)
		}
		b.WriteString("{")
		first := true
		write := func(name, literal string) {
			if !first {
				b.WriteString(pick(r, ",", ", "))
			}
			first = false
			key, _ := json.Marshal(name)
			b.Write(key)
			b.WriteString(pick(r, ":", " : ") + literal)
		}
		for _, k := range order {
			if i > 0 && r.IntN(1000) < j.spoil {
				continue // the key is absent
			}
			write(columns[k].name, columns[k].literal(r, j))
		}
		if odd := r.IntN(1000); odd < j.spoil/8 && i > 0 {
			write(pick(r, columns[0].name, "never seen"), "1")
		} else if odd < j.spoil/6 && i > 0 {
			b.WriteString(pick(r, "}{", "\xff", "x"))
		}
		b.WriteString("}")
		if i+1 < rows || chance(r, 85) {
			b.WriteString(pick(r, "\n", "\n", "\n", "\r\n"))
		}
	}
	return b.Bytes()
}

// literal draws a value of an NDJSON record.
func (c soakColumn) literal(r *rand.Rand, j *soakJob) string {
	cell := c.cell(r, j)
	for !jsonSafe(cell) {
		cell = c.cell(r, j)
	}
	if len(cell) > 1 && cell[0] == '"' {
		cell = cell[1 : len(cell)-1]
	}
	var number json.Number
	if c.kind == "number" && chance(r, 70) && json.Unmarshal([]byte(cell), &number) == nil && cell != "null" {
		return strings.Trim(cell, " ")
	}
	if cell == "" && chance(r, 50) {
		return "null"
	}
	if odd := r.IntN(1000); odd < j.spoil/4 && c.kind != "date" && c.kind != "id" {
		return pick(r, "[1,2]", "{\"a\":1}", "true", "false", "null")
	}
	text, _ := json.Marshal(cell)
	return string(text)
}

// jsonSafe keeps bytes that are no UTF-8 out of JSON strings.
func jsonSafe(cell string) bool {
	text, err := json.Marshal(cell)
	var again string
	return err == nil && json.Unmarshal(text, &again) == nil && again == cell
}

// keysOf are the keys of the first 100 records, as they appear.
func keysOf(data []byte) []string {
	var names []string
	seen := 0
	for line := range strings.Lines(string(data)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if seen++; seen > 100 {
			break
		}
		dec := json.NewDecoder(strings.NewReader(line))
		if token, err := dec.Token(); err != nil || token != json.Delim('{') {
			continue
		}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				break
			}
			if name := key.(string); indexOf(names, name) < 0 {
				names = append(names, name)
			}
			var value json.RawMessage
			if dec.Decode(&value) != nil {
				break
			}
		}
	}
	return names
}
