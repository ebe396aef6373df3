package main

import (
	"bytes"
	"fmt"
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
	if e.Answers() == nil {
		return fmt.Errorf("%w: --picture is for two classes; the task is %s", table.ErrUsage, e.Task)
	}
	var b bytes.Buffer
	if err := draw.Evaluation(evaluationCurves(e)).Write(&b, strings.ToLower(filepath.Ext(path))[1:]); err != nil {
		return err
	}
	return publishPicture(u, path, b.Bytes())
}

// evaluationCurves are the numbers behind the picture.
func evaluationCurves(e *pipeline.Evaluation) draw.Judged {
	a := e.Answers()
	found, alarms, _ := a.ROC()
	precision, recall := a.PrecisionRecall()
	j := draw.Judged{Positive: e.Target + " = " + e.Labels[1], AUC: a.AUC(), AveragePrecision: a.AveragePrecision(), CalibrationError: a.CalibrationError(10)}
	for i := range found {
		j.ROC = append(j.ROC, draw.XY{alarms[i], found[i]})
	}
	for i := range precision {
		j.PrecisionRecall = append(j.PrecisionRecall, draw.XY{recall[i], precision[i]})
	}
	for _, b := range e.All.Reliability {
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
