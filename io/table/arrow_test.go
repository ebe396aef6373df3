package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

var byteWords = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}

// wordBatch is a batch of one dictionary column.
func wordBatch(t *arrow.DictionaryType, words ...string) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schemaOf([]Field{{"word", t}}))
	defer b.Release()
	for _, w := range words {
		if w == "-" {
			b.Field(0).AppendNull()
		} else {
			_ = b.Field(0).(*array.BinaryDictionaryBuilder).AppendString(w)
		}
	}
	return b.NewRecordBatch()
}

// wordsOf are the values of a column as text.
func wordsOf(b arrow.RecordBatch, column int) (words []string) {
	for i := range int(b.NumRows()) {
		words = append(words, b.Column(column).ValueStr(i))
	}
	return words
}

func openStream(data []byte, o ReadOptions) (Source, error) {
	return newArrowStream(bytes.NewReader(data), func() Info { return Info{Path: "-"} }, o)
}

func TestArrowCompressedInput(t *testing.T) {
	fields := append(richFields(), nestedFields()...)
	want := randomBatch(memory.DefaultAllocator, fields, 3000, 17)
	for name, option := range map[string]ipc.Option{"lz4": ipc.WithLZ4(), "zstd": ipc.WithZstd()} {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer mem.AssertSize(t, 0)
			var stream, file bytes.Buffer
			w := ipc.NewWriter(&stream, ipc.WithSchema(want.Schema()), option)
			fw, err := ipc.NewFileWriter(&file, ipc.WithSchema(want.Schema()), option)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range []interface {
				Write(arrow.RecordBatch) error
				Close() error
			}{w, fw} {
				if err := errors.Join(w.Write(want), w.Close()); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range typedFormats()[1:] {
				data := file.Bytes()
				if f.name == "arrows" {
					data = stream.Bytes()
				}
				s, err := f.open(data, ReadOptions{Alloc: mem})
				got := readBatch(t, mem, s, err)
				requireEqual(t, mem, want, got)
				got.Release()
			}
		})
	}
}

// A compressed buffer says itself how long it is: what it cannot be is refused
// before there is room made for it, what it can be is read.
func TestArrowBuffersThatClaimTooMuch(t *testing.T) {
	zeros := array.NewInt64Builder(memory.DefaultAllocator)
	zeros.AppendValues(make([]int64, 1<<18), nil)
	want := array.NewRecordBatch(schemaOf([]Field{{"x", arrow.PrimitiveTypes.Int64}}), []arrow.Array{zeros.NewArray()}, 1<<18)
	for name, option := range map[string]ipc.Option{"lz4": ipc.WithLZ4(), "zstd": ipc.WithZstd()} {
		var stream, file bytes.Buffer
		w := ipc.NewWriter(&stream, ipc.WithSchema(want.Schema()), option)
		fw, err := ipc.NewFileWriter(&file, ipc.WithSchema(want.Schema()), option)
		if err := errors.Join(err, w.Write(want), w.Close(), fw.Write(want), fw.Close()); err != nil {
			t.Fatal(err)
		}
		for _, f := range typedFormats()[1:] {
			data := file.Bytes()
			if f.name == "arrows" {
				data = stream.Bytes()
			}
			size := binary.LittleEndian.AppendUint64(nil, 8<<18)
			for _, claim := range []uint64{8 << 18, 1 << 30, 1 << 62, 1<<64 - 2} {
				at := bytes.LastIndex(data, size)
				lying := bytes.Clone(data)
				binary.LittleEndian.PutUint64(lying[at:], claim)
				s, err := f.open(lying, ReadOptions{Alloc: NewRoom(32 << 20)})
				if err == nil {
					err = readTyped(s, keepAll(s), func(*Rows) {})
				}
				if claim == 8<<18 && err != nil || claim != 8<<18 && (!errors.Is(err, ErrData) || !strings.Contains(err.Error(), "claims to hold")) {
					t.Errorf("%s as %s, %d bytes claimed: %v", name, f.name, claim, err)
				}
			}
		}
	}
}

