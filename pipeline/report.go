package pipeline

import (
	"time"

	"yhat/nn"
)

// Report is what a run tells about itself. It holds no cell's value but for
// the means and bins of at least 20 rows, and the ranges where asked for.
type Report struct {
	Version       string                `json:"version"`
	RunID         string                `json:"run_id"`
	Started       time.Time             `json:"started"`
	Seconds       float64               `json:"seconds"`
	RowsPerSecond float64               `json:"rows_per_second"`
	Model         ReportModel           `json:"model"`
	Inputs        []ReportInput         `json:"inputs"`
	Output        *ReportOutput         `json:"output"`
	Rows          ReportRows            `json:"rows"`
	Reasons       map[string]int64      `json:"reasons"`
	BoundBy       string                `json:"bound_by,omitempty"` // "position" under --features all
	Features      map[string]*Feature   `json:"features"`
	Predictions   map[string]*Predicted `json:"predictions"`
	Explanations  *Explanations         `json:"explanations,omitempty"`
	Kernel        string                `json:"kernel"`
	Workers       int                   `json:"workers"`
	BlockSize     int                   `json:"block_size"`
	Stages        ReportStages          `json:"seconds_by_stage"`
	Error         string                `json:"error,omitempty"`
	ExitCode      int                   `json:"exit_code"`
	// Files and Parts are of a run that makes an output of each input.
	Files *ReportFiles `json:"files,omitempty"`
	Parts []*Report    `json:"parts,omitempty"`

	inputs []*input
	drifts []NamedDrift // of features and predictions, where they were watched
}

// ReportModel says which model it was.
type ReportModel struct {
	Path       string `json:"path"`
	Name       string `json:"name"`
	SHA256     string `json:"sha256"`
	Parameters int    `json:"parameters"`
}

// DescribeModel says which model a job scores with.
func DescribeModel(job *Job) ReportModel {
	return ReportModel{job.About.ModelPath, job.Model.Title(), job.About.ModelSHA256, job.Model.Parameters()}
}

// ReportInput is one input that was read.
type ReportInput struct {
	Path           string `json:"path"`
	Format         string `json:"format"`
	Bytes          int64  `json:"bytes"` // as they lie on disk
	Rows           int64  `json:"rows"`
	DroppedColumns int    `json:"dropped_columns,omitempty"` // columns the first input does not have
}

// ReportOutput is the published output.
type ReportOutput struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// ReportRows counts the data rows.
type ReportRows struct {
	Read     int64 `json:"read"`
	Scored   int64 `json:"scored"`
	Rejected int64 `json:"rejected"`
	Null     int64 `json:"null"`
}

