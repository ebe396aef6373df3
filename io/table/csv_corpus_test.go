package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// verdicts of a file, as columns of the printed table.
var verdicts = []string{"right", "refused with place", "wrong", "crashed", "hung", "over memory"}

// Every file of the CSV folder, under several delimiters and block sizes, is
// read right up to its end, or refused with file and place and read right up to
// there. What is right is said by encoding/csv, which shares no code with ours.
func TestCSVCorpus(t *testing.T) {
	dir := conformanceFolder(t, "csv")
	counts := map[string]map[string]int{}
	for name := range indexOf(t, dir) {
		if filepath.Ext(name) == ".json" {
			continue
		}
		corpus, _, _ := strings.Cut(name, "/")
		if counts[corpus] == nil {
			counts[corpus] = map[string]int{}
		}
		for _, delim := range []byte{',', ';', '\t', '|'} {
			verdict, why := judgeCSV(filepath.Join(dir, name), delim)
			counts[corpus][verdict]++
			if verdict != "right" && verdict != "refused with place" {
				t.Errorf("%s by %q: %s: %v", name, delim, verdict, why)
			}
		}
	}
	if len(counts) == 0 {
		t.Fatal("the index names no files")
	}
	t.Log(verdictTable(counts))
}

// verdictTable is the counts as a table, corpora in order.
func verdictTable(counts map[string]map[string]int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "files × 4 delimiters\n%-20s %s\n", "corpus", strings.Join(verdicts, " | "))
	var corpora []string
	for c := range counts {
		corpora = append(corpora, c)
	}
	slices.Sort(corpora)
	for _, c := range corpora {
		fmt.Fprintf(&b, "%-20s", c)
		for _, v := range verdicts {
			fmt.Fprintf(&b, " %*d |", len(v)-1, counts[c][v])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// csvReading is what reading a file gave: the records before the first that is
// no record, and why there are no more (nil at the end of the file).
type csvReading struct {
	records [][]string
	stop    error
	line    int64 // of the bad record
}

// judgeCSV reads a file and says how it went.
func judgeCSV(path string, delim byte) (verdict string, why any) {
	defer func() {
		if p := recover(); p != nil {
			verdict, why = "crashed", p
		}
	}()
	info, err := os.Stat(path)
	if err != nil {
		return "wrong", err
	}
	var first *csvReading
	for _, size := range []int{64, 1000, DefaultBlockSize} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, hung := readCSVFile(path, ReadOptions{Delimiter: delim, BlockSize: size}, 1<<16+2*info.Size())
		runtime.ReadMemStats(&after)
		switch {
		case hung:
			return "hung", fmt.Sprintf("block size %d", size)
		case after.HeapSys > before.HeapSys+256<<20:
			return "over memory", after.HeapSys - before.HeapSys
		case first == nil:
			first = got
		case len(first.records) != len(got.records) || first.line != got.line || fmt.Sprint(first.stop) != fmt.Sprint(got.stop):
			return "wrong", fmt.Sprintf("block size %d: %d records and %v; with 64: %d and %v", size, len(got.records), got.stop, len(first.records), first.stop)
		}
	}
	return first.judge(path, delim)
}

// judge compares with encoding/csv.
func (r *csvReading) judge(path string, delim byte) (string, any) {
	if r.stop != nil && !errors.Is(r.stop, ErrData) && !errors.Is(r.stop, ErrUsage) {
		return "wrong", r.stop
	}
	if r.stop != nil && !strings.Contains(r.stop.Error(), path) {
		return "wrong", fmt.Sprintf("no file in %q", r.stop)
	}
	if row := (*RowError)(nil); errors.As(r.stop, &row) && row.Place.Line == 0 {
		return "wrong", fmt.Sprintf("no line in %q", r.stop)
	}
	if len(r.records) == 0 { // refused at its head
		return "refused with place", nil
	}
	want, err := referenceRecords(path, delim, len(r.records), len(r.records[0]) == 1)
	if err != nil {
		return "wrong", err
	}
	for i, record := range r.records {
		if i >= len(want) || !slices.Equal(record, want[i]) {
			return "wrong", fmt.Sprintf("record %d of %d (reference: %d) differs", i+1, len(r.records), len(want))
		}
	}
	if r.stop != nil {
		return "refused with place", nil
	}
	if len(want) != len(r.records) {
		return "wrong", fmt.Sprintf("%d records, the reference has %d", len(r.records), len(want))
	}
	return "right", nil
}

// referenceRecords reads a file with encoding/csv: as many records as ours and
// one more. A blank line is a record of a one-column table to us alone.
func referenceRecords(path string, delim byte, n int, blank bool) ([][]string, error) {
	data, err := plainText(path)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, utf8BOM)
	if blank {
		data = bytes.TrimLeft(data, "\r\n")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = rune(delim), -1, true
	var records [][]string
	line := 0
	for len(records) <= n {
		record, err := r.Read()
		if err != nil {
			break
		}
		if at, _ := r.FieldPos(0); blank {
			for ; line > 0 && line < at; line++ {
				records = append(records, []string{""})
			}
			line = at + 1 + strings.Count(record[0], "\n")
		}
		records = append(records, record)
	}
	for end := bytes.Count(data, []byte("\n")); blank && len(records) <= n && line > 0 && line <= end; line++ {
		records = append(records, []string{""})
	}
	return records, nil
}

// plainText is what the file holds, decompressed.
func plainText(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	zip := sniffCompression(data[:min(len(data), 16)], "")
	if zip == "" {
		return data, nil
	}
	z, err := decompress(bytes.NewReader(data), zip)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}

// readCSVFile reads header and records up to the first bad one. A source that
// hands out more blocks than most has hung.
func readCSVFile(path string, o ReadOptions, most int64) (got *csvReading, hung bool) {
	got = &csvReading{}
	src, err := Open(path, o)
	if err != nil {
		got.stop = err
		return got, false
	}
	defer src.Close()
	if _, ok := formatOf(src).(*csvSource); !ok {
		got.stop = fmt.Errorf("%s: %w: read as %s", path, ErrUsage, src.Info().Format)
		return got, false
	}
	var q Request
	var header []string
	for i, f := range src.Fields() {
		q.Keep = append(q.Keep, KeepRequest{Column: i})
		header = append(header, plainEnds(f.Name))
	}
	got.records = append(got.records, header)
	if got.stop = src.Start(q); got.stop != nil {
		return got, false
	}
	var b Block
	var rows Rows
	defer rows.Reset()
	line := src.Info().HeadLines
	for range most {
		if err := src.Next(&b); err != nil {
			if err != io.EOF {
				got.stop = err
			}
			return got, false
		}
		if got.take(&b, &rows, path, line); got.stop != nil {
			return got, false
		}
		line += rows.Lines
	}
	return got, true
}

// take adds the records of a block up to its first bad one; line is how many
// lines stand before the block.
func (r *csvReading) take(b *Block, rows *Rows, path string, line int64) {
	err := b.Decode(rows)
	n := rows.N
	if len(rows.Bad) > 0 {
		n = int(rows.Bad[0].Row)
	}
	for i := range n {
		record := make([]string, len(rows.Kept))
		for c, column := range rows.Kept {
			if column.IsValid(i) {
				record[c] = plainEnds(column.ValueStr(i))
			}
		}
		r.records = append(r.records, record)
	}
	if row := (*RowError)(nil); errors.As(err, &row) {
		fixed := *row
		fixed.Place.File, fixed.Place.Line = path, row.Place.Line+line
		err = &fixed
	}
	if r.stop = err; err == nil && n < rows.N {
		place := Place{File: path, Line: line + 1 + int64(bytes.Count(b.Data[:rows.starts[n]], []byte{'\n'}))}
		r.stop = &RowError{Place: place, Reason: rows.Bad[0].Reason}
	}
	if row := (*RowError)(nil); errors.As(r.stop, &row) {
		r.line = row.Place.Line
	}
}

// plainEnds is a cell with the line ends that encoding/csv gives.
func plainEnds(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
