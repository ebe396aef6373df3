package pipeline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
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
