package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// rule is what one layer may import. Paths match themselves and what lies
// below them.
type rule struct {
	layer      string   // an import path; "…/..." is everything below it too
	may        []string // outside the standard library
	never      []string // within it
	any        bool     // may import everything but commands
	goroutines bool     // may start them
}

const (
	arrow  = "github.com/apache/arrow-go/v18"
	gonum  = "gonum.org/v1"
	json2  = "github.com/go-json-experiment/json"
	system = "golang.org/x/sys"
)

// rules is the table of layers; the first that fits a package holds.
var rules = []rule{
	{
		layer: "yhat/nn/internal/kernel",
		may:   []string{"golang.org/x/sys/cpu"},
		never: []string{"io", "os", "net", "sync", "encoding"},
	},
	{
		layer: "yhat/nn",
		may:   []string{"yhat/nn/internal/kernel"},
		never: []string{"io", "os", "net", "sync", "encoding"},
	},
	{
		layer: "yhat/nn/graph",
		may:   []string{"yhat/nn", "yhat/nn/internal/kernel"},
		never: []string{"io", "os", "net", "sync", "encoding"},
	},
	{
		layer: "yhat/nn/train",
		may:   []string{"yhat/nn", "yhat/nn/internal/kernel", gonum},
		never: []string{"os", "net"},
	},
	{
		layer: "yhat/nn/explain",
		may:   []string{"yhat/nn", "yhat/nn/train", "yhat/nn/internal/kernel"},
		never: []string{"io", "os", "net", "sync", "encoding"},
	},
	{
		layer: "yhat/nn/draw",
		may:   []string{"yhat/nn", gonum},
		never: []string{"net"},
	},
	{
		layer: "yhat/io/table",
		may:   []string{arrow, "github.com/google/flatbuffers/go", "github.com/klauspost/compress", "github.com/klauspost/pgzip", json2, system, "golang.org/x/text"},
		never: []string{"net"},
	},
	{
		layer: "yhat/io/table/tabletest",
		may:   []string{"yhat/io/table", arrow, "pgregory.net/rapid", "github.com/google/go-cmp"},
		never: []string{"net"},
		// The suite serves tests, and feeds pipes.
		goroutines: true,
	},
	{
		layer: "yhat/io/model",
		may:   []string{"yhat/nn", "yhat/nn/graph", "google.golang.org/protobuf/encoding/protowire", json2},
		never: []string{"net"},
	},
	{
		layer:      "yhat/pipeline/flow",
		never:      []string{"os", "net"},
		goroutines: true,
	},
	{
		layer: "yhat/pipeline",
		may:   []string{"yhat/nn", "yhat/nn/graph", "yhat/nn/train", "yhat/nn/explain", "yhat/io/table", "yhat/pipeline/flow", arrow, json2, "github.com/xrash/smetrics"},
		never: []string{"os", "net"},
	},
	{layer: "yhat/cmd/...", any: true, goroutines: true},
	{layer: "yhat/fixtures/...", any: true, goroutines: true},
	{layer: "yhat/configs/...", any: true},
}

// ruleFor finds the rule of a package.
func ruleFor(path string) (rule, bool) {
	for _, r := range rules {
		if below, all := strings.CutSuffix(r.layer, "/..."); path == r.layer || all && within(path, below) {
			return r, true
		}
	}
	return rule{}, false
}

// refuses says why the rule forbids importing path; "" if it does not.
func (r rule) refuses(path string) string {
	switch {
	case within(path, "yhat/cmd"):
		return "a command is not imported"
	case within(path, "yhat/fixtures") && !within(r.layer, "yhat/fixtures"):
		return "fixtures serve tests and benchmarks"
	case r.any:
		return ""
	case standard(path):
		if list := matching(path, r.never); list != "" {
			return fmt.Sprintf("this layer does without %s", list)
		}
		return ""
	case matching(path, r.may) == "":
		return fmt.Sprintf("this layer imports only the standard library and %s", strings.Join(r.may, ", "))
	}
	return ""
}

// matching returns the entry of list that path is or lies below, or "". Our
// own packages match only themselves: what lies below has a layer of its own.
func matching(path string, list []string) string {
	for _, entry := range list {
		if path == entry || !within(entry, "yhat") && within(path, entry) {
			return entry
		}
	}
	return ""
}

// standard reports whether path belongs to the standard library: the first
// element has no dot, and it is not ours.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "yhat"
}

func within(path, above string) bool {
	return path == above || strings.HasPrefix(path, above+"/")
}

// goroutines lists where a package's product files start them: go statements,
// and methods called Go, as sync.WaitGroup has one.
func goroutines(p Package) []string {
	var faults []string
	for _, name := range p.GoFiles {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if starts(n) {
				at := files.Position(n.Pos())
				faults = append(faults, fmt.Sprintf("%s: %s:%d starts a goroutine; they live in pipeline/flow", p.ImportPath, name, at.Line))
			}
			return true
		})
	}
	return faults
}

func starts(n ast.Node) bool {
	if call, ok := n.(*ast.CallExpr); ok {
		method, ok := call.Fun.(*ast.SelectorExpr)
		return ok && method.Sel.Name == "Go"
	}
	_, ok := n.(*ast.GoStmt)
	return ok
}
