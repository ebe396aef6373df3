package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"yhat/io/table"
	"yhat/pipeline/flow"
)

// verdictsOfCorpus are the columns of the printed table.
var verdictsOfCorpus = []string{"right", "refused", "wrong", "crashed", "hung", "over memory"}

// Ceilings of a run on a hostile file: time, and bytes asked for beyond what
// the file's own size accounts for.
const (
	corpusPatience = 60 * time.Second
	corpusBytes    = 512 << 20
)

// Every table of the conformance folders that an index names goes through the
// whole command, into every format: all its rows come out right, or the run
// fails and names the file.
func TestCorpora(t *testing.T) {
	if testing.Short() {
		t.Skip("its ceilings of time and memory are those of the plain program, which make test holds to them; the race detector takes several times as much")
	}
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = "../../../shared/conformance"
	}
	counts, kinds := map[string]map[string]int{}, []string{"csv", "parquet", "arrow"}
	for _, kind := range kinds {
		for name, note := range corpusIndex(t, filepath.Join(root, kind)) {
			if filepath.Ext(name) == ".json" || note == "companion" {
				continue
			}
			corpus := kind + " " + strings.Split(name, "/")[0]
			if counts[corpus] == nil {
				counts[corpus] = map[string]int{}
			}
			verdict, why := judgeCorpusFile(t, kind, filepath.Join(root, kind, filepath.FromSlash(name)))
			counts[corpus][verdict]++
			switch {
			case verdict != "right" && verdict != "refused":
				t.Errorf("%s: %s: %v", name, verdict, why)
			case verdict == "right" && note == "encrypted":
				t.Errorf("%s: encrypted, and read", name)
			case verdict == "refused" && note == "" && kind != "csv":
				t.Logf("refused, though nothing says why: %s: %v", name, why)
			}
		}
	}
	if len(counts) == 0 {
		t.Skip("no conformance files: set YHAT_CONFORMANCE")
	}
	t.Log(corpusTable(counts))
}

// corpusIndex reads a folder's index.tsv: the last cell of each file's line;
// nothing where there is no such folder.
func corpusIndex(t *testing.T, dir string) map[string]string {
	data, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		return nil
	}
	notes := map[string]string{}
	for _, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n")[1:] {
		cells := strings.Split(line, "\t")
		notes[cells[0]] = cells[len(cells)-1]
	}
	return notes
}

func corpusTable(counts map[string]map[string]int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "files\n%-26s %s\n", "corpus", strings.Join(verdictsOfCorpus, " | "))
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%-26s", name)
		for _, v := range verdictsOfCorpus {
			fmt.Fprintf(&b, " %*d |", len(v)-1, counts[name][v])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// corpusOutputs are what each file is made into: all formats where hostile
// tables are looked for at length.
func corpusOutputs() []string {
	if os.Getenv("YHAT_DAMAGE") != "" {
		return []string{"parquet", "csv", "ndjson", "arrow", "arrows"}
	}
	return []string{"parquet", "csv"}
}

// judgeCorpusFile scores one file into each format and looks at what came out.
func judgeCorpusFile(t *testing.T, kind, path string) (verdict string, why any) {
	dir := t.TempDir()
	model, features := corpusModel(path)
	if err := os.WriteFile(filepath.Join(dir, "model.json"), model, 0o666); err != nil {
		t.Fatal(err)
	}
	verdict = "right"
	if !features { // a table that cannot be scored is looked at
		switch code, words, fault := watched(path, []string{"inspect", "--json", path}); {
		case fault != "":
			return fault, words
		case code != 0:
			return "refused", words
		}
		return verdict, nil
	}
	for _, format := range corpusOutputs() {
		out := filepath.Join(dir, "out."+format)
		args := []string{"score", "-m", filepath.Join(dir, "model.json"), path, "-o", out, "--on-bad-row", "null", "--output-prefix", "of yhat "}
		code, words, fault := watched(path, args)
		switch {
		case fault != "":
			return fault, words
		case code == 65 || code == 64:
			if verdict = "refused"; !strings.Contains(words, filepath.Base(path)) {
				return "wrong", "no file in " + words
			}
			why = words
		case code != 0:
			return "wrong", fmt.Sprintf("exit code %d: %s", code, words)
		default:
			if err := sameAsRead(kind, path, out, format, features); err != nil {
				return "wrong", fmt.Errorf("as %s: %w", format, err)
			}
		}
	}
	return verdict, why
}

// corpusModel is a model of the first column that can be a feature, or of one
// that is not there.
func corpusModel(path string) (model []byte, features bool) {
	name := "no such column"
	flow.Try(func() error {
		src, err := table.Open(path, table.ReadOptions{})
		if err != nil {
			return err
		}
		defer src.Close()
		for _, f := range src.Fields() {
			if f.Name == "" {
				continue
			}
			if f.Type == nil || arrow.IsInteger(f.Type.ID()) || arrow.IsFloating(f.Type.ID()) || arrow.IsDecimal(f.Type.ID()) || f.Type.ID() == arrow.BOOL || f.Type.ID() == arrow.STRING {
				name, features = f.Name, true
				break
			}
		}
		return nil
	})
	model, _ = json.Marshal(map[string]any{"format": "yhat/1", "name": "corpus", "features": []any{map[string]any{"name": name, "fill": 0}},
		"layers": []any{map[string]any{"activation": "tanh", "weights": [][]float64{{1}}, "bias": []float64{0}}}})
	return model, features
}

// watched runs the command with a ceiling of time and memory.
func watched(path string, args []string) (code int, words, fault string) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in := &inside{}
	done := make(chan int, 1)
	go func() { done <- in.run(args...) }()
	select {
	case code = <-done:
	case <-time.After(corpusPatience):
		return 0, "", "hung"
	}
	runtime.ReadMemStats(&after)
	info, err := os.Stat(path)
	switch {
	case code == 70:
		fault = "crashed"
	case err == nil && after.TotalAlloc-before.TotalAlloc > corpusBytes+400*uint64(info.Size()):
		fault = "over memory"
		return code, fmt.Sprintf("%d MiB for %d bytes", (after.TotalAlloc-before.TotalAlloc)>>20, info.Size()), fault
	}
	return code, in.err.String(), fault
}

