package table

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// readNumber reads text as the one cell of a one-column table, and as the
// first and last of a table of three columns.
func readNumber(t failer, text string, delim, decimal byte) (v float64, ok bool) {
	sep := string(rune(delim))
	files := []string{"h\n" + text + "\n", "h\n" + text + "\r\n", "h\n" + text,
		"a" + sep + "b" + sep + "h\n" + text + sep + "x" + sep + text + "\n" + text + sep + sep + text}
	for i, file := range files {
		q := Request{Features: []FeatureRequest{{}}}
		if i == 3 {
			q.Features = append(q.Features, FeatureRequest{Column: 2})
		}
		o := ReadOptions{Delimiter: delim, Decimal: decimal, Missing: []string{"no"}}
		src, err := newCSV(strings.NewReader(file), func() Info { return Info{} }, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Start(q); err != nil {
			t.Fatal(err)
		}
		var b Block
		var rows Rows
		if err := src.Next(&b); err != nil {
			t.Fatal(err)
		}
		if err := b.Decode(&rows); err != nil {
			t.Fatal(err)
		}
		for f := range rows.Features {
			for row := range rows.N {
				got, good := rows.Features[f].F64[row], !rows.Features[f].Missing(row)
				if i == 0 {
					v, ok = got, good
				}
				if good != ok || math.Float64bits(got) != math.Float64bits(v) {
					t.Fatalf("%q is %v %v in file %d, %v %v alone", text, got, good, i, v, ok)
				}
			}
		}
	}
	return v, ok
}

func checkNumber(t failer, text string, decimal byte) {
	want, wantOK := refNumber(text, decimal)
	if !wantOK {
		want = 0
	}
	got, ok := parseNumber([]byte(text), decimal)
	if !ok {
		got = 0
	}
	if ok != wantOK || math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("%q is %v %v, want %v %v", text, got, ok, want, wantOK)
	}
	if strings.ContainsAny(text, "\"\n\r;\t ") || text == "" {
		return // not one plain cell
	}
	delim := byte(';')
	got, ok = readNumber(t, text, delim, decimal)
	if ok != wantOK || math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("cell %q is %v %v, want %v %v", text, got, ok, want, wantOK)
	}
	got, ok = readNumber(t, `"`+text+`"`, delim, decimal)
	if ok != wantOK || math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("quoted cell %q is %v %v, want %v %v", text, got, ok, want, wantOK)
	}
}

func TestNumberGrammar(t *testing.T) {
	for _, text := range []string{"0", "-0", "+0", "1", "12.5", "1.", ".5", "-.5", "+1.5e3", "1e5", "1E-5", "1e+05", "1.e2", ".5e1",
		"00012", "1234567", "12345678", "123456789", "1234567.", "12345678.5", "1234567.12345678", "0.12345678", "0.123456789",
		"9007199254740993", "9007199254740992", "123456789012345678901234567890", "1e22", "1e23", "1e308", "1.7976931348623157e308",
		"1.7976931348623159e308", "1e309", "-1e400", "1e-400", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
		"2.2250738585072011e-308", "0.000000000000000000000000001", "1e99999999999999", "1e-99999999999999", "0e99999999999999",
		"8.533e+68", "4.1006e-184", "6.0221409e+23", "1.00000000000000011102230246251565404236316680908203125",
		"1.00000000000000011102230246251565404236316680908203124", "1.00000000000000011102230246251565404236316680908203126",
		"", "-", "+", ".", "-.", "e5", ".e5", "1e", "1e+", "1e5.5", "1..2", "1.2.3", "--1", "+-1", "0x10", "1_000", "inf", "Inf", "nan", "NaN",
		"infinity", "true", "false", "True", "TRUE", "tru", "1,5", "1 2", "1a", "a1", "1.5x", "１", "1\x00", "-true", "1e5e5", "12345678x", "1.23456789x",
		"123456789012345678x", "0.0", "-0.0", "-0e5", "1-", "1/2", "1:2", "5-3", "1;", "9999999999999999999", "99999999999999999999", "18446744073709551616"} {
		checkNumber(t, text, '.')
		checkNumber(t, strings.ReplaceAll(text, ".", ","), ',')
		checkNumber(t, text, ',')
	}
}

func TestNumbersOfEveryShape(t *testing.T) {
	digits := rapid.StringMatching(`[0-9]{0,24}`)
	shape := rapid.Custom(func(t *rapid.T) string {
		text := rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, "sign") + digits.Draw(t, "whole")
		if rapid.Bool().Draw(t, "point") {
			text += "." + digits.Draw(t, "fraction")
		}
		if rapid.IntRange(0, 3).Draw(t, "exponent") == 0 {
			text += fmt.Sprintf("e%d", rapid.IntRange(-360, 360).Draw(t, "power"))
		}
		return text
	})
	text := rapid.OneOf(shape, rapid.StringMatching(`[-+0-9.eE]{0,12}`))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		checkNumber(t, s, '.')
	})
}

// failer is what testing.T and rapid.T have in common.
type failer interface {
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Floats written in several ways read back as strconv reads them.
func TestRandomNumbersAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	n := 300000
	if testing.Short() {
		n = 30000
	}
	var file bytes.Buffer
	file.WriteString("h,i\n")
	var want []float64
	for i := range n {
		f := math.Float64frombits(rng.Uint64())
		if i%2 == 0 {
			f = rng.NormFloat64() * math.Pow(10, float64(rng.IntN(20)-10))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		text := strconv.FormatFloat(f, "gfe"[i%3], rng.IntN(21)-1, 64)
		if len(text) > 60 {
			continue
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		fmt.Fprintf(&file, "%s,%s\n", text, text)
		want = append(want, f, f)
	}
	src := openBench(t, &benchTable{text: file.Bytes()}, &file, numbersAfter(0, 2))
	var b Block
	var rows Rows
	at := 0
	for src.Next(&b) == nil {
		if err := b.Decode(&rows); err != nil || len(rows.Bad) > 0 {
			t.Fatal(err, rows.Bad)
		}
		for i := range rows.N {
			for c := range 2 {
				if got := rows.Features[c].F64[i]; math.Float64bits(got) != math.Float64bits(want[at]) {
					t.Fatalf("%v, want %v", got, want[at])
				}
				at++
			}
		}
	}
	if at != len(want) {
		t.Errorf("%d numbers of %d", at, len(want))
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1.5", "-12e-3", "1234567.8901234", ".", "1e400", "123456789012345678901", "true"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 200 {
			checkNumber(t, text, '.')
			checkNumber(t, text, ',')
		}
	})
}
