package table

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// lastRecordEnd looks for the last record end one record after the other.
func lastRecordEnd(data []byte, delim byte) (end int) {
	for {
		scan := csvScan{delim: delim, start: end, pos: end, first: true}
		scan.run(data, false)
		if scan.end == 0 {
			return end
		}
		end = scan.end
	}
}

// Text full of quotes is cut where its last record ends, whether it is quoted
// as it should be throughout, or not, and wherever it breaks off.
func TestCutsTextFullOfQuotes(t *testing.T) {
	good := []string{`"a"`, `"x,y"`, `"line` + "\n" + `two"`, `""`, `"say ""no"""`, `""""`, `"` + "\r\n" + `"`, `plain`, ``, `"long enough to fill more than eight bytes"`}
	odd := []string{`5" disk`, `"a"b`, `a""`, ` "q"`, `"a" "b"`, `"`}
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		odds := rapid.SampledFrom([]int{0, 0, 300, 20}).Draw(t, "odd cells, one in")
		delim := rapid.SampledFrom([]byte{',', 0xfe}).Draw(t, "delimiter")
		var text strings.Builder
		for range rng.IntN(600) {
			cell := good[rng.IntN(len(good))]
			if odds > 0 && rng.IntN(odds) == 0 {
				cell = odd[rng.IntN(len(odd))]
			}
			text.WriteString(cell)
			text.WriteString([]string{string([]byte{delim}), string([]byte{delim}), "\n", "\r\n"}[rng.IntN(4)])
		}
		whole := []byte(text.String())
		if scan := (csvScan{delim: delim}); odds == 0 {
			if scan.masks(whole); scan.pos+65 < len(whole) {
				t.Fatalf("%d bytes of %d are called odd", len(whole)-scan.pos, len(whole))
			}
		}
		for cut := range min(130, len(whole)) { // every place in the words that masks looks at
			data := whole[: len(whole)-cut : len(whole)-cut]
			scan := csvScan{delim: delim}
			scan.run(data, false)
			if want := lastRecordEnd(data, delim); scan.end != want {
				t.Fatalf("%d bytes end at %d, want %d", len(data), scan.end, want)
			}
			// The walk goes on where it stopped when more has been read.
			more := append(data, "\"\n,\"\n"...)
			scan.run(more, true)
			if want := lastRecordEnd(append(more, `""`...), delim); scan.end != want {
				t.Fatalf("%d bytes end at %d, want %d", len(more), scan.end, want)
			}
		}
	})
}
