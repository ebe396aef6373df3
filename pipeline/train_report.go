package pipeline

import "time"

// TrainReport is what a run of training tells about itself.
type TrainReport struct {
	Version    string      `json:"version"`
	RunID      string      `json:"run_id"`
	Started    time.Time   `json:"started"`
	Seconds    float64     `json:"seconds"`
	Learning   float64     `json:"seconds_learning"` // without reading and writing
	Inputs     []string    `json:"inputs"`
	Rows       TrainRows   `json:"rows"`
	Task       Task        `json:"task"`
	Targets    []string    `json:"targets"`
	Labels     []string    `json:"labels,omitempty"`
	Features   []string    `json:"features"`
	Network    TrainNet    `json:"network"`
	Fit        TrainFit    `json:"fit"`
	Parameters int         `json:"parameters"`
	Seed       uint64      `json:"seed"`  // that made the model
	Tried      int         `json:"tried"` // networks
	Separated  *bool       `json:"separated,omitempty"`
	BestEpoch  int         `json:"best_epoch"`
	Training   *Measures   `json:"training"`
	Validation *Measures   `json:"validation"`
	Test       *Measures   `json:"test"`
	Epochs     []Epoch     `json:"epochs"`
	Output     *TrainModel `json:"output"`
	Kernel     string      `json:"kernel"`
	Workers    int         `json:"workers"`
}

// TrainRows counts the data rows.
type TrainRows struct {
	Read       int64 `json:"read"`
	NoTarget   int64 `json:"without_target"`
	Rejected   int64 `json:"rejected"`
	Training   int64 `json:"training"`
	Validation int64 `json:"validation"`
	Test       int64 `json:"test"`
}

// TrainNet is the shape of the network.
type TrainNet struct {
	Hidden     []int  `json:"hidden"`
	Activation string `json:"activation"`
	Loss       string `json:"loss"`
}

// TrainFit are the choices of the run.
type TrainFit struct {
	Optimizer string  `json:"optimizer"`
	Rate      float64 `json:"learning_rate"`
	Schedule  string  `json:"schedule"`
	Batch     int     `json:"batch"`
	Epochs    int     `json:"epochs"`
	Patience  int     `json:"patience"`
	L2        float64 `json:"l2"`
	Dropout   float64 `json:"dropout"`
	Restarts  int     `json:"restarts"`
	Precision int     `json:"precision"`
}

// TrainModel is the model that was written.
type TrainModel struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

func newTrainReport(job *TrainJob, s *survey) *TrainReport {
	o := job.Fit
	r := &TrainReport{
		Inputs: job.Inputs, Task: s.task, Targets: job.Targets, Labels: s.labels, Features: job.Features,
		Rows:    TrainRows{Read: s.read, NoTarget: s.noTarget, Rejected: s.bad},
		Network: TrainNet{Hidden: job.Hidden, Activation: job.Activation.Func.String()},
		Fit: TrainFit{Optimizer: o.Optimizer, Rate: o.Rate, Schedule: o.Schedule, Batch: o.Batch, Epochs: o.Epochs,
			Patience: o.Patience, L2: o.L2, Dropout: o.Dropout, Restarts: o.Restarts, Precision: o.Precision},
		Kernel: job.Kernel.Name(), Workers: job.Workers,
	}
	if loss, err := s.loss(); err == nil {
		r.Network.Loss = loss.String()
	}
	if r.Network.Hidden == nil {
		r.Network.Hidden = []int{}
	}
	counts := [...]*int64{&r.Rows.Training, &r.Rows.Validation, &r.Rows.Test}
	s.eachUsed(func(_ int, part uint8) { *counts[part]++ })
	return r
}

// found tells of the network that was kept.
func (r *TrainReport) found(a *attempt) {
	r.Seed, r.BestEpoch, r.Epochs = a.seed, a.best, a.epochs
	if a.separated {
		r.Separated = &a.separated
	}
}
