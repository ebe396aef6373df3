package graph

import (
	"errors"
	"fmt"
	"math"

	"yhat/nn/internal/kernel"
)

// compileLinearRegressor is a matrix product with one row of coefficients for
// each target, and intercepts.
func compileLinearRegressor(n *node) error {
	y, err := n.linear(n.int("targets", 1))
	if err != nil {
		return err
	}
	scores, err := n.scores(y, alone)
	n.set(0, scores)
	return err
}

// linear is x coefficientsᵀ + intercepts for float32 x of [rows, columns].
func (n *node) linear(targets int) (*value, error) {
	x, err := n.matrix()
	if err != nil {
		return nil, err
	}
	w, b := n.Attributes["coefficients"].Floats, n.Attributes["intercepts"].Floats
	if targets < 1 || len(w) != targets*x.shape[1] || len(b) != 0 && len(b) != targets {
		return nil, fmt.Errorf("%d coefficients and %d intercepts for %d targets and %d columns", len(w), len(b), targets, x.shape[1])
	}
	matrix := constant(Float32, []int{targets, x.shape[1]}, -1, Lanes{F32: w})
	y, err := n.c.multiply(x, n.c.transpose(matrix, []int{1, 0}), 1)
	if err != nil || len(b) == 0 {
		return y, err
	}
	bias := constant(Float32, []int{targets}, -1, Lanes{F32: b})
	if p := y.pending; p != nil && p.addBias(bias, y, 1) {
		return y, nil
	}
	sum := like(y, Float32)
	return sum, n.c.binary("Add", sum, y, bias)
}

// matrix is input 0 as a float32 matrix of rows; a vector is one row, or one
// column where it has the batch axis.
func (n *node) matrix() (*value, error) {
	x, err := n.need(0)
	if err != nil {
		return nil, err
	}
	if x, err = n.toFloat(x); err != nil {
		return nil, err
	}
	return n.asMatrix(x)
}

func (n *node) asMatrix(x *value) (*value, error) {
	switch {
	case len(x.shape) == 1 && x.rows == 0:
		return n.c.view(x, []int{1, x.shape[0]}, 0, nil), nil
	case len(x.shape) == 1:
		return n.c.view(x, []int{1, x.shape[0]}, -1, nil), nil
	case len(x.shape) != 2:
		return nil, fmt.Errorf("an input of %d dimensions", len(x.shape))
	}
	return x, x.acrossRows(1)
}

// second says what becomes of a single score when there are two classes.
type second uint8

const (
	alone      second = iota // it stays alone
	complement               // 1 − s, s: it is a probability
	opposite                 // −s, s: it is a distance
)

// single is what a single score of a linear model becomes for two classes: a
// distance where it is still to be made a probability.
func (n *node) single() second {
	if n.string("post_transform", "NONE") == "LOGISTIC" {
		return opposite
	}
	return complement
}

// scores applies the operator's post_transform to each row of a matrix.
func (n *node) scores(x *value, two second) (*value, error) {
	transform := n.string("post_transform", "NONE")
	f, ok := transforms[transform]
	if !ok {
		return nil, errors.New("an unknown post_transform")
	}
	k := x.shape[1]
	width := k
	if transform == "NONE" && (k > 1 || two == alone) {
		return x, nil
	}
	n.c.force(x)
	if sigma, ok := ownTransforms[transform]; ok && k > 1 && x.konst == nil {
		out := like(x, Float32)
		emitActivation[float32](n.c, out, x, kernel.Activation[float64]{Func: sigma}, n.Op+" scores", k)
		return out, nil
	}
	if k == 1 && two != alone {
		width = 2
	}
	out := n.c.output(Float32, []int{x.shape[0], width}, x.rows)
	emitRows(n, out, x, func(d, s []float64) {
		switch {
		case k > 1:
			copy(d, s)
			f(d)
		case transform == "PROBIT":
			d[width-1] = probit(s[0])
		case width == 1: // onnxruntime transforms no single score but by PROBIT
			d[0] = s[0]
		case two == complement:
			d[0], d[1] = 1-s[0], s[0]
		case transform == "LOGISTIC":
			d[0], d[1] = logistic(-s[0]), logistic(s[0])
		default:
			d[0], d[1] = -s[0], s[0]
		}
	})
	return out, nil
}

// ownTransforms are the post_transforms that are activations.
var ownTransforms = map[string]kernel.Func{"LOGISTIC": kernel.Sigmoid, "SOFTMAX": kernel.Softmax}

