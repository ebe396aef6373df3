package pipeline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/train"
)

// fit is training under way. Everything that decides what is learned happens
// in one goroutine; the workers only compute gradients of shards, which are
// added in order.
type fit[T nn.Float] struct {
	job    *TrainJob
	ctx    context.Context
	survey *survey
	rows   *train.Rows[T]
	parts  [partCount][]int32
	// scattered asks for an order in which neighbours stay near each other,
	// for rows that are not held in memory.
	scattered bool

	net    *train.Net[T]
	spaces []*train.Space[T] // one for each shard of a wave
	shards []*train.Shard[T]
	grads  [][]T
	losses []float64
	p, g   []float64
	best   *attempt // of the networks that are finished

	layout string      // of the network, for its identity
	digest string      // identity, once computed
	from   *trainState // to go on from; nil once that is done
	saved  time.Time
}

// Epoch is one pass over the training rows, as it is told.
type Epoch struct {
	Epoch      int      `json:"epoch"` // from 1
	Loss       float64  `json:"loss"`  // mean over the rows while they trained, with the penalty
	Validation *float64 `json:"validation_loss,omitempty"`
	// Measure is AUC, accuracy or RMSE of the validation rows, or of the
	// training rows where there are none.
	Measure     *float64      `json:"measure,omitempty"`
	MeasureName string        `json:"-"`
	Rate        float64       `json:"learning_rate"`
	Best        bool          `json:"-"`
	Left        time.Duration `json:"-"` // if all epochs are needed
}

// restarts trains one network after the other and returns the parameters of
// the best.
func (f *fit[T]) restarts(m *nn.Model, report *TrainReport) ([]float64, error) {
	loss, err := f.survey.loss()
	if err != nil {
		return nil, err
	}
	if len(f.parts[partTrain]) == 0 {
		return nil, fmt.Errorf("%w: no row is left to train on", table.ErrData)
	}
	f.layout = layout(m.Layers)
	if f.from, err = f.readState(); err != nil {
		return nil, err
	}
	first, err := f.skip()
	if err != nil {
		return nil, err
	}
	for i := first; i < max(1, f.job.Fit.Restarts); i++ {
		if err := f.restart(m, loss, i); err != nil {
			return nil, err
		}
		report.Tried = i + 1
		if f.job.Fit.Separated && f.best.separated {
			break
		}
	}
	report.found(f.best)
	f.net.Set(f.best.p)
	return f.best.p, nil
}

// restart trains network i and keeps it if it is the best.
func (f *fit[T]) restart(m *nn.Model, loss train.Loss, i int) (err error) {
	seed := f.job.Fit.Seed + uint64(i)
	layers := reseeded(m.Layers, seed)
	if f.net, err = train.New[T](layers, train.Options{Loss: loss, Dropout: f.job.Fit.Dropout}, f.job.Kernel); err != nil {
		return fmt.Errorf("%w: %w", table.ErrUsage, err)
	}
	f.makeSpaces()
	a, err := f.attempt(i, seed, train.Parameters(layers))
	if err == nil && (f.best == nil || a.better(f.best)) {
		f.best = a
	}
	return err
}

// skip goes past the networks that an earlier run finished.
func (f *fit[T]) skip() (first int, err error) {
	if f.from == nil {
		return 0, nil
	}
	if b := f.from.Best; b != nil {
		best, ok := b.restored(len(b.Parameters) / 8)
		if !ok || len(b.Parameters) != len(f.from.Parameters) {
			return 0, errState("the state is damaged")
		}
		f.best = best
	}
	return f.from.Restart, nil
}

// layout says which layers a network has.
func layout(layers []nn.Layer) string {
	s := ""
	for _, l := range layers {
		s += fmt.Sprintf("%d>%d %+v|", l.In, l.Out, l.Activation)
	}
	return s
}

// reseeded are the layers with the weights that a seed starts with.
func reseeded(layers []nn.Layer, seed uint64) []nn.Layer {
	widths := []int{layers[0].In}
	for _, l := range layers {
		widths = append(widths, l.Out)
	}
	return train.Layers(widths, layers[0].Activation, layers[len(layers)-1].Activation, seed)
}

// attempt is one network that was trained.
type attempt struct {
	seed      uint64
	p         []float64 // of the best epoch
	epochs    []Epoch
	best      int // epoch, from 1
	loss      float64
	separated bool
}

func (a *attempt) better(b *attempt) bool {
	if a.separated != b.separated {
		return a.separated
	}
	return a.loss < b.loss
}

// attempt trains one network from p on.
func (f *fit[T]) attempt(restart int, seed uint64, p []float64) (*attempt, error) {
	a := &attempt{seed: seed, p: slices.Clone(p), loss: math.Inf(1)}
	f.p = p
	var err error
	if f.job.Fit.Optimizer == "lbfgs" {
		err = f.quasiNewton(restart, a)
	} else {
		err = f.epochs(restart, a)
	}
	if err != nil {
		return nil, err
	}
	if f.job.Fit.Separated {
		f.net.Set(a.p)
		a.separated, err = f.separates()
	}
	return a, err
}

