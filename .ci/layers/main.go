// Layers checks that imports point one way: it lists the module's packages and
// fails when one imports what its layer may not, or starts a goroutine outside
// pipeline/flow. Run it from the module's root:
//
//	go run ./.ci/layers
//
// Tests may reach further (an oracle, a round trip through another package);
// only the product's own files are held to the rules.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Package is what `go list -json` says of a package, as far as it matters here.
type Package struct {
	ImportPath string
	Dir        string
	Standard   bool
	GoFiles    []string
	Imports    []string
}

func main() {
	packages, err := list("./...")
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(1)
	}
	faults := 0
	for _, p := range packages {
		for _, fault := range check(p) {
			fmt.Println(fault)
			faults++
		}
	}
	if faults > 0 {
		fmt.Fprintf(os.Stderr, "layers: %d faults in %d packages\n", faults, len(packages))
		os.Exit(1)
	}
	fmt.Printf("layers: %d packages keep to their layer\n", len(packages))
}

// check lists what package p does that its layer may not.
func check(p Package) []string {
	r, ok := ruleFor(p.ImportPath)
	if !ok {
		return []string{p.ImportPath + ": no layer is known for it; give it a rule in .ci/layers/rules.go"}
	}
	var faults []string
	for _, path := range p.Imports {
		if why := r.refuses(path); why != "" {
			faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.ImportPath, path, why))
		}
	}
	if !r.goroutines {
		faults = append(faults, goroutines(p)...)
	}
	return faults
}

// list runs go list on a pattern.
func list(pattern string) ([]Package, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Standard,GoFiles,Imports", pattern)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	var packages []Package
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list %s: %w", pattern, err)
		}
		packages = append(packages, p)
	}
}
