package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// dumpNDJSON is what a table decodes to, in words.
func dumpNDJSON(r io.Reader, q Request, o ReadOptions) (string, error) {
	src, err := newNDJSON(r, func() Info { return Info{Format: NDJSON} }, o)
	if err != nil {
		return "", err
	}
	if err := src.Start(q); err != nil {
		return "", err
	}
	var out strings.Builder
	var b Block
	var rows Rows
	defer rows.Reset()
	row, line, offset := int64(0), src.Info().HeadLines, src.Info().HeadBytes
	for {
		err := src.Next(&b)
		if err == io.EOF {
			return out.String(), nil
		}
		if err == nil {
			err = b.Decode(&rows)
		}
		if err != nil {
			return out.String(), err
		}
		dumpRows(&out, &rows, q, row, line, offset)
		row, line, offset = row+int64(rows.N), line+rows.Lines, offset+rows.Bytes
		b.Release()
	}
}

func TestNDJSONColumnsAreTheKeysInOrder(t *testing.T) {
	late := strings.Repeat(`{"a":1}`+"\n", 99) + "\n \n" + `{"z":1}` + "\n"
	cases := []struct {
		text string
		want string
	}{
		{`{"b":1,"a":2}`, "b a"},
		{`{"b":1,"a":2}` + "\n" + `{"c":0,"a":1,"\u0062":3}` + "\n", "b a c"},
		{`{"a b":1,"\"":2,"é":3,"\u00e9t":4}`, `a b|"|é|ét`},
		{"\xef\xbb\xbf\n" + `{"x":{"y":1}}`, "x"},
		{"not JSON\n[1]\n" + `{"a":1,` + "\n" + `{"b":1}`, "a b"},
		{late, "a z"},
		{strings.Repeat(`{"a":1}`+"\n", 100) + `{"z":1}`, "a"},
		{`{"":1}`, ""},
	}
	for _, c := range cases {
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
			src, err := newNDJSON(r, func() Info { return Info{} }, ReadOptions{BlockSize: 3})
			if err != nil {
				t.Errorf("%.40q: %v", c.text, err)
				continue
			}
			sep := " "
			if strings.Contains(c.want, "|") {
				sep = "|"
			}
			var names []string
			for _, f := range src.Fields() {
				names = append(names, f.Name)
			}
			if got := strings.Join(names, sep); got != c.want {
				t.Errorf("%.40q: columns %q, want %q", c.text, got, c.want)
			}
		}
	}
	for _, text := range []string{"", "\n\n", "{}\n", "[]", "junk"} {
		if _, err := newNDJSON(strings.NewReader(text), func() Info { return Info{} }, ReadOptions{}); !errors.Is(err, ErrData) {
			t.Errorf("%q: error %v, want ErrData", text, err)
		}
	}
}

