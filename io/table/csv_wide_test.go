package table

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyNumber is a cell that is a number or nearly one: of any length up to 24
// bytes, with its point anywhere, some with a sign, an exponent, quotes or
// something that does not belong there.
func anyNumber(rng *rand.Rand) string {
	digits := make([]byte, 1+rng.IntN(1+rng.IntN(22)))
	for i := range digits {
		digits[i] = '0' + byte(rng.IntN(10))
	}
	text := string(digits)
	if rng.IntN(3) > 0 {
		at := rng.IntN(len(text) + 1)
		text = text[:at] + "." + text[at:]
	}
	text = []string{"", "", "-", "-", "+", "--"}[rng.IntN(6)] + text
	switch rng.IntN(12) {
	case 0:
		text += []string{"e3", "E-7", "e", "x", " ", ".", ":", "/"}[rng.IntN(8)]
	case 1:
		text = `"` + text + `"`
	case 2:
		text = []string{"", "", ".", "-", `""`, "-.", "NA"}[rng.IntN(7)]
	}
	return text
}

// numbersTable is rows of such cells, one in thirty with a cell too many.
func numbersTable(rng *rand.Rand, rows, columns int) string {
	var text strings.Builder
	for range rows {
		record := make([]string, columns+rng.IntN(30)/29)
		for c := range record {
			record[c] = anyNumber(rng)
		}
		text.WriteString(strings.Join(record, ",") + []string{"\n", "\n", "\r\n"}[rng.IntN(3)])
	}
	return text.String()
}

// A table of numbers of all shapes says what the slow reference says, by the
// wide loop and without it.
func TestNumbersOfAllShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		columns := rapid.IntRange(1, 9).Draw(t, "columns")
		q := columnsOf(rapid.SampledFrom([]string{"whole", "cells", "some", "typed"}).Draw(t, "request"), columns)
		body := numbersTable(rng, rapid.IntRange(1, 80).Draw(t, "rows"), columns)
		o := ReadOptions{NoHeader: true, Columns: strings.Split("hijklmnop", "")[:columns], MaxRecord: 1000}
		want := refDump(body, columns, q, o, ',')
		for _, narrow := range []bool{false, true} {
			got, err := dumpCSVBy(strings.NewReader(body), q, o, narrow)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("narrow %v, body %q (-reference +got):\n%s", narrow, body, d)
			}
		}
	})
}
