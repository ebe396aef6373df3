package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// little is so small a memory that bombs need not be large.
const little = 8 << 20

// readAll opens a table and decodes every row of every column.
func readAll(t *testing.T, path string, o ReadOptions) (rows int, err error) {
	t.Helper()
	src, err := Open(path, o)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	var q Request
	for i, f := range src.Fields() {
		if f.Type == nil {
			f.Type = arrow.BinaryTypes.String
		}
		q.Keep = append(q.Keep, KeepRequest{Column: i, Type: f.Type})
	}
	if err := src.Start(q); err != nil {
		return 0, err
	}
	var b Block
	var r Rows
	defer b.Release()
	defer r.Reset()
	for {
		if err := src.Next(&b); err == io.EOF {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		if err := b.Decode(&r); err != nil {
			return rows, err
		}
		rows += r.N
		b.Release()
	}
}

func save(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// oneWord is a column of one long text again and again, whose file is small.
func oneWord(rows int, word string) arrow.RecordBatch {
	b := array.NewDictionaryBuilder(memory.DefaultAllocator, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}).(*array.BinaryDictionaryBuilder)
	for range rows {
		b.AppendString(word)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "word", Type: b.Type()}}, nil)
	return array.NewRecordBatch(schema, []arrow.Array{b.NewArray()}, int64(rows))
}

