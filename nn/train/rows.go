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
		rows := rows[p*nn.Lanes : min((p+1)*nn.Lanes, len(rows))]
		spread(within(b.X, room(r.Inputs), p, p+1)[:r.Inputs*nn.Lanes], r.X, rows, r.Inputs)
		spread(within(b.Y, r.Targets, p, p+1), r.Y, rows, r.Targets)
		weight := within(b.Weight, 1, p, p+1)
		clear(weight)
		for i, row := range rows {
			weight[i] = r.Weight[row]
		}
	}
}

// spread writes rows of width numbers into a panel. Rows come from anywhere in
// memory: eight at a time, so that eight of their lines are on the way at once.
func spread[T nn.Float](panel, from []T, rows []int32, width int) {
	if len(rows) < nn.Lanes {
		clear(panel)
	}
	row := func(i int) []T { return from[int(rows[i])*width:][:width] }
	i := 0
	for ; i+8 <= len(rows); i += 8 {
		r0, r1, r2, r3, r4, r5, r6, r7 := row(i), row(i+1), row(i+2), row(i+3), row(i+4), row(i+5), row(i+6), row(i+7)
		for k, v := range r0 {
			to := panel[k*nn.Lanes+i:][:8]
			to[0], to[1], to[2], to[3], to[4], to[5], to[6], to[7] = v, r1[k], r2[k], r3[k], r4[k], r5[k], r6[k], r7[k]
		}
	}
	for ; i < len(rows); i++ {
		for k, v := range row(i) {
			panel[k*nn.Lanes+i] = v
		}
	}
}
