package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"yhat/io/table"
	"yhat/nn/train"
)

// EvalJob compares predictions in a table with what was true.
type EvalJob struct {
	Inputs  []string
	Open    func(path string) (table.Source, error)
	Workers int

	Target       string
	Predictions  []string // columns; none: found by name, as score writes them
	WeightColumn string
	By           string // a column whose values are groups; "": none
	Task         Task   // "": by the target
	Positive     string // the label that the prediction is the probability of
	Threshold    float64
	Draws        int // of the bootstrap; 0: no intervals
	Seed         uint64

	Progress func(Progress)
}

// Evaluation is how good predictions are.
type Evaluation struct {
	Task        Task        `json:"task"`
	Target      string      `json:"target"`
	Predictions []string    `json:"predictions"`
	Labels      []string    `json:"labels,omitempty"`
	Threshold   *float64    `json:"threshold,omitempty"`
	Rows        EvalRows    `json:"rows"`
	All         EvalGroup   `json:"all"`
	By          string      `json:"by,omitempty"`
	Groups      []EvalGroup `json:"groups,omitempty"`

	from *evaluator
}

// Answers are the predictions of a label, by its place among Labels, as against
// all others, for pictures. A binary task predicts label 1.
func (e *Evaluation) Answers(label int) *train.Answers {
	v, width := e.from, len(e.from.columns)
	a := &train.Answers{P: make([]float64, v.rows.Used), Yes: make([]bool, v.rows.Used), Weight: v.weight}
	for i := range a.P {
		a.P[i], a.Yes[i] = v.y[i*width+min(label, width-1)], v.target.seen[i] == int32(label)
	}
	return a
}

// Numbers are what a regression predicts and what was true, row by row.
func (e *Evaluation) Numbers() (predicted, truth []float64) { return e.from.y, e.from.target.numbers }

// Measure is a measure of all rows; NaN where there is none.
func (e *Evaluation) Measure(name string) float64 {
	for _, m := range e.All.Measures {
		if m.Name == name && m.Value != nil {
			return *m.Value
		}
	}
	return math.NaN()
}

// EvalRows counts the rows.
type EvalRows struct {
	Read         int64 `json:"read"`
	Used         int64 `json:"used"`
	NoTarget     int64 `json:"without_target"`
	NoPrediction int64 `json:"without_prediction"`
}

// EvalGroup is how good the predictions of some rows are.
type EvalGroup struct {
	Value       string      `json:"value,omitempty"`
	Rows        int         `json:"rows"`
	Positives   *int        `json:"positives,omitempty"`
	Measures    []Measure   `json:"measures"`
	Confusion   [][]float64 `json:"confusion,omitempty"` // [true][predicted], by label
	Reliability []EvalBin   `json:"reliability,omitempty"`
	Lift        []EvalLift  `json:"lift,omitempty"`
}

// Measure is one number about predictions, with the bounds of its 95 %
// interval where they were drawn. Null where the rows do not allow it.
type Measure struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// EvalBin is a row of the reliability table.
type EvalBin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Rows  float64 `json:"rows"`
	Mean  float64 `json:"mean_prediction"`
	Share float64 `json:"share_positive"`
}

// EvalLift is what the rows with the highest predictions hold.
type EvalLift struct {
	Top      float64 `json:"top"`
	Lift     float64 `json:"lift"`
	Captured float64 `json:"captured"`
}

// Evaluate reads the table and measures.
func Evaluate(ctx context.Context, job *EvalJob) (*Evaluation, error) {
	v := &evaluator{job: job, target: newTargetLearned()}
	if err := v.findPredictions(); err != nil {
		return nil, err
	}
	v.scan = &scan{ctx: ctx, inputs: job.Inputs, open: job.Open, workers: job.Workers, progress: job.Progress, take: v.take}
	v.scan.columns = append(v.scan.columns, wanted{column: job.Target, number: true, text: true})
	for _, p := range v.columns {
		v.scan.columns = append(v.scan.columns, wanted{column: p, number: true, computed: true})
	}
	v.weightAt = len(v.scan.columns)
	if job.WeightColumn != "" {
		v.scan.columns = append(v.scan.columns, wanted{column: job.WeightColumn, number: true})
	}
	v.byAt = len(v.scan.columns)
	if job.By != "" {
		v.scan.columns = append(v.scan.columns, wanted{column: job.By, text: true})
	}
	if err := v.scan.run(); err != nil {
		return nil, err
	}
	return v.conclude()
}

