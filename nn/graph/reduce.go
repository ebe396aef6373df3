package graph

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// reduction folds numbers into one: from start, by step, and then finish with
// their count. Sums are made in float64 for floats.
type reduction struct {
	start  float64
	step   func(sum, x float64) float64
	finish func(sum float64, count int) float64
	since  int // the operator set in which the axes became an input
}

var reductions = map[string]reduction{
	"ReduceSum":       {0, plus, nil, 13},
	"ReduceMean":      {0, plus, func(s float64, n int) float64 { return s / float64(n) }, 18},
	"ReduceMax":       {math.Inf(-1), func(s, x float64) float64 { return max(s, x) }, nil, 18},
	"ReduceMin":       {math.Inf(1), func(s, x float64) float64 { return min(s, x) }, nil, 18},
	"ReduceProd":      {1, func(s, x float64) float64 { return s * x }, nil, 18},
	"ReduceL1":        {0, func(s, x float64) float64 { return s + math.Abs(x) }, nil, 18},
	"ReduceL2":        {0, plusSquare, func(s float64, _ int) float64 { return math.Sqrt(s) }, 18},
	"ReduceSumSquare": {0, plusSquare, nil, 18},
	"ReduceLogSum":    {0, plus, func(s float64, _ int) float64 { return math.Log(s) }, 18},
}

func plus(s, x float64) float64       { return s + x }
func plusSquare(s, x float64) float64 { return s + x*x }

// integerReductions are those that integers know, exact.
var integerReductions = map[string]struct {
	start int64
	step  func(sum, x int64) int64
}{
	"ReduceSum":       {0, func(s, x int64) int64 { return s + x }},
	"ReduceMean":      {0, func(s, x int64) int64 { return s + x }},
	"ReduceMax":       {math.MinInt64, func(s, x int64) int64 { return max(s, x) }},
	"ReduceMin":       {math.MaxInt64, func(s, x int64) int64 { return min(s, x) }},
	"ReduceProd":      {1, func(s, x int64) int64 { return s * x }},
	"ReduceL1":        {0, func(s, x int64) int64 { return s + max(x, -x) }},
	"ReduceSumSquare": {0, func(s, x int64) int64 { return s + x*x }},
}

// elementwise are the reductions that change an element though nothing is
// folded: under noop_with_empty_axes they do so to each.
var elementwise = map[string]bool{"ReduceL1": true, "ReduceL2": true, "ReduceSumSquare": true, "ReduceLogSum": true}

// compileReduce folds a tensor along some axes, or along all of them.
func compileReduce(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	since := 18
	if r, ok := reductions[n.Op]; ok {
		since = r.since
	}
	axes, given, err := n.axes(since, len(x.shape))
	if err != nil {
		return err
	}
	if len(axes) == 0 {
		given = false
	}
	switch noop := n.int("noop_with_empty_axes", 0) != 0; {
	case !given && noop && elementwise[n.Op]:
		axes = nil
	case !given && noop:
		n.set(0, n.c.view(x, x.shape, x.rows, nil))
		return nil
	case !given:
		axes = nil
		for i := range x.shape {
			axes = append(axes, i)
		}
	}
	if slices.Contains(axes, x.rows) {
		return x.acrossRows(x.rows)
	}
	shape, rows := x.without(axes, n.int("keepdims", 1) != 0)
	out := n.c.output(x.typ, shape, rows)
	n.set(0, out)
	return n.reduce(out, x, folding(x, axes))
}

// without is x's shape with some axes folded: kept with extent 1, or dropped.
func (v *value) without(axes []int, keep bool) (shape []int, rows int) {
	rows = -1
	for i, d := range v.shape {
		if slices.Contains(axes, i) {
			if keep {
				shape = append(shape, 1)
			}
			continue
		}
		if i == v.rows {
			rows = len(shape)
		}
		shape = append(shape, d)
	}
	return shape, rows
}

// folds says which elements are folded: for result o, those at base[o] +
// each of offsets.
type folds struct{ base, offsets []int32 }

