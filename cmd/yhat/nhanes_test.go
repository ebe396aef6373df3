package main

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yhat/io/model"
	"yhat/nn"
)

const heartModel = "../../fixtures/heart.json"

// nhanes is the path of the real table, which is not the project's to ship.
func nhanes(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("YHAT_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	path := filepath.Join(dir, "nhanes-heart", "nhanes_heart.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no NHANES table: set YHAT_DATA to the folder that holds nhanes-heart")
	}
	return path
}

// scored runs yhat score and returns what it wrote.
func scored(t *testing.T, out string, args ...string) []byte {
	t.Helper()
	u, _, _ := testUI(nil)
	out = filepath.Join(t.TempDir(), out)
	if err := inProcess(t.Context(), u, append([]string{"score", "-m", heartModel, "-o", out}, args...)...); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestNHANES scores the 50,201 patients of NHANES: every row comes out in its
// place with its cells as they were, and predictions are those of plain float64
// loops, through every format, every way of cutting and every order of columns.
func TestNHANES(t *testing.T) {
	in := nhanes(t)
	table, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	want := scored(t, "direct.csv", in)
	checkRows(t, table, want)
	for _, flags := range [][]string{{"--workers", "1"}, {"--workers", "7", "--block-size", "1000"}, {"--block-size", "64MiB"}} {
		if got := scored(t, "again.csv", append(flags, in)...); !bytes.Equal(got, want) {
			t.Errorf("%v: other bytes", flags)
		}
	}
	shuffled := filepath.Join(t.TempDir(), "shuffled.csv")
	if err := os.WriteFile(shuffled, reversed(t, table), 0o600); err != nil {
		t.Fatal(err)
	}
	predictions := scored(t, "p.csv", in, "--keep", "seqn")
	if got := scored(t, "p.csv", shuffled, "--keep", "seqn"); !bytes.Equal(got, predictions) {
		t.Error("the order of the columns changes predictions")
	}
	names := []string{"t.parquet", "t.arrow", "t.arrows", "t.ndjson", "t.tsv", "t.csv.gz", "t.csv.zst"}
	if testing.Short() {
		names = names[:2]
	}
	for _, name := range names {
		typed := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(typed, scored(t, name, in, "--output-prefix", "first_"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := scored(t, "p.csv", typed, "--keep", "seqn"); !bytes.Equal(got, predictions) {
			t.Errorf("%s: other predictions", name)
		}
		u, said, _ := testUI(nil)
		if err := inProcess(t.Context(), u, "verify", "-m", heartModel, "--output-prefix", "first_", "--tolerance", "0", typed); err != nil {
			t.Errorf("%s: %v %s", name, err, said)
		}
	}
}

// TestHeartIsLearnedAnew trains the heart model by the command that made it. On
// a vector kernel it is the same to the byte, save for the version's name.
func TestHeartIsLearnedAnew(t *testing.T) {
	if testing.Short() {
		t.Skip("how workers learn together, the spirals show in a tenth of the time")
	}
	in := nhanes(t)
	if k, _ := nn.ChooseKernel(os.Getenv("YHAT_KERNEL")); k.Name() == "generic" {
		t.Skip("plain loops learn other bits")
	}
	out := filepath.Join(t.TempDir(), "heart.json")
	if code := run([]string{"train", "--config", "../../fixtures/heart.yaml", in, "-o", out, "--quiet"}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(heartModel)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(unversioned(made), unversioned(stored)) {
		t.Error("the network is not the one in fixtures/")
	}
}

// checkRows compares the output with the input, and its predictions with an
// independent computation.
func checkRows(t *testing.T, table, out []byte) {
	t.Helper()
	m, err := model.LoadNative(heartModel)
	if err != nil {
		t.Fatal(err)
	}
	before, after := lines(table), lines(out)
	if len(after) != len(before) || len(before) != 50202 {
		t.Fatalf("%d lines in, %d out", len(before), len(after))
	}
	header := strings.Split(before[0], ",")
	for i, line := range after[1:] {
		rest, ok := strings.CutPrefix(line, before[i+1]+",")
		if !ok {
			t.Fatalf("row %d: its cells changed", i+1)
		}
		cell, _, _ := strings.Cut(rest, ",")
		got, err := strconv.ParseFloat(cell, 32)
		if want := plainly(m.Model, header, strings.Split(before[i+1], ",")); err != nil || !(math.Abs(got-want) <= 1e-6) {
			t.Fatalf("row %d: prediction off by %g (%v)", i+1, got-want, err)
		}
	}
}

func lines(text []byte) []string {
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// plainly is the heart model in plain float64 loops: relu layers, then a sigmoid.
func plainly(m *nn.Model, header, cells []string) float64 {
	var a []float64
	for _, f := range m.Features {
		x := *f.Fill
		if cell := cells[slices.Index(header, f.Name)]; cell != "" {
			x, _ = strconv.ParseFloat(cell, 64)
		}
		a = append(a, (x-f.Center)/f.Scale)
	}
	for _, l := range m.Layers {
		next := slices.Clone(l.B)
		for i := range next {
			for j, v := range a {
				next[i] += l.W[i*l.In+j] * v
			}
			if l.Activation.Func == nn.ReLU {
				next[i] = max(0, next[i])
			} else {
				next[i] = 1 / (1 + math.Exp(-next[i]))
			}
		}
		a = next
	}
	return a[0]
}

// reversed is a table with its columns in the opposite order.
func reversed(t *testing.T, table []byte) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range rows {
		slices.Reverse(row)
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
