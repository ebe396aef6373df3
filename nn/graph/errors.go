package graph

import (
	"fmt"
	"strings"
)

// Refusal is one part of a model that cannot be run.
type Refusal struct {
	Node   string // the node's name, or that of its first output; an input's name
	Op     string // "Conv", "ai.onnx.ml.TreeEnsemble"; "input" for an input
	Reason string
	// Needs are inputs of the model that would have to be constants.
	Needs []string
}

// UnsupportedError lists everything in a model that cannot be run.
type UnsupportedError struct{ Parts []Refusal }

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	for i, p := range e.Parts {
		if i > 0 {
			b.WriteString("; ")
		}
		if p.Op == "input" {
			fmt.Fprintf(&b, "input %q: %s", clip(p.Node), p.Reason)
			continue
		}
		fmt.Fprintf(&b, "node %q (%s): %s", clip(p.Node), clip(p.Op), p.Reason)
	}
	return b.String()
}

// clip shortens a name from a file, which may be of any length.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// needsError says that a shape or a parameter depends on a value of the row.
type needsError struct{ name string }

func (e *needsError) Error() string {
	return fmt.Sprintf("its result's shape depends on the row: input %q must be a constant", clip(e.name))
}