// A stream's dictionaries may grow and be replaced between batches.
func TestArrowDictionariesThatChange(t *testing.T) {
	for _, deltas := range []bool{false, true} {
		var stream bytes.Buffer
		batches := []arrow.RecordBatch{wordBatch(byteWords, "no", "yes", "-"), wordBatch(byteWords, "no", "yes", "perhaps"), wordBatch(byteWords, "never", "no")}
		w := ipc.NewWriter(&stream, ipc.WithSchema(batches[0].Schema()), ipc.WithDictionaryDeltas(deltas))
		for _, b := range batches {
			if err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, f := range typedFormats() {
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			s, err := openStream(stream.Bytes(), ReadOptions{Alloc: mem})
			if err != nil {
				t.Fatal(err)
			}
			copied := copyTyped(t, s, f, WriteOptions{Alloc: mem})
			s, err = f.open(copied, ReadOptions{Alloc: mem})
			got := readBatch(t, mem, s, err)
			words := fmt.Sprint(wordsOf(got, 0))
			if want := "[no yes (null) no yes perhaps never no]"; words != want {
				t.Errorf("%s, deltas %t: %s, want %s", f.name, deltas, words, want)
			}
			got.Release()
			mem.AssertSize(t, 0)
		}
		// As a feature, each dictionary is read when it comes.
		s, err := openStream(stream.Bytes(), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var codes []int32
		err = readTyped(s, Request{Features: []FeatureRequest{{Column: 0, Dict: NewDictionary([]string{"yes", "no"})}}}, func(r *Rows) {
			codes = append(codes, r.Features[0].Codes...)
		})
		if want := "[1 0 -1 1 0 -2 -2 1]"; err != nil || fmt.Sprint(codes) != want {
			t.Errorf("deltas %t: codes %v, want %s (%v)", deltas, codes, want, err)
		}
	}
}

// An ordered dictionary keeps its order and the values that no row has.
func TestArrowOrderedDictionary(t *testing.T) {
	ordered := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String, Ordered: true}
	for _, c := range []struct {
		dtype *arrow.DictionaryType
		want  string
	}{{ordered, `["low" "medium" "high"]`}, {byteWords, `["high" "medium"]`}} {
		values := wordBatch(byteWords, "low", "medium", "high").Column(0).(*array.Dictionary).Dictionary()
		indices := array.NewInt8Builder(memory.DefaultAllocator)
		indices.AppendValues([]int8{2, 1, 2}, nil)
		column := array.NewDictionaryArray(c.dtype, indices.NewArray(), values)
		fields := []Field{{"grade", c.dtype}}
		batch := array.NewRecordBatch(schemaOf(fields), []arrow.Array{column}, 3)
		for _, f := range typedFormats()[1:] {
			s, err := f.open(writeTyped(t, f, fields, WriteOptions{}, batch), ReadOptions{})
			got := readBatch(t, memory.DefaultAllocator, s, err)
			if dict := got.Column(0).(*array.Dictionary).Dictionary(); fmt.Sprint(dict) != c.want {
				t.Errorf("%s: dictionary %v, want %s", f.name, dict, c.want)
			}
			if words := fmt.Sprint(wordsOf(got, 0)); words != "[high medium high]" {
				t.Errorf("%s: %s", f.name, words)
			}
		}
	}
}

func TestArrowDictionaryTooLarge(t *testing.T) {
	var parts [2][]string
	for i := range 200 {
		parts[i/100] = append(parts[i/100], fmt.Sprint("word", i))
	}
	s, err := newArrowSink(io.Discard, Layout{Kept: []Field{{"word", byteWords}}}, Arrow, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range parts {
		var p Part
		if err := s.Encode(&p, rowsOfBatch(wordBatch(byteWords, words...)), nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); !errors.Is(err, ErrData) {
		t.Errorf("200 words under int8 indices: %v", err)
	}
}

// Batches end where the input's did, or after 65,536 rows.
func TestArrowEdges(t *testing.T) {
	fields := patientFields()
	for _, keep := range []bool{true, false} {
		var out bytes.Buffer
		s, err := newArrowSink(&out, Layout{Kept: fields}, Arrow, WriteOptions{KeepEdges: keep})
		if err != nil {
			t.Fatal(err)
		}
		sizes := []int{100, 70000, 3, 0, 5000}
		for _, n := range sizes {
			rows := rowsOfBatch(patientRows(n, true))
			rows.Edge = n != 100 // the first two batches are one of the input
			var p Part
			if err := errors.Join(s.Encode(&p, rows, nil, nil), s.Write(&p)); err != nil {
				t.Fatal(err)
			}
			p.Release()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := ipc.NewFileReader(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for i := range r.NumRecords() {
			b, err := r.RecordBatchAt(i)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b.NumRows())
		}
		want := "[70100 3 5000]"
		if !keep {
			want = "[65536 9567]"
		}
		if fmt.Sprint(got) != want {
			t.Errorf("keep edges %t: batches of %v rows, want %s", keep, got, want)
		}
	}
}

// A large batch is cut into blocks, the last of which ends it.
func TestArrowBlocks(t *testing.T) {
	f := typedFormats()[3]
	data := writeTyped(t, f, patientFields(), WriteOptions{KeepEdges: true}, patientRows(5000, false), patientRows(100, false))
	s, err := f.open(data, ReadOptions{BlockSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = readTyped(s, keepAll(s), func(r *Rows) { got = append(got, fmt.Sprint(r.N, r.Edge)) })
	if want := "[1024 false 1024 false 1024 false 1024 false 904 true 100 true]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("blocks %v, want %s (%v)", got, want, err)
	}
}

// What ends too early or too late is damaged; a stream may end without a mark.
func TestArrowEnds(t *testing.T) {
	formats := typedFormats()
	stream := writeTyped(t, formats[3], patientFields(), WriteOptions{}, patientRows(100, false))
	file := writeTyped(t, formats[1], patientFields(), WriteOptions{}, patientRows(100, false))
	for _, c := range []struct {
		name string
		data []byte
		ok   bool
	}{
		{"stream", stream, true},
		{"stream without a mark", stream[:len(stream)-8], true},
		{"stream and more", append(bytes.Clone(stream), 1), false},
		{"half a stream", stream[:len(stream)/2], false},
		{"file", file, true},
		{"file without its last byte", file[:len(file)-1], false},
		{"half a file", file[:len(file)/2], false},
		{"nothing", nil, false},
		{"a magic alone", file[:6], false},
	} {
		rows := 0
		s, err := openStream(c.data, ReadOptions{})
		if err == nil {
			err = readTyped(s, keepAll(s), func(r *Rows) { rows += r.N })
		}
		if c.ok && (err != nil || rows != 100) || !c.ok && !errors.Is(err, ErrData) {
			t.Errorf("%s: %d rows, %v", c.name, rows, err)
		}
	}
}

// A disk that fails is no damaged file.
func TestTypedReadErrors(t *testing.T) {
	data := writeTyped(t, typedFormats()[3], patientFields(), WriteOptions{}, patientRows(50000, false))
	s, err := newArrowStream(io.MultiReader(bytes.NewReader(data[:len(data)/2]), deadDisk{}), func() Info { return Info{} }, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := readTyped(s, keepAll(s), func(*Rows) {}); !errors.Is(err, ErrIO) || errors.Is(err, ErrData) {
		t.Errorf("a failing disk gives %v", err)
	}
	pq := writeTyped(t, typedFormats()[0], patientFields(), WriteOptions{}, patientRows(50000, false))
	f := &failingFile{Reader: bytes.NewReader(pq)}
	if s, err = newParquet(f, func() Info { return Info{} }, ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	f.fails = true
	if err := readTyped(s, keepAll(s), func(*Rows) {}); !errors.Is(err, ErrIO) || errors.Is(err, ErrData) {
		t.Errorf("a failing disk gives %v", err)
	}
}

var errDisk = errors.New("the disk is gone")

type deadDisk struct{}

func (deadDisk) Read([]byte) (int, error) { return 0, errDisk }

type failingFile struct {
	*bytes.Reader
	fails bool
}

func (f *failingFile) ReadAt(p []byte, off int64) (int, error) {
	if f.fails {
		return 0, errDisk
	}
	return f.Reader.ReadAt(p, off)
}

func FuzzArrowStream(f *testing.F) {
	for _, format := range typedFormats()[2:] {
		f.Add(writeTyped(f, format, richFields(), WriteOptions{}, randomBatch(memory.DefaultAllocator, richFields(), 3, 1)))
		f.Add(writeTyped(f, format, nestedFields(), WriteOptions{}, randomBatch(memory.DefaultAllocator, nestedFields(), 3, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := openStream(data, ReadOptions{})
		if err == nil {
			err = readTyped(s, keepAll(s), func(*Rows) {})
		}
		if err != nil && !errors.Is(err, ErrData) {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}

func FuzzParquet(f *testing.F) {
	for _, fields := range [][]Field{richFields(), nestedFields()} {
		b := randomBatch(memory.DefaultAllocator, fields, 3, 1)
		f.Add(writeTyped(f, typedFormats()[0], fields, WriteOptions{}, b))
		f.Add(foreignParquet(f, b, 2))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := readWhole(data, memory.DefaultAllocator)
		if err != nil && !errors.Is(err, ErrData) {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}