// evaluator gathers what is compared.
type evaluator struct {
	job     *EvalJob
	scan    *scan
	columns []string
	target  *targetLearned
	y       []float64 // predictions, row by row
	weight  []float64
	group   []int32
	groups  targetLearned
	rows    EvalRows

	weightAt, byAt int
	labels         []string
}

// findPredictions takes the columns as score names them: y_hat, or all that
// begin with y_hat_ but for the label and its like.
func (v *evaluator) findPredictions() error {
	v.groups = *newTargetLearned()
	if v.columns = v.job.Predictions; len(v.columns) > 0 {
		return nil
	}
	if len(v.job.Inputs) == 0 {
		return fmt.Errorf("%w: no input", table.ErrUsage)
	}
	src, err := v.job.Open(v.job.Inputs[0])
	if err != nil {
		return err
	}
	defer src.Close()
	names := fieldNames(src.Fields())
	if slices.Contains(names, "y_hat") {
		v.columns = []string{"y_hat"}
		return nil
	}
	for _, n := range names {
		if strings.HasPrefix(n, "y_hat_") && !slices.Contains([]string{"y_hat_label", "y_hat_band", "y_hat_error"}, n) {
			v.columns = append(v.columns, n)
		}
	}
	if len(v.columns) == 0 {
		return fmt.Errorf("%w: %s: no column y_hat and none that begins with y_hat_; name one with --prediction", table.ErrData, src.Info().Path)
	}
	return nil
}

// take gathers a block.
func (v *evaluator) take(b *scanned) error {
	words := map[int32]bool{} // rows whose target is a word
	for _, bad := range b.rows.Bad {
		switch {
		case bad.Slot == table.SlotRecord:
			return b.rowError(int(bad.Row), bad.Reason, "", "the table cannot be judged as a whole")
		case int(bad.Slot) == b.from.slots[0]:
			words[bad.Row] = true
		default:
			return b.rowError(int(bad.Row), bad.Reason, b.from.fieldName(bad), "a prediction is a number")
		}
	}
	for row := range b.rows.N {
		v.rows.Read++
		value, isNumber := cell(b.number(0), row)
		if !isNumber && !words[int32(row)] {
			v.rows.NoTarget++
			continue
		}
		if !v.takePredictions(b, row) {
			v.rows.NoPrediction++
			continue
		}
		text, _ := b.text(0, row)
		v.target.take(text, value, isNumber)
		if err := v.takeRest(b, row); err != nil {
			return err
		}
		v.rows.Used++
	}
	return nil
}

// fieldName is the wanted column of numbers that a bad cell is of.
func (in *scanInput) fieldName(bad table.Bad) string {
	if int(bad.Slot) < len(in.columns) {
		return in.columns[bad.Slot]
	}
	return ""
}

// takePredictions reports whether all predictions of the row are there.
func (v *evaluator) takePredictions(b *scanned, row int) bool {
	start := len(v.y)
	for i := range v.columns {
		p, ok := cell(b.number(1+i), row)
		if !ok || math.IsInf(p, 0) {
			v.y = v.y[:start]
			return false
		}
		v.y = append(v.y, p)
	}
	return true
}

// takeRest gathers weight and group.
func (v *evaluator) takeRest(b *scanned, row int) error {
	if v.job.WeightColumn != "" {
		w, ok := cell(b.number(v.weightAt), row)
		if !ok || w < 0 {
			return b.rowError(row, table.OutOfRange, v.job.WeightColumn, "a weight is a number of at least 0")
		}
		v.weight = append(v.weight, w)
	}
	if v.job.By != "" {
		text, _ := b.text(v.byAt, row)
		code := v.groups.code(strings.TrimSpace(text))
		if code < 0 {
			return fmt.Errorf("%w: column %s has more than %d different values: these are no groups", table.ErrData, quote(v.job.By), maxClasses)
		}
		v.group = append(v.group, code)
	}
	return nil
}
