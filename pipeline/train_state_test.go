package pipeline

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"yhat/io/table"
	"yhat/nn"
)

// A run that is stopped after any of its saved states and goes on learns what
// it would have learned undisturbed, whatever the optimiser.
func TestResumedRunsLearnTheSame(t *testing.T) {
	text := circle(700)
	for _, optimizer := range []string{"adam", "adamw", "momentum", "sgd"} {
		learn := func(r *Resume) (*nn.Model, *TrainReport, error) {
			job := lesson(t, text, 0)
			job.Fit.Optimizer, job.Fit.Epochs, job.Fit.Patience, job.Fit.Dropout, job.Fit.Restarts, job.Fit.L2 = optimizer, 5, 3, 0.1, 3, 0.01
			job.Fit.Schedule, job.Resume = "cosine", r
			return Train(context.Background(), job)
		}
		want, wantReport, err := learn(nil)
		if err != nil {
			t.Fatal(err)
		}
		var states [][]byte
		if _, _, err := learn(&Resume{Save: func(s []byte) error { states = append(states, s); return nil }}); err != nil || len(states) < 9 {
			t.Fatal(len(states), err)
		}
		for i, state := range states {
			got, report, err := learn(&Resume{State: state, Save: func([]byte) error { return nil }})
			if err != nil || !reflect.DeepEqual(got.Layers, want.Layers) || len(report.Epochs) != len(wantReport.Epochs) || report.Seed != wantReport.Seed {
				t.Fatalf("%s after state %d: another model, or %v", optimizer, i, err)
			}
		}
	}
}

// A state that was damaged is refused, not learned from.
func TestDamagedStatesAreRefused(t *testing.T) {
	var state []byte
	job := lesson(t, circle(300), 0)
	job.Fit.Epochs = 2
	job.Resume = &Resume{Save: func(s []byte) error { state = s; return nil }}
	if _, _, err := Train(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(string) string{
		"cut":             func(s string) string { return s[:len(s)/2] },
		"doubled":         func(s string) string { return s + s },
		"another key":     func(s string) string { return strings.Replace(s, `"epoch"`, `"epoc"`, 1) },
		"another restart": func(s string) string { return strings.Replace(s, `"restart":0`, `"restart":7`, 1) },
		"a later epoch":   func(s string) string { return strings.Replace(s, `"epoch":2`, `"epoch":3`, 1) },
		"no best epoch": func(s string) string {
			return regexp.MustCompile(`"best_epoch":\d+`).ReplaceAllString(s, `"best_epoch":0`)
		},
		"few parameters": func(s string) string {
			return regexp.MustCompile(`"parameters":"[^"]*"`).ReplaceAllString(s, `"parameters":""`)
		},
		"not a number": func(s string) string { return strings.Replace(s, `"optimizer":"`, `"optimizer":"AAAAAAAA+H8`, 1) },
		"no optimizer": func(s string) string {
			return regexp.MustCompile(`"optimizer":"[^"]*"`).ReplaceAllString(s, `"optimizer":""`)
		},
		"no state, but JSON": func(string) string { return "{}" },
	} {
		job := lesson(t, circle(300), 0)
		job.Fit.Epochs = 2
		job.Resume = &Resume{State: []byte(damage(string(state))), Save: func([]byte) error { return nil }}
		if _, _, err := Train(context.Background(), job); !errors.Is(err, table.ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A state is of its rows: with other weights it is another run's.
func TestStatesOfOtherRowsAreRefused(t *testing.T) {
	const rows = "a,b,y,w\n1,2,0,1\n2,1,1,1\n3,3,0,1\n4,1,1,"
	learn := func(weight string, r *Resume) error {
		job := lesson(t, rows+weight+"\n", 0)
		job.WeightColumn, job.Fit.Epochs, job.Split, job.Resume = "w", 2, Split{}, r
		_, _, err := Train(context.Background(), job)
		return err
	}
	var state []byte
	if err := learn("1", &Resume{Save: func(s []byte) error { state = s; return nil }}); err != nil {
		t.Fatal(err)
	}
	again := &Resume{State: state, Save: func([]byte) error { return nil }}
	if err := learn("1", again); err != nil {
		t.Error(err)
	}
	if err := learn("2", again); !errors.Is(err, table.ErrUsage) || !strings.Contains(err.Error(), "another run") {
		t.Errorf("with another weight: %v", err)
	}
}

// Any bytes are a state that learning goes on from, or are refused.
func FuzzTrainState(f *testing.F) {
	job := func(t testing.TB) *TrainJob {
		job := lesson(t, circle(40), 0)
		job.Fit.Epochs, job.Fit.Restarts, job.Workers = 2, 2, 1
		return job
	}
	first := job(f)
	first.Resume = &Resume{Save: func(s []byte) error { f.Add(s); return nil }}
	if _, _, err := Train(context.Background(), first); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"format":"yhat-training/1","run":"","restart":-1,"epoch":0,"current":{"epochs":null}}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		again := job(t)
		again.Resume = &Resume{State: state, Save: func([]byte) error { return nil }}
		m, _, err := Train(context.Background(), again)
		if err == nil && m == nil || err != nil && !errors.Is(err, table.ErrData) && !errors.Is(err, table.ErrUsage) {
			t.Errorf("%v, and a model: %v", err, m != nil)
		}
	})
}
