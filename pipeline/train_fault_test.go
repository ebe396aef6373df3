package pipeline

import (
	"context"
	"errors"
	"strings"
	"testing"

	"yhat/io/table"
	"yhat/nn"
)

func TestTrainingRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		set  func(*TrainJob)
		kind error
		says string
	}{
		"a bad cell":          {"a,b,y\n1,2,0\n3,4,1\n5,oops,1\n6,7,0\n", nil, table.ErrData, "row 3, line 4, column \"b\""},
		"one class":           {"a,b,y\n1,2,0\n3,4,0\n", nil, table.ErrData, "only one value"},
		"no target":           {"a,b,y\n1,2,\n", nil, table.ErrData, "no row has a target"},
		"a target as feature": {"a,b,y\n1,2,0\n", func(j *TrainJob) { j.Features = []string{"a", "y"} }, table.ErrUsage, "both feature and target"},
		"a missing column":    {"a,bb,y\n1,2,0\n", nil, table.ErrData, "no column \"b\""},
		"loss of another":     {"a,b,y\n1,2,0\n1,3,1\n", func(j *TrainJob) { j.Loss = "huber" }, table.ErrUsage, "does not go with"},
		"a class not there":   {"a,b,y\n1,2,0\n1,3,1\n", func(j *TrainJob) { j.ClassWeights = map[string]float64{"2": 3} }, table.ErrUsage, "no value \"2\""},
		"classes of numbers": {"a,b,y\n1,2,0.5\n1,3,1.5\n", func(j *TrainJob) {
			j.Task, j.ClassWeights = Regression, map[string]float64{"1.5": 3}
		}, table.ErrUsage, "goes with classes"},
		"a unit of words": {"a,b,y\n1,x,0\n1,z,1\n", func(j *TrainJob) { j.Map = map[string]Source{"b": {Column: "b", Factor: 2}} }, table.ErrUsage,
			"--map b: a category has no unit"},
		"no such positive": {"a,b,y\n1,2,0\n1,3,1\n", func(j *TrainJob) { j.Positive = "2" }, table.ErrUsage, "--positive: the target \"y\" has no such value"},
		"weights of nothing": {"a,b,y,w\n1,2,0,0\n1,3,1,0\n2,3,1,0\n", func(j *TrainJob) { j.WeightColumn, j.Split = "w", Split{} }, table.ErrData,
			"column \"w\": none of the 3 rows to learn from has a weight above 0"},
		"a bad weight":      {"a,b,y,w\n1,2,0,1\n1,3,1,-2\n", func(j *TrainJob) { j.WeightColumn = "w" }, table.ErrData, "row 2, line 3, column \"w\""},
		"a label not there": {"a,b,y\n1,2,no\n1,3,yes\n", func(j *TrainJob) { j.Labels = map[string]string{"no": "well", "maybe": "ill"} }, table.ErrUsage, "no value \"maybe\""},
		"an exploding loss": {"a,b,y\n1,2,1e30\n1,3,2\n2,2,-1e35\n", func(j *TrainJob) {
			j.Standardize, j.Task, j.Fit.Optimizer, j.Fit.Rate, j.Split = false, Regression, "sgd", 1e10, Split{}
		}, table.ErrUsage, "no longer finite"},
		"a step too far": {"a,b,y\n1,2,0\n1,3,1\n2,2,0\n2,5,1\n", func(j *TrainJob) {
			j.Fit.Optimizer, j.Fit.Rate, j.Fit.Batch, j.Fit.Epochs, j.Split = "sgd", 1e30, 0, 1, Split{}
			j.Activation, j.Hidden = nn.ReLU.Default(), []int{6, 6}
		}, table.ErrUsage, "prediction is no longer finite"},
		"too many weights": {"a,b,y\n1,2,0\n1,3,1\n", func(j *TrainJob) { j.Hidden = []int{65536, 65536} }, table.ErrUsage, "fewer units in --hidden"},
		"nobody to stop by": {"a,b,y\n1,2,0\n1,3,1\n2,2,0\n", func(j *TrainJob) {
			j.Split = Split{ValidateWhere: []Where{{"a", "7"}, {"b", "7"}}}
		}, table.ErrData, "no row with a target is of --validate-where"},
		"nobody to test with": {"a,b,y\n1,2,0\n1,3,1\n2,2,0\n", func(j *TrainJob) {
			j.Split = Split{TestWhere: []Where{{"a", "7"}}}
		}, table.ErrData, "no row with a target is of --test-where"},
	} {
		t.Run(name, func(t *testing.T) {
			job := lesson(t, c.text, 0)
			if c.set != nil {
				c.set(job)
			}
			_, _, err := Train(context.Background(), job)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "oops") {
				t.Error("the message holds a cell's value")
			}
		})
	}
}

func TestRejectedRowsAreCounted(t *testing.T) {
	job := lesson(t, circle(200)+"x,1,oops,red,yes\n", 0)
	job.Bad = Reject
	_, report, err := Train(context.Background(), job)
	if err != nil || report.Rows.Rejected != 1 || report.Rows.Training+report.Rows.Validation+report.Rows.Test != 200 {
		t.Errorf("%+v %v", report.Rows, err)
	}
}
