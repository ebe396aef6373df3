package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/graph"
)

const convertExamples = `yhat convert heart.json -o heart.onnx
yhat convert pipeline.onnx -o pipeline.json
yhat convert net.onnx --features age,bmi,pulse -o net.json
yhat convert state.safetensors --layers layers.json -o net.json
yhat convert heart.json --with-profile heart.profile.json -o watched.json
yhat convert big.json --weights beside -o small.json     # and small.safetensors
`

// The made-up rows on which the two models are compared.
const (
	convertRows = 1000
	convertSeed = 1
)

// manyParameters is the number of weights and biases from which they do not
// stand in the text of a model of layers.
const manyParameters = 1 << 16

func convertCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "convert",
		Usage:       "write a model in another format, and compare the two",
		UsageText:   "yhat convert MODEL -o FILE [FLAGS]",
		Description: convertExamples,
		Flags: []cli.Flag{
			many(reading, "features", "`LIST` of the columns of an input that is a matrix, in order, where the model does not name them"),
			file(reading, "layers", "what network a .safetensors of weights (torch's state_dict) is of: `FILE`"),
			file(writing, "output", "the model to write, whose name ends in .json or .onnx: `FILE`", "o"),
			one(writing, "as", "what a .json holds: layers, a graph, or auto: layers where the model is a chain of them: `KIND`"),
			one(writing, "weights", "inline in the .json, beside it in a .safetensors, or auto: `WHERE`"),
			file(writing, "with-profile", "put the profile in `FILE`, made by inspect --profile, into a .json of layers: score compares tables with it"),
			configFlag(),
			one(telling, "tolerance", "the largest difference on 1,000 made-up rows that is no failure: `D` (default 1e-6)"),
			truth(telling, "quiet", "say nothing on success"),
		},
		Action: u.begins(func(_ context.Context, u *ui, s *settings) error {
			v, err := readConversion(u, s)
			if err != nil {
				return err
			}
			return v.run()
		}),
	}
}

// conversion is one run of yhat convert.
type conversion struct {
	ui            *ui
	input, output string
	columns       []string
	as, weights   string
	steps         string // a file of layers; "": MODEL is a whole model
	profile       string
	tolerance     float64
	kernel        nn.Kernel
}

func readConversion(u *ui, s *settings) (*conversion, error) {
	v := &conversion{ui: u, output: s.text("output"), steps: s.text("layers"), columns: s.list("features"), tolerance: s.tolerance(),
		as: s.choice("as", "auto", "auto", "layers", "graph"), weights: s.choice("weights", "auto", "auto", "inline", "beside")}
	v.profile = s.text("with-profile")
	switch kind := modelKind(v.output); {
	case len(s.inputs) != 1:
		s.refuseUse("convert takes one model: yhat convert MODEL -o FILE")
	case v.output == "":
		s.refuseUse("convert needs -o FILE, whose name ends in .json or .onnx")
	case kind != ".json" && kind != ".onnx":
		s.refuseUse("-o %s: the name of a model ends in .json or .onnx", v.output)
	case (modelKind(s.inputs[0]) == ".safetensors") != s.has("layers"):
		s.refuseUse("weights are a .safetensors, and --layers FILE says what network they are of; it is for nothing else")
	case slices.Contains(pickles, modelKind(s.inputs[0])):
		s.refuseUse("%s: such files hold programs and are not read; export ONNX or safetensors, as the README shows", s.inputs[0])
	case s.inputs[0] == "-":
		s.refuseUse(modelFromStdin)
	case kind == ".onnx" && kind == modelKind(s.inputs[0]):
		s.refuseUse("%s is such a model already", s.inputs[0])
	case v.profile != "" && (kind == ".onnx" || v.as == "graph"):
		s.refuseUse("only a .json of layers carries a profile; for other models give it to score --profile")
	case kind == ".onnx" && (s.has("as") || s.has("weights")):
		s.refuseUse("--as and --weights are for .json; the output is %s", v.output)
	}
	s.spare("output", v.output)
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

// pickles are the formats of other programs that run code when they are read.
var pickles = []string{".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".h5", ".keras"}

// load reads the model, or makes one of weights and layers.
func (v *conversion) load() (*model.File, error) {
	if v.steps == "" {
		return model.Load(v.input)
	}
	m, err := model.LoadStateDict(v.steps, v.input)
	if err != nil {
		return nil, err
	}
	return &model.File{Path: v.input, Native: &model.Model{Model: m, Path: v.input, Beside: []string{v.input, v.steps}}}, nil
}

// modelKind is the extension of a model's name, which says its format.
func modelKind(path string) string { return strings.ToLower(filepath.Ext(path)) }

// run reads, converts, compares and publishes; nothing is published that
// differs by more than the tolerance.
func (v *conversion) run() error {
	f, err := v.load()
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	c, err := v.convert(f)
	if err == nil {
		err = v.judge(c.found)
	}
	if err == nil {
		err = v.publish(c)
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

// publish writes the new model whole or not at all: both files first, then the
// weights under their name, then the model that speaks of them.
func (v *conversion) publish(c *converted) error {
	parts := []part{{v.output, func(w io.Writer) error { _, err := w.Write(c.content); return err }}}
	if c.beside != "" {
		parts = append([]part{{c.beside, c.weights.Encode}}, parts...)
	}
	var outs []*table.Output
	for _, p := range parts {
		out, err := table.Create(p.path, table.OutputOptions{Stdout: v.ui.stdout})
		if err != nil {
			return err
		}
		defer out.Discard()
		if err := p.write(out); err != nil {
			return err
		}
		outs = append(outs, out)
	}
	for _, out := range outs {
		if err := out.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// part is one file of a model.
type part struct {
	path  string
	write func(w io.Writer) error
}