func folding(x *value, axes []int) folds {
	own := strides(x.shape)
	var kept, keptSteps, gone, goneSteps []int
	for i, d := range x.shape {
		if slices.Contains(axes, i) {
			gone, goneSteps = append(gone, d), append(goneSteps, own[i])
		} else {
			kept, keptSteps = append(kept, d), append(keptSteps, own[i])
		}
	}
	return folds{walk(kept, keptSteps, 0), walk(gone, goneSteps, 0)}
}

func (n *node) reduce(out, x *value, f folds) error {
	switch x.typ.Storage() {
	case F32:
		return reduceFloat[float32](n, out, x, f)
	case F64:
		return reduceFloat[float64](n, out, x, f)
	case I64, U64:
		if x.typ == Uint64 {
			break
		}
		return n.reduceInteger(out, x, f)
	case Bools:
		if n.Op == "ReduceMax" || n.Op == "ReduceMin" {
			return n.reduceBool(out, x, f)
		}
	}
	return fmt.Errorf("element type %s", x.typ)
}

func reduceFloat[T floating](n *node, out, x *value, f folds) error {
	if n.Op == "ReduceLogSumExp" {
		emitFolds(n, out, x, f, logSumExp[T])
		return nil
	}
	r := reductions[n.Op]
	emitFolds(n, out, x, f, func(d []T, src []T, base int, offsets []int32) {
		var sum [lanes]float64
		for j := range sum {
			sum[j] = r.start
		}
		for _, off := range offsets {
			for j, v := range src[(base+int(off))*lanes:][:lanes] {
				sum[j] = r.step(sum[j], float64(v))
			}
		}
		for j, s := range sum {
			if r.finish != nil {
				s = r.finish(s, len(offsets))
			}
			d[j] = T(s)
		}
	})
	return nil
}

// logSumExp takes the largest number off first, so that nothing overflows.
func logSumExp[T floating](d, src []T, base int, offsets []int32) {
	for j := range lanes {
		top, sum := math.Inf(-1), 0.0
		for _, off := range offsets {
			top = max(top, float64(src[(base+int(off))*lanes+j]))
		}
		if math.IsInf(top, 0) {
			d[j] = T(top)
			continue
		}
		for _, off := range offsets {
			sum += math.Exp(float64(src[(base+int(off))*lanes+j]) - top)
		}
		d[j] = T(top + math.Log(sum))
	}
}

// emitFolds calls f for each result element with the elements it is made of.
func emitFolds[T element](n *node, out, x *value, f folds, do func(d, src []T, base int, offsets []int32)) {
	in := plainReader[T](n.c, x)
	total, buf := len(f.base), out.buf
	n.c.emit(n.Op, func(ws *Workspace, panels int) {
		to, from := *field[T](&ws.bufs[buf]), in.base(ws)
		for p := range panels {
			for o, base := range f.base {
				do(to[(p*total+o)*lanes:][:lanes], from, p*in.stride+int(base), f.offsets)
			}
		}
	}, buf)
	n.c.round(out)
}

func (n *node) reduceInteger(out, x *value, f folds) error {
	if n.Op == "ReduceL2" || n.Op == "ReduceLogSum" || n.Op == "ReduceLogSumExp" {
		xf, of := like(x, Float64), n.c.output(Float64, out.shape, out.rows)
		if err := errors.Join(n.c.cast(xf, x), reduceFloat[float64](n, of, xf, f)); err != nil {
			return err
		}
		cast := like(out, out.typ)
		n.set(0, cast)
		return n.c.cast(cast, of)
	}
	r := integerReductions[n.Op]
	emitFolds(n, out, x, f, func(d, src []int64, base int, offsets []int32) {
		for j := range d {
			s := r.start
			for _, off := range offsets {
				s = r.step(s, src[(base+int(off))*lanes+j])
			}
			if n.Op == "ReduceMean" && len(offsets) > 0 {
				s /= int64(len(offsets))
			}
			d[j] = s
		}
	})
	return nil
}

func (n *node) reduceBool(out, x *value, f folds) error {
	all := n.Op == "ReduceMin"
	emitFolds(n, out, x, f, func(d, src []bool, base int, offsets []int32) {
		for j := range d {
			d[j] = all
			for _, off := range offsets {
				if src[(base+int(off))*lanes+j] != all {
					d[j] = !all
				}
			}
		}
	})
	return nil
}
