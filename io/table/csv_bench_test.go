package table

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// benchTable is a generated table and what is asked of it.
type benchTable struct {
	name string
	text []byte
	rows int
	req  Request
}

// patients is id + 5 features, about 32 bytes a row.
func patients(rows int) benchTable {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString("id,weight,height,age,pulse,cholesterol\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%.1f,%.1f,%d,%d,%.1f\n", 1000000+i, 45+rng.Float64()*100, 150+rng.Float64()*50,
			18+rng.IntN(80), 45+rng.IntN(80), 90+rng.Float64()*200)
	}
	return benchTable{"patients", b.Bytes(), rows, numbersAfter(1, 6, 0)}
}

// wide is 100 numbers of 6 or 7 digits; signed ones have either sign.
func wide(rows int, signed bool) benchTable {
	rng := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for c := range 100 {
		fmt.Fprintf(&b, "f%d,", c)
	}
	b.Truncate(b.Len() - 1)
	b.WriteByte('\n')
	for range rows {
		for range 100 {
			v := rng.Float64()
			if signed {
				v = rng.NormFloat64()
			}
			fmt.Fprintf(&b, "%.7g,", v)
		}
		b.Truncate(b.Len() - 1)
		b.WriteByte('\n')
	}
	name := "wide"
	if signed {
		name = "wide signed"
	}
	return benchTable{name, b.Bytes(), rows, numbersAfter(0, 100)}
}

// doubles is 10 numbers of 16 or 17 digits.
func doubles(rows int) benchTable {
	rng := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	b.WriteString("a,b,c,d,e,f,g,h,i,j\n")
	for range rows {
		for range 10 {
			fmt.Fprintf(&b, "%v,", rng.NormFloat64())
		}
		b.Truncate(b.Len() - 1)
		b.WriteByte('\n')
	}
	return benchTable{"doubles", b.Bytes(), rows, numbersAfter(0, 10)}
}

// messyTable has quotes, line ends and delimiters in quotes, blanks and CRLF.
func messyTable(rows int) benchTable {
	rng := rand.New(rand.NewPCG(7, 8))
	var b bytes.Buffer
	b.WriteString("id,name,note,weight,sex,pulse\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,\"Doe, %c.\",", i, 'A'+rune(i%26))
		switch i % 4 {
		case 0:
			b.WriteString("\"two\r\nlines\",")
		case 1:
			b.WriteString("\"said \"\"no\"\" twice\",")
		default:
			b.WriteString("plain words,")
		}
		fmt.Fprintf(&b, "\"%.1f\",%s,", 45+rng.Float64()*100, []string{"female", "male"}[rng.IntN(2)])
		if rng.IntN(5) > 0 {
			fmt.Fprintf(&b, "%d", 45+rng.IntN(80))
		}
		b.WriteString("\r\n")
	}
	q := Request{Raw: true, Keep: []KeepRequest{{Column: 0}}, Features: []FeatureRequest{{Column: 3},
		{Column: 4, Dict: NewDictionary([]string{"female", "male"})}, {Column: 5}}}
	return benchTable{"messy", b.Bytes(), rows, q}
}

// numbersAfter asks for columns from … to-1 as numbers and keeps some raw.
func numbersAfter(from, to int, keep ...int) Request {
	q := Request{Raw: true}
	for c := from; c < to; c++ {
		q.Features = append(q.Features, FeatureRequest{Column: c})
	}
	for _, c := range keep {
		q.Keep = append(q.Keep, KeepRequest{Column: c})
	}
	return q
}

func benchTables() []benchTable {
	p := patients(100000)
	all, semicolons := p, p
	all.name, all.req = "patients kept whole", numbersAfter(1, 6, 0, 1, 2, 3, 4, 5)
	semicolons.name, semicolons.text = "patients by semicolons", bytes.ReplaceAll(p.text, []byte{','}, []byte{';'})
	crlf := p
	crlf.name, crlf.text = "patients CRLF", bytes.ReplaceAll(p.text, []byte{'\n'}, []byte("\r\n"))
	typed := p
	typed.name, typed.req = "patients typed", numbersAfter(1, 6, 0, 1, 2, 3, 4, 5)
	typed.req.Raw = false
	for c := range typed.req.Keep[1:] {
		typed.req.Keep[c+1].Type = arrow.PrimitiveTypes.Float64
	}
	few := wide(3000, false)
	few.name, few.req = "wide, 3 of 100", numbersAfter(40, 43, 0)
	return []benchTable{p, all, typed, semicolons, crlf, wide(3000, false), wide(3000, true), few, doubles(20000), messyTable(50000)}
}

