package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"yhat/io/model"
	"yhat/nn"
	"yhat/pipeline"
)

const inspectExamples = `yhat inspect heart.json
yhat inspect patients.csv
yhat inspect patients.parquet --json | jq '.columns[].name'
yhat inspect patients.csv --show-values
zcat patients.csv.gz | yhat inspect -
yhat inspect patients.csv --profile -m heart.json > heart.profile.json
`

func inspectCommand(u *ui) *cli.Command {
	flags := append(append(readFlags(), cellFlags()...), featuresFlag(),
		truth(reading, "model", "FILE is a model, whatever its name"),
		file(reading, "for-model", "with --profile: of the features and predictions of the model in `FILE`", "m"),
		one(running, "workers", "how many cores work, `N` (default: every core it may use)"),
		one(running, "block-size", "`BYTES` of text a worker takes at once, such as 256KiB (default, more for wide tables)"),
		one(running, "max-record", "longest record in `BYTES` (default 16MiB)"),
		one(running, "tmp-dir", "`FOLDER` for what must be spooled: Parquet from a pipe (default: the system's)"),
		memoryFlag(),
		configFlag(),
		truth(telling, "profile", "print how the values of each column are distributed (JSON; nobody's values), for score --profile"),
		truth(telling, "json", "print JSON"),
		truth(telling, "show-values", "show the smallest and largest value of each column: they are somebody's cells"))
	return &cli.Command{
		Name:        "inspect",
		Usage:       "describe a model (.json, .onnx, .safetensors) or a table (all else)",
		UsageText:   "yhat inspect [FLAGS] FILE",
		Description: inspectExamples,
		Flags:       append(flags, tellFlags()...),
		Action:      u.begins(inspect),
	}
}

// inspect tells a model from a table by name.
func inspect(ctx context.Context, u *ui, s *settings) error {
	path, isModel, asJSON := s.oneInput("inspect"), s.yes("model", false), s.yes("json", false)
	profile := s.yes("profile", false)
	if !profile && s.has("for-model") {
		s.refuseUse("-m goes with --profile")
	}
	if isModel && path == "-" || s.text("for-model") == "-" {
		s.refuseUse(modelFromStdin)
	}
	if s.has("map") && !s.has("for-model") {
		s.refuseUse("--map goes with --profile -m MODEL: it says which column a feature of the model is read from")
	}
	if s.err != nil {
		return s.err
	}
	if profile {
		return inspectProfile(ctx, u, s, path, isModel || isModelName(path))
	}
	if !isModel && !isModelName(path) {
		return inspectTable(ctx, u, s, path)
	}
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		return inspectWeights(u.stdout, path, asJSON)
	}
	f, err := model.Load(path)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if f.ONNX != nil {
		return inspectONNX(u.stdout, f, readBinding(s).Features, asJSON)
	}
	d := describeModel(f.Native)
	if asJSON {
		return printJSON(u.stdout, d)
	}
	return d.print(u.stdout)
}

// isModelName knows model files by extension.
func isModelName(path string) bool {
	return slices.Contains([]string{".json", ".onnx", ".safetensors"}, strings.ToLower(filepath.Ext(path)))
}

// oneInput is the one file that a command takes.
func (s *settings) oneInput(command string) string {
	if len(s.inputs) != 1 {
		s.refuseUse("yhat %s takes one FILE (or -), not %d", command, len(s.inputs))
		return ""
	}
	return s.inputs[0]
}

// noInputs refuses inputs to a command that has none.
func (s *settings) noInputs() {
	if len(s.inputs) > 0 {
		s.refuseUse("unexpected argument %q", s.inputs[0])
	}
}

// modelDescription is what inspect tells about a model.
type modelDescription struct {
	Path       string               `json:"path"`
	Format     string               `json:"format"`
	Name       string               `json:"name"`
	SHA256     string               `json:"sha256"`
	Inputs     int                  `json:"inputs"`
	Parameters int                  `json:"parameters"`
	Flops      int                  `json:"flops_per_row"`
	Features   []featureDescription `json:"features"`
	Layers     []layerDescription   `json:"layers"`
	Outputs    []string             `json:"outputs"`
	Labels     []string             `json:"labels,omitempty"`
	Threshold  *float64             `json:"threshold,omitempty"`
	Provenance map[string]string    `json:"provenance,omitempty"`

	notes []nn.Note // the same, in the model's order
}

