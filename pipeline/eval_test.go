package pipeline

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"yhat/io/table"
)

// judgedTable is predictions beside the truth, for Evaluate.
func evaluated(t *testing.T, text string, set func(*EvalJob)) (*Evaluation, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scored.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	job := &EvalJob{Inputs: []string{path}, Workers: 2, Target: "y", Threshold: 0.5,
		Open: func(p string) (table.Source, error) { return table.Open(p, table.ReadOptions{BlockSize: 64}) }}
	if set != nil {
		set(job)
	}
	return Evaluate(context.Background(), job)
}

func measureOf(g EvalGroup, name string) float64 {
	for _, m := range g.Measures {
		if m.Name == name && m.Value != nil {
			return *m.Value
		}
	}
	return math.NaN()
}

func TestEvaluateTwoClasses(t *testing.T) {
	text := "y,y_hat,sex\nno,0.1,f\nno,0.4,m\nyes,0.4,f\nyes,0.8,m\nno,0.9,f\nno,0.2,m\n,0.5,m\nyes,,f\n"
	e, err := evaluated(t, text, func(j *EvalJob) { j.By, j.Draws = "sex", 50 })
	if err != nil {
		t.Fatal(err)
	}
	if e.Rows != (EvalRows{8, 6, 1, 1}) || *e.All.Positives != 2 || len(e.Groups) != 2 || e.Groups[0].Value != "f" {
		t.Errorf("%+v", e)
	}
	if auc := measureOf(e.All, "auc"); auc != 5.5/8 {
		t.Errorf("AUC %g", auc)
	}
	if !reflect.DeepEqual(e.All.Confusion, [][]float64{{3, 1}, {1, 1}}) {
		t.Errorf("confusion %v", e.All.Confusion)
	}
	if m := e.All.Measures[0]; *m.Low > *m.Value || *m.High < *m.Value {
		t.Errorf("interval %g to %g around %g", *m.Low, *m.High, *m.Value)
	}
}

func TestEvaluateClassesAndNumbers(t *testing.T) {
	// The columns stand in another order than the labels.
	e, err := evaluated(t, "y,y_hat_c,y_hat_a,y_hat_b\na,0.1,0.7,0.2\nb,0.5,0.3,0.2\nc,0.8,0.1,0.1\n", nil)
	if err != nil || e.Task != Multiclass || math.Abs(measureOf(e.All, "accuracy")-2./3) > 1e-15 || !reflect.DeepEqual(e.Labels, []string{"c", "a", "b"}) {
		t.Errorf("%+v %v", e, err)
	}
	if want := -(math.Log(0.7) + math.Log(0.2) + math.Log(0.8)) / 3; math.Abs(measureOf(e.All, "log_loss")-want) > 1e-15 {
		t.Errorf("log loss %g, want %g", measureOf(e.All, "log_loss"), want)
	}
	e, err = evaluated(t, "y,y_hat\n1.5,1\n4,2\n4.25,5\n", nil)
	if err != nil || e.Task != Regression || math.Abs(measureOf(e.All, "mae")-(0.5+2+0.75)/3) > 1e-15 {
		t.Errorf("%+v %v", e, err)
	}
	if _, err = evaluated(t, "y,y_hat\n0,0.2\n1,1.2\n", nil); !errors.Is(err, table.ErrData) {
		t.Errorf("a probability beyond 1: %v", err)
	}
}
