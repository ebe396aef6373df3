package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// conformanceFolder is a folder of files made elsewhere to be read.
func conformanceFolder(t *testing.T, name string) string {
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = "../../../shared/conformance"
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no conformance files: set YHAT_CONFORMANCE (%v)", err)
	}
	return dir
}

// indexOf reads a folder's index.tsv: path and kind of each file.
func indexOf(t *testing.T, dir string) (kinds map[string]string) {
	data, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	kinds = map[string]string{}
	for _, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n")[1:] {
		cells := strings.Split(line, "\t")
		kinds[cells[0]] = cells[len(cells)-1]
	}
	return kinds
}

// Every file is read right or refused: no panic, no endless run, no memory
// that its size does not account for.
func TestParquetConformance(t *testing.T) {
	dir := conformanceFolder(t, "parquet")
	kinds := indexOf(t, dir)
	files, sound := 0, 0
	for path, kind := range kinds {
		if kind == "companion" {
			continue
		}
		t.Run(path, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
			if err != nil {
				t.Fatal(err)
			}
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			rows, err := readWhole(data, mem)
			runtime.ReadMemStats(&after)
			if spent := time.Since(start); spent > 10*time.Second {
				t.Errorf("took %v", spent)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20+200*uint64(len(data)) {
				t.Errorf("took %d MiB for %d bytes", used>>20, len(data))
			}
			t.Logf("%q: %d rows, %v", kind, rows, err)
			switch {
			case err != nil && !errors.Is(err, ErrData):
				t.Errorf("an error of another kind: %v", err)
			case kind == "encrypted" && err == nil:
				t.Errorf("read %d rows of an encrypted file", rows)
			case kind == "" && err == nil:
				sound++
				compareLibrary(t, data)
			}
			if kind == "" {
				files++
			}
			expected := strings.TrimSuffix(path, ".parquet") + "_expect.csv"
			if _, ok := kinds[expected]; ok && err == nil {
				compareCSV(t, data, filepath.Join(dir, filepath.FromSlash(expected)))
			}
		})
	}
	if 10*sound < 9*files {
		t.Errorf("only %d of %d sound files were read", sound, files)
	}
}

// compareLibrary compares a table with what the library makes of it when it
// reads the file in its own way.
func compareLibrary(t *testing.T, data []byte) {
	mem := memory.DefaultAllocator
	want, err := pqarrow.ReadTable(t.Context(), bytes.NewReader(data), nil, pqarrow.ArrowReadProperties{}, mem)
	if err != nil {
		t.Skipf("the library cannot read it at once: %v", err)
	}
	defer want.Release()
	s, err := openParquet(data, ReadOptions{BlockSize: 1})
	got := readBatch(t, mem, s, err)
	if got == nil {
		if want.NumRows() != 0 {
			t.Errorf("no row of %d", want.NumRows())
		}
		return
	}
	for i := range int(want.NumCols()) {
		if t1, t2 := want.Schema().Field(i).Type, got.Column(i).DataType(); !arrow.TypeEqual(t1, t2, arrow.CheckMetadata()) {
			t.Errorf("column %s is of type %s, the library's of %s", want.Schema().Field(i).Name, t2, t1)
		}
		chunks := arrow.NewChunked(got.Column(i).DataType(), []arrow.Array{got.Column(i)})
		if !array.ChunkedEqual(want.Column(i).Data(), chunks) && !array.ChunkedApproxEqual(want.Column(i).Data(), chunks, array.WithNaNsEqual(true)) {
			t.Errorf("column %s differs from what the library reads", want.Schema().Field(i).Name)
		}
	}
}

// readWhole keeps every column of a file.
func readWhole(data []byte, mem memory.Allocator) (rows int, err error) {
	s, err := openParquet(data, ReadOptions{Alloc: mem})
	if err != nil {
		return 0, err
	}
	err = readTyped(s, keepAll(s), func(r *Rows) { rows += r.N })
	return rows, err
}

// compareCSV compares a table with its values as text.
func compareCSV(t *testing.T, data []byte, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s, err := openParquet(data, ReadOptions{})
	got := readBatch(t, memory.DefaultAllocator, s, err)
	if int(got.NumRows()) != len(records)-1 {
		t.Fatalf("%d rows, want %d", got.NumRows(), len(records)-1)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[strings.TrimSpace(name)] = i
	}
	compared := 0
	for i, f := range got.Schema().Fields() {
		at, ok := column[f.Name]
		if !ok || arrow.IsNested(f.Type.ID()) {
			continue
		}
		for row, record := range records[1:] {
			want, have := record[at], got.Column(i).ValueStr(row)
			if got.Column(i).IsNull(row) {
				have = ""
			}
			if want != have {
				t.Fatalf("row %d, column %s: %q, want %q", row, f.Name, have, want)
			}
			compared++
		}
	}
	if compared == 0 {
		t.Error("no column to compare")
	}
}
