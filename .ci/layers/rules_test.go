package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRefuses holds the table to the cases it was written for.
func TestRefuses(t *testing.T) {
	cases := []struct {
		from, to string
		refused  bool
	}{
		{"yhat/nn/internal/kernel", "math/bits", false},
		{"yhat/nn/internal/kernel", "golang.org/x/sys/cpu", false},
		{"yhat/nn/internal/kernel", "golang.org/x/sys/unix", true},
		{"yhat/nn/internal/kernel", "yhat/nn", true},
		{"yhat/nn", "yhat/nn/internal/kernel", false},
		{"yhat/nn", "github.com/apache/arrow-go/v18/arrow", true},
		{"yhat/nn", "os", true},
		{"yhat/io/table", "github.com/apache/arrow-go/v18/arrow/array", false},
		{"yhat/io/table", "yhat/nn", true},
		{"yhat/io/table", "yhat/pipeline", true},
		{"yhat/io/model", "yhat/nn", false},
		{"yhat/io/model", "yhat/io/table", true},
		{"yhat/pipeline/flow", "context", false},
		{"yhat/pipeline/flow", "yhat/nn", true},
		{"yhat/pipeline", "yhat/io/table", false},
		{"yhat/pipeline", "yhat/io/model", true},
		{"yhat/pipeline", "yhat/io/table/tabletest", true},
		{"yhat/pipeline", "os", true},
		{"yhat/pipeline", "github.com/urfave/cli/v2", true},
		{"yhat/nn/train", "gonum.org/v1/gonum/optimize", false},
		{"yhat/nn/train", "yhat/pipeline", true},
		{"yhat/cmd/yhat", "yhat/pipeline", false},
		{"yhat/cmd/yhat", "yhat/fixtures/gen", true},
		{"yhat/fixtures/gen", "yhat/cmd/yhat", true},
	}
	for _, c := range cases {
		r, ok := ruleFor(c.from)
		if !ok {
			t.Fatalf("no rule for %s", c.from)
		}
		if why := r.refuses(c.to); (why != "") != c.refused {
			t.Errorf("%s imports %s: refused with %q, want refused %t", c.from, c.to, why, c.refused)
		}
	}
	if _, ok := ruleFor("yhat/util"); ok {
		t.Error("a package outside the layers has a rule")
	}
}

func TestGoroutinesAreSeen(t *testing.T) {
	for code, want := range map[string]int{
		"f()":    0,
		"go f()": 1,
		"var g sync.WaitGroup; g.Go(f); g.Wait()": 1,
	} {
		dir := t.TempDir()
		text := "package p\n\nfunc f() { " + code + " }\n"
		if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if faults := goroutines(Package{ImportPath: "p", Dir: dir, GoFiles: []string{"p.go"}}); len(faults) != want {
			t.Errorf("%s: %q, want %d", code, faults, want)
		}
	}
}
