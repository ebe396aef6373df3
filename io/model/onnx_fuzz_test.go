package model

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"yhat/nn/graph"
)

// FuzzONNX: whatever the bytes are, reading, compiling and running them ends,
// without a panic.
func FuzzONNX(f *testing.F) {
	for _, seed := range [][]byte{denseModel(), pipelineModel(), treeModel()} {
		f.Add(seed)
	}
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	for _, pattern := range []string{"onnx-node/*/model.onnx", "onnx-models/*/*.onnx"} {
		paths, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		for _, p := range paths {
			if data, err := os.ReadFile(p); err == nil && len(data) < 4<<10 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		m, err := decodeONNX(data, nil)
		if err != nil {
			return
		}
		for _, whole := range []bool{false, true} {
			p, err := graph.Compile(m.Graph, graph.Options{Whole: whole})
			if err != nil {
				var u *graph.UnsupportedError
				if !errors.As(err, &u) || len(u.Parts) == 0 || u.Error() == "" {
					t.Fatalf("an error of a strange kind: %v", err)
				}
				continue
			}
			runAnything(p)
		}
		table, err := graph.CompileTable(m.Graph, graph.Options{}, []string{"a", "b"})
		if err == nil && len(table.Features) > 1<<20 {
			t.Fatal("more features than a file of this size can have")
		}
		if err == nil && table.Bytes() < 1<<24 && len(table.Features) < 1<<10 {
			graph.Agree(graph.TableScorer(table), graph.TableScorer(table), 40, 1)
		}
	})
}

// runAnything runs a program on zeros, if it is small.
func runAnything(p *graph.Program) {
	if p.Bytes() > 1<<24 {
		return
	}
	var in, out []graph.Lanes
	total := 0
	for _, port := range append(p.Inputs(), p.Outputs()...) {
		if total += port.Width; total > 1<<14 {
			return
		}
	}
	for _, port := range p.Inputs() {
		in = append(in, graph.NewLanes(port.Type, port.Width*lanes))
	}
	for _, port := range p.Outputs() {
		out = append(out, graph.NewLanes(port.Type, port.Width*lanes))
	}
	p.Run(p.NewWorkspace(), in, 1, out)
}
