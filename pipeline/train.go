package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/train"
)

// TrainJob is one run of training: which table, what to learn from it, and how.
type TrainJob struct {
	Inputs []string
	Open   func(path string) (table.Source, error)
	Kernel nn.Kernel
	// Workers never change what is learned.
	Workers int
	Bad     Policy // Fail or Reject: rows whose cells cannot be read
	// Room makes memory for the encoded rows, and says whether it is memory
	// that is really on a disk. Nil: Go's own.
	Room func(bytes int) (memory []byte, disk bool, err error)

	Name         string
	Targets      []string
	Features     []string
	Map          map[string]Source     // as in Binding
	Categorical  []string              // features that are words whatever they look like
	Units        map[string]string     // of features, for people
	Bounds       map[string][2]float64 // of features, after Map; outside a row is bad
	Labels       map[string]string     // names for the target's values; nil: as they stand
	WeightColumn string
	Task         Task   // "": by the target
	Positive     string // the label that y_hat is the probability of; "": the last in order
	Profile      bool   // put the profile of the training rows into the model
	Standardize  bool   // center and scale numeric features, and targets where the last layer is linear
	Split        Split

	Hidden       []int
	Activation   nn.Activation
	Output       *nn.Activation // nil: by the task
	Loss         string         // "": by the task
	Fit          Fit
	ClassWeights map[string]float64 // by label; nil: 1 each
	Balanced     bool               // weights that make all classes equally heavy

	Progress func(Progress)             // of reading
	Epoch    func(restart int, e Epoch) // of learning
	Resume   *Resume                    // nil: nothing is kept
	Resumed  func(restart, epochs int)  // says where a run goes on; may be nil
}

// Task is what a network learns.
type Task string

// The tasks.
const (
	Binary     Task = "binary"
	Multiclass Task = "multiclass"
	Regression Task = "regression"
)

// Fit says how a network is trained.
type Fit struct {
	Optimizer string
	Rate      float64
	Schedule  string
	Batch     int // rows a step; 0: all
	Epochs    int
	Patience  int // epochs without a better validation loss; 0: never stop early
	L2        float64
	Dropout   float64
	Seed      uint64
	Restarts  int  // networks to try, with seeds Seed, Seed+1, …
	Separated bool // stop at the first that separates all training rows
	Precision int  // 32 or 64
}

// Train learns a network. Errors are table's kinds.
func Train(ctx context.Context, job *TrainJob) (*nn.Model, *TrainReport, error) {
	s, err := newSurvey(ctx, job)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.model()
	if err != nil {
		return nil, nil, err
	}
	report := newTrainReport(job, s)
	if job.Fit.Precision == 64 || job.Fit.Optimizer == "lbfgs" {
		err = learn[float64](ctx, s, m, report)
	} else {
		err = learn[float32](ctx, s, m, report)
	}
	return m, report, err
}

// learn loads the rows, trains and judges.
func learn[T nn.Float](ctx context.Context, s *survey, m *nn.Model, report *TrainReport) error {
	l, err := load[T](ctx, s, m)
	if err != nil {
		return err
	}
	f := &fit[T]{job: s.job, ctx: ctx, rows: l.rows, parts: l.parts, scattered: l.disk, survey: s}
	started := time.Now()
	best, err := f.restarts(m, report)
	if err != nil {
		return err
	}
	report.Learning = time.Since(started).Seconds()
	m.Layers = train.WithParameters(m.Layers, best)
	if err := f.judge(m, report); err != nil {
		return err
	}
	s.unscale(m)
	if job := s.job; job.Fit.Precision != 64 && job.Fit.Optimizer != "lbfgs" {
		shorten(m.Layers)
	}
	return m.Check()
}

// shorten writes each weight in the fewest digits that give the same float32,
// which is what the network computes with.
func shorten(layers []nn.Layer) {
	for i := range layers {
		for _, list := range [][]float64{layers[i].W, layers[i].B} {
			for j, v := range list {
				list[j], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
			}
		}
	}
}