func parquetOf(t *testing.T, batch arrow.RecordBatch) []byte {
	t.Helper()
	var buf bytes.Buffer
	props := parquet.NewWriterProperties(parquet.WithDictionaryDefault(true), parquet.WithDictionaryPageSizeLimit(64<<20))
	w, err := pqarrow.NewFileWriter(batch.Schema(), &buf, props, pqarrow.DefaultWriterProps())
	if err == nil {
		err = w.Write(batch)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func wideBatch(columns int) arrow.RecordBatch {
	var fields []arrow.Field
	var arrays []arrow.Array
	b := array.NewInt32Builder(memory.DefaultAllocator)
	b.Append(1)
	one := b.NewArray()
	for i := range columns {
		fields = append(fields, arrow.Field{Name: fmt.Sprint("c", i), Type: one.DataType()})
		arrays = append(arrays, one)
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, 1)
}

func streamOf(t *testing.T, batch arrow.RecordBatch) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(batch.Schema()))
	if err := errors.Join(w.Write(batch), w.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// repeated is a compressed stream that expands to n times a piece.
func repeated(t *testing.T, zip string, piece []byte, n int) []byte {
	t.Helper()
	var one bytes.Buffer
	var w io.WriteCloser
	if w, _ = gzip.NewWriterLevel(&one, gzip.BestCompression); zip == "zst" {
		w, _ = zstd.NewWriter(&one)
	}
	w.Write(piece)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(one.Bytes(), n)
}

// A small file that asks for much memory is refused, with its name and place,
// before the memory is asked for.
func TestBombsAreRefused(t *testing.T) {
	record := strings.Repeat("y", little/2)
	lines := bytes.Repeat([]byte{'\n'}, 16<<20)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"columns.csv", []byte(strings.Repeat("a,", 10_000)), "the table has more than 5461 columns, which is more than --memory allows"},
		{"columns.ndjson", []byte("{" + manyKeys(10_000) + "}"), "more than 5461 columns"},
		{"columns.parquet", parquetOf(t, wideBatch(3000)), "a footer of"},
		{"columns.arrows", streamOf(t, wideBatch(6000)), "more than 5461 columns"},
		{"record.csv", []byte("x,y\n1,2\n1," + record + "\n"), "too_long (the record alone"},
		{"record.ndjson", []byte("{\"x\":1}\n{\"x\":2}\n{\"x\":\"" + record + "\"}\n{\"x\":4}"), "too_long (the record alone"},
		{"header.csv", []byte(record), "the first record is longer than"},
		{"word.parquet", parquetOf(t, oneWord(2_000, record[:little/64])), `columns of 250`},
		{"page.parquet", parquetOf(t, oneWord(1, record)), "row group 0"},
		{"lines.csv.gz", append(repeated(t, "gz", []byte("x,y\n1,2\n"), 1), repeated(t, "gz", lines, 5)...), "expands to more than 1000 times its size"},
		{"lines.csv.zst", append(repeated(t, "zst", []byte("x,y\n1,2\n"), 1), repeated(t, "zst", lines, 5)...), "expands to more than 1000 times its size"},
	} {
		_, err := readAll(t, save(t, c.name, c.data), ReadOptions{Memory: little, Alloc: NewRoom(little / 2)})
		if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %d bytes: %.300v", c.name, len(c.data), err)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// A dictionary that is small in columns can be large as text.
func TestBlocksThatAreLargeAsTextAreRefused(t *testing.T) {
	path := save(t, "word.arrows", streamOf(t, oneWord(2_000, strings.Repeat("y", little/64))))
	for _, f := range []Format{CSV, NDJSON} {
		src, err := Open(path, ReadOptions{Memory: little, Alloc: NewRoom(little / 2)})
		if err != nil {
			t.Fatal(err)
		}
		field := src.Fields()[0]
		if err := src.Start(Request{Keep: []KeepRequest{{Column: 0, Type: field.Type}}}); err != nil {
			t.Fatal(err)
		}
		sink, err := NewSink(io.Discard, f, "", Layout{Kept: []Field{field}}, src, WriteOptions{Memory: little})
		if err != nil {
			t.Fatal(err)
		}
		var b Block
		var r Rows
		if err := src.Next(&b); err != nil {
			t.Fatal(err)
		}
		if err := b.Decode(&r); err != nil {
			t.Fatal(err)
		}
		var p Part
		if err := sink.Encode(&p, &r, nil, nil); !errors.Is(err, ErrData) || len(p.Bytes) > 2*little {
			t.Errorf("%s: %v, %d bytes", f, err, len(p.Bytes))
		}
		r.Reset()
		b.Release()
		src.Close()
	}
}

// Ordinary tables have room in little memory, and deep JSON takes none.
func TestOrdinaryTablesHaveRoom(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	for name, data := range map[string][]byte{
		"rows.csv":     []byte("x,y\n" + strings.Repeat("1,2\n", 100_000)),
		"rows.parquet": parquetOf(t, oneWord(100_000, "yes")),
		"rows.arrows":  streamOf(t, oneWord(100_000, "yes")),
		"deep.ndjson":  []byte("{\"x\":1}\n{\"x\":" + deep + "}\n" + strings.Repeat("{\"x\":1}\n", 99_998)),
	} {
		rows, err := readAll(t, save(t, name, data), ReadOptions{Memory: 16 * little, Alloc: NewRoom(8 * little)})
		if err != nil || rows != 100_000 {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
	}
}

// Lists in the footer, or lists of lists, that ask for more than there is.
func TestFootersThatLie(t *testing.T) {
	for name, footer := range map[string]string{
		"a long list":    "\x19\xfc\xff\xff\xff\xff\x0f\x15\x00",
		"lists of lists": strings.Repeat("\x19", 4<<20),
		"a long text":    "\x18\xff\xff\xff\xff\x0f",
	} {
		file := "PAR1" + footer + string([]byte{byte(len(footer)), byte(len(footer) >> 8), byte(len(footer) >> 16), 0}) + "PAR1"
		if _, err := readAll(t, save(t, "x.parquet", []byte(file)), ReadOptions{}); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
	huge := "PAR1" + strings.Repeat("\x00", 1<<20) + "\x00\x00\x10\x00PAR1"
	if _, err := readAll(t, save(t, "x.parquet", []byte(huge)), ReadOptions{Memory: little}); !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "a footer of 1.0 MiB") {
		t.Errorf("a footer beyond its share: %v", err)
	}
}

// Blocks of wide tables hold more, unless somebody says how much, or memory is short.
func TestTextBlockOfWideTables(t *testing.T) {
	for _, c := range []struct {
		o             ReadOptions
		columns, want int
	}{
		{ReadOptions{}, 5, DefaultBlockSize},
		{ReadOptions{}, 784, 128 * 8 * 784},
		{ReadOptions{}, 100_000, 2 << 20},
		{ReadOptions{BlockSize: 9}, 784, 9},
		{ReadOptions{BlockSize: DefaultBlockSize}, 784, DefaultBlockSize},
		{ReadOptions{Memory: 32 << 20, Workers: 2}, 784, 512 << 10},
		{ReadOptions{Memory: 32 << 20, Workers: 64}, 784, DefaultBlockSize},
	} {
		o := csvDefaults(c.o)
		if got := o.blockFor(c.columns, bytesOfCell); got != c.want {
			t.Errorf("%d columns with %+v: blocks of %d, want %d", c.columns, c.o, got, c.want)
		}
	}
	header, record := strings.Repeat("x,", 999)+"y\n", strings.Repeat("1.25,", 999)+"2\n"
	for _, o := range []ReadOptions{{NoHeader: false}, {BlockSize: DefaultBlockSize}} {
		s, err := newCSV(strings.NewReader(header+strings.Repeat(record, 500)), func() Info { return Info{} }, o)
		if err != nil {
			t.Fatal(err)
		}
		var b Block
		if err := errors.Join(s.Start(Request{}), s.Next(&b)); err != nil {
			t.Fatal(err)
		}
		if wide := len(b.Data) >= 128*len(record); wide != (o.BlockSize == 0) {
			t.Errorf("%+v: a block of %d bytes, of records of %d", o, len(b.Data), len(record))
		}
	}
}
