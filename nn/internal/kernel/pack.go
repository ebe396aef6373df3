package kernel

// rowsGeneric writes a block's w, a row a unit, and its biases where Dense reads
// them.
func rowsGeneric[T Float](d *Dense[T], b Block, w, bias []float64) {
	out := d.W[b.Offset:][:b.Units*(d.In+1)]
	for u := range b.Units {
		out[u] = T(bias[u])
	}
	out = out[b.Units:]
	u := 0
	for ; u+3 <= b.Units; u += 3 { // whose three streams fill a line together
		w0, w1, w2 := w[u*d.In:][:d.In], w[(u+1)*d.In:][:d.In], w[(u+2)*d.In:][:d.In]
		for k, v := range w0 {
			to := out[k*b.Units+u:][:3]
			to[0], to[1], to[2] = T(v), T(w1[k]), T(w2[k])
		}
	}
	for ; u < b.Units; u++ {
		for k, v := range w[u*d.In:][:d.In] {
			out[k*b.Units+u] = T(v)
		}
	}
}

// columnsGeneric writes inputs from … to-1 of all units: w has a row an input.
func columnsGeneric[T Float](d *Dense[T], from, to int, w []float64) {
	for _, b := range d.Blocks {
		out := d.W[b.Offset+b.Units:][from*b.Units : to*b.Units]
		for w := w[b.First:]; len(out) > 0; out = out[b.Units:] {
			for u, v := range w[:b.Units] {
				out[u] = T(v)
			}
			w = w[min(d.Out, len(w)):]
		}
	}
}
