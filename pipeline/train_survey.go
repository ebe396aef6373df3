package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"yhat/io/table"
	"yhat/pipeline/flow"
)

// survey is what the first reading of a table finds out: which part each row
// is of, what the targets ask for, and what the features look like in the
// training rows.
type survey struct {
	job     *TrainJob
	columns []columnLearned
	targets []*targetLearned
	task    Task
	labels  []string
	split   Split

	read, noTarget, bad int64
	part                []uint8   // of every row read
	weight              []float32 // of every row that has a target; nil without a weight column
	scaled              bool
	targetCenter        []float64
	targetScale         []float64

	sharers map[int32]*sharer
	scan    *scan
	// Where the columns stand among those wanted.
	firstTarget, firstSplit, weightAt int
}

// newSurvey reads the inputs once, after a look at the first block.
func newSurvey(ctx context.Context, job *TrainJob) (*survey, error) {
	s := &survey{job: job, split: job.Split, sharers: map[int32]*sharer{}}
	if s.split.Draw == "" {
		s.split.Draw = s.guessDraw()
	}
	for _, name := range job.Features {
		from, ok := job.Map[name]
		if !ok {
			from = Source{Column: name, Factor: 1}
		}
		s.columns = append(s.columns, newColumnLearned(name, from))
	}
	for range job.Targets {
		s.targets = append(s.targets, newTargetLearned())
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.glance(ctx); err != nil {
		return nil, err
	}
	s.scan = s.newScan(ctx, s.take)
	if err := s.scan.run(); err != nil {
		return nil, err
	}
	if err := s.conclude(); err != nil {
		return nil, err
	}
	if s.task == Regression && s.split.Draw == Stratified {
		if job.Split.Draw == Stratified {
			return nil, fmt.Errorf("%w: stratified shares are of classes, and the target is a number", table.ErrUsage)
		}
		job.Split.Draw = Random // which only the whole table told
		return newSurvey(ctx, job)
	}
	job.Split.Draw = s.split.Draw
	return s, nil
}

// guessDraw is how rows are shared out as long as nothing else is known of the
// target than what the job says.
func (s *survey) guessDraw() Draw {
	if s.job.Task == Regression || len(s.job.Targets) > 1 {
		return Random
	}
	return Stratified
}

// check refuses names that cannot be meant.
func (s *survey) check() error {
	for i, f := range s.job.Features {
		if slices.Contains(s.job.Features[:i], f) {
			return fmt.Errorf("%w: feature %s is listed twice", table.ErrUsage, quote(f))
		}
		if slices.Contains(s.job.Targets, s.columns[i].column) {
			return fmt.Errorf("%w: %s is both feature and target", table.ErrUsage, quote(f))
		}
	}
	for name := range s.job.Map {
		if !slices.Contains(s.job.Features, name) {
			return fmt.Errorf("%w: --map names %s, which is no feature%s", table.ErrUsage, quote(name), didYouMean(name, s.job.Features))
		}
	}
	for name := range s.job.Units {
		if !slices.Contains(s.job.Features, name) {
			return fmt.Errorf("%w: --unit names %s, which is no feature%s", table.ErrUsage, quote(name), didYouMean(name, s.job.Features))
		}
	}
	for name := range s.job.Bounds {
		if !slices.Contains(s.job.Features, name) {
			return fmt.Errorf("%w: --bounds names %s, which is no feature%s", table.ErrUsage, quote(name), didYouMean(name, s.job.Features))
		}
	}
	for _, name := range s.job.Categorical {
		if !slices.Contains(s.job.Features, name) {
			return fmt.Errorf("%w: --categorical names %s, which is no feature%s", table.ErrUsage, quote(name), didYouMean(name, s.job.Features))
		}
	}
	return nil
}

// newScan lists what is wanted of each row: features, targets, the columns of
// the split, the weight.
func (s *survey) newScan(ctx context.Context, take func(*scanned) error) *scan {
	sc := &scan{ctx: ctx, inputs: s.job.Inputs, open: s.job.Open, workers: s.job.Workers, progress: s.job.Progress, take: take}
	for i := range s.columns {
		sc.columns = append(sc.columns, wanted{column: s.columns[i].column, number: true, text: s.columns[i].words})
	}
	s.firstTarget = len(sc.columns)
	for _, t := range s.job.Targets {
		sc.columns = append(sc.columns, wanted{column: t, number: true, text: true})
	}
	s.firstSplit = len(sc.columns)
	for _, c := range s.split.columns() {
		sc.columns = append(sc.columns, wanted{column: c, text: true})
	}
	s.weightAt = len(sc.columns)
	if s.job.WeightColumn != "" {
		sc.columns = append(sc.columns, wanted{column: s.job.WeightColumn, number: true})
	}
	return sc
}

// glance looks at the first block to tell words from numbers: a column is one
// of words when most of its cells are no numbers.
func (s *survey) glance(ctx context.Context) error {
	sc := s.newScan(ctx, func(b *scanned) error {
		wrong := map[int32]int{}
		for _, bad := range b.rows.Bad {
			wrong[bad.Slot]++
		}
		for i := range s.columns {
			present := 0
			for row := range b.rows.N {
				if _, ok := cell(b.number(i), row); ok {
					present++
				}
			}
			s.columns[i].words = wrong[int32(b.from.slots[i])] > present
		}
		return flow.ErrStop
	})
	sc.progress = nil
	if err := sc.run(); err != nil {
		return err
	}
	for i := range s.columns {
		c := &s.columns[i]
		if slices.Contains(s.job.Categorical, c.name) {
			c.words = true
		}
		if _, bounded := s.job.Bounds[c.name]; c.words && bounded {
			return fmt.Errorf("%w: --bounds %s: a category has none", table.ErrUsage, c.name)
		}
		if c.words && (c.factor != 1 || c.plus != 0) {
			return fmt.Errorf("%w: --map %s: a category has no unit to change", table.ErrUsage, c.name)
		}
	}
	return nil
}

// take goes through the rows of a block, in order.
func (s *survey) take(b *scanned) error {
	faults := s.faults(b)
	for row := range b.rows.N {
		s.read++
		fault, isBad := faults[row]
		if !isBad {
			fault = s.outside(b, row)
		}
		if !s.hasTargets(b, row) {
			if fault.reason == table.Good || fault.slot >= 0 && fault.slot < int32(s.firstTarget) {
				s.noTarget++ // a row that teaches nothing may be as bad as it likes
				s.part = append(s.part, leftOut)
				continue
			}
		}
		if fault.reason != table.Good {
			if s.job.Bad != Reject {
				return b.rowError(row, fault.reason, fault.column, "see --missing-values, --decimal, --categorical, or --on-bad-row reject")
			}
			s.bad++
			s.part = append(s.part, leftOut)
			continue
		}
		if err := s.row(b, row); err != nil {
			return err
		}
	}
	return nil
}

// row takes in a row that has its targets.
func (s *survey) row(b *scanned, row int) error {
	for i, t := range s.targets {
		at := s.firstTarget + i
		value, isNumber := cell(b.number(at), row)
		text, _ := b.text(at, row)
		t.take(text, value, isNumber)
	}
	weight := 1.0
	if s.job.WeightColumn != "" {
		var ok bool
		if weight, ok = cell(b.number(s.weightAt), row); !ok || weight < 0 {
			return b.rowError(row, table.OutOfRange, s.job.WeightColumn, "a weight is a number of at least 0")
		}
		s.weight = append(s.weight, float32(weight))
	}
	part := s.place(b, row)
	s.part = append(s.part, part)
	if part != partTrain {
		return nil
	}
	for i := range s.columns {
		if err := s.learnCell(b, i, row); err != nil {
			return err
		}
	}
	return nil
}

// learnCell takes in one cell of a training row.
func (s *survey) learnCell(b *scanned, i, row int) error {
	c := &s.columns[i]
	if value, ok := cell(b.number(i), row); !c.words && ok {
		c.number(value)
		return nil
	} else if c.words && (ok || s.isWord(b, i, row)) {
		text, _ := b.text(i, row)
		return c.word(strings.TrimSpace(text))
	}
	c.missing++
	return nil
}

// place decides which part a row is of.
func (s *survey) place(b *scanned, row int) uint8 {
	names := s.split.columns()
	if part, ok := s.split.chosen(func(name string) string {
		text, _ := b.text(s.firstSplit+slices.Index(names, name), row)
		return text
	}); ok {
		return part
	}
	if s.split.Validate+s.split.Test == 0 {
		return partTrain
	}
	class := int32(0)
	if s.split.Draw == Stratified {
		seen := s.targets[0].seen
		class = seen[len(seen)-1]
	}
	if s.sharers[class] == nil {
		s.sharers[class] = &sharer{split: &s.split, class: uint64(uint32(class))}
	}
	return s.sharers[class].next()
}
