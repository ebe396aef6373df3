package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/graph"
)

const convertExamples = `yhat convert heart.json -o heart.onnx
yhat convert pipeline.onnx -o pipeline.json
yhat convert net.onnx --features age,bmi,pulse -o net.json
`

// The made-up rows on which the two models are compared.
const (
	convertRows = 1000
	convertSeed = 1
)

func convertCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "convert",
		Usage:       "write a model in another format, and compare the two",
		UsageText:   "yhat convert MODEL -o FILE [FLAGS]",
		Description: convertExamples,
		Flags: []cli.Flag{
			many(reading, "features", "`LIST` of the columns of an input that is a matrix, in order, where the model does not name them"),
			file(writing, "output", "the model to write, whose name ends in .json or .onnx: `FILE`", "o"),
			one(telling, "tolerance", "the largest difference on 1,000 made-up rows that is no failure: `D` (default 1e-6)"),
			truth(telling, "quiet", "say nothing on success"),
		},
		Action: func(c *cli.Context) error {
			s, err := gather(c)
			if err != nil {
				return err
			}
			u.configure(s)
			v, err := readConversion(u, s)
			if err != nil {
				return err
			}
			return v.run()
		},
	}
}

// conversion is one run of yhat convert.
type conversion struct {
	ui            *ui
	input, output string
	columns       []string
	tolerance     float64
	kernel        nn.Kernel
}

func readConversion(u *ui, s *settings) (*conversion, error) {
	v := &conversion{ui: u, output: s.text("output"), columns: s.list("features"), tolerance: s.number("tolerance", 1e-6)}
	switch kind := modelKind(v.output); {
	case len(s.inputs) != 1:
		s.refuseUse("convert takes one model: yhat convert MODEL -o FILE")
	case v.output == "":
		s.refuseUse("convert needs -o FILE, whose name ends in .json or .onnx")
	case kind != ".json" && kind != ".onnx":
		s.refuseUse("-o %s: the name of a model ends in .json or .onnx", v.output)
	case s.inputs[0] == "-":
		s.refuseUse("a model is read from a file, not from stdin")
	case kind == modelKind(s.inputs[0]):
		s.refuseUse("%s is such a model already", s.inputs[0])
	}
	if s.err != nil {
		return nil, s.err
	}
	v.input = s.inputs[0]
	if samePath(v.input, v.output) {
		return nil, fmt.Errorf("%w: %s would be written over itself", table.ErrUsage, v.input)
	}
	var err error
	v.kernel, err = chooseKernel()
	return v, err
}

// modelKind is the extension of a model's name, which says its format.
func modelKind(path string) string { return strings.ToLower(filepath.Ext(path)) }

// converted is a model in its new form.
type converted struct {
	content []byte
	what    string // "3 layers", for people
	found   graph.Agreement
}

// run reads, converts, compares and publishes; nothing is published that
// differs by more than the tolerance.
func (v *conversion) run() error {
	to := v.toONNX
	if modelKind(v.output) == ".json" {
		to = v.toNative
	}
	c, err := to()
	if err == nil {
		err = v.judge(c.found)
	}
	if err == nil {
		err = v.publish(c.content)
	}
	if err != nil || v.ui.quiet {
		return err
	}
	_, err = fmt.Fprintf(v.ui.stdout, "%s: %s; the largest difference on %s made-up rows is %.2g (tolerance %g)\n",
		v.output, c.what, count(int64(c.found.Rows)), c.found.Largest, v.tolerance)
	return err
}

// judge refuses a model that is not the old one.
func (v *conversion) judge(a graph.Agreement) error {
	switch {
	case a.Apart > 0:
		return fmt.Errorf("%w: the models disagree about %d of %d made-up rows: one finds them bad, or gives them another label", table.ErrData, a.Apart, a.Rows)
	case !(a.Largest <= v.tolerance):
		return fmt.Errorf("%w: the largest difference on %d made-up rows is %.2g, more than the tolerance %g", table.ErrData, a.Rows, a.Largest, v.tolerance)
	}
	return nil
}

// publish writes the new model whole or not at all.
func (v *conversion) publish(content []byte) error {
	out, err := table.Create(v.output, table.OutputOptions{Stdout: v.ui.stdout})
	if err != nil {
		return err
	}
	defer out.Discard()
	if _, err := out.Write(content); err != nil {
		return err
	}
	return out.Commit()
}