// featureDescription is one feature of a model.
type featureDescription struct {
	Name       string   `json:"name"`
	Unit       string   `json:"unit,omitempty"`
	Inputs     int      `json:"inputs"`
	Fill       any      `json:"fill,omitempty"`
	Center     *float64 `json:"center,omitempty"`
	Scale      *float64 `json:"scale,omitempty"`
	Min        *float64 `json:"min,omitempty"`
	Max        *float64 `json:"max,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Unknown    string   `json:"unknown,omitempty"`
}

// layerDescription is one layer of a model.
type layerDescription struct {
	Layer      int    `json:"layer"`
	Name       string `json:"name"`
	In         int    `json:"in"`
	Out        int    `json:"out"`
	Activation string `json:"activation"`
	Parameters int    `json:"parameters"`
	Flops      int    `json:"flops_per_row"`
}

// describeModel gathers what inspect tells about a model.
func describeModel(m *model.Model) *modelDescription {
	d := &modelDescription{Path: m.Path, Format: m.Format, Name: m.Name, SHA256: m.SHA256, Inputs: m.InputWidth(),
		Parameters: m.Parameters(), Outputs: pipeline.PredictionNames(m.Card()), Labels: m.Outputs.Labels, Threshold: m.Outputs.Threshold, notes: m.Provenance}
	for _, n := range m.Provenance {
		if d.Provenance == nil {
			d.Provenance = map[string]string{}
		}
		d.Provenance[n.Key] = n.Value
	}
	for i := range m.Features {
		d.Features = append(d.Features, describeFeature(&m.Features[i]))
	}
	for i, l := range m.Layers {
		// A unit is `in` products, in-1 sums and one more for the bias.
		flops := 2 * l.In * l.Out
		d.Flops += flops
		d.Layers = append(d.Layers, layerDescription{i + 1, l.Name, l.In, l.Out, activationName(l.Activation), len(l.W) + len(l.B), flops})
	}
	return d
}

// activationName is a σ with the parameters that it has.
func activationName(a nn.Activation) string {
	alpha, beta := a.Func.Parameters()
	switch {
	case alpha && beta:
		return fmt.Sprintf("%s(%g, %g)", a.Func, a.Alpha, a.Beta)
	case alpha:
		return fmt.Sprintf("%s(%g)", a.Func, a.Alpha)
	}
	return a.Func.String()
}

// describeFeature gathers what inspect tells about a feature.
func describeFeature(f *nn.Feature) featureDescription {
	d := featureDescription{Name: f.Name, Unit: f.Unit, Inputs: f.Width(), Min: f.Min, Max: f.Max, Categories: f.Categories}
	if !f.Categorical() {
		d.Center, d.Scale = &f.Center, &f.Scale
		if f.Fill != nil {
			d.Fill = *f.Fill
		}
		return d
	}
	d.Unknown = "error"
	if f.UnknownZeros {
		d.Unknown = "zeros"
	}
	if f.HasFillCategory {
		d.Fill = f.FillCategory
	}
	return d
}

// print writes the description for people.
func (d *modelDescription) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "model\t%s\nfile\t%s (%s)\nsha256\t%s\nfeatures\t%d, %d inputs\nparameters\t%s\ncost\t%s FLOPs a row\noutputs\t%s\n",
		oneLine(d.Name), d.Path, d.Format, d.SHA256, len(d.Features), d.Inputs, count(int64(d.Parameters)), count(int64(d.Flops)), strings.Join(d.Outputs, ", "))
	if len(d.Labels) > 0 {
		fmt.Fprintf(w, "labels\t%s\n", strings.Join(d.Labels, ", "))
	}
	if d.Threshold != nil {
		fmt.Fprintf(w, "threshold\t%g\n", *d.Threshold)
	}
	fmt.Fprint(w, "\nLAYER\tNAME\tSHAPE\tσ\tPARAMETERS\tFLOPS\n")
	for _, l := range d.Layers {
		fmt.Fprintf(w, "%d\t%s\t%d → %d\t%s\t%s\t%s\n", l.Layer, dash(l.Name), l.In, l.Out, l.Activation, count(int64(l.Parameters)), count(int64(l.Flops)))
	}
	fmt.Fprint(w, "\nFEATURE\tUNIT\tMISSING BECOMES\tMIN\tMAX\tCENTER\tSCALE\tCATEGORIES\n")
	for _, f := range d.Features {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(f.Name), dash(f.Unit), f.fill(), number(f.Min), number(f.Max),
			number(f.Center), number(f.Scale), f.categories())
	}
	if len(d.notes) > 0 {
		fmt.Fprint(w, "\nPROVENANCE\n")
	}
	for _, n := range d.notes {
		fmt.Fprintf(w, "%s\t%s\n", oneLine(n.Key), oneLine(n.Value))
	}
	return w.Flush()
}

// fill is what a missing value becomes, in words.
func (f *featureDescription) fill() string {
	if f.Fill == nil {
		return "an error"
	}
	return fmt.Sprint(f.Fill)
}

// categories are the feature's words and what becomes of others.
func (f *featureDescription) categories() string {
	if len(f.Categories) == 0 {
		return "-"
	}
	return oneLine(strings.Join(f.Categories, ", ")) + "; others: " + f.Unknown
}

// dash stands for nothing in a table for people.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return oneLine(s)
}

// number is a number that may not be there.
func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}
