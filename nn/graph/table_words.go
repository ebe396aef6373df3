package graph

import (
	"fmt"

	"yhat/nn"
)

// Words are what a model's file may tell beside its graph: the features' units
// and bounds, the outputs' names, labels and threshold, and how many outputs
// the model has.
type Words struct {
	Features []nn.Feature
	Outputs  nn.Outputs
	Width    int
}

// tell gives the features and outputs of a table their words. A model of one
// output whose graph gives the probabilities of both labels predicts the second.
// The error says what does not fit the graph.
func (t *Table) tell(m *Words) error {
	at := map[string]int{}
	for i := range t.Features {
		at[t.Features[i].Name] = i
	}
	for i := range m.Features {
		f := &m.Features[i]
		k, ok := at[f.Name]
		if !ok {
			return fmt.Errorf("feature %q is no input of the graph", clip(f.Name))
		}
		t.Features[k].Unit = f.Unit
		if f.Categorical() {
			continue
		}
		t.Features[k].Min, t.Features[k].Max = f.Min, f.Max
	}
	o := &m.Outputs
	if m.Width == 1 && len(o.Labels) == 2 && len(t.Scores) == 2 {
		t.Scores = t.Scores[1:]
	}
	switch n := len(t.Scores); {
	case o.Names != nil && len(o.Names) != n:
		return fmt.Errorf("%d names of outputs, the graph has %d", len(o.Names), n)
	case o.Labels != nil && len(o.Labels) != n && !(n == 1 && len(o.Labels) == 2):
		return fmt.Errorf("%d labels, the graph has %d outputs", len(o.Labels), n)
	case o.Threshold != nil && n != 1:
		return fmt.Errorf("a threshold, and the graph has %d outputs", n)
	}
	t.Outputs, t.told = *o, true
	return nil
}
