package pipeline

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/explain"
	"yhat/nn/graph"
)

// Explanations is what the report tells about the reasons of --explain.
type Explanations struct {
	Method    explain.Method `json:"method"`
	Output    string         `json:"output"` // what is explained
	Explained int64          `json:"explained"`
	// Failed rows have a prediction and no reasons: their contributions do not
	// sum to what moved.
	Failed int64 `json:"failed"`
}

// explainer is what the workers share.
type explainer[T nn.Float] struct {
	*explain.Explainer[T]
	encoder *nn.Encoder[T]
	model   *nn.Model
	second  bool      // the model's one output is the second of two predictions
	codes   [][]int32 // by feature and category of the card
	words   Explanations
}

// newExplainer makes what --explain asks for; nil where it asks for nothing.
func newExplainer[T nn.Float](job *Job, card *nn.Card, columns []string) (*explainer[T], error) {
	c := &job.Columns
	if c.Explain == 0 {
		return nil, nil
	}
	if n := len(card.Features); c.Explain > n {
		return nil, fmt.Errorf("%w: --explain %d: the model has %d features", table.ErrUsage, c.Explain, n)
	}
	m, err := layersOf(job, card, columns)
	if err != nil {
		return nil, err
	}
	made := &explainer[T]{model: m, encoder: nn.NewEncoder[T](m, job.Kernel), second: m.OutputWidth() < card.OutputWidth()}
	output, name, err := explainedOutput(card, c.ExplainOutput, made.second)
	if err != nil {
		return nil, err
	}
	made.recode(card)
	made.words = Explanations{Method: c.ExplainMethod, Output: name}
	if made.Explainer, err = explain.New[T](m, explain.Options{Method: c.ExplainMethod, Output: output}, job.Kernel); err != nil {
		return nil, fmt.Errorf("%w: --explain: %w", table.ErrUsage, err)
	}
	return made, nil
}

// layersOf is the job's model as a chain of layers, which explanations need.
func layersOf(job *Job, card *nn.Card, columns []string) (*nn.Model, error) {
	if m, ok := job.Model.(*nn.Model); ok {
		return m, nil
	}
	g, ok := job.Model.(Graph)
	if !ok {
		return nil, fmt.Errorf("%w: --explain: a model of type %T", table.ErrUsage, job.Model)
	}
	t, err := g.Table(graph.Options{Kernel: job.Kernel}, columns)
	if err != nil {
		return nil, explainGraph(job, err)
	}
	m, err := t.Chain()
	if err != nil {
		return nil, fmt.Errorf("%w: --explain is for chains of layers: %s: %w", table.ErrUsage, job.About.ModelPath, err)
	}
	same := slices.EqualFunc(m.Features, card.Features, func(a, b nn.Feature) bool {
		return a.Name == b.Name && a.Categorical() == b.Categorical()
	})
	if one := m.OutputWidth(); !same || one != card.OutputWidth() && (one != 1 || card.OutputWidth() != 2) {
		return nil, fmt.Errorf("%w: --explain: %s has other features or outputs as a chain of layers", table.ErrUsage, job.About.ModelPath)
	}
	return m, nil
}

// recode says which category of the explainer's layers each of the card's is;
// the layers do without some that a graph needs.
func (e *explainer[T]) recode(card *nn.Card) {
	for i := range card.Features {
		codes := make([]int32, len(card.Features[i].Categories))
		for c, word := range card.Features[i].Categories {
			codes[c] = nn.CodeUnknown
			if at := slices.Index(e.model.Features[i].Categories, word); at >= 0 {
				codes[c] = int32(at)
			}
		}
		e.codes = append(e.codes, codes)
	}
}

// explainedOutput finds the output to explain, and what to call it: the one
// that was asked for; that of each row's label where a label is the largest
// output; else the first. Of two probabilities that a model makes of one it is
// that one, the second.
func explainedOutput(card *nn.Card, wanted string, second bool) (output int, name string, err error) {
	names := PredictionNames(card)
	if second {
		names = names[1:]
	}
	if wanted != "" {
		if at := slices.Index(names, wanted); at >= 0 {
			return at, wanted, nil
		}
		return 0, "", fmt.Errorf("%w: --explain-output: no prediction %s to explain%s", table.ErrUsage, quote(wanted), didYouMean(wanted, names))
	}
	if n := len(names); n > 1 && len(card.Outputs.Labels) == n {
		return explain.Largest, "the label's", nil
	}
	return 0, names[0], nil
}

// explaining is what a worker needs to explain a group of panels.
type explaining[T nn.Float] struct {
	space *explain.Space[T]
	phi   []T
	which [][]int32 // where a group's reasons go
	// Of a model that is not scored as a chain of layers.
	encoder *nn.Encoder[T]
	recoded [][]int32 // by feature: what a category of the card is to the encoder
	codes   []int32
	x, y    []T
	faults  *nn.Faults
}

// Numbers encodes cells for the explainer, and Codes words.
func (e *explaining[T]) Numbers(f int, v nn.Numbers, rows int, faults *nn.Faults) {
	e.encoder.Numbers(f, e.x, v, rows, faults)
}

// Codes is Numbers for words.
func (e *explaining[T]) Codes(f int, codes []int32, rows int, faults *nn.Faults) {
	for i, c := range codes {
		if c >= 0 {
			c = e.recoded[f][c]
		}
		e.codes[i] = c
	}
	e.encoder.Codes(f, e.x, e.codes[:len(codes)], rows, faults)
}

