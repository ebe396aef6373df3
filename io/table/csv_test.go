package table

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// messy draws text from the bytes that matter to the state machine.
func messy(alphabet []string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 60).Draw(t, "pieces"), "")
	})
}

var pieces = []string{",", ",", ",", "\n", "\n", "\r\n", "\r", `"`, `"`, `""`, "a", "1", "-2.5", "3e2", " ", ".5",
	"NA", "\xff", "é", `"q"`, `"x,y"`, "\"l\n2\"", "123456789012", "\t", "1.,2,3\n", "7,8,9\r\n", "1,,2,bc,", "x,yz,,long words,12,", `"4","5",6` + "\n"}

// columnsOf is a request of each kind over n columns.
func columnsOf(kind string, n int) Request {
	words := NewDictionary([]string{"a", "1", "é"})
	q := Request{PadRagged: true, Raw: kind != "typed"}
	for c := range n {
		switch {
		case kind == "whole":
			q.Keep = append(q.Keep, KeepRequest{Column: c})
		case c != 1:
			q.Keep = append([]KeepRequest{{Column: c}}, q.Keep...)
		}
	}
	for c := range n {
		f := FeatureRequest{Column: c}
		if c == 2 {
			f.Dict = words
		}
		if kind != "some" || c == 0 {
			q.Features = append(q.Features, f)
		}
	}
	return q
}

// Blocks of any size decode to what the slow reference says, for any bytes.
func TestDecodesAsTheReferenceAtEveryBlockSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := messy(pieces).Draw(t, "body")
		n := rapid.SampledFrom([]int{1, 2, 3, 4, 6, 12}).Draw(t, "columns")
		q := columnsOf(rapid.SampledFrom([]string{"whole", "cells", "some", "typed"}).Draw(t, "request"), n)
		o := ReadOptions{
			MaxRecord: rapid.SampledFrom([]int{1, 3, 8, 20, 1000}).Draw(t, "max record"),
			Missing:   rapid.SampledFrom([][]string{nil, {"", "1"}}).Draw(t, "missing"),
			Decimal:   rapid.SampledFrom([]byte{0, ',', 'e'}).Draw(t, "decimal"),
		}
		if o.Decimal == 'e' {
			o.Decimal = ' '
		}
		o.NoHeader, o.Columns = true, strings.Split("hijklmnopqrs", "")[:n]
		if strings.HasPrefix(body, "\xef\xbb\xbf") || body == "" {
			t.Skip("a mark or nothing at all")
		}
		narrow := rapid.Bool().Draw(t, "narrow")
		want := refDump(body, n, q, o, ',')
		for _, size := range []int{1, 2, 3, 7, 16, 50, 1 << 20} {
			o.BlockSize = size
			r := io.Reader(strings.NewReader(body))
			if size < 16 {
				r = iotest.OneByteReader(r)
			}
			got, err := dumpCSVBy(r, q, o, narrow)
			if err != nil {
				if strings.Contains(err.Error(), "carriage returns") && !strings.Contains(body, "\n") {
					t.Skip("bare carriage returns")
				}
				t.Fatalf("block size %d: %v", size, err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("block size %d, body %q (-reference +got):\n%s", size, body, d)
			}
		}
	})
}

// Well-formed tables say what encoding/csv says, at every block size.
func TestAgreesWithEncodingCSV(t *testing.T) {
	cell := rapid.OneOf(rapid.StringMatching(`[a-z0-9 .]{0,6}`), rapid.StringMatching(`"([a-z,\n]|""){0,5}"`))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 4).Draw(t, "columns")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, n, n), 1, 12).Draw(t, "rows")
		var body strings.Builder
		for _, r := range rows {
			body.WriteString(strings.Join(r, ",") + end)
		}
		records, err := csv.NewReader(strings.NewReader(body.String())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.SampledFrom([]int{1, 2, 5, 11, 64, 1 << 20}).Draw(t, "block size")
		got := allText(t, body.String(), n, size)
		if d := cmp.Diff(records, got); d != "" {
			t.Fatalf("block size %d (-encoding/csv +got):\n%s", size, d)
		}
	})
}

// allText reads a table without header as text.
func allText(t *rapid.T, body string, n, size int) [][]string {
	o := ReadOptions{NoHeader: true, Columns: []string{"h", "i", "j", "k"}[:n], BlockSize: size}
	src, err := newCSV(strings.NewReader(body), func() Info { return Info{} }, o)
	if err != nil {
		t.Fatal(err)
	}
	var q Request
	for c := range n {
		q.Keep = append(q.Keep, KeepRequest{Column: c})
	}
	if err := src.Start(q); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	var b Block
	var rows Rows
	for src.Next(&b) == nil {
		if err := b.Decode(&rows); err != nil || len(rows.Bad) > 0 {
			t.Fatal(err, rows.Bad)
		}
		for i := range rows.N {
			record := make([]string, n)
			for c := range n {
				if !rows.Kept[c].IsNull(i) {
					record[c] = rows.Kept[c].ValueStr(i)
				}
			}
			got = append(got, record)
		}
		rows.Reset()
		b.Release()
	}
	return got
}

