package pipeline

import (
	"context"
	"fmt"

	"yhat/io/table"
	"yhat/nn"
)

// Plan is what a job would do, and what it would meet in its first rows. It
// holds counts and names, no cell's value.
type Plan struct {
	Model    ReportModel      `json:"model"`
	Inputs   []string         `json:"inputs"`
	Format   string           `json:"input_format"` // of the first
	Rows     int64            `json:"rows_looked_at"`
	All      bool             `json:"all_rows"` // those are all there are
	Features []PlannedFeature `json:"features"`
	Columns  []PlannedColumn  `json:"columns"`
	BadRows  int64            `json:"bad_rows"`
	Reasons  map[string]int64 `json:"reasons"`

	Kernel    string `json:"kernel"`
	Precision int    `json:"precision"`
	Workers   int    `json:"workers"`
	BlockSize int    `json:"block_size"`
}

// PlannedFeature says which column a feature is read from, and how.
type PlannedFeature struct {
	Name   string  `json:"name"`
	Column string  `json:"column"`
	Factor float64 `json:"factor"`
	Plus   float64 `json:"plus"`
	Type   string  `json:"type"`    // of the column
	ReadAs string  `json:"read_as"` // number or category
	// Shares of the rows looked at whose cell is empty or can be read.
	Missing *float64 `json:"missing_rate"`
	Unknown *float64 `json:"unknown_rate,omitempty"`
}

// PlannedColumn is a column of the output.
type PlannedColumn struct {
	Name     string `json:"name"`
	Computed bool   `json:"computed"`
	Type     string `json:"type"`
}

// PlannedRows is how many rows a plan looks at, where the job has no limit.
const PlannedRows = 100_000

// MakePlan does what the job would do with its first rows, into the sink that
// it creates, which is to write nowhere. No bad row stops it. Rows go through
// the network as well, since what it cannot score is a bad row too.
func MakePlan(ctx context.Context, job *Job) (*Plan, error) {
	j := *job
	if j.Limit == 0 {
		j.Limit = PlannedRows
	}
	if j.Bad = (BadRows{Policy: job.Bad.Policy, Max: -1, MaxPercent: 100}); j.Bad.Policy == Fail {
		j.Bad.Policy = Reject
	}
	all := 1.0
	j.Watch = &Watch{MaxMissing: Limits{All: &all}} // count, and judge nothing
	j.Stats = false
	p := &Plan{Inputs: j.Inputs, Reasons: map[string]int64{}, Kernel: j.Kernel.Name(), Precision: j.Precision, Workers: j.Workers, BlockSize: j.BlockSize}
	j.plan = p
	report, err := Run(ctx, &j)
	if err != nil {
		return nil, err
	}
	p.Model, p.Rows, p.Reasons = report.Model, report.Rows.Read, report.Reasons
	p.BadRows = report.Rows.Rejected + report.Rows.Null
	p.All = p.Rows < j.Limit
	return p, nil
}

// bound notes how the first input is bound.
func (p *Plan) bound(card *nn.Card, b *binding, info table.Info, layout table.Layout) {
	p.Format = string(info.Format)
	for i, f := range b.features {
		column := b.fields[b.request.Features[f.slot].Column]
		planned := PlannedFeature{Name: card.Features[i].Name, Column: f.column, Factor: f.factor, Plus: f.plus, ReadAs: "number", Type: "text"}
		if card.Features[i].Categorical() {
			planned.ReadAs = "category"
		}
		if column.Type != nil {
			planned.Type = column.Type.String()
		}
		p.Features = append(p.Features, planned)
	}
	for _, f := range layout.Kept {
		p.Columns = append(p.Columns, PlannedColumn{f.Name, false, typeName(f)})
	}
	for _, f := range layout.Made {
		p.Columns = append(p.Columns, PlannedColumn{f.Name, true, typeName(f)})
	}
}

// typeName is the type of a column of the output.
func typeName(f table.Field) string {
	if f.Type == nil {
		return "as written"
	}
	return f.Type.String()
}

// counted notes what the cells of the features were like.
func (p *Plan) counted(w *watcher, tally []int64) {
	for i := range p.Features {
		f := &w.features[i]
		counts := tally[f.at:][:f.size()]
		rows := sumOf(counts)
		if rows == 0 {
			continue
		}
		missing, unknown := float64(counts[0])/float64(rows), float64(counts[1])/float64(rows)
		p.Features[i].Missing = &missing
		if f.categories > 0 {
			p.Features[i].Unknown = &unknown
		}
	}
}

// From is where a feature comes from, in the words of --map: pounds × 0.45 + 1.
func (f *PlannedFeature) From() string {
	text := f.Column
	if f.Factor != 1 {
		text += fmt.Sprintf(" × %g", f.Factor)
	}
	if f.Plus != 0 {
		text += fmt.Sprintf(" %s %g", map[bool]string{true: "-", false: "+"}[f.Plus < 0], max(f.Plus, -f.Plus))
	}
	return text
}
