package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// conformanceTables are the CSV files that the index of the conformance folder
// names.
func conformanceTables(t *testing.T) []string {
	dir := conformanceFolder(t, "csv")
	var files []string
	for name := range indexOf(t, dir) {
		if ext := filepath.Ext(name); ext != ".json" && ext != ".gz" {
			files = append(files, filepath.Join(dir, name))
		}
	}
	slices.Sort(files)
	if len(files) == 0 {
		t.Fatal("the index names no files")
	}
	return files
}

// Real and hostile files, under several delimiters and block sizes, decode to
// what the reference says, or are refused as bad data.
func TestConformanceFilesDecodeAsTheReference(t *testing.T) {
	for _, file := range conformanceTables(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data = data[:min(len(data), 10000)] // the reference is slow
		for _, delim := range []byte{',', ';'} {
			open := func(size int) (*csvSource, ReadOptions, error) {
				o := ReadOptions{Delimiter: delim, BlockSize: size, MaxRecord: 20000}
				src, err := newCSV(strings.NewReader(string(data)), func() Info { return Info{} }, o)
				if err != nil {
					return nil, o, err
				}
				return src.(*csvSource), o, nil
			}
			src, o, err := open(1 << 20)
			if err != nil {
				if !errors.Is(err, ErrData) {
					t.Errorf("%s: %v", file, err)
				}
				continue
			}
			n := len(src.Fields())
			for _, kind := range []string{"whole", "cells", "typed"} {
				q := columnsOf(kind, n)
				want := refDump(string(data[src.headBytes:]), n, q, o, delim)
				for _, size := range []int{len(data)/200 + 1, 1 << 20} {
					_, o, _ := open(size)
					got, err := dumpCSV(strings.NewReader(string(data)), q, o)
					if err != nil {
						t.Fatal(file, err)
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("%s by %q, %s, block size %d (-reference +got):\n%s", file, delim, kind, size, d)
					}
				}
			}
		}
	}
}

// Files that come with what they should parse to parse to that.
func TestConformanceFilesSayWhatTheyShould(t *testing.T) {
	checked := 0
	for _, file := range conformanceTables(t) {
		expected, err := os.ReadFile(strings.TrimSuffix(file, filepath.Ext(file)) + ".json")
		if err != nil {
			continue
		}
		var want []map[string]string
		if expected = bytes.TrimSpace(expected); expected[0] == '{' { // a table of one row
			expected = append(append([]byte{'['}, expected...), ']')
		}
		if err := json.Unmarshal(expected, &want); err != nil {
			t.Fatal(file, err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !holds(string(text), want) {
			t.Logf("%s: what it should parse to is not in it", file)
			continue
		}
		if got := recordsOf(t, file); !cmp.Equal(want, got) {
			t.Errorf("%s:\n%s", file, cmp.Diff(want, got))
		}
		checked++
	}
	t.Log(checked, "files")
}

// holds reports whether every expected value stands somewhere in the text.
func holds(text string, want []map[string]string) bool {
	text = strings.ReplaceAll(text, `""`, `"`)
	for _, record := range want {
		for _, value := range record {
			if !strings.Contains(text, value) {
				return false
			}
		}
	}
	return true
}

// recordsOf reads a file as maps of column to text.
func recordsOf(t *testing.T, file string) []map[string]string {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := newCSV(f, func() Info { return Info{} }, ReadOptions{})
	if err != nil {
		t.Fatal(file, err)
	}
	var q Request
	for c := range src.Fields() {
		q.Keep = append(q.Keep, KeepRequest{Column: c})
	}
	if err := src.Start(q); err != nil {
		t.Fatal(err)
	}
	var got []map[string]string
	var b Block
	var rows Rows
	defer rows.Reset()
	for src.Next(&b) == nil {
		if err := b.Decode(&rows); err != nil || len(rows.Bad) > 0 {
			t.Fatal(file, err, rows.Bad)
		}
		for i := range rows.N {
			record := map[string]string{}
			for c, field := range src.Fields() {
				record[field.Name] = ""
				if rows.Kept[c].IsValid(i) {
					record[field.Name] = rows.Kept[c].ValueStr(i)
				}
			}
			got = append(got, record)
		}
	}
	return got
}