func TestHeader(t *testing.T) {
	tests := []struct {
		name, file string
		fields     []string
		lineEnd    string
		head       int64
	}{
		{"plain", "a,b\n1,2\n", []string{"a", "b"}, "\n", 4},
		{"mark and carriage return", "\xef\xbb\xbfa,b\r\n1,2\r\n", []string{"a", "b"}, "\r\n", 8},
		{"quotes", "\"a,\"\"1\"\"\",\"b\nc\"\n", []string{`a,"1"`, "b\nc"}, "\n", 16},
		{"header only, no line end", "a,b", []string{"a", "b"}, "\n", 3},
		{"blank lines before it", "\n\r\na,b\n", []string{"a", "b"}, "\n", 7},
		{"empty names", ",\n", []string{"", ""}, "\n", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, err := newCSV(strings.NewReader(tt.file), func() Info { return Info{} }, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range src.Fields() {
				names = append(names, f.Name)
			}
			if d := cmp.Diff(tt.fields, names); d != "" {
				t.Error(d)
			}
			if got := src.(*csvSource).LineEnd(); got != tt.lineEnd {
				t.Errorf("line end %q, want %q", got, tt.lineEnd)
			}
			if got := src.Info(); got.HeadBytes != tt.head || got.HeadLines != int64(strings.Count(tt.file[:tt.head], "\n")) {
				t.Errorf("head %d bytes, %d lines", got.HeadBytes, got.HeadLines)
			}
		})
	}
}

func TestNoHeaderToBeHad(t *testing.T) {
	for name, file := range map[string]string{
		"nothing": "", "a mark": "\xef\xbb\xbf", "blank lines": "\n\n\r\n", "unclosed quote": "\"a,b\n1,2\n",
		"bytes after a quote": "\"a\"b,c\n", "carriage returns": "a,b\r1,2\r3,4\r",
		"UTF-16": "\xff\xfea\x00,\x00",
	} {
		if _, err := newCSV(strings.NewReader(file), func() Info { return Info{} }, ReadOptions{}); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v, want ErrData", name, err)
		}
	}
	broken := errors.New("broken")
	_, err := newCSV(iotest.ErrReader(broken), func() Info { return Info{} }, ReadOptions{})
	if !errors.Is(err, ErrIO) || !errors.Is(err, broken) {
		t.Errorf("%v, want ErrIO", err)
	}
	kind := errors.Join(ErrData, broken)
	if _, err := newCSV(iotest.ErrReader(kind), func() Info { return Info{} }, ReadOptions{}); errors.Is(err, ErrIO) {
		t.Errorf("%v, want it as it is", err)
	}
}

// Records before a read error are handed out, then the error.
func TestReadErrorComesAfterItsRecords(t *testing.T) {
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("a\n1\n2\n3"), iotest.ErrReader(broken))
	got, err := dumpCSV(r, Request{Features: []FeatureRequest{{}}}, ReadOptions{})
	if strings.Count(got, "row ") != 2 || !errors.Is(err, ErrIO) || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

// Runs of columns that nobody asked for are passed over together, whatever
// stands in them and wherever the ones asked for are.
func TestColumnsInTheMiddle(t *testing.T) {
	cell := rapid.OneOf(rapid.StringMatching(`[a-z0-9 .]{0,12}`), rapid.StringMatching(`[a-z"]{0,5}`),
		rapid.StringMatching(`"([a-z,\n]|""){0,9}"`), rapid.Just("-12.25"))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(5, 40).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, n, n), 1, 5).Draw(t, "rows")
		if rapid.Bool().Draw(t, "ragged") {
			rows[len(rows)-1] = rows[0][:rapid.IntRange(2, n).Draw(t, "cells")]
		}
		delim := rapid.SampledFrom([]byte{',', '\t', 0xfe}).Draw(t, "delimiter")
		var body strings.Builder
		for _, r := range rows {
			body.WriteString(strings.Join(r, string([]byte{delim})) + "\n")
		}
		q := Request{Raw: true, PadRagged: true}
		for range rapid.IntRange(1, 3).Draw(t, "wanted") {
			c := rapid.IntRange(0, n-1).Draw(t, "column")
			q.Features = append(q.Features, FeatureRequest{Column: c})
			q.Keep = append(q.Keep, KeepRequest{Column: (c + 1) % n})
		}
		o := ReadOptions{NoHeader: true, Columns: make([]string, n), Delimiter: delim}
		got, err := dumpCSV(strings.NewReader(body.String()), q, o)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(refDump(body.String(), n, q, o, delim), got); d != "" {
			t.Fatalf("body %q (-reference +got):\n%s", body.String(), d)
		}
	})
}
