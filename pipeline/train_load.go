package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/train"
)

// loader reads the inputs a second time, into encoded rows.
type loader[T nn.Float] struct {
	s       *survey
	encoder *nn.Encoder[T]
	rows    *train.Rows[T]
	read    int // rows of all inputs
	used    int // rows that are of a part
	parts   [partCount][]int32
	disk    bool // the rows are not held in memory
}

// encodedBlock is what a worker makes of a block.
type encodedBlock[T nn.Float] struct {
	x     []T // [panel][width][32]
	wrong []uint32
}

// load encodes all rows that are of a part, exactly as scoring would, and
// lists the rows of each part.
func load[T nn.Float](ctx context.Context, s *survey, m *nn.Model) (*loader[T], error) {
	l := &loader[T]{s: s, encoder: nn.NewEncoder[T](m, s.job.Kernel)}
	s.eachUsed(func(used int, part uint8) { l.parts[part] = append(l.parts[part], int32(used)) })
	if err := errors.Join(l.named(), l.weighed()); err != nil {
		return nil, err
	}
	if err := l.makeRoom(len(l.parts[0])+len(l.parts[1])+len(l.parts[2]), m); err != nil {
		return nil, err
	}
	sc := &scan{ctx: ctx, inputs: s.job.Inputs, open: s.job.Open, workers: s.job.Workers, progress: s.job.Progress, take: l.take}
	for i := range m.Features {
		w := wanted{column: s.columns[i].column, number: true}
		if f := &m.Features[i]; f.Categorical() {
			w.number, w.dict = false, table.NewDictionary(f.Categories)
		}
		sc.columns = append(sc.columns, w)
	}
	sc.work = func(_ int, b *scanned) error { l.encode(m, b); return nil }
	if err := sc.run(); err != nil {
		return nil, err
	}
	if l.read != len(s.part) {
		return nil, fmt.Errorf("%w: the inputs changed while they were read", table.ErrData)
	}
	l.targets(l.parts[partTrain])
	return l, nil
}

// named refuses a choice of rows that chooses none: a word is misspelt, or the
// other choice has them all.
func (l *loader[T]) named() error {
	split := &l.s.job.Split
	switch {
	case len(split.ValidateWhere) > 0 && len(l.parts[partValidate]) == 0:
		return fmt.Errorf("%w: no row with a target is of --validate-where", table.ErrData)
	case len(split.TestWhere) > 0 && len(l.parts[partTest]) == 0:
		return fmt.Errorf("%w: no row with a target is of --test-where", table.ErrData)
	}
	return nil
}

// weighed refuses a part of the rows that weighs nothing: it would teach, stop
// or judge nothing.
func (l *loader[T]) weighed() error {
	if l.s.weight == nil {
		return nil
	}
	for part, what := range []string{partTrain: "to learn from", partValidate: "to decide when to stop", partTest: "to test with"} {
		rows := l.parts[part]
		if len(rows) > 0 && !slices.ContainsFunc(rows, func(row int32) bool { return l.s.weight[row] > 0 }) {
			return fmt.Errorf("%w: column %s: none of the %d rows %s has a weight above 0", table.ErrData, quote(l.s.job.WeightColumn), len(rows), what)
		}
	}
	return nil
}

// makeRoom makes memory for the rows.
func (l *loader[T]) makeRoom(rows int, m *nn.Model) error {
	l.rows = &train.Rows[T]{Inputs: m.InputWidth(), Targets: len(l.s.targets)}
	size := rows * l.rows.Inputs
	if l.s.job.Room == nil {
		l.rows.X = make([]T, size)
	} else {
		var one T
		b, disk, err := l.s.job.Room(size * int(unsafe.Sizeof(one)))
		if err != nil {
			return err
		}
		l.disk = disk
		l.rows.X = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), size)
	}
	l.rows.Y, l.rows.Weight = make([]T, rows*l.rows.Targets), make([]T, rows)
	return nil
}

