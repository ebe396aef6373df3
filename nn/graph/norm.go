package graph

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// compileBatchNorm is scale (x − mean) / √(variance + epsilon) + b for each
// channel, axis 1. In training mode mean and variance are those of the batch,
// which mixes rows; without a batch axis they are those of the tensor.
func compileBatchNorm(n *node) error {
	if len(n.in) < 5 || slices.Contains(n.in[:5], nil) {
		return errors.New("want five inputs")
	}
	x := n.in[0]
	if len(x.shape) < 1 {
		return errors.New("a scalar")
	}
	if n.int("training_mode", 0) != 0 || n.Version < 7 && n.int("is_test", 0) == 0 && len(n.Outputs) > 1 {
		return n.batchNormTraining(x)
	}
	if n.fuseBatchNorm() {
		return nil
	}
	n.c.force(x)
	scale, b, mean, variance := n.channels(1), n.channels(2), n.channels(3), n.channels(4)
	if x.rows == 1 {
		return x.acrossRows(1)
	}
	return n.normalize(x, scale, b, mean, variance)
}

// channels shapes a parameter so that it meets axis 1.
func (n *node) channels(i int) *value {
	v, x := n.in[i], n.in[0]
	if len(v.shape) != 1 || len(x.shape) < 2 {
		return v
	}
	shape := make([]int, len(x.shape)-1)
	for k := range shape {
		shape[k] = 1
	}
	shape[0] = v.shape[0]
	return n.c.view(v, shape, min(v.rows, 0), nil)
}

// normalize emits scale (x − mean) / √(variance + epsilon) + b from its parts.
func (n *node) normalize(x, scale, b, mean, variance *value) error {
	epsilon := n.float("epsilon", 1e-5)
	factor := like(variance, variance.typ)
	err := n.c.mapFloat("BatchNormalization", factor, variance, func(v float64) float64 { return 1 / math.Sqrt(v+epsilon) })
	if err != nil {
		return err
	}
	links := []link{{"Sub", mean}, {"Mul", factor}, {"Mul", scale}, {"Add", b}}
	for i, l := range links {
		if l.by.typ != x.typ {
			links[i].by = like(l.by, x.typ)
			if err := n.c.cast(links[i].by, l.by); err != nil {
				return err
			}
		}
	}
	return n.chain(x, links)
}

// fuseBatchNorm makes the normalisation part of the dense product before it.
func (n *node) fuseBatchNorm() bool {
	p := n.absorbs(0)
	if p == nil || len(n.in[0].shape) != 2 {
		return false
	}
	var parts [4][]float64
	for i := range parts {
		list, err := n.in[1+i].floats()
		if err != nil || len(list) != p.out {
			return false
		}
		parts[i] = list
	}
	epsilon := n.float("epsilon", 1e-5)
	q := *p
	q.w, q.b = slices.Clone(p.w), slices.Clone(p.b)
	for u := range q.b {
		factor := parts[0][u] / math.Sqrt(parts[3][u]+epsilon)
		q.b[u] = (q.b[u]-parts[2][u])*factor + parts[1][u]
		for k := range q.in {
			q.w[u*q.in+k] *= factor
		}
	}
	n.become(n.in[0], &q)
	return true
}

// batchNormTraining normalises by the tensor's own mean and variance and
// returns the running ones: momentum·old + (1 − momentum)·new.
func (n *node) batchNormTraining(x *value) error {
	if x.rows >= 0 {
		return fmt.Errorf("%w: batch normalisation in training mode", errMixes)
	}
	n.c.force(x)
	var axes []int
	for i := range x.shape {
		if i != 1 {
			axes = append(axes, i)
		}
	}
	mean, variance, err := n.moments(x, axes)
	if err != nil {
		return err
	}
	if err := n.normalize(x, n.channels(1), n.channels(2), mean, variance); err != nil {
		return err
	}
	momentum := n.float("momentum", 0.9)
	for i, now := range []*value{mean, variance} {
		if !n.wants(1 + i) {
			continue
		}
		old := n.in[3+i]
		if now.len() != old.len() {
			return fmt.Errorf("%d running values for %d channels", old.len(), now.len())
		}
		now = n.c.view(now, old.shape, -1, nil)
		a, b, sum := like(old, old.typ), like(now, now.typ), like(old, old.typ)
		err := errors.Join(
			n.c.mapFloat("momentum", a, old, func(v float64) float64 { return momentum * v }),
			n.c.mapFloat("momentum", b, now, func(v float64) float64 { return (1 - momentum) * v }),
			n.c.binary("Add", sum, a, b))
		if err != nil {
			return err
		}
		n.set(1+i, sum)
	}
	return nil
}

// moments are the mean and the variance along some axes, which are kept with
// extent 1.
func (n *node) moments(x *value, axes []int) (mean, variance *value, err error) {
	shape, rows := x.without(axes, true)
	f := folding(x, axes)
	mean, variance = n.c.output(x.typ, shape, rows), n.c.output(x.typ, shape, rows)
	switch x.typ.Storage() {
	case F32:
		emitFolds(n, mean, x, f, meanOf[float32])
		emitFolds(n, variance, x, f, varianceOf[float32])
	case F64:
		emitFolds(n, mean, x, f, meanOf[float64])
		emitFolds(n, variance, x, f, varianceOf[float64])
	default:
		return nil, nil, fmt.Errorf("element type %s", x.typ)
	}
	return mean, variance, nil
}

