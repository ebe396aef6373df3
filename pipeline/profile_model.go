package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"

	"yhat/io/table"
	"yhat/nn"
)

// MakeProfile reads the job's inputs as scoring would and makes the profiles of
// the model's features, after --map, and of its predictions. Bad rows are
// counted in the report; their readable cells are in the profiles of features.
func MakeProfile(ctx context.Context, job *Job) (*nn.Profiles, *Report, error) {
	j := *job
	j.Columns = Columns{}
	j.Bad = BadRows{Policy: Reject, Max: -1, MaxPercent: 100}
	j.Raw = func(table.Format) bool { return false }
	j.Create = func(table.Layout, table.Source) (table.Sink, error) { return nowhere{}, nil }
	j.profiling = &profiling{}
	report, err := Run(ctx, &j)
	if err != nil {
		return nil, report, err
	}
	if report.Rows.Read < fewest {
		return nil, report, fmt.Errorf("%w: a profile wants at least %d rows, of fewer it is nearly somebody's cells", table.ErrData, fewest)
	}
	return j.profiling.profiles(report.Rows.Read), report, nil
}

// nowhere is a sink for runs that look and write nothing.
type nowhere struct{}

func (nowhere) Encode(p *table.Part, rows *table.Rows, _ []table.Computed, _ []bool) error {
	p.Rows = rows.N
	if p.Mark {
		p.Ends = slices.Grow(p.Ends[:0], rows.N)[:rows.N]
	}
	return nil
}
func (nowhere) Write(*table.Part) error { return nil }
func (nowhere) Close() error            { return nil }

// profiling gathers the profiles of a walk, worker by worker; what they are
// made of does not depend on who saw which rows.
type profiling struct {
	card    *nn.Card // of the network, once it is ready
	workers []*modelCounts
}

// modelCounts is what one worker has seen of a model's features and outputs.
type modelCounts struct {
	numbers  []sketch // of each feature that is a number, else unused
	codes    [][]int64
	unknown  []int64
	missing  []int64
	outputs  []sketch
	badCells map[int32]bool
	badRows  []bool
}

// worker makes the counts of one more worker.
func (p *profiling) worker() *modelCounts {
	n := len(p.card.Features)
	c := &modelCounts{numbers: make([]sketch, n), codes: make([][]int64, n), unknown: make([]int64, n), missing: make([]int64, n),
		outputs: make([]sketch, p.card.OutputWidth()), badCells: map[int32]bool{}}
	for f := range p.card.Features {
		c.codes[f] = make([]int64, len(p.card.Features[f].Categories))
	}
	p.workers = append(p.workers, c)
	return c
}

// profileBlock takes in a block that has been scored.
func (s *scorer[T]) profileBlock(c *modelCounts, t *trip[T]) {
	for f := range s.card.Features {
		bound := &t.from.binding.features[f]
		col := &t.rows.Features[bound.slot]
		clear(c.badCells)
		for _, b := range t.rows.Bad {
			if int(b.Slot) == bound.slot {
				c.badCells[b.Row] = true
			}
		}
		for row := range t.rows.N {
			v, ok := cell(col, row)
			switch {
			case ok && col.Codes != nil && col.Codes[row] >= 0:
				c.codes[f][col.Codes[row]]++
			case ok && col.Codes != nil:
				c.unknown[f]++
			case ok:
				if v = float64(v*bound.factor) + bound.plus; !math.IsInf(v, 0) {
					c.numbers[f].add(v)
				}
			case !c.badCells[int32(row)]:
				c.missing[f]++
			}
		}
	}
	s.profileOutputs(c, t)
}

// profileOutputs takes in the predictions of the rows that have one.
func (s *scorer[T]) profileOutputs(c *modelCounts, t *trip[T]) {
	c.badRows = append(c.badRows[:0], make([]bool, t.rows.N)...)
	for _, b := range t.bad {
		c.badRows[b.row] = true
	}
	for unit := range c.outputs {
		y := lanesOf(t.values[s.last()], s.card.OutputWidth(), unit)
		for row := range t.rows.N {
			if !c.badRows[row] {
				c.outputs[unit].add(float64(y.At(row)))
			}
		}
	}
}

// merge adds what another worker has seen.
func (c *modelCounts) merge(o *modelCounts) {
	for f := range c.numbers {
		c.numbers[f].merge(&o.numbers[f])
		c.missing[f] += o.missing[f]
		c.unknown[f] += o.unknown[f]
		for i, n := range o.codes[f] {
			c.codes[f][i] += n
		}
	}
	for i := range c.outputs {
		c.outputs[i].merge(&o.outputs[i])
	}
}