// transforms are the post_transforms of more than one score.
var transforms = map[string]func(s []float64){
	"NONE": func([]float64) {},
	"LOGISTIC": func(s []float64) {
		for i, v := range s {
			s[i] = logistic(v)
		}
	},
	"SOFTMAX":      func(s []float64) { softmax(s, false) },
	"SOFTMAX_ZERO": func(s []float64) { softmax(s, true) },
	"PROBIT": func(s []float64) {
		for i, v := range s {
			s[i] = probit(v)
		}
	},
}

func logistic(v float64) float64 {
	e := math.Exp(-math.Abs(v))
	if v < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// probit is √2 erf⁻¹(2v − 1), with Winitzki's approximation of erf⁻¹ that
// other runtimes use.
func probit(v float64) float64 {
	x := 2*v - 1
	l := math.Log((1 - x) * (1 + x))
	const a = 0.147
	u := 2/(3.14159*a) + 0.5*l
	return math.Sqrt2 * math.Copysign(math.Sqrt(-u+math.Sqrt(u*u-l/a)), x)
}

// softmax; with zeros, scores that are zero stay zero.
func softmax(s []float64, zeros bool) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range s {
		top = max(top, v)
	}
	for i, v := range s {
		if zeros && math.Abs(v) <= 1e-7 {
			s[i] = v * math.Exp(-top)
			continue
		}
		s[i] = math.Exp(v - top)
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}

// emitRows computes rows of a float32 matrix from rows of another.
func emitRows(n *node, out, x *value, f func(d, s []float64)) {
	in, buf := plainReader[float32](n.c, x), out.buf
	rows, k, w := x.shape[0], x.shape[1], out.shape[1]
	n.c.emit(n.Op+" scores", func(ws *Workspace, panels int) {
		to, from := ws.bufs[buf].F32, in.base(ws)
		s, d := make([]float64, k), make([]float64, w)
		for r := range panels * rows {
			for j := range lanes {
				for i := range s {
					s[i] = float64(from[(r*k+i)*lanes+j])
				}
				f(d, s)
				for i, v := range d {
					to[(r*w+i)*lanes+j] = float32(v)
				}
			}
		}
	}, buf)
}

// classes are the labels of a classifier.
func (n *node) classes() (*value, error) {
	if len(n.Attributes["classlabels_strings"].Strings) > 0 {
		return n.list("classlabels_strings", "", "", "")
	}
	for _, name := range []string{"classlabels_int64s", "classlabels_ints"} {
		if list := n.Attributes[name].Ints; len(list) > 0 {
			return integers(list...), nil
		}
	}
	return nil, errors.New("no class labels")
}

// label makes result 0 the labels that choose picks from rows of scores.
func (n *node) label(classes, x *value, choose func(s []float32) int) {
	rows := x.rows
	out := n.c.output(classes.typ, []int{x.shape[0]}, rows)
	n.set(0, out)
	if classes.typ == String {
		emitLabel(n, out, x, classes.konst.Str, choose)
	} else {
		emitLabel(n, out, x, classes.konst.I64, choose)
	}
}

func emitLabel[T element](n *node, out, x *value, classes []T, choose func(s []float32) int) {
	in, buf := plainReader[float32](n.c, x), out.buf
	rows, k := x.shape[0], x.shape[1]
	n.c.emit(n.Op+" label", func(ws *Workspace, panels int) {
		to, from := *field[T](&ws.bufs[buf]), in.base(ws)
		s := make([]float32, k)
		for r := range panels * rows {
			for j := range lanes {
				for i := range s {
					s[i] = from[(r*k+i)*lanes+j]
				}
				to[r*lanes+j] = classes[choose(s)]
			}
		}
	}, buf)
}

// largest is the place of the largest score, the first of equal ones.
func largest(s []float32) int {
	best := 0
	for i, v := range s {
		if v > s[best] {
			best = i
		}
	}
	return best
}

// above chooses the second class where a single score is above a threshold.
func above(threshold float32) func(s []float32) int {
	return func(s []float32) int {
		if s[0] > threshold {
			return 1
		}
		return 0
	}
}

// compileLinearClassifier scores classes by a linear map. A single row of
// coefficients for two classes scores the second.
func compileLinearClassifier(n *node) error {
	classes, err := n.classes()
	if err != nil {
		return err
	}
	targets := len(n.Attributes["intercepts"].Floats)
	if targets == 0 {
		targets = classes.len()
	}
	x, err := n.linear(targets)
	if err != nil {
		return err
	}
	two, choose := alone, largest
	if targets == 1 {
		choose = above(0)
		if classes.len() == 2 {
			two = n.single()
		} else {
			classes = integers(0, 1)
		}
	} else if classes.len() < targets {
		return fmt.Errorf("%d labels for %d classes", classes.len(), targets)
	}
	n.c.force(x)
	n.label(classes, x, choose)
	z, err := n.scores(x, two)
	n.set(1, z)
	return err
}
