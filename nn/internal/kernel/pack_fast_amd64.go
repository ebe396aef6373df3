//go:build amd64 && !noasm

package kernel

// quad is how many numbers assembly packs at a time.
const quad = 4

// rowsFast is rowsGeneric with two units at a time.
func rowsFast(d *Dense[float32], b Block, w, bias []float64) {
	out := d.W[b.Offset:][:b.Units*(d.In+1)]
	for u := range b.Units {
		out[u] = float32(bias[u])
	}
	out = out[b.Units:]
	whole := d.In / quad * quad
	for u := 0; u < b.Units; u += 2 {
		v, pair := w[u*d.In:][:d.In], min(2, b.Units-u)
		next := w[(u+pair-1)*d.In:][:d.In]
		done := 0
		if pair == 2 && whole > 0 {
			packTwoAVX2(&v[0], &next[0], whole, &out[u], 4*b.Units)
			done = whole
		}
		for k := done; k < d.In; k++ {
			out[k*b.Units+u], out[k*b.Units+u+pair-1] = float32(v[k]), float32(next[k])
		}
	}
}

// columnsFast is columnsGeneric input by input, with all blocks of as many units
// at a time.
func columnsFast(d *Dense[float32], from, to int, w []float64) {
	if len(d.Blocks) == 0 || d.Blocks[len(d.Blocks)-1].Units < quad {
		columnsGeneric(d, from, to, w)
		return
	}
	for k := from; k < to; k, w = k+1, w[d.Out:] {
		row := w[:d.Out]
		for left := d.Blocks; len(left) > 0; {
			b, n := left[0], 1
			for n < len(left) && left[n].Units == b.Units {
				n++
			}
			packRunAVX2(&row[b.First], &d.W[b.Offset+b.Units+k*b.Units], n, b.Units, 4*b.Units*(d.In+1))
			left = left[n:]
		}
	}
}
