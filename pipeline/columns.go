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
// predictions, label, band, error, activations, reasons, added.
type columns struct {
	predictions []string
	label       *labelRule
	bands       []Band
	errors      bool
	values      []int // activations wanted, of the card's values
	list        bool
	reasons     int
	added       []Constant
	prefix      string
	card        *nn.Card
}

// labelRule turns predictions into a label.
type labelRule struct {
	words     []string // nil: integers
	integers  []int64
	threshold float64 // of a single output with two labels or none
	largest   bool    // the label of the largest output
	chosen    bool    // by the network itself
}

// newColumns reads what the job wants of a network, and refuses what does not
// go together.
func newColumns(job *Job, card *nn.Card) (*columns, error) {
	c := &columns{card: card, prefix: job.Columns.Prefix, bands: job.Columns.Bands, list: job.Columns.List,
		errors: job.Bad.Policy == Null, reasons: job.Columns.Explain}
	c.predictions = PredictionNames(card)
	var err error
	if c.label, err = newLabelRule(card, job.Columns.Threshold); err != nil {
		return nil, err
	}
	if err := checkBands(card, job.Columns.Bands); err != nil {
		return nil, err
	}
	if c.values, err = chooseValues(card, job.Columns.Activations); err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{model}", card.Name, "{model_sha256}", job.About.ModelSHA256,
		"{version}", job.About.Version, "{run_id}", job.About.RunID)
	for _, a := range job.Columns.Add {
		c.added = append(c.added, Constant{a.Name, fill.Replace(a.Value)})
	}
	return c, nil
}

// PredictionNames are the columns a network's outputs are written to, without
// a prefix.
func PredictionNames(card *nn.Card) []string {
	n := card.OutputWidth()
	if len(card.Outputs.Names) > 0 {
		return card.Outputs.Names
	}
	if n == 1 {
		return []string{"y_hat"}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = "y_hat_" + strconv.Itoa(i)
		if len(card.Outputs.Labels) == n {
			names[i] = "y_hat_" + card.Outputs.Labels[i]
		}
	}
	return names
}

// newLabelRule decides whether and how rows are labelled; nil: they are not.
func newLabelRule(card *nn.Card, threshold *float64) (*labelRule, error) {
	out, outputs := card.Outputs, card.OutputWidth()
	if threshold != nil && outputs != 1 {
		return nil, fmt.Errorf("%w: --threshold is for a model with one output; this one has %d", table.ErrUsage, outputs)
	}
	switch {
	case card.Chooses && threshold == nil:
		return &labelRule{words: card.Words, chosen: true}, nil
	case len(out.Labels) == 0 && threshold == nil:
		return nil, nil
	}
	rule := &labelRule{words: out.Labels, integers: []int64{0, 1}, threshold: 0.5, largest: len(out.Labels) == outputs}
	if card.Integers && len(out.Labels) > 0 {
		rule.words, rule.integers = nil, wholes64(out.Labels)
	}
	if out.Threshold != nil {
		rule.threshold = *out.Threshold
	}
	if threshold != nil {
		rule.threshold = *threshold
	}
	return rule, nil
}

// wholes64 are labels that are integers as such.
func wholes64(labels []string) []int64 {
	list := make([]int64, len(labels))
	for i, l := range labels {
		list[i], _ = strconv.ParseInt(l, 10, 64) // by the card they are
	}
	return list
}

// checkBands refuses bands of several outputs and bands out of order.
func checkBands(card *nn.Card, bands []Band) error {
	if len(bands) > 0 && card.OutputWidth() != 1 {
		return fmt.Errorf("%w: --bands is for a model with one output; this one has %d", table.ErrUsage, card.OutputWidth())
	}
	for i := 1; i < len(bands); i++ {
		if !(bands[i].From > bands[i-1].From) {
			return fmt.Errorf("%w: --bands: %s must start above %s", table.ErrUsage, quote(bands[i].Name), quote(bands[i-1].Name))
		}
	}
	return nil
}

// chooseValues turns numbers and names of layers, and names of other values,
// into places among the card's values, in order.
func chooseValues(card *nn.Card, wanted []string) ([]int, error) {
	var values []int
	for _, w := range wanted {
		if w == "all" {
			values = nil
			for l := range card.Layers {
				values = append(values, l)
			}
			return values, nil
		}
		v, err := findValue(card, w)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	slices.Sort(values)
	return slices.Compact(values), nil
}

// findValue finds a value by name, else a layer by number from 1.
func findValue(card *nn.Card, wanted string) (int, error) {
	var names []string
	for i, v := range card.Values {
		if v.Name == wanted || v.Alias == wanted && wanted != "" {
			return i, nil
		}
		names = append(names, v.Name)
	}
	if l, err := strconv.Atoi(wanted); err == nil && l >= 1 && l <= card.Layers {
		return l - 1, nil
	}
	return 0, fmt.Errorf("%w: --activations: the model has no layer %s (layers are 1 to %d, or by name)%s",
		table.ErrUsage, quote(wanted), card.Layers, didYouMean(wanted, names))
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
	for _, v := range c.values {
		made = append(made, c.activations(v)...)
	}
	made = append(made, c.reasonColumns()...)
	for _, a := range c.added {
		made = append(made, table.Computed{Name: a.Name, Words: []string{a.Value}})
	}
	return made
}

// activations are the columns of a value: one a unit, or one list. Those of
// layer ℓ are named a<ℓ>, others by their own name.
func (c *columns) activations(v int) []table.Computed {
	name := c.prefix + c.card.Values[v].Name
	if v < c.card.Layers {
		name = c.prefix + "a" + strconv.Itoa(v+1)
	}
	if c.list {
		return []table.Computed{{Name: name, List: true}}
	}
	made := make([]table.Computed, c.card.Values[v].Units)
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
		if what := seen[f.Name]; what != "" && slices.ContainsFunc(c.added, func(a Constant) bool { return a.Name == f.Name }) {
			return fmt.Errorf("%w: --add names %s, as %s is called; give it another name, or leave that one out", table.ErrData, quote(f.Name), what)
		} else if what != "" {
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
