package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yhat/io/table"
	"yhat/nn"
)

// lesson is a job of training over a table given as text.
func lesson(t testing.TB, text string, blockSize int) *TrainJob {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lesson.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := nn.ChooseKernel("")
	if err != nil {
		t.Fatal(err)
	}
	return &TrainJob{
		Inputs: []string{path}, Workers: 2, Kernel: k, Bad: Fail, Standardize: true,
		Open: func(p string) (table.Source, error) {
			return table.Open(p, table.ReadOptions{BlockSize: blockSize})
		},
		Targets: []string{"y"}, Features: []string{"a", "b"}, Hidden: []int{6}, Activation: nn.Tanh.Default(),
		Fit:   Fit{Optimizer: "adam", Rate: 0.02, Schedule: "constant", Batch: 64, Epochs: 30, Patience: 10, Seed: 3, Restarts: 1, Precision: 32},
		Split: Split{Validate: 0.2, Test: 0.1, Seed: 3},
	}
}

// circle is a table whose y is yes within a circle: no line tells it.
func circle(rows int) string {
	r := rand.New(rand.NewPCG(5, 5))
	var b strings.Builder
	b.WriteString("id,a,b,kind,y\n")
	for i := range rows {
		x, y, word := 4*r.Float64()-2, 4*r.Float64()-2, "no"
		if x*x+y*y < 2 {
			word = "yes"
		}
		fmt.Fprintf(&b, "%d,%.4f,%.4f,%s,%s\n", i, x, y, []string{"red", "green"}[i%2], word)
	}
	return b.String()
}

func TestALearnedCircle(t *testing.T) {
	m, report, err := Train(context.Background(), lesson(t, circle(1500), 0))
	if err != nil {
		t.Fatal(err)
	}
	if report.Task != Binary || !reflect.DeepEqual(m.Outputs.Labels, []string{"no", "yes"}) || *m.Outputs.Threshold != 0.5 {
		t.Errorf("task %s, outputs %+v", report.Task, m.Outputs)
	}
	if report.Test == nil || *report.Test.AUC < 0.98 {
		t.Errorf("test measures %+v", report.Test)
	}
	for _, x := range [][2]float64{{0, 0.1}, {1.8, 1.8}} {
		in := []float64{(x[0] - m.Features[0].Center) / m.Features[0].Scale, (x[1] - m.Features[1].Center) / m.Features[1].Scale}
		y := m.Trace(in)[1].Output[0]
		if inside := x[0] < 1; inside != (y > 0.5) {
			t.Errorf("at %v the prediction is %g", x, y)
		}
	}
}

