package table

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Any bytes decode to what the slow reference says, whatever the delimiter.
func FuzzDecode(f *testing.F) {
	f.Add("1,a,\"é\"\n\"x\"\"y\",2.5,1\r\n", uint8(2), uint8(0), uint8(7))
	f.Add("1.25;-3;\"4\";5e1\n;;;\n1;2\n", uint8(3), uint8(1), uint8(1))
	f.Add("\"never closed", uint8(0), uint8(2), uint8(3))
	f.Add("123456789.125\t12345678\t\"1234567.5\"\t0.12345678901234567", uint8(3), uint8(9), uint8(200))
	f.Add("1,2,3,4,5,6,7,8,9,10,11,12\na,bb,ccc,,\"f\",g,h\"h,i,j,k,l,m\n,,,,,,,,,,,\n", uint8(11), uint8(10), uint8(200))
	f.Add("1,abcdef\n2,b\n,\"\nxyz\"\n", uint8(1), uint8(15), uint8(200)) // too long, typed
	f.Add("1,abcdef\n2,b\n", uint8(1), uint8(0), uint8(200))              // too long, whole
	f.Add("1,2\r\n\r\n\r", uint8(1), uint8(5), uint8(200))                // ends in a carriage return
	f.Add("\"12.5\",\"a \"\"b\"\" which is long\",123456789012345,\"\n", uint8(3), uint8(40), uint8(200))
	f.Add("a\n\n\"\"\n\r\n", uint8(0), uint8(15), uint8(1)) // blank lines that are rows
	f.Fuzz(func(t *testing.T, body string, columns, choice, size uint8) {
		n := int(columns%12) + 1
		delim := []byte{',', ';', '\t', 0xfe, ' '}[choice%5]
		q := columnsOf([]string{"whole", "cells", "some", "typed"}[choice/5%4], n)
		o := ReadOptions{Delimiter: delim, MaxRecord: []int{3, 40, 5000}[choice/20%3], BlockSize: int(size) + 1,
			NoHeader: true, Columns: strings.Split("hijklmnopqrs", "")[:n]}
		if body == "" || strings.HasPrefix(body, "\xef\xbb\xbf") {
			return
		}
		got, err := dumpCSVBy(strings.NewReader(body), q, o, choice/60%2 == 1)
		if err != nil {
			if !strings.Contains(body, "\n") && strings.Contains(body, "\r") {
				return // bare carriage returns
			}
			if strings.Contains(err.Error(), "UTF-16") && slices.ContainsFunc([]byte(body), func(b byte) bool { return b == 0 || b >= 0xfe }) {
				return
			}
			t.Fatal(err)
		}
		if d := cmp.Diff(refDump(body, n, q, o, delim), got); d != "" {
			t.Fatalf("-reference +got:\n%s", d)
		}
	})
}

// endless gives a table's records again and again.
type endless struct {
	text []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// A block's trip allocates nothing once the memory is there.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, table := range []benchTable{patients(2000), messyTable(2000), wide(100, true)} {
		head := bytes.IndexByte(table.text, '\n') + 1
		r := io.MultiReader(bytes.NewReader(table.text[:head]), &endless{text: table.text[head:]})
		src := openBench(t, &table, r, table.req)
		l := Layout{Kept: make([]Field, len(table.req.Keep)), Made: []Field{{Name: "y_hat"}}}
		sink := newCSVSink(io.Discard, CSV, l, nil, WriteOptions{FloatFixed: -1})
		rng := rand.New(rand.NewPCG(1, 2))
		y := make([]float32, 1<<18)
		for i := range y {
			y[i] = rng.Float32()
		}
		made := []Computed{{F32: Lanes[float32]{Data: y, Units: 1}}}
		var b Block
		var rows Rows
		var part Part
		trip := func() {
			if err := src.Next(&b); err != nil {
				t.Fatal(err)
			}
			if err := b.Decode(&rows); err != nil || rows.N == 0 || len(rows.Bad) > 0 {
				t.Fatal(err, rows.N, rows.Bad)
			}
			if err := sink.Encode(&part, &rows, made, nil); err != nil {
				t.Fatal(err)
			}
			if err := sink.Write(&part); err != nil {
				t.Fatal(err)
			}
			b.Release()
			part.Release()
			rows.Reset()
		}
		for range 20 {
			trip()
		}
		if n := testing.AllocsPerRun(20, trip); n > 0 {
			t.Errorf("%s: %v allocations a block", table.name, n)
		}
	}
}
