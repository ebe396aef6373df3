package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"yhat/io/model"
)

// weightsDescription is what inspect tells about a file of weights alone.
type weightsDescription struct {
	Path    string         `json:"path"`
	Format  string         `json:"format"`
	Tensors []model.Tensor `json:"tensors"`
}

// inspectWeights lists the tensors of a safetensors file: it holds numbers, and
// the model that uses them lies in a file beside it.
func inspectWeights(w io.Writer, path string, asJSON bool) error {
	tensors, err := model.Tensors(path)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	d := weightsDescription{path, "safetensors", tensors}
	if asJSON {
		return printJSON(w, d)
	}
	return d.print(w)
}

// print writes the list for people.
func (d *weightsDescription) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "file\t%s (weights without a network: inspect the model that names them)\nformat\t%s\ntensors\t%d\n\nTENSOR\tTYPE\tSHAPE\tNUMBERS\n",
		d.Path, d.Format, len(d.Tensors))
	for _, t := range d.Tensors {
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(t.Shape), " ", " × "), "[]")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", dash(t.Name), t.Type, dash(shape), count(int64(t.Count)))
	}
	return w.Flush()
}
