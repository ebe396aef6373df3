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

// Gather puts the rows of an index list, at most ShardRows, into a shard. The
// lanes that are left become rows of zeros without weight.
func (r *Rows[T]) Gather(b *Shard[T], rows []int32) {
	b.Panels = nn.Panels(len(rows))
	spread(b.X, r.X, rows, r.Inputs)
	spread(b.Y, r.Y, rows, r.Targets)
	for i := range b.Panels * nn.Lanes {
		b.Weight[i] = 0
		if i < len(rows) {
			b.Weight[i] = r.Weight[rows[i]]
		}
	}
}

// spread writes rows of width numbers into panels.
func spread[T nn.Float](panels, from []T, rows []int32, width int) {
	for i, row := range rows {
		to := panels[i/nn.Lanes*width*nn.Lanes+i%nn.Lanes:]
		for k, v := range from[int(row)*width:][:width] {
			to[k*nn.Lanes] = v
		}
	}
	for i := len(rows); i%nn.Lanes != 0; i++ {
		to := panels[i/nn.Lanes*width*nn.Lanes+i%nn.Lanes:]
		for k := range width {
			to[k*nn.Lanes] = 0
		}
	}
}
