package explain

import "yhat/nn"

// Reasons finds the k features that moved each row most, by |φ|, the first of
// equals first. which[i] receives the i-th feature of each row, and values
// ([panel][k][32]) its contribution.
func Reasons[T nn.Float](phi []T, features, panels int, which [][]int32, values []T) {
	k := len(which)
	var size [nn.Lanes]T
	for p := range panels {
		panel := phi[p*features*nn.Lanes:][:features*nn.Lanes]
		for i := range k {
			best, value := which[i][p*nn.Lanes:][:nn.Lanes], values[(p*k+i)*nn.Lanes:][:nn.Lanes]
			for j := range size {
				size[j] = -1
				best[j] = -1
			}
			for f := range features {
				for j, v := range panel[f*nn.Lanes:][:nn.Lanes] {
					if a := max(v, -v); a > size[j] && !taken(which[:i], p*nn.Lanes+j, int32(f)) {
						size[j], best[j], value[j] = a, int32(f), v
					}
				}
			}
		}
	}
}

// taken reports whether a feature is among the reasons found so far of a row.
func taken(which [][]int32, row int, f int32) bool {
	for _, w := range which {
		if w[row] == f {
			return true
		}
	}
	return false
}