// encode puts a block's features into panels.
func (l *loader[T]) encode(m *nn.Model, b *scanned) {
	made := &encodedBlock[T]{x: make([]T, nn.Panels(b.rows.N)*l.encoder.Width()*nn.Lanes), wrong: make([]uint32, nn.Panels(b.rows.N))}
	faults := nn.NewFaults(b.rows.N)
	for i := range m.Features {
		col := b.number(i)
		if m.Features[i].Categorical() {
			l.encoder.Codes(i, made.x, col.Codes, b.rows.N, faults)
			continue
		}
		v := nn.Numbers{F64: col.F64, F32: col.F32, Valid: col.Valid, Factor: l.s.columns[i].factor, Plus: l.s.columns[i].plus}
		if v.F32 != nil {
			v.F64 = nil
		}
		l.encoder.Numbers(i, made.x, v, b.rows.N, faults)
		for p := range made.wrong {
			made.wrong[p] |= faults.OutOfRange[p] | faults.NotANumber[p]
		}
	}
	b.note = made
}

// take copies the rows of a block that are of a part.
func (l *loader[T]) take(b *scanned) error {
	made := b.note.(*encodedBlock[T])
	if l.read+b.rows.N > len(l.s.part) {
		return fmt.Errorf("%w: the inputs changed while they were read", table.ErrData)
	}
	width := l.rows.Inputs
	for row := range b.rows.N {
		l.read++
		if l.s.part[l.read-1] == leftOut {
			continue
		}
		if made.wrong[row/nn.Lanes]>>(row%nn.Lanes)&1 != 0 {
			return b.rowError(row, table.OutOfRange, "", "a feature is beyond what the network's numbers can hold")
		}
		from := made.x[row/nn.Lanes*width*nn.Lanes+row%nn.Lanes:]
		to := l.rows.X[l.used*width:][:width]
		for k := range to {
			to[k] = from[k*nn.Lanes]
		}
		l.used++
	}
	return nil
}

// targets writes targets and weights. Weights are scaled to a mean of 1 over
// the training rows, so that a learning rate means the same with and without.
func (l *loader[T]) targets(training []int32) {
	s, n := l.s, len(l.s.targets)
	for used := range l.rows.Weight {
		for i, t := range s.targets {
			v := float64(t.seen[used])
			if s.task == Regression {
				v = t.numbers[used]
			}
			if s.scaled {
				v = (v - s.targetCenter[i]) / s.targetScale[i]
			}
			l.rows.Y[used*n+i] = T(v)
		}
		l.rows.Weight[used] = 1
		if s.weight != nil {
			l.rows.Weight[used] = T(s.weight[used])
		}
	}
	classes := s.classWeights(training)
	sum := 0.0
	for _, row := range training {
		if classes != nil {
			l.rows.Weight[row] *= T(classes[s.targets[0].seen[row]])
		}
		sum += float64(l.rows.Weight[row])
	}
	for _, row := range training {
		l.rows.Weight[row] = T(float64(l.rows.Weight[row]) * float64(len(training)) / sum)
	}
}

// classWeights are the weights of the classes' training rows; nil: 1 each.
// Balanced ones are rows / (classes × rows of the class).
func (s *survey) classWeights(training []int32) []float64 {
	if s.task == Regression || !s.job.Balanced && s.job.ClassWeights == nil {
		return nil
	}
	weights := make([]float64, len(s.labels))
	for i, l := range s.labels {
		weights[i] = 1
		if w, ok := s.job.ClassWeights[l]; ok {
			weights[i] = w
		}
	}
	if s.job.Balanced {
		counts := make([]float64, len(s.labels))
		for _, row := range training {
			counts[s.targets[0].seen[row]]++
		}
		for i := range weights {
			weights[i] = float64(len(training)) / (float64(len(weights)) * max(1, counts[i]))
		}
	}
	return weights
}

// checkClassWeights refuses weights where there are no classes, and of labels
// that are not there.
func (s *survey) checkClassWeights() error {
	if s.task == Regression && (s.job.Balanced || s.job.ClassWeights != nil) {
		return fmt.Errorf("%w: --class-weights goes with classes, not with regression", table.ErrUsage)
	}
	for l := range s.job.ClassWeights {
		if !slices.Contains(s.labels, l) {
			return fmt.Errorf("%w: --class-weights: the target has no value %s", table.ErrUsage, quote(l))
		}
	}
	return nil
}