// What is learned does not depend on workers, blocks, memory's maker or the
// instruction set.
func TestTheSameSeedGivesTheSameModel(t *testing.T) {
	text := circle(900)
	learn := func(workers, block int, kernel string, optimizer string) *nn.Model {
		job := lesson(t, text, block)
		job.Workers, job.Fit.Epochs, job.Fit.Dropout, job.Fit.Optimizer, job.Fit.Batch = workers, 4, 0.2, optimizer, 600
		job.Features = []string{"a", "b", "kind"}
		if kernel != "" {
			var err error
			if job.Kernel, err = nn.ChooseKernel(kernel); err != nil {
				t.Skip(err)
			}
		}
		job.Room = func(bytes int) ([]byte, bool, error) { return make([]byte, bytes+8), false, nil }
		m, _, err := Train(context.Background(), job)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, optimizer := range []string{"adam", "lbfgs"} {
		want := learn(1, 0, "", optimizer)
		for _, other := range []*nn.Model{learn(2, 0, "", optimizer), learn(5, 700, "", optimizer)} {
			if !reflect.DeepEqual(other.Layers, want.Layers) || !reflect.DeepEqual(other.Features, want.Features) {
				t.Errorf("%s: other workers or blocks learn another model", optimizer)
			}
		}
	}
	if k := nn.Kernels(); len(k) == 3 && !reflect.DeepEqual(learn(1, 0, k[0], "adam").Layers, learn(1, 0, k[1], "adam").Layers) {
		t.Errorf("%s and %s learn different models", k[0], k[1])
	}
}

// Workers that share the shards of a wide network learn what one learns, and
// tell the same losses.
func TestSharedShardsGiveTheSameModel(t *testing.T) {
	text := circle(500)
	for _, optimizer := range []string{"adam", "momentum", "lbfgs"} {
		var layers []nn.Layer
		var epochs []Epoch
		for _, workers := range []int{1, 2, 7} {
			job := lesson(t, text, 0)
			job.Workers, job.Fit.Epochs, job.Fit.Dropout, job.Fit.Optimizer, job.Fit.Batch, job.Fit.L2 = workers, 2, 0.2, optimizer, 300, 0.01
			job.Hidden, job.Activation = []int{201, 50}, nn.SiLU.Default()
			m, report, err := Train(context.Background(), job)
			if err != nil {
				t.Fatal(err)
			}
			for i := range report.Epochs {
				report.Epochs[i].Left = 0
			}
			if layers == nil {
				layers, epochs = m.Layers, report.Epochs
			}
			if !reflect.DeepEqual(m.Layers, layers) || !reflect.DeepEqual(report.Epochs, epochs) {
				t.Errorf("%s: %d workers learn another model than one", optimizer, workers)
			}
		}
	}
}

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

// Each epoch takes the rows in an order of its own; of rows that lie on a disk
// each window holds runs of neighbours.
func TestEveryEpochHasItsOrder(t *testing.T) {
	const n = 3*nearRows*nearRuns/2 + 7
	for _, scattered := range []bool{false, true} {
		f := fit[float32]{scattered: scattered}
		f.parts[partTrain] = make([]int32, n)
		for i := range f.parts[partTrain] {
			f.parts[partTrain][i] = int32(i)
		}
		first, again, second := make([]int32, n), make([]int32, n), make([]int32, n)
		f.shuffle(first, 1, 0)
		f.shuffle(again, 1, 0)
		f.shuffle(second, 1, 1)
		if !slices.Equal(first, again) || slices.Equal(first, second) {
			t.Errorf("scattered %v: the order is not the epoch's", scattered)
		}
		near, runs := 0, map[int32]bool{}
		for i, row := range first {
			if i > 0 && (row-first[i-1] == 1) {
				near++
			}
			if i < nearRows*nearRuns {
				runs[row/nearRows] = true
			}
		}
		if near > n/100 || scattered != (len(runs) <= nearRuns+1) {
			t.Errorf("scattered %v: %d rows follow their neighbour; the first window has rows of %d runs", scattered, near, len(runs))
		}
		if slices.Sort(first); !slices.Equal(first, f.parts[partTrain]) {
			t.Errorf("scattered %v: a row is lost", scattered)
		}
	}
}

// The loss that an epoch tells is that of the rows, by the network as it was: of
// one batch the next epoch tells what the model's own predictions give.
func TestToldLossesAreThoseOfTheModel(t *testing.T) {
	for _, classes := range []string{"u v w u v w u", "no yes no no yes yes yes"} {
		labels := strings.Fields(classes)
		rows := [][2]float64{{0.5, 2}, {1, -1}, {-2, 0}, {0, 1}, {3, 1}, {2, 2}, {1, 1}}
		text := "a,b,y\n"
		for i, row := range rows {
			text += fmt.Sprintf("%g,%g,%s\n", row[0], row[1], labels[i])
		}
		learn := func(epochs int) (*nn.Model, *TrainReport) {
			job := lesson(t, text, 0)
			job.Fit.Optimizer, job.Fit.Batch, job.Fit.Epochs, job.Split = "sgd", 0, epochs, Split{}
			m, report, err := Train(context.Background(), job)
			if err != nil {
				t.Fatal(err)
			}
			return m, report
		}
		m, report := learn(3)
		_, longer := learn(4)
		sum, right := 0.0, 0.0
		for i, row := range rows {
			y := m.Trace([]float64{(row[0] - m.Features[0].Center) / m.Features[0].Scale, (row[1] - m.Features[1].Center) / m.Features[1].Scale})[1].Output
			if len(y) == 1 {
				y = []float64{1 - y[0], y[0]}
			}
			own := y[slices.Index(m.Outputs.Labels, labels[i])]
			sum -= math.Log(own)
			if own == slices.Max(y) {
				right++
			}
		}
		n := float64(len(rows))
		got, want := *report.Training, sum/n
		for name, loss := range map[string]float64{"log loss": *got.LogLoss, "loss": *got.Loss, "next epoch": longer.Epochs[3].Loss} {
			if math.Abs(loss-want) > 1e-6 {
				t.Errorf("%s: %s %g, want %g", classes, name, loss, want)
			}
		}
		if *got.Accuracy != right/n || (got.ECE != nil) != (len(m.Outputs.Labels) == 2) {
			t.Errorf("%s: accuracy %g, %g of %g are right", classes, *got.Accuracy, right, n)
		}
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

// Fill, center, scale and categories come from the training rows alone.
func TestFeaturesAreLearnedFromTrainingRows(t *testing.T) {
	text := "a,b,part,y\n1,x,train,0\n2,y,train,1\n3,y,train,0\n,,train,1\n100,z,check,1\n200,z,judge,0\n5,x,train,\n"
	job := lesson(t, text, 0)
	job.Split = Split{ValidateWhere: []Where{{"part", "check"}}, TestWhere: []Where{{"part", "judge"}}}
	job.Fit.Epochs = 1
	m, report, err := Train(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	a, b := m.Features[0], m.Features[1]
	if *a.Fill != 2 || a.Center != 2 || a.Scale != 0.816497 {
		t.Errorf("a: fill %g, center %g, scale %g", *a.Fill, a.Center, a.Scale)
	}
	if !reflect.DeepEqual(b.Categories, []string{"x", "y"}) || b.FillCategory != "y" || !b.HasFillCategory || !b.UnknownZeros {
		t.Errorf("b: %+v", b)
	}
	if got, want := report.Rows, (TrainRows{Read: 7, NoTarget: 1, Training: 4, Validation: 1, Test: 1}); got != want {
		t.Errorf("rows %+v, want %+v", got, want)
	}
}

// A regression with a linear end is trained on scaled targets; the model gives
// them in their own units.
func TestALearnedLine(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,y\n")
	r := rand.New(rand.NewPCG(1, 1))
	for range 600 {
		x, z := r.NormFloat64(), 10*r.NormFloat64()
		fmt.Fprintf(&b, "%g,%g,%g\n", x, z, 1000+50*x-7*z)
	}
	job := lesson(t, b.String(), 0)
	job.Hidden, job.Fit.Optimizer, job.Fit.L2 = nil, "lbfgs", 0
	m, report, err := Train(context.Background(), job)
	if err != nil || report.Task != Regression {
		t.Fatal(report, err)
	}
	if n := report.Rows.Validation; n != 120 || job.Split.Draw != Random {
		t.Errorf("%d rows validate, drawn %s", n, job.Split.Draw)
	}
	in := []float64{(1 - m.Features[0].Center) / m.Features[0].Scale, (2 - m.Features[1].Center) / m.Features[1].Scale}
	if got := m.Trace(in)[0].Output[0]; math.Abs(got-1036) > 0.01 {
		t.Errorf("at (1, 2): %g, want 1036", got)
	}
	if *report.Test.RMSE > 0.05 {
		t.Errorf("RMSE %g", *report.Test.RMSE)
	}
}

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

// In each twenty rows of a class the shares are exact.
func TestSharesAreExact(t *testing.T) {
	s := sharer{split: &Split{Validate: 0.15, Test: 0.1, Seed: 9}}
	var counts [3]int
	for i := range 400 {
		counts[s.next()]++
		if n := i + 1; n%urn == 0 && (counts[partValidate] != int(0.15*float64(n)+0.5) || counts[partTest] != n/10) {
			t.Fatalf("after %d rows: %v", n, counts)
		}
	}
}

// A class that has any row has one to learn from, whatever chance says; the
// shares stay exact.
func TestEveryClassIsLearned(t *testing.T) {
	others := 0
	for seed := range uint64(200) {
		for class := range uint64(3) {
			s := sharer{split: &Split{Validate: 0.3, Test: 0.2, Seed: seed, Draw: Stratified}, class: class}
			var counts [3]int
			for i := range urn {
				if part := s.next(); i == 0 && part != partTrain {
					t.Fatalf("seed %d, class %d: its first row is of part %d", seed, class, part)
				} else {
					counts[part]++
				}
			}
			if counts != [3]int{10, 6, 4} {
				t.Fatalf("seed %d, class %d: %v of %d rows", seed, class, counts, urn)
			}
			if (&sharer{split: &Split{Validate: 0.3, Test: 0.2, Seed: seed}, class: class}).next() != partTrain {
				others++ // a random split keeps to chance
			}
		}
	}
	if others < 200 || others > 400 {
		t.Errorf("%d of 600 first rows of random splits do not train", others)
	}
}

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

func TestReadPoints(t *testing.T) {
	fill := 7.0
	m := &nn.Model{Features: []nn.Feature{{Name: "a", Center: 1, Scale: 2}, {Name: "b", Scale: 1, Fill: &fill}, {Name: "c", Categories: []string{"u", "v"}}}}
	text := "b,a,c,kind\n1,3,u,x\n,5,v,y\n2,,u,x\n2,1,w,x\n4,1,v,\n1,1,u,y\n"
	path := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := ReadPoints(context.Background(), &PointsJob{Inputs: []string{path}, Workers: 1, Model: m, Label: "kind", Limit: 10,
		Open: func(p string) (table.Source, error) { return table.Open(p, table.ReadOptions{}) }})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{1, 1, 1, 0}, {2, 7, 0, 1}, {0, 1, 1, 0}}
	if !reflect.DeepEqual(p.X, want) || !reflect.DeepEqual(p.Class, []int{0, 1, 1}) || p.LeftOut != 3 {
		t.Errorf("%+v", p)
	}
}

func TestActivationColumns(t *testing.T) {
	got := ActivationColumns([]string{"id", "a1_0", "a2_0", "a1_1", "a4_0"})
	if !reflect.DeepEqual(got, [][]string{{"a1_0", "a1_1"}, {"a2_0"}}) {
		t.Errorf("%v", got)
	}
}