// profiles are those of all workers together.
func (p *profiling) profiles(rows int64) *nn.Profiles {
	all := p.workers[0]
	for _, w := range p.workers[1:] {
		all.merge(w)
	}
	out := &nn.Profiles{Rows: rows, Outputs: []nn.NamedProfile{}}
	for f := range p.card.Features {
		feature := &p.card.Features[f]
		made := all.numbers[f].profile(all.missing[f])
		if feature.Categorical() {
			made = categoryProfile(feature.Categories, all.codes[f], all.missing[f], all.unknown[f])
		}
		out.Features = append(out.Features, nn.NamedProfile{Name: feature.Name, Profile: made})
	}
	for i, name := range PredictionNames(p.card) {
		out.Outputs = append(out.Outputs, nn.NamedProfile{Name: name, Profile: all.outputs[i].profile(0)})
	}
	return out
}

// categoryProfile is a profile of counted categories: those of few rows count
// with the unknown ones.
func categoryProfile(categories []string, counts []int64, missing, unknown int64) nn.Profile {
	words := newWordCounts()
	words.total = unknown
	for i, n := range counts {
		words.total += n
		words.counts[categories[i]] = n
	}
	return words.profile(missing)
}

// GiveProfile puts profiles into a model, by name. Profiles of columns that are
// no feature are left out. Errors are table's kinds.
func GiveProfile(m *nn.Model, p *nn.Profiles) error {
	card, err := withProfiles(m.Card(), p)
	if err == nil {
		m.Features, m.Outputs = card.Features, card.Outputs
	}
	return err
}

// withProfiles is a card with profiles in the place of those it has.
func withProfiles(card *nn.Card, p *nn.Profiles) (*nn.Card, error) {
	c := *card
	c.Features, c.Outputs.Profiles = slices.Clone(card.Features), nil
	given := 0
	for i := range c.Features {
		f := &c.Features[i]
		f.Profile = nil
		of, ok := named(p.Features, f.Name)
		if !ok {
			continue
		}
		if of.Categorical != f.Categorical() {
			return nil, fmt.Errorf("%w: the profile of %s is of %s, the model's feature is one of %s; make it with inspect --profile -m MODEL",
				table.ErrData, quote(f.Name), profileKind(of.Categorical), profileKind(f.Categorical()))
		}
		if f.Categorical() {
			of = ofCategories(of, f.Categories)
		}
		f.Profile = &of
		given++
	}
	if given == 0 {
		return nil, fmt.Errorf("%w: the profile has none of the model's features", table.ErrData)
	}
	for _, name := range PredictionNames(&c) {
		if of, ok := named(p.Outputs, name); ok && !of.Categorical {
			c.Outputs.Profiles = append(c.Outputs.Profiles, of)
		}
	}
	if n := len(c.Outputs.Profiles); n > 0 && n < c.OutputWidth() {
		return nil, fmt.Errorf("%w: the profile has %d of the model's %d outputs", table.ErrData, n, c.OutputWidth())
	}
	return &c, nil
}

// CarriedProfile are the profiles that a model carries; nil if it has none.
func CarriedProfile(m *nn.Model) *nn.Profiles {
	p := &nn.Profiles{}
	for i := range m.Features {
		f := &m.Features[i]
		if f.Profile == nil {
			continue
		}
		of := *f.Profile
		if f.Categorical() {
			of.Words = f.Categories
		}
		p.Rows = max(p.Rows, of.Rows)
		p.Features = append(p.Features, nn.NamedProfile{Name: f.Name, Profile: of})
	}
	if len(p.Features) == 0 {
		return nil
	}
	names := PredictionNames(m.Card())
	for i, of := range m.Outputs.Profiles {
		p.Outputs = append(p.Outputs, nn.NamedProfile{Name: names[i], Profile: of})
	}
	return p
}

// named finds a profile by name.
func named(list []nn.NamedProfile, name string) (nn.Profile, bool) {
	at := slices.IndexFunc(list, func(p nn.NamedProfile) bool { return p.Name == name })
	if at < 0 {
		return nn.Profile{}, false
	}
	return list[at].Profile, true
}

func profileKind(categorical bool) string {
	if categorical {
		return "words"
	}
	return "numbers"
}
