package table

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// sample is a table of one row, a = 1, in a format.
func sample(t *testing.T, f Format, zip string) []byte {
	t.Helper()
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.Append(1)
	rows := &Rows{N: 1, Kept: []arrow.Array{b.NewArray()}}
	var out bytes.Buffer
	l := Layout{Kept: []Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64}}}
	s, err := NewSink(&out, f, zip, l, nil, WriteOptions{FloatFixed: -1})
	if err != nil {
		t.Fatal(err)
	}
	var p Part
	if err := errors.Join(s.Encode(&p, rows, nil, nil), s.Write(&p), s.Close()); err != nil {
		t.Fatal(err)
	}
	p.Release()
	return out.Bytes()
}

// onDisk puts data into a file of that name.
func onDisk(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// firstNumber reads feature a of the first row.
func firstNumber(s Source) (v float64, err error) {
	if err := s.Start(Request{Features: []FeatureRequest{{Column: 0}}}); err != nil {
		return 0, err
	}
	var b Block
	var r Rows
	defer b.Release()
	for {
		if err := s.Next(&b); err != nil {
			return 0, err
		}
		if err := b.Decode(&r); err != nil {
			return 0, err
		}
		if r.N > 0 && r.Features[0].F64 != nil {
			return r.Features[0].F64[0], nil
		}
	}
}

func TestOpenKnowsAFileByItsFirstBytes(t *testing.T) {
	cases := []struct {
		name   string
		data   []byte
		forced Format
		want   Format
	}{
		{"t.csv", sample(t, CSV, ""), "", CSV},
		{"t.tsv", sample(t, TSV, ""), "", TSV},
		{"t.TAB", sample(t, TSV, ""), "", TSV},
		{"t.txt", sample(t, CSV, ""), "", CSV},
		{"t", sample(t, CSV, ""), "", CSV},
		{"t.unheard", sample(t, CSV, ""), "", CSV},
		{"t.ndjson", sample(t, NDJSON, ""), "", NDJSON},
		{"t.jsonl", sample(t, NDJSON, ""), "", NDJSON},
		{"t", sample(t, NDJSON, ""), NDJSON, NDJSON},
		{"t.parquet", sample(t, Parquet, ""), "", Parquet},
		{"t.csv", sample(t, Parquet, ""), "", Parquet},
		{"t", sample(t, Arrow, ""), "", Arrow},
		{"t.feather", sample(t, Arrow, ""), "", Arrow},
		{"t.csv", sample(t, ArrowStream, ""), "", ArrowStream},
		{"t.arrows", sample(t, ArrowStream, ""), "", ArrowStream},
		{"t.csv.gz", sample(t, CSV, "gz"), "", CSV},
		{"t.csv.gz", sample(t, CSV, "zst"), "", CSV},
		{"t.csv.gz", sample(t, CSV, ""), "", CSV},
		{"t", sample(t, TSV, "zst"), TSV, TSV},
		{"t.tsv.zst", sample(t, TSV, "zst"), "", TSV},
		{"t.jsonl.gz", sample(t, NDJSON, "gz"), "", NDJSON},
		{"t.gz", sample(t, ArrowStream, "gz"), "", ArrowStream},
		{"t.arrows.zst", sample(t, ArrowStream, "zst"), "", ArrowStream},
	}
	for _, c := range cases {
		path := onDisk(t, c.name, c.data)
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		ways := map[string]ReadOptions{
			path: {Format: c.forced},
			"-":  {Format: c.forced, Stdin: file},
		}
		for path, o := range ways {
			if path == "-" && extensionOf(strings.TrimSuffix(c.name, ".zst")) == TSV || path == "-" && c.want == NDJSON {
				o.Format = c.want // a pipe has no name to tell these by
			}
			s, err := Open(path, o)
			if err != nil {
				t.Errorf("%s as %s: %v", c.name, path, err)
				continue
			}
			v, err := firstNumber(s)
			info := s.Info()
			if err != nil || v != 1 || info.Format != c.want || info.Path != path {
				t.Errorf("%s as %s: a = %v, info %+v, error %v; want 1 and %s", c.name, path, v, info, err, c.want)
			}
			if info.Size != int64(len(c.data)) || info.Bytes <= 0 || info.Bytes > info.Size {
				t.Errorf("%s as %s: %d of %d bytes, want some of %d", c.name, path, info.Bytes, info.Size, len(c.data))
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		file.Close()
	}
}

// A pipe gives the same table as a file, however its bytes come.
func TestOpenReadsPipes(t *testing.T) {
	for _, f := range Formats {
		data := sample(t, f, "")
		dir := t.TempDir()
		o := ReadOptions{Stdin: iotest.OneByteReader(bytes.NewReader(data)), TempDir: dir}
		if f == TSV || f == NDJSON {
			o.Format = f
		}
		s, err := Open("-", o)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if v, err := firstNumber(s); v != 1 || err != nil {
			t.Errorf("%s: a = %v, error %v", f, v, err)
		}
		if i := s.Info(); i.Size != -1 || i.Format != f {
			t.Errorf("%s: info %+v", f, i)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("%s: the spooled file can be seen: %v, error %v", f, left, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenReadsAFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no FIFOs here:", err)
	}
	wrote := make(chan error)
	go func() {
		time.Sleep(10 * time.Millisecond) // so that the reader is first, mostly
		wrote <- os.WriteFile(path, []byte("a\n1\n"), 0)
	}()
	s, err := Open(path, ReadOptions{Context: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := firstNumber(s); v != 1 || err != nil {
		t.Errorf("a = %v, error %v", v, err)
	}
	if err := errors.Join(<-wrote, s.Close()); err != nil {
		t.Error(err)
	}
}

func TestOpenDoesNotWaitForAFIFOLongerThanItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no FIFOs here:", err)
	}
	stop := errors.New("a signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, err := Open(path, ReadOptions{Context: ctx}); !errors.Is(err, stop) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	unreadable := onDisk(t, "secret.csv", []byte("a\n1\n"))
	if err := os.Chmod(unreadable, 0); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken cable")
	parquet := sample(t, Parquet, "")
	gzipped := sample(t, CSV, "gz")
	pipe := func(r io.Reader) ReadOptions { return ReadOptions{Stdin: r} }
	cases := []struct {
		what  string
		path  string
		o     ReadOptions
		kind  error
		words string
	}{
		{"no such file", filepath.Join(dir, "none.csv"), ReadOptions{}, fs.ErrNotExist, "none.csv"},
		{"no permission", unreadable, ReadOptions{}, fs.ErrPermission, "secret.csv"},
		{"a directory", dir, ReadOptions{}, ErrUsage, "directory"},
		{"UTF-16", onDisk(t, "wide.csv", []byte("\xff\xfea\x00\n\x00")), ReadOptions{}, ErrData, "iconv"},
		{"UTF-16, zipped", onDisk(t, "wide.csv.gz", pack(t, "gz", []byte("\xfe\xff\x00a"), 1, []int{9})), ReadOptions{}, ErrData, "iconv"},
		{"Parquet in gzip", onDisk(t, "p.csv.gz", pack(t, "gz", parquet, 1, []int{99})), ReadOptions{}, ErrUsage, "compressed Parquet"},
		{"Parquet in gzip by name", onDisk(t, "p.parquet.gz", pack(t, "gz", []byte("junk"), 1, []int{9})), ReadOptions{}, ErrUsage, "compressed Parquet"},
		{"forced Parquet in gzip", "-", ReadOptions{Format: Parquet, Stdin: bytes.NewReader(gzipped)}, ErrUsage, "compressed Parquet"},
		{"compressed twice", "-", pipe(bytes.NewReader(pack(t, "zst", gzipped, 1, []int{99}))), ErrUsage, "twice"},
		{"a header of gzip alone", "-", pipe(strings.NewReader("\x1f\x8b\x08\x00")), ErrData, "cut short"},
		{"a damaged Parquet file", onDisk(t, "bad.parquet", []byte("PAR1 and no more")), ReadOptions{}, ErrData, "bad.parquet"},
		{"text called Parquet", onDisk(t, "text.parquet", []byte("a\n1\n")), ReadOptions{}, ErrData, "text.parquet"},
		{"an empty file", onDisk(t, "empty.csv", nil), ReadOptions{}, ErrData, "empty.csv"},
		{"no standard input", "-", ReadOptions{}, ErrData, "standard input"},
		{"a pipe that fails", "-", pipe(iotest.ErrReader(broken)), broken, "standard input"},
		{"a pipe that fails in the header", "-", pipe(io.MultiReader(strings.NewReader("a,b"), iotest.ErrReader(broken))), ErrIO, "broken cable"},
		{"a pipe of Parquet that fails", "-", pipe(io.MultiReader(bytes.NewReader(parquet[:40]), iotest.ErrReader(broken))), ErrIO, "broken cable"},
		{"no room to spool", "-", ReadOptions{Stdin: bytes.NewReader(parquet), TempDir: filepath.Join(dir, "none")}, ErrCreate, "spool"},
	}
	for _, c := range cases {
		if c.kind == fs.ErrPermission && os.Geteuid() == 0 {
			continue // nothing is forbidden to root
		}
		s, err := Open(c.path, c.o)
		if err == nil {
			t.Errorf("%s: no error", c.what)
			s.Close()
			continue
		}
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v; want %v with %q", c.what, err, c.kind, c.words)
		}
	}
}

// A fault in the middle keeps its kind and names the file, and is not the end.
func TestAFaultInTheMiddleIsToldWithItsFile(t *testing.T) {
	long := "a\n" + strings.Repeat("1\n", 300_000)
	broken := io.MultiReader(strings.NewReader(long), iotest.ErrReader(syscall.EIO))
	zipped := pack(t, "gz", []byte(long), 1, []int{1 << 16})
	cases := []struct {
		what string
		path string
		o    ReadOptions
		kind error
	}{
		{"a failing pipe", "-", ReadOptions{Stdin: broken}, ErrIO},
		{"a gzip cut short", onDisk(t, "cut.csv.gz", zipped[:len(zipped)-9]), ReadOptions{}, ErrData},
		{"bytes behind a gzip", onDisk(t, "junk.csv.gz", append(zipped, "and some text"...)), ReadOptions{}, ErrData},
	}
	for _, c := range cases {
		s, err := Open(c.path, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		rows, err := countRows(s)
		name := strings.Replace(filepath.Base(c.path), "-", "standard input", 1)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), name) || strings.Count(err.Error(), name) != 1 {
			t.Errorf("%s: %d rows, %v; want %v that names %s once", c.what, rows, err, c.kind, name)
		}
		s.Close()
	}
}

// countRows reads to the end.
func countRows(s Source) (rows int, err error) {
	if err := s.Start(Request{}); err != nil {
		return 0, err
	}
	var b Block
	var r Rows
	for {
		err := s.Next(&b)
		if err == nil {
			err = b.Decode(&r)
		}
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows += r.N
		b.Release()
	}
}

func TestFormatOf(t *testing.T) {
	cases := []struct {
		path string
		f    Format
		zip  string
		ok   bool
	}{
		{"a.csv", CSV, "", true}, {"a.b/c.CSV.GZ", CSV, "gz", true}, {"a.tab.zst", TSV, "zst", true},
		{"a.txt", CSV, "", true}, {"a.jsonl", NDJSON, "", true}, {"a.parquet", Parquet, "", true},
		{"a.parquet.gz", Parquet, "gz", true}, {"a.feather", Arrow, "", true}, {"a.arrows.zst", ArrowStream, "zst", true},
		{"a", "", "", false}, {"a.gz", "", "gz", false}, {"csv", "", "", false}, {"a.csv/b", "", "", false}, {"-", "", "", false},
	}
	for _, c := range cases {
		if f, zip, ok := FormatOf(c.path); f != c.f || zip != c.zip || ok != c.ok {
			t.Errorf("FormatOf(%q) = %q, %q, %v; want %q, %q, %v", c.path, f, zip, ok, c.f, c.zip, c.ok)
		}
	}
}