func (e *explainer[T]) newExplaining(group, reasons int) explaining[T] {
	if e == nil {
		return explaining[T]{}
	}
	return explaining[T]{space: e.NewSpace(), phi: make([]T, group*e.Features()*nn.Lanes), which: make([][]int32, reasons),
		encoder: e.encoder, recoded: e.codes, codes: make([]int32, group*nn.Lanes),
		x: make([]T, group*e.encoder.Width()*nn.Lanes), y: make([]T, group*nn.Lanes), faults: nn.NewFaults(group * nn.Lanes)}
}

// reasons are those of a block's rows: which[k] is the feature that moved each
// row k-th most, values ([panel][reasons][32]) by how much.
type reasons[T nn.Float] struct {
	which  [][]int32
	values []T
	failed []uint32
	null   []bool // rows without reasons; nil: all have them
}

// grow makes room for panels panels.
func (r *reasons[T]) grow(panels int) {
	if len(r.which) == 0 {
		return
	}
	for k := range r.which {
		r.which[k] = slices.Grow(r.which[k][:0], panels*nn.Lanes)[:panels*nn.Lanes]
	}
	size := panels * len(r.which) * nn.Lanes
	r.values = slices.Grow(r.values[:0], size)[:size]
	r.failed = slices.Grow(r.failed[:0], panels)[:panels]
}

// explain finds the reasons of rows rows from start on, whose inputs and
// predictions are still in the cache.
func (s *scorer[T]) explain(w *worker[T], t *trip[T], start, rows int) {
	panels, first := nn.Panels(rows), start/nn.Lanes
	x, y := s.explainable(w, t, start, rows)
	s.explaining.Explain(w.why.space, x, y, panels, w.why.phi, t.why.failed[first:])
	k := len(t.why.which)
	for i := range k {
		w.why.which[i] = t.why.which[i][start:]
	}
	s.explaining.Reasons(w.why.phi, panels, w.why.which, t.why.values[first*k*nn.Lanes:])
}

// explainable are the inputs and predictions of rows, as the explainer's layers
// have them.
func (s *scorer[T]) explainable(w *worker[T], t *trip[T], start, rows int) (x, y []T) {
	outputs := s.card.OutputWidth()
	y = t.values[s.last()][start*outputs:]
	if p, ok := w.pass.(interface{ Inputs() []T }); ok {
		return p.Inputs(), y
	}
	for f := range t.from.binding.features {
		s.encodeInto(&w.why, t, f, start, rows, w.why.faults)
	}
	if !s.explaining.second {
		return w.why.x, y
	}
	for i := range nn.Panels(rows) {
		copy(w.why.y[i*nn.Lanes:], y[(2*i+1)*nn.Lanes:][:nn.Lanes])
	}
	return w.why.x, w.why.y
}

// noteUnexplained notes the rows without reasons: bad ones, and those whose
// explanation failed, which keep their prediction.
func (s *scorer[T]) noteUnexplained(t *trip[T]) {
	t.unexplained, t.why.null = t.unexplained[:0], t.null
	if s.explaining == nil {
		return
	}
	bad := t.bad
	for p, mask := range t.why.failed {
		for ; mask != 0; mask &= mask - 1 {
			row := p*nn.Lanes + bits.TrailingZeros32(mask)
			for len(bad) > 0 && bad[0].row < row {
				bad = bad[1:]
			}
			if row < t.rows.N && (len(bad) == 0 || bad[0].row > row) {
				t.unexplained = append(t.unexplained, row)
			}
		}
	}
	if len(t.unexplained) == 0 {
		return
	}
	t.why.null = make([]bool, t.rows.N)
	copy(t.why.null, t.null)
	for _, row := range t.unexplained {
		t.why.null[row] = true
	}
}

// reasonColumns are the features that moved ŷ most, and by how much.
func (c *columns) reasonColumns() []table.Computed {
	var names []string
	for i := range c.card.Features {
		names = append(names, c.card.Features[i].Name)
	}
	var made []table.Computed
	for k := range c.reasons {
		name := c.prefix + "reason_" + strconv.Itoa(k+1)
		made = append(made, table.Computed{Name: name, Words: names}, table.Computed{Name: name + "_value"})
	}
	return made
}

// pointReason aims the columns of reason k at the trip's values.
func (s *scorer[T]) pointReason(feature, value *table.Computed, t *trip[T], k int) {
	feature.Codes, feature.Null, value.Null = t.why.which[k][:t.rows.N], t.why.null, t.why.null
	if feature.Codes == nil {
		feature.Codes = []int32{}
	}
	switch data := any(t.why.values).(type) {
	case []float32:
		value.F32 = table.Lanes[float32]{Data: data, Units: s.columns.reasons, Unit: k}
	case []float64:
		value.F64 = table.Lanes[float64]{Data: data, Units: s.columns.reasons, Unit: k}
	}
}

// told begins what the report tells; nil where nothing is explained.
func (e *explainer[T]) told() *Explanations {
	if e == nil {
		return nil
	}
	told := e.words
	return &told
}

// add counts the first rows rows of a block: bad ones have no prediction to
// explain.
func (e *Explanations) add(unexplained []int, rows, bad int) {
	if e == nil {
		return
	}
	failed := 0
	for _, row := range unexplained {
		if row < rows {
			failed++
		}
	}
	e.Failed += int64(failed)
	e.Explained += int64(rows - bad - failed)
}
