//go:build amd64 && !noasm

package kernel

// spreadRows is how many rows assembly spreads at a time.
const spreadRows = 8

// spreadFast is spreadGeneric with the next eight rows called for while eight are
// spread.
func spreadFast(panel, from []float32, rows, next []int32, width int) {
	if len(rows) < Lanes {
		clear(panel)
	}
	if width < quad {
		spreadRest(panel, from, rows, 0, width)
		return
	}
	panel = panel[:width*Lanes]
	i := 0
	for ; i+spreadRows <= len(rows); i += spreadRows {
		now := rows[i:][:spreadRows]
		for _, row := range now {
			_ = from[int(row)*width:][:width]
		}
		spreadAVX2(&from[0], &now[0], &following(rows[i+spreadRows:], next, now)[0], width, &panel[i])
	}
	spreadRest(panel, from, rows, i, width)
}

// following are the eight rows after these: of the same panel, of the next one
// or, where there are none, these again.
func following(rest, next, now []int32) []int32 {
	for _, rows := range [][]int32{rest, next} {
		if len(rows) >= spreadRows {
			return rows[:spreadRows]
		}
	}
	return now
}
