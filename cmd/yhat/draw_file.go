package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"yhat/io/table"
	"yhat/nn/draw"
	"yhat/pipeline"
)

// stills are the formats of single pictures.
var stills = []string{".svg", ".png", ".pdf"}

// checkPicture refuses a picture whose name says no format that there is.
func checkPicture(s *settings, flag, path string, kinds []string) {
	if !slices.Contains(kinds, strings.ToLower(filepath.Ext(path))) {
		s.refuse(flag, "%q: a picture is one of %s", path, strings.Join(kinds, ", "))
	}
}

// publishPicture writes a picture whole or not at all.
func publishPicture(u *ui, path string, content []byte) error {
	out, err := table.Create(path, table.OutputOptions{Stdout: u.stdout})
	if err != nil {
		return err
	}
	defer out.Discard()
	if _, err := out.Write(content); err != nil {
		return err
	}
	return out.Commit()
}

// drawEvaluation draws how good predictions are.
func drawEvaluation(u *ui, e *pipeline.Evaluation, path string) error {
	var b bytes.Buffer
	if err := evaluationPicture(e).Write(&b, strings.ToLower(filepath.Ext(path))[1:]); err != nil {
		return err
	}
	return publishPicture(u, path, b.Bytes())
}

// evaluationPicture is what fits the task.
func evaluationPicture(e *pipeline.Evaluation) *draw.Picture {
	switch e.Task {
	case pipeline.Binary:
		return draw.Evaluation(judged(e, 1))
	case pipeline.Multiclass:
		c := draw.Classes{Target: e.Target, Names: e.Labels, Confusion: e.All.Confusion, Accuracy: e.Measure("accuracy")}
		for k := range e.Labels {
			c.Each = append(c.Each, judged(e, k))
		}
		return draw.EvaluationOfClasses(c)
	}
	predicted, truth := e.Numbers()
	return draw.EvaluationOfNumbers(draw.Numbers{Target: e.Target, Predicted: predicted, True: truth, RMSE: e.Measure("rmse"), R2: e.Measure("r2")})
}

// calibrationBins is in how many bins of predictions calibration is drawn.
const calibrationBins = 10

// judged are the numbers behind the picture of one label's predictions.
func judged(e *pipeline.Evaluation, label int) draw.Judged {
	a := e.Answers(label)
	found, alarms, _ := a.ROC()
	precision, recall := a.PrecisionRecall()
	j := draw.Judged{Positive: e.Target + " = " + e.Labels[label], AUC: a.AUC(), AveragePrecision: a.AveragePrecision(),
		CalibrationError: a.CalibrationError(calibrationBins)}
	for i := range found {
		j.ROC = append(j.ROC, draw.XY{alarms[i], found[i]})
	}
	for i := range precision {
		j.PrecisionRecall = append(j.PrecisionRecall, draw.XY{recall[i], precision[i]})
	}
	for _, b := range a.Reliability(calibrationBins) {
		j.Calibration = append(j.Calibration, draw.XY{b.Mean, b.Share})
	}
	for i, p := range a.P {
		if a.Yes[i] {
			j.Yes = append(j.Yes, p)
		} else {
			j.No = append(j.No, p)
		}
	}
	return j
}