// The look-ahead ends after MaxRecord bytes, so that it is bounded too.
func TestNDJSONLookAheadIsBounded(t *testing.T) {
	record := fmt.Sprintf(`{"a":%q}`+"\n", strings.Repeat("x", 60_000))
	in := &counted{r: strings.NewReader(strings.Repeat(record, 90))}
	if _, err := newNDJSON(in, func() Info { return Info{} }, ReadOptions{MaxRecord: 200_000}); err != nil || in.n > 600_000 {
		t.Errorf("%d bytes read ahead, error %v", in.n, err)
	}
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestNDJSONValues(t *testing.T) {
	words := NewDictionary([]string{"yes", "1", "true", "null"})
	digits := NewDictionary([]string{"0", "1"})
	cases := []struct {
		value                          string
		number, word, digit            string
		text, float, whole, flag, date string
	}{
		{`1.50`, "0x1.8p+00", "#-2", "#-2", `"1.50"`, `"1.5"`, "null", "null", "null"},
		{`-2e1`, "-0x1.4p+04", "#-2", "#-2", `"-2e1"`, `"-20"`, "null", "null", "null"},
		{`1`, "0x1p+00", "#1", "#1", `"1"`, `"1"`, `"1"`, `"true"`, "null"},
		{`" 1 "`, "0x1p+00", "#1", "#1", `" 1 "`, `"1"`, `"1"`, `"true"`, "null"},
		{`"1,5"`, "- !not_a_number", "#-2", "#-2", `"1,5"`, "null", "null", "null", "null"},
		{`true`, "0x1p+00", "#2", "#1", `"true"`, `"1"`, "null", `"true"`, "null"},
		{`false`, "0x0p+00", "#-2", "#0", `"false"`, `"0"`, "null", `"false"`, "null"},
		{`null`, "-", "#-1", "#-1", "null", "null", "null", "null", "null"},
		{`"null"`, "-", "#3", "#-1", `"null"`, "null", "null", "null", "null"},
		{`" NA"`, "-", "#-1", "#-1", `" NA"`, "null", "null", "null", "null"},
		{`""`, "-", "#-1", "#-1", `""`, "null", "null", "null", "null"},
		{`" y\u0065s\t"`, "- !not_a_number", "#0", "#-2", `" yes\t"`, "null", "null", "null", "null"},
		{`"2024-02-29"`, "- !not_a_number", "#-2", "#-2", `"2024-02-29"`, "null", "null", "null", `"2024-02-29"`},
		{`9223372036854775807`, "0x1p+63", "#-2", "#-2", `"9223372036854775807"`, `"9.223372036854775807e+18"`, `"9223372036854775807"`, "null", "null"},
		{`1e999`, "- !not_a_number", "#-2", "#-2", `"1e999"`, "null", "null", "null", "null"},
		{`[1, 2]`, "- !not_a_number", "#-2 !bad_type", "#-2 !bad_type", `"[1, 2]"`, "null", "null", "null", "null"},
		{`{"a":"b"}`, "- !not_a_number", "#-2 !bad_type", "#-2 !bad_type", `"{\"a\":\"b\"}"`, "null", "null", "null", "null"},
	}
	ask := func(value string, q Request) string {
		got, err := dumpNDJSON(strings.NewReader(`{"v":`+value+"}\n"), q, ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", value, err)
		}
		got = strings.TrimPrefix(strings.TrimSuffix(got, "\n"), "row 1 line 1 offset 0: ")
		return strings.TrimSuffix(got, " slot 0")
	}
	kept := func(typ arrow.DataType) Request {
		return Request{Keep: []KeepRequest{{Column: 0, Type: typ}}}
	}
	for _, c := range cases {
		got := []string{
			ask(c.value, Request{Features: []FeatureRequest{{}}}),
			ask(c.value, Request{Features: []FeatureRequest{{Dict: words}}}),
			ask(c.value, Request{Features: []FeatureRequest{{Dict: digits}}}),
			ask(c.value, kept(arrow.BinaryTypes.String)),
			ask(c.value, kept(arrow.PrimitiveTypes.Float64)),
			ask(c.value, kept(arrow.PrimitiveTypes.Int64)),
			ask(c.value, kept(arrow.FixedWidthTypes.Boolean)),
			ask(c.value, kept(arrow.FixedWidthTypes.Date32)),
		}
		want := []string{c.number, c.word, c.digit, c.text, c.float, c.whole, c.flag, c.date}
		if c.value == `9223372036854775807` {
			got[4], want[4] = "", "" // ValueStr's spelling is not ours
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", c.value, diff)
		}
	}
	if got := ask("1.5", Request{Keep: []KeepRequest{{Type: arrow.PrimitiveTypes.Int64, Strict: true}}}); got != "null !bad_type slot 1048576" {
		t.Errorf("strict: %s", got)
	}
}

func TestNDJSONOptions(t *testing.T) {
	text := `{"a":"1,5","b":999}` + "\n" + `{"a":1.5,"b":"999"}` + "\n"
	q := Request{Features: []FeatureRequest{{Column: 0}, {Column: 1}}, Keep: []KeepRequest{{Column: 0, Type: arrow.PrimitiveTypes.Float64}}}
	got, err := dumpNDJSON(strings.NewReader(text), q, ReadOptions{Decimal: ',', Missing: []string{"999"}})
	want := "row 1 line 1 offset 0: 0x1.8p+00 - \"1.5\"\nrow 2 line 2 offset 20: 0x1.8p+00 - \"1.5\"\n"
	if got != want || err != nil {
		t.Errorf("got\n%swant\n%serror %v", got, want, err)
	}
}

func TestNDJSONBadRecords(t *testing.T) {
	known := "\xef\xbb\xbf" + strings.Repeat(`{"a":1,"b":2}`+"\n", ndjsonLookAhead) // 1403 bytes
	text := `{"a":1,"b":"x"}` + "\r\n" +
		"\n" +
		`{"b":"y"}` + "\n" +
		`{"a":2,"c":1}` + "\n" +
		`{"a":2,"a":3}` + "\n" +
		`["a"]` + "\n" +
		`{"a":1} {"a":2}` + "\n" +
		"{\"a\":4,\"b\":\"\xff\"}\n" +
		`{"a":` + strings.Repeat(" ", 60) + `5}` + "\n" +
		"  \t\r\n" +
		`{"a":6,`
	want := `row 101 line 101 offset 1403: 0x1p+00 "1" "\"x\""
row 102 line 103 offset 1421: - "" "\"y\""
row 103 line 104 offset 1431: 0x1p+01 "2" "" !ragged
row 104 line 105 offset 1445: 0x1p+01 "2" "" !ragged
row 105 line 106 offset 1459: - "" "" !bad_type
row 106 line 107 offset 1465: - "" "" !bad_type
row 107 line 108 offset 1481: - "" "" !bad_utf8
row 108 line 109 offset 1497: - "" "" !too_long
row 109 line 111 offset 1570: - "" "" !bad_type
`
	q := Request{Raw: true, Features: []FeatureRequest{{Column: 0}}, Keep: []KeepRequest{{Column: 0}, {Column: 1}}}
	for _, size := range []int{1, 2, 7, 20, 64, 100, 5000} {
		got, err := dumpNDJSON(strings.NewReader(known+text), q, ReadOptions{BlockSize: size, MaxRecord: 60})
		if err != nil {
			t.Fatal(err)
		}
		_, got, _ = strings.Cut(got, "row 100 ")
		_, got, _ = strings.Cut(got, "\n")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("blocks of %d bytes:\n%s", size, diff)
		}
	}
}

