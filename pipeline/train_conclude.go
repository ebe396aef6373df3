package pipeline

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"yhat/io/table"
)

// conclude settles the task once all rows have been seen.
func (s *survey) conclude() error {
	first := s.targets[0]
	if len(first.seen) == 0 {
		if s.bad > 0 {
			return fmt.Errorf("%w: no row is left to learn from: of %d, %d are bad and %d have no target", table.ErrData, s.read, s.bad, s.noTarget)
		}
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
