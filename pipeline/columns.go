package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"yhat/io/table"
	"yhat/nn"
)

// columns says which columns the job computes, in the order they are written:
// predictions, label, band, error, activations, added.
type columns struct {
	predictions []string
	label       *labelRule
	bands       []Band
	errors      bool
	layers      []int // activations wanted, from 1
	list        bool
	added       []Constant
	prefix      string
	model       *nn.Model
}

// labelRule turns predictions into a label.
type labelRule struct {
	words     []string // nil: 0 and 1
	threshold float64  // of a single output with two labels or none
	largest   bool     // the label of the largest output
}

// newColumns reads what the job wants, and refuses what does not go together.
func newColumns(job *Job) (*columns, error) {
	c := &columns{model: job.Model, prefix: job.Columns.Prefix, bands: job.Columns.Bands, list: job.Columns.List,
		errors: job.Bad.Policy == Null}
	c.predictions = PredictionNames(job.Model)
	var err error
	if c.label, err = newLabelRule(job); err != nil {
		return nil, err
	}
	if err := checkBands(job); err != nil {
		return nil, err
	}
	if c.layers, err = chooseLayers(job.Model, job.Columns.Activations); err != nil {
		return nil, err
	}
	name := job.Model.Name
	fill := strings.NewReplacer("{model}", name, "{model_sha256}", job.About.ModelSHA256,
		"{version}", job.About.Version, "{run_id}", job.About.RunID)
	for _, a := range job.Columns.Add {
		c.added = append(c.added, Constant{a.Name, fill.Replace(a.Value)})
	}
	return c, nil
}

// PredictionNames are the columns a model's outputs are written to, without a
// prefix.
func PredictionNames(m *nn.Model) []string {
	n := m.OutputWidth()
	if len(m.Outputs.Names) > 0 {
		return m.Outputs.Names
	}
	if n == 1 {
		return []string{"y_hat"}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = "y_hat_" + strconv.Itoa(i)
		if len(m.Outputs.Labels) == n {
			names[i] = "y_hat_" + m.Outputs.Labels[i]
		}
	}
	return names
}

// newLabelRule decides whether and how rows are labelled; nil: they are not.
func newLabelRule(job *Job) (*labelRule, error) {
	out, outputs := job.Model.Outputs, job.Model.OutputWidth()
	threshold := job.Columns.Threshold
	if threshold != nil && outputs > 1 {
		return nil, fmt.Errorf("%w: --threshold is for a model with one output; this one has %d", table.ErrUsage, outputs)
	}
	if len(out.Labels) == 0 && threshold == nil {
		return nil, nil
	}
	rule := &labelRule{words: out.Labels, threshold: 0.5, largest: len(out.Labels) == outputs}
	if out.Threshold != nil {
		rule.threshold = *out.Threshold
	}
	if threshold != nil {
		rule.threshold = *threshold
	}
	return rule, nil
}

// checkBands refuses bands of several outputs and bands out of order.
func checkBands(job *Job) error {
	bands := job.Columns.Bands
	if len(bands) > 0 && job.Model.OutputWidth() > 1 {
		return fmt.Errorf("%w: --bands is for a model with one output; this one has %d", table.ErrUsage, job.Model.OutputWidth())
	}
	for i := 1; i < len(bands); i++ {
		if !(bands[i].From > bands[i-1].From) {
			return fmt.Errorf("%w: --bands: %s must start above %s", table.ErrUsage, quote(bands[i].Name), quote(bands[i-1].Name))
		}
	}
	return nil
}

// chooseLayers turns numbers and names of layers into numbers, in order.
func chooseLayers(m *nn.Model, wanted []string) ([]int, error) {
	var layers []int
	for _, w := range wanted {
		if w == "all" {
			layers = nil
			for l := range m.Layers {
				layers = append(layers, l+1)
			}
			return layers, nil
		}
		l, err := findLayer(m, w)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	slices.Sort(layers)
	return slices.Compact(layers), nil
}

// findLayer finds a layer by name, else by number from 1.
func findLayer(m *nn.Model, wanted string) (int, error) {
	var names []string
	for l, layer := range m.Layers {
		if layer.Name == wanted {
			return l + 1, nil
		}
		names = append(names, layer.Name)
	}
	if l, err := strconv.Atoi(wanted); err == nil && l >= 1 && l <= len(m.Layers) {
		return l, nil
	}
	return 0, fmt.Errorf("%w: --activations: the model has no layer %s (layers are 1 to %d, or by name)%s",
		table.ErrUsage, quote(wanted), len(m.Layers), didYouMean(wanted, names))
}

// table makes the computed columns, empty, for one ticket.
func (c *columns) table() []table.Computed {
	var made []table.Computed
	for _, name := range c.predictions {
		made = append(made, table.Computed{Name: c.prefix + name})
	}
	if c.label != nil {
		made = append(made, table.Computed{Name: c.prefix + "y_hat_label", Words: c.label.words})
	}
	if len(c.bands) > 0 {
		made = append(made, table.Computed{Name: c.prefix + "y_hat_band", Words: bandNames(c.bands)})
	}
	if c.errors {
		made = append(made, table.Computed{Name: c.prefix + "y_hat_error", Words: reasonWords()})
	}
	for _, l := range c.layers {
		made = append(made, c.activations(l)...)
	}
	for _, a := range c.added {
		made = append(made, table.Computed{Name: a.Name, Words: []string{a.Value}})
	}
	return made
}

// activations are the columns of layer l: one a unit, or one list.
func (c *columns) activations(l int) []table.Computed {
	name := c.prefix + "a" + strconv.Itoa(l)
	if c.list {
		return []table.Computed{{Name: name, List: true}}
	}
	made := make([]table.Computed, c.model.Layers[l-1].Out)
	for i := range made {
		made[i].Name = name + "_" + strconv.Itoa(i)
	}
	return made
}

// check refuses a computed column whose name a kept one already has.
func (c *columns) check(kept []table.Field, made []table.Field) error {
	seen := map[string]string{}
	for _, f := range kept {
		seen[f.Name] = "the input column"
	}
	for _, f := range made {
		if what := seen[f.Name]; what != "" {
			return fmt.Errorf("%w: the computed column %s has the name of %s %s; use --output-prefix, or leave one out",
				table.ErrData, quote(f.Name), what, quote(f.Name))
		}
		seen[f.Name] = "the computed column"
	}
	return nil
}

func bandNames(bands []Band) []string {
	names := make([]string, len(bands))
	for i, b := range bands {
		names[i] = b.Name
	}
	return names
}

// reasonWords gives each reason's code at the reason's number.
func reasonWords() []string {
	words := []string{""}
	for _, r := range table.Reasons() {
		words = append(words, r.String())
	}
	return words
}