// openBench opens a table for a benchmark or a test.
func openBench(b testing.TB, t *benchTable, r io.Reader, q Request) Source {
	o := ReadOptions{}
	if bytes.IndexByte(t.text[:20], ';') >= 0 {
		o.Delimiter = ';'
	}
	src, err := newCSV(r, func() Info { return Info{} }, o)
	if err == nil {
		err = src.Start(q)
	}
	if err != nil {
		b.Fatal(err)
	}
	return src
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func BenchmarkCSVCut(b *testing.B) {
	for _, t := range benchTables() {
		b.Run(t.name, func(b *testing.B) {
			var block Block
			b.SetBytes(int64(len(t.text)))
			for b.Loop() {
				src := openBench(b, &t, bytes.NewReader(t.text), t.req)
				for src.Next(&block) == nil {
				}
			}
			perRow(b, t.rows)
		})
	}
}

func BenchmarkCSVDecode(b *testing.B) {
	for _, t := range benchTables() {
		b.Run(t.name, func(b *testing.B) {
			blocks := cutAll(b, &t, t.req)
			var rows Rows
			b.SetBytes(int64(len(t.text)))
			b.ReportAllocs()
			for b.Loop() {
				for i := range blocks {
					if err := blocks[i].Decode(&rows); err != nil || len(rows.Bad) > 0 {
						b.Fatal(err, rows.Bad)
					}
				}
			}
			perRow(b, t.rows)
		})
	}
}

// cutAll is the table's blocks.
func cutAll(b testing.TB, t *benchTable, q Request) []Block {
	src := openBench(b, t, bytes.NewReader(t.text), q)
	var blocks []Block
	for {
		var block Block
		if src.Next(&block) != nil {
			return blocks
		}
		blocks = append(blocks, block)
	}
}

func BenchmarkCSVEncode(b *testing.B) {
	t := patients(20000)
	all := t
	all.req = numbersAfter(1, 6, 0, 1, 2, 3, 4, 5)
	for _, bench := range []struct {
		name  string
		table benchTable
		fixed int
		label bool
	}{{"id + y", t, -1, false}, {"all + y", all, -1, false}, {"id + y + label", t, -1, true}, {"id + y, fixed 6", t, 6, false}} {
		b.Run(bench.name, func(b *testing.B) {
			blocks := cutAll(b, &bench.table, bench.table.req)
			decoded := make([]Rows, len(blocks))
			var l Layout
			for range bench.table.req.Keep {
				l.Kept = append(l.Kept, Field{})
			}
			l.Made = []Field{{Name: "y_hat"}}
			if bench.label {
				l.Made = append(l.Made, Field{Name: "y_hat_label"})
			}
			sink := newCSVSink(io.Discard, CSV, l, nil, WriteOptions{FloatFixed: bench.fixed, NoHeader: true})
			made := make([][]Computed, len(blocks))
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range blocks {
				if err := blocks[i].Decode(&decoded[i]); err != nil {
					b.Fatal(err)
				}
				y := make([]float32, decoded[i].N+32)
				for j := range y {
					y[j] = rng.Float32()
				}
				made[i] = []Computed{{F32: Lanes[float32]{Data: y, Units: 1}}}
				if bench.label {
					codes := make([]int32, decoded[i].N)
					for j := range codes {
						codes[j] = int32(y[j] + 0.5)
					}
					made[i] = append(made[i], Computed{Words: []string{"no", "yes"}, Codes: codes})
				}
			}
			var part Part
			b.ReportAllocs()
			for b.Loop() {
				for i := range blocks {
					if err := sink.Encode(&part, &decoded[i], made[i], nil); err != nil {
						b.Fatal(err)
					}
				}
			}
			perRow(b, bench.table.rows)
		})
	}
}