// Feature is what went into one feature of the model. Missing counts cells
// without a value, Filled those of them that the model's fill stood in for.
type Feature struct {
	Column  string   `json:"column"`
	Missing int64    `json:"missing"`
	Filled  int64    `json:"filled"`
	Mean    *float64 `json:"mean"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Drift   *Drift   `json:"drift,omitempty"`
}

// Predicted is what came out of one output of the model.
type Predicted struct {
	Mean      *float64 `json:"mean"`
	Histogram []Bin    `json:"histogram"`
	Min       *float64 `json:"min,omitempty"`
	Max       *float64 `json:"max,omitempty"`
	Drift     *Drift   `json:"drift,omitempty"`
}

// Bin counts the values from From up to, but not with, To.
type Bin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int64   `json:"count"`
}

// ReportStages are seconds of work, summed over the workers.
type ReportStages struct {
	Cut     float64 `json:"cut"`
	Decode  float64 `json:"decode"`
	Bind    float64 `json:"bind"`
	Forward float64 `json:"forward"`
	Explain float64 `json:"explain,omitempty"`
	Encode  float64 `json:"encode"`
	Write   float64 `json:"write"`
}

func newReport(job *Job) *Report {
	boundBy := ""
	if job.Bind.All {
		boundBy = "position"
	}
	return &Report{
		BoundBy: boundBy,
		Version: job.About.Version, RunID: job.About.RunID, Started: time.Now().UTC(),
		Model:   DescribeModel(job),
		Reasons: map[string]int64{}, Features: map[string]*Feature{}, Predictions: map[string]*Predicted{},
		Kernel: job.Kernel.Name(), Workers: job.Workers, BlockSize: job.BlockSize, Inputs: []ReportInput{},
	}
}

func (r *Report) addInput(in *input) { r.inputs = append(r.inputs, in) }

func (r *Report) addStages(s stages) {
	r.Stages.add(ReportStages{s.cut, s.decode, s.bind, s.forward, s.explain, s.encode, s.write})
}

// Clock takes the time since a run began.
func (r *Report) Clock(began time.Time) {
	r.Started, r.Seconds = began.UTC(), time.Since(began).Seconds()
	r.RowsPerSecond = float64(r.Rows.Read) / r.Seconds
}

// finish adds what is known only now.
func (r *Report) finish(job *Job) {
	r.Clock(r.Started)
	for i, in := range r.inputs {
		read := in.read
		if i+1 < len(r.inputs) || r.Rows.Read > 0 && in.info.Size > read && job.Limit == 0 {
			read = max(read, in.info.Size)
		}
		r.Inputs = append(r.Inputs, ReportInput{in.info.Path, string(in.info.Format), read, in.rows, in.binding.dropped})
	}
}

// stats gathers the report's figures of features and predictions, at the
// ordered end, so that sums are made in the order of the rows.
type stats[T nn.Float] struct {
	job      *Job
	scorer   *scorer[T]
	features []featureStats
	outputs  []outputStats
	rows     int64 // rows of all blocks so far
	scored   int64
	skip     []bool
}

// featureStats are one feature's.
type featureStats struct {
	column          string
	missing, filled int64
	values          series
}

// outputStats are one output's.
type outputStats struct {
	values series
	bins   histogram
}

func newStats[T nn.Float](job *Job, s *scorer[T], first *binding) *stats[T] {
	st := &stats[T]{job: job, scorer: s, outputs: make([]outputStats, len(s.columns.predictions))}
	for _, f := range first.features {
		st.features = append(st.features, featureStats{column: f.column})
	}
	return st
}

// add takes in the first rows rows of a block.
func (s *stats[T]) add(t *trip[T], rows int) {
	s.skip = append(s.skip[:0], make([]bool, rows)...)
	for _, b := range t.bad {
		s.skip[b.row] = true
	}
	for f := range s.features {
		s.addFeature(t, f, rows)
	}
	for unit := range s.outputs {
		y := lanesOf(t.values[s.scorer.last()], s.scorer.card.OutputWidth(), unit)
		out := &s.outputs[unit]
		for row := range rows {
			if !s.skip[row] {
				v := float64(y.At(row))
				out.values.add(s.rows+int64(row), v)
				out.bins.add(v)
			}
		}
	}
	s.rows += int64(rows)
	s.scored += int64(rows - len(t.bad))
}

// addFeature takes in one feature's cells: the means are of the rows scored.
func (s *stats[T]) addFeature(t *trip[T], f, rows int) {
	bound, stat := &t.from.binding.features[f], &s.features[f]
	col := &t.rows.Features[bound.slot]
	feature := &s.scorer.card.Features[f]
	refused := map[int32]bool{} // cells that are there, but are no number
	for _, b := range t.rows.Bad {
		if int(b.Slot) == bound.slot {
			refused[b.Row] = true
		}
	}
	for row := range rows {
		v, ok := cell(col, row)
		switch {
		case !ok && len(refused) > 0 && refused[int32(row)]:
		case !ok:
			stat.missing++
			if feature.Fill != nil || feature.HasFillCategory {
				stat.filled++
			}
		case !s.skip[row] && col.Codes == nil:
			if bound.factor != 1 || bound.plus != 0 {
				v = float64(v*bound.factor) + bound.plus
			}
			stat.values.add(s.rows+int64(row), v)
		}
	}
}

// report writes the figures down.
func (s *stats[T]) report(r *Report) {
	for f := range s.features {
		stat := &s.features[f]
		out := &Feature{Column: stat.column, Missing: stat.missing, Filled: stat.filled}
		if !s.scorer.card.Features[f].Categorical() {
			stat.values.tell(s.job.ShowValues, &out.Mean, &out.Min, &out.Max)
		}
		r.Features[s.scorer.card.Features[f].Name] = out
	}
	for i, name := range s.scorer.columns.predictions {
		stat, out := &s.outputs[i], &Predicted{Histogram: []Bin{}}
		stat.values.tell(s.job.ShowValues, &out.Mean, &out.Min, &out.Max)
		if s.scored >= fewest {
			out.Histogram = stat.bins.bins()
		}
		r.Predictions[s.scorer.columns.prefix+name] = out
	}
}
