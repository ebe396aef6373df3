//go:build amd64 && !noasm

package kernel

// tallyCall bounds the numbers of one call, which stay in the first cache from
// one group of edges to the next.
const tallyCall = 2048

// tallyFast leaves the numbers past the last whole register to tallyGeneric.
func tallyFast(e *Edges, v Values, rows int, counts []int64) {
	full := rows &^ 3
	for first := 0; first < full; first += tallyCall {
		n := min(tallyCall, full-first)
		for g := range e.wide {
			var sums [edgeGroup][4]int64
			if v.F32 != nil {
				tallyF32AVX2(&v.F32[first], n, v.Factor, v.Plus, &e.wide[g], &sums)
			} else {
				tallyF64AVX2(&v.F64[first], n, v.Factor, v.Plus, &e.wide[g], &sums)
			}
			for i, s := range sums[:min(edgeGroup, len(e.at)-g*edgeGroup)] {
				counts[g*edgeGroup+i] += s[0] + s[1] + s[2] + s[3]
			}
		}
	}
	rest := v
	if v.F32 != nil {
		rest.F32 = v.F32[full:]
	} else {
		rest.F64 = v.F64[full:]
	}
	tallyGeneric(e, rest, rows-full, counts)
}
