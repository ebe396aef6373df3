package kernel

// spreadGeneric takes eight rows at a time: they come from anywhere in memory,
// and so eight of their lines are on the way at once.
func spreadGeneric[T Float](panel, from []T, rows, _ []int32, width int) {
	if len(rows) < Lanes {
		clear(panel)
	}
	spreadRest(panel, from, rows, 0, width)
}

// spreadRest spreads rows first, first+1, …
func spreadRest[T Float](panel, from []T, rows []int32, first, width int) {
	row := func(i int) []T { return from[int(rows[i])*width:][:width] }
	i := first
	for ; i+8 <= len(rows); i += 8 {
		r0, r1, r2, r3, r4, r5, r6, r7 := row(i), row(i+1), row(i+2), row(i+3), row(i+4), row(i+5), row(i+6), row(i+7)
		for k, v := range r0 {
			to := panel[k*Lanes+i:][:8]
			to[0], to[1], to[2], to[3], to[4], to[5], to[6], to[7] = v, r1[k], r2[k], r3[k], r4[k], r5[k], r6[k], r7[k]
		}
	}
	for ; i < len(rows); i++ {
		for k, v := range row(i) {
			panel[k*Lanes+i] = v
		}
	}
}
