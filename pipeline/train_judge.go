package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"yhat/nn"
	"yhat/nn/train"
)

// judged are the predictions of some rows.
type judged struct {
	rows    []int32
	outputs int
	y       []float64 // row by row, in the targets' own units
	loss    float64   // mean
}

// predict runs rows through the network as it stands.
func (f *fit[T]) predict(rows []int32) (*judged, error) {
	n := f.net.Outputs()
	j := &judged{rows: rows, outputs: n, y: make([]float64, len(rows)*n)}
	weight := 0.0
	for first := 0; first < len(rows); first += f.waveShards() * train.ShardRows {
		wave := rows[first:min(first+f.waveShards()*train.ShardRows, len(rows))]
		err := f.each(shardsOf(len(wave)), func(i int) {
			part := shardRows(wave, i)
			f.rows.Gather(f.shards[i], part)
			y, loss := f.net.Predict(f.spaces[i], f.shards[i])
			f.losses[i] = loss
			to := j.y[(first+i*train.ShardRows)*n:]
			for row := range part {
				for u := range n {
					to[row*n+u] = float64(y[(row/nn.Lanes*n+u)*nn.Lanes+row%nn.Lanes])
				}
			}
		})
		if err != nil {
			return nil, err
		}
		for i := range shardsOf(len(wave)) {
			j.loss += f.losses[i]
		}
	}
	for _, row := range rows {
		weight += float64(f.rows.Weight[row])
	}
	if slices.ContainsFunc(j.y, func(y float64) bool { return finite(y) == nil }) {
		return nil, diverged("prediction")
	}
	j.loss /= weight
	f.restoreUnits(j)
	return j, nil
}

// restoreUnits undoes the scaling of targets.
func (f *fit[T]) restoreUnits(j *judged) {
	if s := f.survey; s.scaled {
		for i := range j.y {
			j.y[i] = j.y[i]*s.targetScale[i%j.outputs] + s.targetCenter[i%j.outputs]
		}
	}
}

// measure is the one number shown for an epoch: AUC, accuracy or RMSE.
func (f *fit[T]) measure(j *judged) float64 {
	switch f.survey.task {
	case Binary:
		return f.answers(j).AUC()
	case Multiclass:
		return f.accuracy(j)
	}
	return f.errors(j, 0).RMSE
}

// MeasureName is the word for an epoch's measure.
func (t Task) MeasureName() string {
	return map[Task]string{Binary: "AUC", Multiclass: "accuracy", Regression: "RMSE"}[t]
}

// answers are the predictions of a binary task beside the truth.
func (f *fit[T]) answers(j *judged) *train.Answers {
	a := &train.Answers{P: j.y, Yes: make([]bool, len(j.rows))}
	for i, row := range j.rows {
		a.Yes[i] = f.survey.targets[0].seen[row] == 1
	}
	return a
}

// accuracy is the share of rows whose largest output is their class's.
func (f *fit[T]) accuracy(j *judged) float64 {
	right := 0
	for i, row := range j.rows {
		if largest(j.y[i*j.outputs:][:j.outputs]) == int(f.survey.targets[0].seen[row]) {
			right++
		}
	}
	return float64(right) / float64(len(j.rows))
}

// largest is the index of the first largest number.
func largest(y []float64) int {
	best := 0
	for i, v := range y {
		if v > y[best] {
			best = i
		}
	}
	return best
}

// errors compares output u with its target.
func (f *fit[T]) errors(j *judged, u int) train.Errors {
	predicted, truth := make([]float64, len(j.rows)), make([]float64, len(j.rows))
	for i, row := range j.rows {
		predicted[i], truth[i] = j.y[i*j.outputs+u], f.survey.targets[u].numbers[row]
	}
	return train.Compare(predicted, truth, nil)
}

