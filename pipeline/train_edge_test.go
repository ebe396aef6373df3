package pipeline

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestSmallLessons are tables with hardly anything to learn from: each trains,
// to finite numbers, and its rows are all accounted for.
func TestSmallLessons(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		set    func(*TrainJob)
		task   Task
		labels []string
		rows   TrainRows
	}{
		"a class of one row": {many("a", 30, "b", 30, "c", 1), nil, Multiclass, []string{"a", "b", "c"},
			TrainRows{Read: 61, Training: 44, Validation: 10, Test: 7}},
		"one row": {"a,b,y\n1,2,3.5\n", func(j *TrainJob) { j.Task, j.Split = Regression, Split{} }, Regression, nil, TrainRows{Read: 1, Training: 1}},
		"a target that stays the same": {"a,b,y\n1,2,5\n2,1,5\n3,1,5\n", func(j *TrainJob) { j.Task, j.Split = Regression, Split{} }, Regression, nil,
			TrainRows{Read: 3, Training: 3}},
		"rows without a target": {"a,b,y\n1,2,no\n2,1,\n3,1,yes\n4,4,NA\n", func(j *TrainJob) { j.Split = Split{} }, Binary, []string{"no", "yes"},
			TrainRows{Read: 4, NoTarget: 2, Training: 2}},
		"words with names": {"a,b,y\n1,2,n\n3,1,j\n", func(j *TrainJob) {
			j.Split, j.Labels, j.Positive = Split{}, map[string]string{"n": "well", "j": "ill"}, "j"
		}, Binary,
			[]string{"well", "ill"}, TrainRows{Read: 2, Training: 2}},
		"weights for some rows": {"a,b,y,w\n1,2,no,0\n3,1,yes,2\n4,1,no,1\n", func(j *TrainJob) { j.Split, j.WeightColumn = Split{}, "w" }, Binary, []string{"no", "yes"},
			TrainRows{Read: 3, Training: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			job := lesson(t, c.text, 0)
			if c.set != nil {
				c.set(job)
			}
			m, report, err := Train(context.Background(), job)
			if err != nil {
				t.Fatal(err)
			}
			if report.Task != c.task || fmt.Sprint(m.Outputs.Labels) != fmt.Sprint(c.labels) || report.Rows != c.rows {
				t.Errorf("task %s, labels %v, rows %+v; want %s, %v, %+v", report.Task, m.Outputs.Labels, report.Rows, c.task, c.labels, c.rows)
			}
			stages := m.Trace([]float64{0.5, -0.5})
			for _, y := range stages[len(stages)-1].Output {
				if math.IsNaN(y) || math.IsInf(y, 0) {
					t.Errorf("a prediction is %g", y)
				}
			}
		})
	}
}

// many is a table of so many rows of each class.
func many(classes ...any) string {
	var b strings.Builder
	b.WriteString("a,b,y\n")
	for i := 0; i < len(classes); i += 2 {
		for row := range classes[i+1].(int) {
			fmt.Fprintf(&b, "%d,%d,%s\n", row, i-row%3, classes[i])
		}
	}
	return b.String()
}

// TestAConstantTargetIsPredicted: what does not vary is what is said.
func TestAConstantTargetIsPredicted(t *testing.T) {
	job := lesson(t, "a,b,y\n1,2,5\n2,1,5\n3,1,5\n4,7,5\n", 0)
	job.Task, job.Split, job.Fit.Epochs = Regression, Split{}, 300
	m, report, err := Train(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	stages := m.Trace([]float64{0, 0})
	if y := stages[len(stages)-1].Output[0]; math.Abs(y-5) > 0.2 || report.Training == nil {
		t.Errorf("predicts %g", y)
	}
}