// sameAsRead compares an output with what the library reads of the input, as
// far as the library can.
func sameAsRead(kind, path, out, format string, features bool) error {
	if kind != "parquet" {
		return nil // compared cell by cell where tables are read: io/table
	}
	want, err := libraryTable(path)
	if err != nil {
		return nil
	}
	defer want.Release()
	data, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	switch format {
	case "csv":
		rows, _ := splitOutput(data, ',', "\n")
		return sameCount(int64(len(rows)-1), want.NumRows())
	case "ndjson":
		return sameCount(int64(bytes.Count(data, []byte("\n"))), want.NumRows())
	case "parquet":
		got, err := libraryTable(out)
		if err != nil {
			return err
		}
		defer got.Release()
		return sameColumns(got, want)
	}
	fields, rows, err := arrowRows(data, format)
	if err != nil {
		return err
	}
	if err := sameCount(rows, want.NumRows()); err != nil || int(want.NumCols()) > fields {
		return fmt.Errorf("%d columns of %d: %w", fields, want.NumCols(), err)
	}
	return nil
}

func sameCount(got, want int64) error {
	if got != want {
		return fmt.Errorf("%d rows, want %d", got, want)
	}
	return nil
}

// libraryTable reads a Parquet file by the library alone; a panic is an error.
func libraryTable(path string) (tbl arrow.Table, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	err = flow.Try(func() error {
		tbl, err = pqarrow.ReadTable(soakContext, bytes.NewReader(data), nil, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		return err
	})
	return tbl, err
}

// sameColumns compares the columns that both tables have.
func sameColumns(got, want arrow.Table) error {
	if err := sameCount(got.NumRows(), want.NumRows()); err != nil {
		return err
	}
	for i := range int(want.NumCols()) {
		name := want.Schema().Field(i).Name
		a, b := got.Column(i), want.Column(i)
		if got.Schema().Field(i).Name != name {
			return fmt.Errorf("column %q is not where it was", name)
		}
		if !arrow.TypeEqual(a.DataType(), b.DataType()) {
			if err := sameWords(a, b); err != nil {
				return fmt.Errorf("column %q is %s, want %s: %w", name, a.DataType(), b.DataType(), err)
			}
			continue
		}
		if !array.ChunkedEqual(a.Data(), b.Data()) && !array.ChunkedApproxEqual(a.Data(), b.Data(), array.WithNaNsEqual(true)) {
			return fmt.Errorf("column %q differs", name)
		}
	}
	return nil
}

// sameWords compares columns of different types by how their values are spelled.
func sameWords(a, b *arrow.Column) error {
	var words [2][]string
	for i, c := range []*arrow.Column{a, b} {
		for _, chunk := range c.Data().Chunks() {
			for k := range chunk.Len() {
				words[i] = append(words[i], chunk.ValueStr(k))
			}
		}
	}
	if !slices.Equal(words[0], words[1]) {
		return fmt.Errorf("values differ")
	}
	return nil
}