func meanOf[T floating](d, src []T, base int, offsets []int32) {
	for j, m := range means(src, base, offsets) {
		d[j] = T(m)
	}
}

func means[T floating](src []T, base int, offsets []int32) (sum [lanes]float64) {
	for _, off := range offsets {
		for j, v := range src[(base+int(off))*lanes:][:lanes] {
			sum[j] += float64(v)
		}
	}
	for j := range sum {
		sum[j] /= float64(len(offsets))
	}
	return sum
}

// varianceOf is the mean of the squared distances from the mean.
func varianceOf[T floating](d, src []T, base int, offsets []int32) {
	mean := means(src, base, offsets)
	var sum [lanes]float64
	for _, off := range offsets {
		for j, v := range src[(base+int(off))*lanes:][:lanes] {
			x := float64(v) - mean[j]
			sum[j] += x * x
		}
	}
	for j := range sum {
		d[j] = T(sum[j] / float64(len(offsets)))
	}
}

// normal are the input, the scale and the axes of a normalisation over the axes
// from axis on.
func (n *node) normal() (x, scale *value, axes []int, err error) {
	if x, scale, err = n.two(); err != nil {
		return nil, nil, nil, err
	}
	axis, err := axisOf(n.int("axis", -1), len(x.shape))
	if err != nil {
		return nil, nil, nil, err
	}
	axes = intsFrom(axis, len(x.shape))
	if slices.Contains(axes, x.rows) {
		return nil, nil, nil, x.acrossRows(x.rows)
	}
	return x, scale, axes, nil
}

// compileLayerNorm normalises over the axes from axis on, then scales and
// shifts; the further results are the mean and 1/√(variance + epsilon).
func compileLayerNorm(n *node) error {
	x, scale, axes, err := n.normal()
	if err != nil {
		return err
	}
	if n.fuseNorm(x, axes[0], true) {
		return nil
	}
	mean, variance, err := n.moments(x, axes)
	if err != nil {
		return err
	}
	epsilon := n.float("epsilon", 1e-5)
	factor := like(variance, variance.typ)
	err = n.c.mapFloat(n.Op, factor, variance, func(v float64) float64 { return 1 / math.Sqrt(v+epsilon) })
	if err != nil {
		return err
	}
	n.set(1, mean)
	n.set(2, factor)
	return n.chain(x, []link{{"Sub", mean}, {"Mul", factor}, {"Mul", scale}, {"Add", n.input(2)}})
}

func intsFrom(first, end int) []int {
	var list []int
	for i := first; i < end; i++ {
		list = append(list, i)
	}
	return list
}

// link is one operator of a chain, with its second operand; nil: left out.
type link struct {
	op string
	by *value
}

// chain makes result 0 of x by one operator after the other.
func (n *node) chain(x *value, links []link) error {
	for _, l := range links {
		if l.by == nil {
			continue
		}
		shape, rows, err := n.c.broadcast(x, l.by)
		if err != nil {
			return err
		}
		out := &value{typ: x.typ, shape: shape, rows: rows, buf: -1}
		if err := n.c.binary(l.op, out, x, l.by); err != nil {
			return err
		}
		x = out
	}
	n.set(0, x)
	return nil
}

// compileRMSNorm is scale · x / √(mean(x²) + epsilon) over the axes from axis
// on.
func compileRMSNorm(n *node) error {
	x, scale, axes, err := n.normal()
	if err != nil {
		return err
	}
	if n.fuseNorm(x, axes[0], false) {
		return nil
	}
	epsilon := n.float("epsilon", 1e-5)
	shape, rows := x.without(axes, true)
	factor := n.c.output(x.typ, shape, rows)
	f := folding(x, axes)
	switch x.typ.Storage() {
	case F32:
		emitFolds(n, factor, x, f, func(d, src []float32, base int, offsets []int32) { rootMean(d, src, base, offsets, epsilon) })
	case F64:
		emitFolds(n, factor, x, f, func(d, src []float64, base int, offsets []int32) { rootMean(d, src, base, offsets, epsilon) })
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return n.chain(x, []link{{"Mul", factor}, {"Mul", scale}})
}

// rootMean is 1/√(mean(x²) + epsilon).
func rootMean[T floating](d, src []T, base int, offsets []int32, epsilon float64) {
	var sum [lanes]float64
	for _, off := range offsets {
		for j, v := range src[(base+int(off))*lanes:][:lanes] {
			sum[j] += float64(v) * float64(v)
		}
	}
	for j, s := range sum {
		d[j] = T(1 / math.Sqrt(s/float64(len(offsets))+epsilon))
	}
}

// compileInstanceNorm normalises each channel of each instance over its other
// axes.
func compileInstanceNorm(n *node) error {
	if len(n.in) < 3 || slices.Contains(n.in[:3], nil) {
		return errors.New("want three inputs")
	}
	x := n.in[0]
	if len(x.shape) < 3 || x.rows > 0 {
		return fmt.Errorf("an input of %d dimensions", len(x.shape))
	}
	mean, variance, err := n.moments(x, intsFrom(2, len(x.shape)))
	if err != nil {
		return err
	}
	return n.normalize(x, n.channels(1), n.channels(2), mean, variance)
}
