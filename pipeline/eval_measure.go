package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"yhat/io/table"
	"yhat/nn/train"
)

// interval is the share of the bootstrap's draws that an interval holds.
const interval = 0.95

// liftTops are the shares of rows that lift is told for.
var liftTops = []float64{0.01, 0.05, 0.1, 0.2, 0.5}

// conclude settles the task and measures all rows, then each group.
func (v *evaluator) conclude() (*Evaluation, error) {
	if v.rows.Used == 0 {
		return nil, fmt.Errorf("%w: no row has both a target and a prediction", table.ErrData)
	}
	e := &Evaluation{Task: v.job.Task, Target: v.job.Target, Predictions: v.columns, Rows: v.rows, By: v.job.By}
	if e.Task == "" {
		e.Task = v.infer()
	}
	if err := v.settle(e); err != nil {
		return nil, err
	}
	every := make([]int, v.rows.Used)
	for i := range every {
		every[i] = i
	}
	e.All = v.measure(e, every)
	e.from = v
	if v.job.By == "" {
		return e, nil
	}
	members := make([][]int, len(v.groups.words))
	for i, g := range v.group {
		members[g] = append(members[g], i)
	}
	for g, rows := range members {
		group := v.measure(e, rows)
		group.Value = v.groups.words[g]
		e.Groups = append(e.Groups, group)
	}
	slices.SortFunc(e.Groups, func(a, b EvalGroup) int { return strings.Compare(a.Value, b.Value) })
	return e, nil
}

// infer takes several predictions for classes, and one for what the target is.
func (v *evaluator) infer() Task {
	if len(v.columns) > 1 {
		return Multiclass
	}
	if t := v.target.task(); t != Multiclass {
		return t
	}
	return Regression
}

// settle orders the labels and fits predictions to them.
func (v *evaluator) settle(e *Evaluation) error {
	if e.Task == Regression {
		if !v.target.numeric {
			return fmt.Errorf("%w: target %s has values that are no numbers", table.ErrData, quote(v.job.Target))
		}
		return v.wantColumns(e.Task, 1)
	}
	var err error
	if v.labels, err = v.target.labels(v.job.Target, v.job.Positive); err != nil {
		return err
	}
	e.Labels = v.labels
	if e.Task == Binary {
		e.Threshold = &v.job.Threshold
		if len(v.labels) != 2 {
			return fmt.Errorf("%w: target %s has %d different values, a binary task wants 2", table.ErrData, quote(v.job.Target), len(v.labels))
		}
		for _, p := range v.y {
			if p < 0 || p > 1 {
				return fmt.Errorf("%w: column %s is no probability: it leaves 0 … 1", table.ErrData, quote(v.columns[0]))
			}
		}
		return v.wantColumns(e.Task, 1)
	}
	if err := v.wantColumns(e.Task, len(v.labels)); err != nil {
		return err
	}
	return v.orderColumns()
}

func (v *evaluator) wantColumns(task Task, n int) error {
	if len(v.columns) != n {
		return fmt.Errorf("%w: a %s task with this target wants %d columns of predictions, not %d", table.ErrUsage, task, n, len(v.columns))
	}
	return nil
}

// orderColumns brings labels into the order of the columns, where these are
// named after them; else the columns stand in the order of the labels.
func (v *evaluator) orderColumns() error {
	at := make([]int32, len(v.labels))
	for i, l := range v.labels {
		j := slices.IndexFunc(v.columns, func(c string) bool { return strings.HasSuffix(c, "_"+l) })
		if j < 0 {
			return nil
		}
		at[i] = int32(j)
	}
	ordered := make([]string, len(v.labels))
	for i, j := range at {
		ordered[j] = v.labels[i]
	}
	if slices.Contains(ordered, "") {
		return nil // one column ends like two labels
	}
	copy(v.labels, ordered)
	for i, c := range v.target.seen {
		v.target.seen[i] = at[c]
	}
	return nil
}

// measure measures some of the rows.
func (v *evaluator) measure(e *Evaluation, rows []int) EvalGroup {
	switch e.Task {
	case Binary:
		return v.binary(rows)
	case Multiclass:
		return v.multiclass(rows)
	}
	return v.regression(rows)
}

// answers are the rows of a binary task.
func (v *evaluator) answers(rows []int) *train.Answers {
	a := &train.Answers{}
	for _, i := range rows {
		a.P, a.Yes = append(a.P, v.y[i]), append(a.Yes, v.target.seen[i] == 1)
		if v.weight != nil {
			a.Weight = append(a.Weight, v.weight[i])
		}
	}
	return a
}