// separates reports whether every training row is told apart: its largest
// output is its class, its probability on the right side of a half, or, where
// numbers are predicted, none of the targets in the table is nearer to it than
// its own.
func (f *fit[T]) separates() (bool, error) {
	j, err := f.predict(f.parts[partTrain])
	if err != nil {
		return false, err
	}
	switch f.survey.task {
	case Binary:
		c := f.answers(j).Confusion(0.5)
		return c[0][1] == 0 && c[1][0] == 0, nil
	case Multiclass:
		return f.accuracy(j) == 1, nil
	}
	targets := map[string][]float64{}
	for _, row := range j.rows {
		t, key := f.target(row)
		targets[key] = t
	}
	for i, row := range j.rows {
		y := j.y[i*j.outputs:][:j.outputs]
		own, _ := f.target(row)
		for _, t := range targets {
			if distance2(y, t) < distance2(y, own) {
				return false, nil
			}
		}
	}
	return true, nil
}

// target is a row's target, and a key for it.
func (f *fit[T]) target(row int32) ([]float64, string) {
	var t []float64
	key := ""
	for _, learned := range f.survey.targets {
		t = append(t, learned.numbers[row])
		key += learned.words[max(0, learned.seen[row])] + "\x00"
	}
	return t, key
}

func distance2(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}

// Measures are how good predictions are, as far as the task has them.
type Measures struct {
	Rows      int      `json:"rows"`
	Positives *int     `json:"positives,omitempty"`
	Loss      *float64 `json:"loss,omitempty"`
	AUC       *float64 `json:"auc,omitempty"`
	PRAUC     *float64 `json:"pr_auc,omitempty"`
	LogLoss   *float64 `json:"log_loss,omitempty"`
	Brier     *float64 `json:"brier,omitempty"`
	Accuracy  *float64 `json:"accuracy,omitempty"`
	ECE       *float64 `json:"ece,omitempty"`
	RMSE      *float64 `json:"rmse,omitempty"`
	MAE       *float64 `json:"mae,omitempty"`
	R2        *float64 `json:"r2,omitempty"`
}

// finite is a number for JSON, which has no NaN.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// judge measures every part with the finished network.
func (f *fit[T]) judge(m *nn.Model, report *TrainReport) error {
	for part, into := range []**Measures{&report.Training, &report.Validation, &report.Test} {
		if len(f.parts[part]) == 0 {
			continue
		}
		j, err := f.predict(f.parts[part])
		if err != nil {
			return err
		}
		*into = f.measures(j)
		if part == int(partTrain) && f.job.Profile {
			f.survey.profile(m, j)
		}
	}
	report.Parameters = m.Parameters()
	return nil
}

// calibrationBins is how many bins calibration errors have.
const calibrationBins = 10

func (f *fit[T]) measures(j *judged) *Measures {
	m := &Measures{Rows: len(j.rows), Loss: finite(j.loss)}
	switch f.survey.task {
	case Binary:
		a := f.answers(j)
		c := a.Confusion(0.5)
		positives := int(c[1][0] + c[1][1])
		m.Positives, m.AUC, m.PRAUC, m.LogLoss, m.Brier = &positives, finite(a.AUC()), finite(a.AveragePrecision()), finite(a.LogLoss()), finite(a.Brier())
		m.Accuracy, m.ECE = finite((c[0][0]+c[1][1])/float64(len(j.rows))), finite(a.CalibrationError(calibrationBins))
	case Multiclass:
		sum := 0.0
		for i, row := range j.rows {
			sum -= math.Log(max(j.y[i*j.outputs+int(f.survey.targets[0].seen[row])], train.Edge))
		}
		m.LogLoss, m.Accuracy = finite(sum/float64(len(j.rows))), finite(f.accuracy(j))
	default:
		var rmse, mae, r2 float64
		for u := range j.outputs {
			e := f.errors(j, u)
			rmse, mae, r2 = rmse+e.RMSE*e.RMSE, mae+e.MAE, r2+e.R2
		}
		n := float64(j.outputs)
		m.RMSE, m.MAE, m.R2 = finite(math.Sqrt(rmse/n)), finite(mae/n), finite(r2/n)
	}
	return m
}

// Short is the two or three numbers that say most.
func (m *Measures) Short() string {
	var words []string
	for _, v := range []struct {
		name  string
		value *float64
	}{{"AUC", m.AUC}, {"log loss", m.LogLoss}, {"accuracy", m.Accuracy}, {"RMSE", m.RMSE}, {"R²", m.R2}} {
		if v.value != nil {
			words = append(words, fmt.Sprintf("%s %.4f", v.name, *v.value))
		}
	}
	return strings.Join(words, ", ")
}
