package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
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

// outside finds a feature of the row beyond its bounds.
func (s *survey) outside(b *scanned, row int) fault {
	if len(s.job.Bounds) == 0 {
		return fault{}
	}
	for i := range s.columns {
		c := &s.columns[i]
		limit, ok := s.job.Bounds[c.name]
		if x, there := cell(b.number(i), row); ok && there {
			if x = x*c.factor + c.plus; x < limit[0] || x > limit[1] {
				return fault{reason: table.OutOfRange, slot: int32(i), column: c.column}
			}
		}
	}
	return fault{}
}

// fault is the first thing wrong with a row.
type fault struct {
	reason table.Reason
	slot   int32 // of the wanted column; -1 the record
	column string
}

// faults are the faults of a block's rows: of the record, or of a cell that
// should be a number.
func (s *survey) faults(b *scanned) map[int]fault {
	found := map[int]fault{}
	for _, bad := range b.rows.Bad {
		row := int(bad.Row)
		if _, ok := found[row]; ok && bad.Slot != table.SlotRecord {
			continue
		}
		at := int32(-1)
		if bad.Slot != table.SlotRecord {
			if at = int32(slices.Index(b.from.slots, int(bad.Slot))); at < 0 || !s.mustBeNumber(int(at)) {
				continue
			}
		}
		f := fault{reason: bad.Reason, slot: at}
		if at >= 0 {
			f.column = s.scan.columns[at].column
		}
		found[row] = f
	}
	return found
}

// mustBeNumber reports whether wanted column i holds numbers. What a target
// holds is seen in the end.
func (s *survey) mustBeNumber(i int) bool {
	switch {
	case i < s.firstTarget:
		return !s.columns[i].words
	case i < s.firstSplit:
		return s.job.Task == Regression || len(s.job.Targets) > 1
	}
	return true
}

// hasTargets reports whether no target of the row is missing. A target that is
// no number is there all the same.
func (s *survey) hasTargets(b *scanned, row int) bool {
	for i := range s.targets {
		at := s.firstTarget + i
		if _, isNumber := cell(b.number(at), row); isNumber {
			continue
		}
		if !s.isWord(b, at, row) {
			return false
		}
	}
	return true
}

// isWord reports whether a cell that is no number is there at all.
func (s *survey) isWord(b *scanned, at, row int) bool {
	slot := int32(b.from.slots[at])
	i, _ := slices.BinarySearchFunc(b.rows.Bad, int32(row), func(bad table.Bad, row int32) int { return cmp.Compare(bad.Row, row) })
	for ; i < len(b.rows.Bad) && b.rows.Bad[i].Row == int32(row); i++ {
		if b.rows.Bad[i].Slot == slot {
			return true
		}
	}
	return false
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

// conclude settles the task once all rows have been seen.
func (s *survey) conclude() error {
	first := s.targets[0]
	if len(first.seen) == 0 {
		return fmt.Errorf("%w: no row has a target", table.ErrData)
	}
	s.task = s.job.Task
	if s.task == "" && len(s.targets) > 1 {
		s.task = Regression
	} else if s.task == "" {
		s.task = first.task()
	}
	if s.task == Regression {
		if s.job.Labels != nil {
			return fmt.Errorf("%w: --labels goes with classes, not with regression", table.ErrUsage)
		}
		return errors.Join(s.checkClassWeights(), s.concludeNumbers())
	}
	if len(s.targets) > 1 {
		return fmt.Errorf("%w: several targets are for regression", table.ErrUsage)
	}
	var err error
	if s.labels, err = first.labels(s.job.Targets[0], s.job.Positive); err != nil {
		return err
	}
	if err := errors.Join(s.checkClassWeights(), s.checkLabels()); err != nil {
		return err
	}
	if s.task == Binary && len(s.labels) != 2 {
		return fmt.Errorf("%w: target %s has %d different values, a binary task wants 2", table.ErrData, quote(s.job.Targets[0]), len(s.labels))
	}
	return nil
}

// checkLabels refuses names for values that are not there, and names that two
// values would share.
func (s *survey) checkLabels() error {
	for value := range s.job.Labels {
		if !slices.Contains(s.labels, value) {
			return fmt.Errorf("%w: --labels: the target has no value %s", table.ErrUsage, quote(value))
		}
	}
	names := s.renamed()
	slices.Sort(names)
	if len(slices.Compact(names)) < len(s.labels) {
		return fmt.Errorf("%w: --labels: two values of the target have the same name", table.ErrUsage)
	}
	return nil
}

// concludeNumbers finds center and scale of the targets in the training rows.
func (s *survey) concludeNumbers() error {
	s.targetCenter, s.targetScale = make([]float64, len(s.targets)), make([]float64, len(s.targets))
	for i, t := range s.targets {
		if !t.numeric {
			return fmt.Errorf("%w: target %s has values that are no numbers: it is no regression", table.ErrData, quote(s.job.Targets[i]))
		}
		c := newColumnLearned(s.job.Targets[i], Source{Factor: 1})
		s.eachUsed(func(used int, part uint8) {
			if part == partTrain {
				c.number(t.numbers[used])
			}
		})
		s.targetCenter[i], s.targetScale[i] = rounded(c.mean), rounded(math.Sqrt(c.spread/float64(max(1, c.count))))
		if s.targetScale[i] == 0 {
			s.targetScale[i] = 1
		}
	}
	return nil
}

// eachUsed calls f for each row that is of a part, numbered from 0.
func (s *survey) eachUsed(f func(used int, part uint8)) {
	used := 0
	for _, part := range s.part {
		if part != leftOut {
			f(used, part)
			used++
		}
	}
}
