package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yhat/io/model"
	"yhat/nn/graph"
)

// rootOf gives NaN below zero, and infinity where its square is too large.
func rootOf() *graph.Graph {
	return &graph.Graph{
		Inputs:  []graph.Input{of("x", graph.Float32, -1, 1)},
		Nodes:   []graph.Node{applied("Sqrt", "x", "r", nil), applied("Mul", "x x", "s", nil), applied("Add", "r s", "y", nil)},
		Outputs: []graph.Output{returned("y", graph.Float32, 1)},
	}
}

// onnxLeaks are tables for graphs, with a canary in each column and each kind of
// row that a graph finds bad, and the reason that is told.
var onnxLeaks = []struct{ model, table, reason string }{
	{"ward.onnx", "visits,sex,age\n1,c4nary7731,3\n", "unknown_category"},
	{"ward.onnx", "visits,sex,age\n1,,77310\n", "missing"},
	{"ward.onnx", "visits,sex,age\nc4nary7731,male,3\n", "not_a_number"},
	{"ward.onnx", "visits,sex,age\n77310.5,male,3\n", "not_a_number"},
	{"ward.onnx", "visits,sex,age\n77310e30,male,3\n", "out_of_range"},
	{"ward.onnx", "visits,sex,age\n1,male,c4nary7731\n", "not_a_number"},
	{"ward.onnx", "visits,sex,age\n1,male,77310e99\n", "out_of_range"},
	{"ward.onnx", "visits,sex,age\n1,c4nary7731\xff,3\n", "bad_utf8"},
	{"beds.onnx", "n,bed\n1,77310\n", "out_of_range"},
	{"beds.onnx", "n,bed\n1,-77310\n", "out_of_range"},
	{"beds.onnx", "n,bed\nc4nary7731,1\n", "not_a_number"},
	{"root.onnx", "name,x\nc4nary7731,-77310\n", "non_finite_output"},
	{"root.onnx", "name,x\nc4nary7731,77310e30\n", "non_finite_output"},
	{"root.onnx", "name,x\nc4nary7731,inf\n", "not_a_number"},
	{"root.onnx", "name,x\nc4nary7731\n", "ragged"},
}

// What an ONNX model finds wrong with a row is told without a cell.
func TestNoCellIsSeenInErrorsOfGraphs(t *testing.T) {
	dir := t.TempDir()
	if err := writeGraphs(dir); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := model.EncodeONNX(&b, rootOf()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "root.onnx"), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	in, rejects, report := filepath.Join(dir, "in.csv"), filepath.Join(dir, "rejects.csv"), filepath.Join(dir, "run.json")
	for _, leak := range onnxLeaks {
		if err := os.WriteFile(in, []byte(leak.table), 0o666); err != nil {
			t.Fatal(err)
		}
		args := []string{"score", "-m", filepath.Join(dir, leak.model), in, "--report", report, "--progress", "always"}
		if leak.model == "beds.onnx" {
			args = append(args, "--features", "n,bed")
		}
		for _, more := range [][]string{
			{"-o", filepath.Join(dir, "out.csv")},
			{"-o", filepath.Join(dir, "out.parquet"), "--log-format", "json"},
			{"-o", filepath.Join(dir, "out.csv"), "--on-bad-row", "reject", "--rejects", rejects},
			{"-o", filepath.Join(dir, "out.csv"), "--on-bad-row", "null", "--max-bad", "0"},
			{"--plan"},
		} {
			run := &inside{fs: &faultyFS{}}
			run.run(append(args[:len(args):len(args)], more...)...)
			told := run.err.String() + run.out.String()
			for _, path := range []string{rejects, report} {
				text, _ := os.ReadFile(path)
				told += string(text)
				os.Remove(path)
			}
			if seen(told) {
				t.Errorf("%s, %v: a cell is told of %q:\n%s", leak.model, more, leak.table, told)
			}
			if !strings.Contains(told, leak.reason) {
				t.Errorf("%s, %v: of %q is told\n%s, want %s", leak.model, more, leak.table, told, leak.reason)
			}
		}
	}
}