// model is the network to be trained, with features and outputs as the survey
// found them.
func (s *survey) model() (*nn.Model, error) {
	m := &nn.Model{Name: s.job.Name, Outputs: s.outputs()}
	for i := range s.columns {
		f, err := s.columns[i].feature(s.job.Standardize)
		if err != nil {
			return nil, err
		}
		f.Unit = s.job.Units[f.Name]
		if b, ok := s.job.Bounds[f.Name]; ok {
			f.Min, f.Max = &b[0], &b[1]
		}
		m.Features = append(m.Features, f)
	}
	last := nn.Identity.Default()
	outputs := len(s.job.Targets)
	switch s.task {
	case Binary:
		last = nn.Sigmoid.Default()
	case Multiclass:
		last, outputs = nn.Softmax.Default(), len(s.labels)
	}
	if s.job.Output != nil {
		last = *s.job.Output
	}
	s.scaled = s.task == Regression && s.job.Standardize && last.Func == nn.Identity
	widths := append(append([]int{m.InputWidth()}, s.job.Hidden...), outputs)
	if n := weights(widths); n > mostWeights {
		return nil, fmt.Errorf("%w: a network with %d weights is more than is learned here (%d): fewer units in --hidden", table.ErrUsage, n, mostWeights)
	}
	m.Layers = train.Layers(widths, s.job.Activation, last, s.job.Fit.Seed)
	for i := range m.Layers {
		m.Layers[i].Name = fmt.Sprintf("hidden%d", i+1)
	}
	m.Layers[len(m.Layers)-1].Name = "out"
	return m, nil
}

// mostWeights is where learning, which holds some ten numbers for each weight,
// would take ten GiB.
const mostWeights = 1 << 27

// weights counts the weights between layers of these widths.
func weights(widths []int) int {
	n := 0
	for i, out := range widths[1:] {
		n += widths[i] * out
	}
	return n
}

// outputs names what comes out.
func (s *survey) outputs() nn.Outputs {
	o := nn.Outputs{Names: []string{"y_hat"}}
	switch {
	case s.task == Binary:
		half := 0.5
		o.Labels, o.Threshold = s.renamed(), &half
	case s.task == Multiclass:
		o.Names, o.Labels = nil, s.renamed()
		for _, l := range o.Labels {
			o.Names = append(o.Names, "y_hat_"+l)
		}
	case len(s.job.Targets) > 1:
		o.Names = nil
		for _, t := range s.job.Targets {
			o.Names = append(o.Names, "y_hat_"+t)
		}
	}
	return o
}

// renamed are the labels as the model calls them.
func (s *survey) renamed() []string {
	names := slices.Clone(s.labels)
	for i, l := range names {
		if to, ok := s.job.Labels[l]; ok {
			names[i] = to
		}
	}
	return names
}

// unscale makes a linear last layer give targets in their own units, as far
// as they were centred and scaled for training.
func (s *survey) unscale(m *nn.Model) {
	if !s.scaled {
		return
	}
	l := &m.Layers[len(m.Layers)-1]
	for u := range l.Out {
		center, scale := s.targetCenter[u], s.targetScale[u]
		for k := range l.In {
			l.W[u*l.In+k] *= scale
		}
		l.B[u] = l.B[u]*scale + center
	}
}

// loss is what is minimised.
func (s *survey) loss() (train.Loss, error) {
	switch s.job.Loss {
	case "squared":
		return train.Squared, s.onlyFor("squared", Regression)
	case "huber":
		return train.Huber, s.onlyFor("huber", Regression)
	case "cross_entropy":
		if s.task == Regression {
			return 0, s.onlyFor("cross_entropy", Binary)
		}
	}
	switch s.task {
	case Binary:
		return train.CrossEntropy, nil
	case Multiclass:
		return train.Multiclass, nil
	}
	return train.Squared, nil
}

func (s *survey) onlyFor(loss string, task Task) error {
	if s.task == task {
		return nil
	}
	return fmt.Errorf("%w: the loss %s does not go with the task %s", table.ErrUsage, loss, s.task)
}

// rounded keeps six digits, which say all that a center or a scale can.
func rounded(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	return short
}
