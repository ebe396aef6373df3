package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline/flow"
)

// PointsJob reads rows of a table as points of a picture.
type PointsJob struct {
	Inputs  []string
	Open    func(path string) (table.Source, error)
	Workers int
	// Model says which features are read and how they are encoded; nil: the
	// numbers of Columns are read as they are.
	Model   *nn.Model
	Kernel  nn.Kernel
	Map     map[string]Source
	Columns []string
	Label   string // a column whose values are the points' classes; "": none
	Limit   int    // points at most
}

// Points are rows as numbers, with their classes.
type Points struct {
	X       [][]float64
	Class   []int // nil without a label
	Classes []string
	LeftOut int // rows that have no such numbers
}

// ReadPoints reads the first rows of a table. Rows with a bad or missing cell
// (that no fill stands in for) are left out.
func ReadPoints(ctx context.Context, job *PointsJob) (*Points, error) {
	r := &pointReader{job: job, classes: newTargetLearned(), got: &Points{}}
	sc := &scan{ctx: ctx, inputs: job.Inputs, open: job.Open, workers: job.Workers, take: r.take}
	if job.Model != nil {
		r.encoder = nn.NewEncoder[float64](job.Model, job.Kernel)
		for i := range job.Model.Features {
			r.feature(sc, &job.Model.Features[i])
		}
	} else {
		for _, c := range job.Columns {
			sc.columns = append(sc.columns, wanted{column: c, number: true, computed: true})
		}
	}
	r.labelAt = len(sc.columns)
	if job.Label != "" {
		sc.columns = append(sc.columns, wanted{column: job.Label, text: true})
	}
	if err := sc.run(); err != nil {
		return nil, err
	}
	return r.got, r.order()
}

type pointReader struct {
	job     *PointsJob
	encoder *nn.Encoder[float64]
	units   []Source
	labelAt int
	classes *targetLearned
	got     *Points
}

// feature asks for a model's feature.
func (r *pointReader) feature(sc *scan, f *nn.Feature) {
	from, ok := r.job.Map[f.Name]
	if !ok {
		from = Source{Column: f.Name, Factor: 1}
	}
	r.units = append(r.units, from)
	w := wanted{column: from.Column, number: true}
	if f.Categorical() {
		w.number, w.dict = false, table.NewDictionary(f.Categories)
	}
	sc.columns = append(sc.columns, w)
}

// take gathers the points of a block.
func (r *pointReader) take(b *scanned) error {
	bad := map[int]bool{}
	for _, f := range b.rows.Bad {
		bad[int(f.Row)] = true
	}
	x, width := r.numbers(b, bad)
	for row := range b.rows.N {
		if len(r.got.X) == r.job.Limit {
			return flow.ErrStop
		}
		if bad[row] {
			r.got.LeftOut++
			continue
		}
		if r.job.Label != "" {
			text, _ := b.text(r.labelAt, row)
			if text = strings.TrimSpace(text); text == "" {
				r.got.LeftOut++
				continue
			}
			value, err := strconv.ParseFloat(text, 64)
			r.classes.take(text, value, err == nil)
			if r.classes.tooMany {
				return fmt.Errorf("%w: column %s has more than %d different values: these are no classes", table.ErrData, quote(r.job.Label), maxClasses)
			}
		}
		r.got.X = append(r.got.X, slices.Clone(x[row*width:(row+1)*width]))
	}
	return nil
}

// numbers are the block's rows, row by row; rows without a number become bad.
func (r *pointReader) numbers(b *scanned, bad map[int]bool) (x []float64, width int) {
	if r.encoder != nil {
		return r.encode(b, bad)
	}
	width = len(r.job.Columns)
	x = make([]float64, b.rows.N*width)
	for i := range width {
		for row := range b.rows.N {
			v, ok := cell(b.number(i), row)
			x[row*width+i], bad[row] = v, bad[row] || !ok
		}
	}
	return x, width
}

// encode makes the model's inputs of the block's rows.
func (r *pointReader) encode(b *scanned, bad map[int]bool) (x []float64, width int) {
	width = r.encoder.Width()
	panels, faults := make([]float64, nn.Panels(b.rows.N)*width*nn.Lanes), nn.NewFaults(b.rows.N)
	for i := range r.job.Model.Features {
		f, col := &r.job.Model.Features[i], b.number(i)
		if f.Categorical() {
			r.encoder.Codes(i, panels, col.Codes, b.rows.N, faults)
		} else {
			v := nn.Numbers{F64: col.F64, F32: col.F32, Valid: col.Valid, Factor: r.units[i].Factor, Plus: r.units[i].Plus}
			r.encoder.Numbers(i, panels, v, b.rows.N, faults)
		}
		for row := range b.rows.N {
			p, bit := row/nn.Lanes, uint32(1)<<(row%nn.Lanes)
			wrong := faults.NotANumber[p] | faults.OutOfRange[p]
			if f.Fill == nil && !f.HasFillCategory {
				wrong |= faults.Missing[p]
			}
			if !f.UnknownZeros {
				wrong |= faults.Unknown[p]
			}
			bad[row] = bad[row] || wrong&bit != 0
		}
	}
	x = make([]float64, b.rows.N*width)
	for row := range b.rows.N {
		for k := range width {
			x[row*width+k] = panels[(row/nn.Lanes*width+k)*nn.Lanes+row%nn.Lanes]
		}
	}
	return x, width
}

// order gives the classes the order of a target's.
func (r *pointReader) order() error {
	if r.job.Label == "" || len(r.classes.seen) == 0 {
		return nil
	}
	r.got.Classes = []string{r.classes.words[0]}
	if len(r.classes.words) > 1 {
		var err error
		if r.got.Classes, err = r.classes.labels(r.job.Label, ""); err != nil {
			return err
		}
	}
	for _, c := range r.classes.seen {
		r.got.Class = append(r.got.Class, int(c))
	}
	return nil
}

// ActivationColumns finds among a table's columns those that score writes for
// layers: for each layer, in order, the columns of its units.
func ActivationColumns(names []string) [][]string {
	var layers [][]string
	for {
		var units []string
		for slices.Contains(names, fmt.Sprintf("a%d_%d", len(layers)+1, len(units))) {
			units = append(units, fmt.Sprintf("a%d_%d", len(layers)+1, len(units)))
		}
		if len(units) == 0 {
			return layers
		}
		layers = append(layers, units)
	}
}