// refLine is a record as the standard library's decoder sees it.
func refLine(line []byte, columns []string) (cells []string, why Reason) {
	cells = make([]string, len(columns))
	switch {
	case !utf8.Valid(line):
		return cells, BadUTF8
	case !json.Valid(line) || bytes.TrimLeft(line, " \t\r")[0] != '{':
		return cells, BadType
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.Token()
	seen := map[string]bool{}
	for dec.More() {
		key, _ := dec.Token()
		var value json.RawMessage
		dec.Decode(&value)
		at := -1
		for i, c := range columns {
			if c == key {
				at = i
			}
		}
		if at < 0 || seen[key.(string)] {
			why = Ragged
			continue
		}
		seen[key.(string)] = true
		cells[at] = string(value)
	}
	return cells, why
}

// Records of any bytes decode to what the standard library sees in them, at
// every block size.
func TestNDJSONDecodesAsTheReferenceAtEveryBlockSize(t *testing.T) {
	pieces := []string{`{"a":1}`, `{"b":"x\ny","a":[1,{"a":2}]}`, "\n", "\n", "\n", "\r\n", " ", "{", "}", `"a"`, `"b"`, `"c"`, ":", ",",
		"1", "-0.5e3", `"é"`, `"\u0041"`, "null", "true", "[", "]", "\xff", "x", `{"a":"`, `"}`, `{"\u0061":7,"b":null}`}
	rapid.Check(t, func(t *rapid.T) {
		head := `{"a":1,"b":2}` + "\n"
		body := head + messy(pieces).Draw(t, "body")
		var want strings.Builder
		row := 0
		for line, offset, rest := 1, 0, body; rest != ""; line++ {
			record, after, _ := strings.Cut(rest, "\n")
			if strings.Trim(record, " \t\r") != "" {
				row++
				fmt.Fprintf(&want, "row %d line %d offset %d:", row, line, offset)
				columns := refColumns(body)
				cells, why := refLine([]byte(record), columns)
				for _, c := range cells {
					fmt.Fprintf(&want, " %q", c)
				}
				if why != Good {
					fmt.Fprintf(&want, " !%s", why)
				}
				want.WriteString("\n")
			}
			offset += len(rest) - len(after)
			rest = after
		}
		q := Request{Raw: true}
		for i := range refColumns(body) {
			q.Keep = append(q.Keep, KeepRequest{Column: i})
		}
		for _, size := range []int{1, 2, 3, 7, 16, 50, 1 << 20} {
			r := io.Reader(strings.NewReader(body))
			if size%2 == 1 {
				r = iotest.OneByteReader(r)
			}
			got, err := dumpNDJSON(r, q, ReadOptions{BlockSize: size})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.String(), got); diff != "" {
				t.Fatalf("blocks of %d bytes of %q:\n%s", size, body, diff)
			}
		}
	})
}

// refColumns are the keys of the records, found as far as each one is sound.
func refColumns(body string) []string {
	var columns []string
	for line := range strings.Lines(body) {
		dec := json.NewDecoder(strings.NewReader(line))
		if open, err := dec.Token(); err != nil || open != json.Delim('{') {
			continue
		}
		for dec.More() {
			key, err := dec.Token()
			name, ok := key.(string)
			if err != nil || !ok || !utf8.ValidString(line) {
				break
			}
			known := false
			for _, c := range columns {
				known = known || c == name
			}
			if !known {
				columns = append(columns, name)
			}
			var value json.RawMessage
			if dec.Decode(&value) != nil {
				break
			}
		}
	}
	return columns
}

func FuzzNDJSON(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"a\":\"x\",\"b\":[1]}\n"), 3)
	f.Add([]byte("\xef\xbb\xbf{\"\\u0061\":null}\r\n\n{"), 1)
	f.Add([]byte("{\"a\":{\"a\":1e400}}\n\xff"), 1000)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		dump := func(size int) (string, error) {
			o := ReadOptions{BlockSize: size, MaxRecord: 100}
			src, err := newNDJSON(bytes.NewReader(data), func() Info { return Info{} }, o)
			if err != nil {
				return "", err
			}
			q := Request{Features: []FeatureRequest{{Column: 0}}}
			for i := range src.Fields() {
				q.Keep = append(q.Keep, KeepRequest{Column: i, Type: arrow.BinaryTypes.String})
			}
			return dumpNDJSON(bytes.NewReader(data), q, o)
		}
		want, errWant := dump(1 << 20)
		got, err := dump(size % 200)
		if got != want || (err == nil) != (errWant == nil) {
			t.Errorf("blocks of %d bytes:\n%serror %v; want\n%serror %v", size, got, err, want, errWant)
		}
	})
}
