package train

import "yhat/nn"

// Rows are encoded rows in memory, row by row: X has inputs numbers a row, Y
// targets numbers, Weight one.
type Rows[T nn.Float] struct {
	Inputs, Targets int
	X, Y, Weight    []T
}

// Len is the number of rows.
func (r *Rows[T]) Len() int { return len(r.Weight) }

// Gather puts the rows of an index list, at most ShardRows, into a shard.
func (r *Rows[T]) Gather(b *Shard[T], rows []int32) {
	b.Panels = nn.Panels(len(rows))
	r.GatherPanels(b, rows, 0, b.Panels)
}

// GatherPanels puts the rows of an index list that stand in panels from …
// to-1 into a shard, whose number of panels it leaves alone. The lanes that are
// left become rows of zeros without weight.
func (r *Rows[T]) GatherPanels(b *Shard[T], rows []int32, from, to int) {
	for p := from; p < to; p++ {
		rows, next := rows[p*nn.Lanes:min((p+1)*nn.Lanes, len(rows))], rows[min((p+1)*nn.Lanes, len(rows)):]
		b.set.Spread(within(b.X, room(r.Inputs), p, p+1)[:r.Inputs*nn.Lanes], r.X, rows, next, r.Inputs)
		b.set.Spread(within(b.Y, r.Targets, p, p+1), r.Y, rows, next, r.Targets)
		weight := within(b.Weight, 1, p, p+1)
		clear(weight)
		for i, row := range rows {
			weight[i] = r.Weight[row]
		}
	}
}
