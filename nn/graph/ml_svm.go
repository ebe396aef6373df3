package graph

import (
	"errors"
	"fmt"
	"math"
)

// svm is what the two support vector operators share: K(x, v) for a kernel
// function K and the support vectors v, one a row of vectors.
type svm struct {
	kernel               string
	gamma, coef0, degree float64
	vectors, coefs, rho  []float32
	width                int
}

// newSVM reads the attributes. Without support vectors the coefficients are
// used as vectors of a linear map.
func (n *node) newSVM(vectors, width int) (*svm, error) {
	s := &svm{
		kernel: n.string("kernel_type", "LINEAR"), vectors: n.Attributes["support_vectors"].Floats,
		coefs: n.Attributes["coefficients"].Floats, rho: n.Attributes["rho"].Floats, width: width,
	}
	if p := n.Attributes["kernel_params"].Floats; len(p) == 3 {
		s.gamma, s.coef0, s.degree = float64(p[0]), float64(p[1]), float64(p[2])
	}
	switch s.kernel {
	case "LINEAR", "POLY", "RBF", "SIGMOID":
	default:
		return nil, errors.New("an unknown kernel_type")
	}
	if len(s.vectors) != vectors*width || len(s.rho) == 0 {
		return nil, fmt.Errorf("%d numbers for %d support vectors of %d columns", len(s.vectors), vectors, width)
	}
	return s, nil
}

// dots computes K(x, v) for every support vector. It rounds like onnxruntime,
// to float32: margins are small differences of large sums.
func (s *svm) dots(out, x []float64) {
	for i := range out {
		v := s.vectors[i*s.width:][:s.width]
		sum := 0.0
		for k, w := range v {
			if s.kernel == "RBF" {
				d := float32(x[k]) - w
				sum = float64(float32(sum) + d*d)
			} else {
				sum = float64(float32(sum + x[k]*float64(w)))
			}
		}
		switch s.kernel {
		case "POLY":
			sum = math.Pow(s.gamma*sum+s.coef0, s.degree)
		case "SIGMOID":
			sum = math.Tanh(s.gamma*sum + s.coef0)
		case "RBF":
			sum = math.Exp(float64(float32(-s.gamma * sum)))
		}
		out[i] = float64(float32(sum))
	}
}

// compileSVMRegressor is Σ_i coefficient_i K(x, v_i) + rho, or its sign with
// one_class.
func compileSVMRegressor(n *node) error {
	x, err := n.matrix()
	if err != nil {
		return err
	}
	vectors := n.int("n_supports", 0)
	linear := vectors == 0
	if vectors < 0 || vectors > 1<<24 {
		return fmt.Errorf("%d support vectors", vectors)
	}
	s, err := n.newSVM(vectors, x.shape[1])
	if err != nil {
		return err
	}
	if linear {
		if len(s.coefs) != s.width {
			return fmt.Errorf("%d coefficients for %d columns", len(s.coefs), s.width)
		}
	} else if len(s.coefs) != vectors {
		return fmt.Errorf("%d coefficients for %d support vectors", len(s.coefs), vectors)
	}
	oneClass := n.int("one_class", 0) != 0
	y := n.c.output(Float32, []int{x.shape[0], 1}, x.rows)
	emitRows(n, y, x, func(d, row []float64) {
		k := row
		if !linear {
			k = make([]float64, vectors)
			s.dots(k, row)
		}
		sum := float64(s.rho[0])
		for i, c := range s.coefs {
			sum += float64(c) * k[i]
		}
		if oneClass {
			if sum > 0 {
				sum = 1
			} else {
				sum = -1
			}
		}
		d[0] = sum
	})
	scores, err := n.scores(y, alone)
	n.set(0, scores)
	return err
}

// compileSVMClassifier votes between each two classes. With prob_a and prob_b
// the votes become probabilities by Platt scaling and pairwise coupling (Wu,
// Lin and Weng, Probability estimates for multi-class classification by
// pairwise coupling, JMLR 5, 2004).
func compileSVMClassifier(n *node) error {
	x, err := n.matrix()
	if err != nil {
		return err
	}
	classes, err := n.classes()
	if err != nil {
		return err
	}
	counts := n.ints("vectors_per_class")
	if len(counts) == 0 {
		return n.svmLinear(x, classes)
	}
	k, total := classes.len(), 0
	for _, c := range counts {
		if c < 0 || c > 1<<24 {
			return fmt.Errorf("%d support vectors", c)
		}
		total += c
	}
	s, err := n.newSVM(total, x.shape[1])
	if err != nil {
		return err
	}
	pairs := k * (k - 1) / 2
	a, b := n.Attributes["prob_a"].Floats, n.Attributes["prob_b"].Floats
	if len(counts) != k || len(s.coefs) != (k-1)*total || len(s.rho) < pairs || len(a) != len(b) || len(a) != 0 && len(a) < pairs {
		return fmt.Errorf("parameters that do not fit %d classes and %d support vectors", k, total)
	}
	// One matrix for the votes and one for the scores of all pairs.
	votes := n.c.output(Float32, []int{x.shape[0], k}, x.rows)
	margins := n.c.output(Float32, []int{x.shape[0], pairs}, x.rows)
	emitRows(n, margins, x, func(d, row []float64) { s.margins(d, row, counts, total) })
	emitRows(n, votes, margins, vote)
	n.label(classes, votes, largest)
	return n.svmScores(x, margins, k, a, b)
}