func (v *evaluator) binary(rows []int) EvalGroup {
	a := v.answers(rows)
	names := []string{"auc", "pr_auc", "log_loss", "brier", "accuracy", "precision", "recall", "f1", "ece"}
	of := func(a *train.Answers) []float64 {
		c := a.Confusion(v.job.Threshold)
		precision, recall := c[1][1]/(c[1][1]+c[0][1]), c[1][1]/(c[1][1]+c[1][0])
		return []float64{a.AUC(), a.AveragePrecision(), a.LogLoss(), a.Brier(), (c[0][0] + c[1][1]) / (c[0][0] + c[0][1] + c[1][0] + c[1][1]),
			precision, recall, 2 * c[1][1] / (2*c[1][1] + c[0][1] + c[1][0]), a.CalibrationError(calibrationBins)}
	}
	g := EvalGroup{Rows: len(rows)}
	g.Measures = v.bounded(rows, names, func(w []float64) []float64 { return of(a.Reweighted(w)) })
	positives := 0
	for _, yes := range a.Yes {
		if yes {
			positives++
		}
	}
	g.Positives = &positives
	for _, row := range a.Confusion(v.job.Threshold) {
		g.Confusion = append(g.Confusion, row[:])
	}
	for _, b := range a.Reliability(calibrationBins) {
		g.Reliability = append(g.Reliability, EvalBin(b))
	}
	for _, top := range liftTops {
		if lift, captured := a.Lift(top); positives > 0 && float64(len(rows))*top >= 1 {
			g.Lift = append(g.Lift, EvalLift{top, lift, captured})
		}
	}
	return g
}

// bounded computes measures with their intervals. Weights of the rows and of
// the draws multiply.
func (v *evaluator) bounded(rows []int, names []string, of func(weight []float64) []float64) []Measure {
	own := make([]float64, len(rows))
	for i, row := range rows {
		own[i] = 1
		if v.weight != nil {
			own[i] = v.weight[row]
		}
	}
	values := of(own)
	var low, high []float64
	if v.job.Draws > 0 {
		both := make([]float64, len(rows))
		low, high = train.Bootstrap(len(rows), v.job.Draws, interval, v.job.Seed, func(drawn []float64) []float64 {
			for i, d := range drawn {
				both[i] = d * own[i]
			}
			return of(both)
		})
	}
	measures := make([]Measure, len(names))
	for i, name := range names {
		measures[i] = Measure{Name: name, Value: finite(values[i])}
		if low != nil {
			measures[i].Low, measures[i].High = finite(low[i]), finite(high[i])
		}
	}
	return measures
}

// multiclass has the accuracy, the mean F1 of the classes, and the log loss.
func (v *evaluator) multiclass(rows []int) EvalGroup {
	n := len(v.labels)
	g := EvalGroup{Rows: len(rows)}
	confusion := func(weight []float64) [][]float64 {
		c := make([][]float64, n)
		for i := range c {
			c[i] = make([]float64, n)
		}
		for i, row := range rows {
			c[v.target.seen[row]][largest(v.y[row*n:][:n])] += weight[i]
		}
		return c
	}
	g.Measures = v.bounded(rows, []string{"accuracy", "macro_f1", "log_loss"}, func(weight []float64) []float64 {
		loss, total := 0.0, 0.0
		for i, row := range rows {
			p := v.y[row*n+int(v.target.seen[row])]
			loss, total = loss-weight[i]*math.Log(max(p, train.Edge)), total+weight[i]
		}
		right, f1 := agreement(confusion(weight))
		return []float64{right / total, f1, loss / total}
	})
	own := make([]float64, len(rows))
	for i, row := range rows {
		own[i] = 1
		if v.weight != nil {
			own[i] = v.weight[row]
		}
	}
	g.Confusion = confusion(own)
	return g
}

// agreement is the weight on the diagonal, and the mean F1 of the classes that
// occur.
func agreement(c [][]float64) (right, f1 float64) {
	classes := 0.0
	for k := range c {
		right += c[k][k]
		row, column := 0.0, 0.0
		for j := range c {
			row, column = row+c[k][j], column+c[j][k]
		}
		if row+column > 0 {
			f1 += 2 * c[k][k] / (row + column)
			classes++
		}
	}
	return right, f1 / classes
}

func (v *evaluator) regression(rows []int) EvalGroup {
	predicted, truth := make([]float64, len(rows)), make([]float64, len(rows))
	for i, row := range rows {
		predicted[i], truth[i] = v.y[row], v.target.numbers[row]
	}
	g := EvalGroup{Rows: len(rows)}
	g.Measures = v.bounded(rows, []string{"rmse", "mae", "r2", "bias"}, func(weight []float64) []float64 {
		e := train.Compare(predicted, truth, weight)
		return []float64{e.RMSE, e.MAE, e.R2, e.Bias}
	})
	return g
}
