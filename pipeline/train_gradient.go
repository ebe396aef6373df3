package pipeline

import (
	"context"
	"fmt"
	"math"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/train"
	"yhat/pipeline/flow"
)

// waveShards is how many shards are computed before they are added up.
func (f *fit[T]) waveShards() int { return 2 * f.job.Workers }

func (f *fit[T]) makeSpaces() {
	n := f.waveShards()
	f.spaces, f.shards, f.grads, f.losses = nil, nil, nil, make([]float64, n)
	for range n {
		f.spaces = append(f.spaces, f.net.NewSpace())
		f.shards = append(f.shards, f.net.NewShard())
		f.grads = append(f.grads, make([]T, f.net.Size()))
	}
	f.g = make([]float64, f.net.Size())
}

// gradient sets g to the gradient of the rows' mean loss at the net's
// parameters. Shards are of a fixed size and added in order, whoever computed
// them.
func (f *fit[T]) gradient(rows []int32, seed uint64) (loss float64, err error) {
	size := f.waveShards() * train.ShardRows
	for first := 0; first < len(rows); first += size {
		wave := rows[first:min(first+size, len(rows))]
		shards := shardsOf(len(wave))
		if err := f.gradients(wave, first/train.ShardRows, seed); err != nil {
			return 0, err
		}
		for _, v := range f.losses[:shards] {
			loss += v
		}
		err := f.pieces(func(_ int, piece train.Piece) {
			for i, g := range f.grads[:shards] {
				f.net.AddPiece(piece, f.g, g, first+i == 0, 1/float64(len(rows)))
			}
		})
		if err != nil {
			return 0, err
		}
	}
	if loss /= float64(len(rows)); math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, diverged("loss")
	}
	return loss, nil
}

// diverged says that what a network gives is no longer a finite number.
func diverged(what string) error {
	return fmt.Errorf("%w: the %s is no longer finite: a smaller --learning-rate, or features of a smaller scale", table.ErrUsage, what)
}

// step lets the optimiser go down g, and returns the penalty that the loss has
// beside the rows'.
func (f *fit[T]) step(opt train.Optimizer, rate float64) (penalty float64, err error) {
	o := &f.job.Fit
	penalised := o.Optimizer != "adamw" && o.L2 > 0
	sums := make([]float64, len(f.net.Pieces()))
	opt.Begin(rate)
	err = f.pieces(func(i int, piece train.Piece) {
		if penalised {
			sums[i] = f.net.PenalisePiece(piece, o.L2, f.p, f.g)
		}
		piece.Step(opt, f.p, f.g)
		f.net.SetPiece(piece, f.p)
	})
	for _, v := range sums {
		penalty += v
	}
	return o.L2 / 2 * penalty, err
}

// splitSize is how many parameters a network has at least that several workers
// share a shard of: in smaller ones they would wait for each other longer.
const splitSize = 8192

// wide reports whether workers share what is done for the net's parameters.
func (f *fit[T]) wide() bool { return f.job.Workers > 1 && f.net.Size() >= splitSize }

// pieces runs work for each piece of the parameters.
func (f *fit[T]) pieces(work func(i int, piece train.Piece)) error {
	pieces := f.net.Pieces()
	if f.wide() {
		return f.each(len(pieces), func(i int) { work(i, pieces[i]) })
	}
	for i, piece := range pieces {
		work(i, piece)
	}
	return nil
}

// gradients computes the gradient of each shard of a wave, of which the first
// is shard number first of its batch.
func (f *fit[T]) gradients(wave []int32, first int, seed uint64) error {
	shards := shardsOf(len(wave))
	for i, b := range f.shards[:shards] {
		b.Panels, b.Seed = nn.Panels(len(shardRows(wave, i))), mix(seed, uint64(first+i), 0)
	}
	if f.wide() && shards < f.job.Workers {
		return f.shared(wave, shards)
	}
	return f.each(shards, func(i int) {
		f.rows.Gather(f.shards[i], shardRows(wave, i))
		f.losses[i] = f.net.Gradient(f.spaces[i], f.shards[i], f.grads[i])
	})
}

// shared computes the gradients of fewer shards than there are workers, who
// share them: by rows where rows stand alone, by pieces of the parameters where
// rows are summed. The sums are the same, to the bit.
func (f *fit[T]) shared(wave []int32, shards int) error {
	if err := f.each(shards, func(i int) { f.net.Drop(f.spaces[i], f.shards[i]) }); err != nil {
		return err
	}
	parts := (2*f.job.Workers + shards - 1) / shards
	err := f.panels(shards, parts, func(i, from, to int) {
		f.rows.GatherPanels(f.shards[i], shardRows(wave, i), from, to)
		f.net.Forward(f.spaces[i], f.shards[i], from, to)
	})
	if err != nil {
		return err
	}
	for i := range shards {
		f.losses[i] = f.net.Loss(f.spaces[i], f.shards[i])
	}
	err = f.panels(shards, parts, func(i, from, to int) { f.net.Backward(f.spaces[i], f.shards[i], from, to) })
	if err != nil {
		return err
	}
	pieces := f.net.Pieces()
	return f.each(shards*len(pieces), func(j int) {
		i, piece := j/len(pieces), pieces[j%len(pieces)]
		f.net.Sum(f.spaces[i], f.shards[i], piece, f.grads[i])
	})
}

// panels runs work for about so many parts of each shard: panels from … to-1.
func (f *fit[T]) panels(shards, parts int, work func(i, from, to int)) error {
	return f.each(shards*parts, func(j int) {
		i, part := j/parts, j%parts
		n := f.shards[i].Panels
		if from, to := n*part/parts, n*(part+1)/parts; from < to {
			work(i, from, to)
		}
	})
}

func shardsOf(rows int) int { return (rows + train.ShardRows - 1) / train.ShardRows }

// shardRows are the rows of shard i of a wave.
func shardRows(wave []int32, i int) []int32 {
	return wave[i*train.ShardRows : min((i+1)*train.ShardRows, len(wave))]
}

// each runs work(0) … work(n-1) on the workers; one alone needs no goroutine.
func (f *fit[T]) each(n int, work func(i int)) error {
	if err := context.Cause(f.ctx); err != nil {
		return err
	}
	if n > 1 && f.job.Workers > 1 {
		return flow.Each(f.ctx, f.job.Workers, n, func(i int) error { work(i); return nil })
	}
	for i := range n {
		work(i)
	}
	return nil
}