// margins are the scores of each class against each later one.
func (s *svm) margins(d, row []float64, counts []int, total int) {
	k := make([]float64, total)
	s.dots(k, row)
	starts := make([]int, len(counts)+1)
	for i, c := range counts {
		starts[i+1] = starts[i] + c
	}
	pair := 0
	for i := range counts {
		for j := i + 1; j < len(counts); j++ {
			sum := float64(s.rho[pair])
			for m := starts[i]; m < starts[i+1]; m++ {
				sum += float64(s.coefs[(j-1)*total+m] * float32(k[m]))
			}
			for m := starts[j]; m < starts[j+1]; m++ {
				sum += float64(s.coefs[i*total+m] * float32(k[m]))
			}
			d[pair] = sum
			pair++
		}
	}
}

// vote counts for each class the pairs it wins.
func vote(d, margins []float64) {
	clear(d)
	pair := 0
	for i := range d {
		for j := i + 1; j < len(d); j++ {
			if margins[pair] > 0 {
				d[i]++
			} else {
				d[j]++
			}
			pair++
		}
	}
}

// svmScores makes result 1 probabilities, or the margins.
func (n *node) svmScores(x, margins *value, k int, a, b []float32) error {
	if len(a) > 0 {
		p := n.c.output(Float32, []int{x.shape[0], k}, x.rows)
		emitRows(n, p, margins, func(d, m []float64) { coupled(d, m, a, b) })
		z, err := n.scores(p, alone)
		n.set(1, z)
		return err
	}
	two := alone
	if k == 2 {
		if two = n.single(); n.string("post_transform", "NONE") == "NONE" {
			two = opposite
		}
	}
	z, err := n.scores(margins, two)
	n.set(1, z)
	return err
}

// coupled finds the probabilities of classes that agree best with those of
// each two, by the iteration of Wu, Lin and Weng's second method.
func coupled(p, margins []float64, a, b []float32) {
	k := len(p)
	r := make([]float64, k*k)
	pair := 0
	for i := range k {
		for j := i + 1; j < k; j++ {
			v := 1 - logistic(margins[pair]*float64(a[pair])+float64(b[pair]))
			v = min(max(v, 1e-7), 1-1e-7)
			r[i*k+j], r[j*k+i] = v, 1-v
			pair++
		}
	}
	q, qp := make([]float64, k*k), make([]float64, k)
	for i := range k {
		p[i] = 1 / float64(k)
		for j := range k {
			if j != i {
				q[i*k+i] += r[j*k+i] * r[j*k+i]
				q[i*k+j] = -r[j*k+i] * r[i*k+j]
			}
		}
	}
	for range 100 {
		pqp, worst := 0.0, 0.0
		for i := range k {
			qp[i] = 0
			for j := range k {
				qp[i] += q[i*k+j] * p[j]
			}
			pqp += p[i] * qp[i]
		}
		for i := range k {
			worst = max(worst, math.Abs(qp[i]-pqp))
		}
		if worst < 0.005/float64(k) {
			return
		}
		for i := range k {
			diff := (pqp - qp[i]) / q[i*k+i]
			p[i] += diff
			pqp = (pqp + diff*(diff*q[i*k+i]+2*qp[i])) / (1 + diff) / (1 + diff)
			for j := range k {
				qp[j] = (qp[j] + diff*q[i*k+j]) / (1 + diff)
				p[j] /= 1 + diff
			}
		}
	}
}

// svmLinear scores each class by its row of coefficients.
func (n *node) svmLinear(x, classes *value) error {
	coefs, rho := n.Attributes["coefficients"].Floats, n.Attributes["rho"].Floats
	k := classes.len()
	if len(coefs) != k*x.shape[1] || len(rho) == 0 {
		return fmt.Errorf("%d coefficients for %d classes and %d columns", len(coefs), k, x.shape[1])
	}
	positive := true
	for _, c := range coefs {
		positive = positive && c >= 0
	}
	w := n.c.transpose(constant(Float32, []int{k, x.shape[1]}, -1, Lanes{F32: coefs}), []int{1, 0})
	y, err := n.c.multiply(x, w, 1)
	if err != nil {
		return err
	}
	n.c.force(y)
	sum := like(y, Float32)
	bias := constant(Float32, []int{1}, -1, Lanes{F32: rho[:1]})
	if err := n.c.binary("Add", sum, y, bias); err != nil {
		return err
	}
	n.label(classes, sum, func(s []float32) int {
		best := largest(s)
		if k == 2 && (positive && s[best] >= 0.5 || !positive && s[best] > 0) {
			return 1
		}
		return best
	})
	z, err := n.scores(sum, alone)
	n.set(1, z)
	return err
}