// epochs goes over the rows in batches, in a new order each time.
func (f *fit[T]) epochs(restart int, a *attempt) error {
	o := &f.job.Fit
	opt, err := train.NewOptimizer(o.Optimizer, o.L2, f.net.Weights(), f.job.Kernel)
	if err != nil {
		return fmt.Errorf("%w: %w", table.ErrUsage, err)
	}
	order := slices.Clone(f.parts[partTrain])
	done, err := f.resume(a, opt)
	if err != nil {
		return err
	}
	f.net.Set(f.p)
	started := time.Now()
	for e := done; e < o.Epochs && !f.impatient(a, e); e++ {
		batch := len(order)
		if o.Batch > 0 && o.Batch < batch {
			batch = o.Batch
			f.shuffle(order, a.seed, e)
		}
		rate, sum := train.Rate(o.Schedule, o.Rate, e, o.Epochs), 0.0
		for step, first := 0, 0; first < len(order); step, first = step+1, first+batch {
			rows := order[first:min(first+batch, len(order))]
			loss, err := f.gradient(rows, mix(a.seed, uint64(e), uint64(step)))
			if err != nil {
				return err
			}
			penalty, err := f.step(opt, rate)
			if err != nil {
				return err
			}
			sum += (loss + penalty) * float64(len(rows))
		}
		now := Epoch{Epoch: e + 1, Loss: sum / float64(len(order)), Rate: rate}
		now.Left = time.Since(started) / time.Duration(e+1-done) * time.Duration(o.Epochs-e-1)
		stop, err := f.told(restart, a, now, f.p)
		if err == nil {
			err = f.save(restart, a, opt, stop || e+1 == o.Epochs)
		}
		if stop || err != nil {
			return err
		}
	}
	return nil
}

// nearRows is how many neighbours keep together in a scattered order, and
// nearRuns how many such runs are mixed at a time.
const nearRows, nearRuns = 1024, 64

// shuffle puts the rows in the epoch's order. Rows that may have to come from
// a disk are mixed within windows of runs, the runs being drawn from all over.
func (f *fit[T]) shuffle(order []int32, seed uint64, epoch int) {
	r := rand.New(rand.NewPCG(mix(seed, uint64(epoch), 0), 0x0bde))
	copy(order, f.parts[partTrain])
	window := len(order)
	if f.scattered {
		runs := slices.Collect(slices.Chunk(f.parts[partTrain], nearRows))
		r.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
		copy(order, slices.Concat(runs...))
		window = nearRows * nearRuns
	}
	for rows := range slices.Chunk(order, max(1, window)) {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
}

// mix makes one seed of three numbers (the finaliser of SplitMix64, Steele,
// Lea and Flood 2014, OOPSLA).
func mix(a, b, c uint64) uint64 {
	x := a
	for _, v := range []uint64{b, c} {
		x += 0x9e3779b97f4a7c15 * (v + 1)
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}

// quasiNewton minimises the loss over all rows at once.
func (f *fit[T]) quasiNewton(restart int, a *attempt) error {
	o := &f.job.Fit
	started := time.Now()
	var failed error
	p, err := train.LBFGS(f.p, o.Epochs, func(p, g []float64) (float64, error) {
		copy(f.p, p)
		f.net.Set(f.p)
		loss, err := f.gradient(f.parts[partTrain], a.seed)
		if err != nil {
			return 0, err
		}
		loss += f.net.Penalise(o.L2, f.p, f.g)
		copy(g, f.g)
		return loss, nil
	}, func(step int, p []float64, loss float64) (stop bool) {
		now := Epoch{Epoch: step, Loss: loss, Rate: 1}
		now.Left = time.Since(started) / time.Duration(step) * time.Duration(max(0, o.Epochs-step))
		f.net.Set(p)
		stop, failed = f.told(restart, a, now, p)
		return stop || failed != nil
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	if len(a.epochs) == 0 {
		a.p = p
	}
	return nil
}

// told ends an epoch: it judges the validation rows, keeps the parameters if
// they are the best, and reports whether to stop.
func (f *fit[T]) told(restart int, a *attempt, now Epoch, p []float64) (stop bool, err error) {
	part := partValidate
	if len(f.parts[part]) == 0 {
		part = partTrain
	}
	criterion := now.Loss
	if part == partValidate || f.job.Epoch != nil && f.worthJudging(now.Epoch) {
		f.net.Set(p)
		judged, err := f.predict(f.parts[part])
		if err != nil {
			return false, err
		}
		if now.Measure = finite(f.measure(judged)); part == partValidate {
			now.Validation, criterion = &judged.loss, judged.loss
		}
	}
	now.MeasureName = f.survey.task.MeasureName()
	if now.Best = criterion < a.loss; now.Best {
		a.loss, a.best = criterion, now.Epoch
		a.p = append(a.p[:0], p...)
	}
	a.epochs = append(a.epochs, now)
	if f.job.Epoch != nil {
		f.job.Epoch(restart, now)
	}
	return f.impatient(a, now.Epoch), nil
}

// impatient reports whether the validation loss has not become better for too
// many epochs.
func (f *fit[T]) impatient(a *attempt, epoch int) bool {
	return f.job.Fit.Patience > 0 && len(f.parts[partValidate]) > 0 && epoch-a.best >= f.job.Fit.Patience
}

// worthJudging spares most epochs the judging of all training rows, which only
// somebody who watches gets to see; in the end they are judged anyway.
func (f *fit[T]) worthJudging(epoch int) bool {
	return epoch <= 10 || epoch%100 == 0 || epoch == f.job.Fit.Epochs
}
