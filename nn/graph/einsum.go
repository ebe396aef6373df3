package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// compileEinsum sums products over the axes whose letters the result does not
// have: "ij,jk->ik" is a matrix product. An ellipsis stands for the axes that
// have no letter.
func compileEinsum(n *node) error {
	if len(n.in) == 0 || slices.Contains(n.in, nil) {
		return errors.New("an input is not given")
	}
	terms, result, err := parseEinsum(n.string("equation", ""), n.in)
	if err != nil {
		return err
	}
	x, labels := n.in[0], terms[0]
	for i := 1; i < len(n.in); i++ {
		keep := result
		if i < len(n.in)-1 {
			keep = keptLabels(labels+terms[i], append([]string{result}, terms[i+1:]...))
		}
		if x, err = n.einsumPair(x, n.in[i], labels, terms[i], keep); err != nil {
			return err
		}
		labels = keep
	}
	if len(n.in) == 1 {
		if x, err = n.einsumPair(x, n.c.one(x.typ), labels, "", result); err != nil {
			return err
		}
	}
	n.set(0, x)
	return nil
}

// one is the number 1 of a type.
func (c *compiler) one(t Type) *value {
	return constant(t, nil, -1, Lanes{F32: []float32{1}, F64: []float64{1}, I64: []int64{1}, U64: []uint64{1}})
}

// keptLabels are the labels of from, each once, that a later term needs.
func keptLabels(from string, later []string) string {
	var b strings.Builder
	for _, l := range from {
		needed := slices.ContainsFunc(later, func(t string) bool { return strings.ContainsRune(t, l) })
		if needed && !strings.ContainsRune(b.String(), l) {
			b.WriteRune(l)
		}
	}
	return b.String()
}

// parseEinsum gives each input a letter an axis; the axes of an ellipsis get
// digits, aligned at the last one.
func parseEinsum(equation string, in []*value) (terms []string, result string, err error) {
	equation = strings.ReplaceAll(equation, " ", "")
	left, right, explicit := strings.Cut(equation, "->")
	terms = strings.Split(left, ",")
	if len(terms) != len(in) {
		return nil, "", fmt.Errorf("%d terms for %d inputs", len(terms), len(in))
	}
	wide := ""
	for i, t := range terms {
		axes := len(in[i].shape) - len(strings.ReplaceAll(t, "...", ""))
		if axes < 0 || axes > 10 || axes > 0 && !strings.Contains(t, "...") {
			return nil, "", fmt.Errorf("a term of the equation does not fit %d axes", len(in[i].shape))
		}
		digits := "0123456789"[10-axes:]
		if len(digits) > len(wide) {
			wide = digits
		}
		terms[i] = strings.Replace(t, "...", digits, 1)
	}
	if explicit {
		return terms, strings.Replace(right, "...", wide, 1), nil
	}
	var once []string
	all := strings.Join(terms, "")
	for _, l := range strings.Split(all, "") {
		if strings.Count(all, l) == 1 && !strings.Contains(wide, l) {
			once = append(once, l)
		}
	}
	slices.Sort(once)
	return terms, wide + strings.Join(once, ""), nil
}

// einsumPair multiplies two inputs and sums over the labels that are not kept.
func (n *node) einsumPair(x, y *value, xl, yl, keep string) (*value, error) {
	if x.typ != y.typ {
		return nil, fmt.Errorf("element types %s and %s", x.typ, y.typ)
	}
	extent := map[byte]int{}
	for _, t := range []struct {
		v *value
		l string
	}{{x, xl}, {y, yl}} {
		for i, d := range t.v.shape {
			if old, ok := extent[t.l[i]]; ok && old != d && old != 1 && d != 1 {
				return nil, errors.New("extents that do not fit together")
			}
			extent[t.l[i]] = max(extent[t.l[i]], d)
		}
	}
	rows, err := einsumRows(x, y, xl, yl, keep)
	if err != nil {
		return nil, err
	}
	shape, summed, gone := []int{}, []int{}, ""
	for i := range keep {
		d, ok := extent[keep[i]]
		if !ok {
			return nil, errors.New("a label of the result that no input has")
		}
		shape = append(shape, d)
	}
	for _, l := range []byte(xl + yl) {
		if !strings.Contains(keep+gone, string(l)) {
			gone += string(l)
			summed = append(summed, extent[l])
		}
	}
	if err := errors.Join(n.c.bounded(shape), n.c.bounded(append(slices.Clone(shape), summed...))); err != nil {
		return nil, err
	}
	g := &contraction{shape: shape, rows: rows}
	g.aBase, g.aOff = walk(shape, labelSteps(x, xl, keep), 0), walk(summed, labelSteps(x, xl, gone), 0)
	g.bBase, g.bOff = walk(shape, labelSteps(y, yl, keep), 0), walk(summed, labelSteps(y, yl, gone), 0)
	g.depth = len(g.aOff)
	return n.c.contract(x, y, g)
}

// einsumRows finds the batch axis of the result.
func einsumRows(x, y *value, xl, yl, keep string) (int, error) {
	label := byte(0)
	for _, t := range []struct {
		v *value
		l string
	}{{x, xl}, {y, yl}} {
		if t.v.rows < 0 {
			continue
		}
		if own := t.l[t.v.rows]; label != 0 && label != own {
			return 0, fmt.Errorf("%w: each row meets every other", errMixes)
		}
		label = t.l[t.v.rows]
	}
	if label == 0 {
		return -1, nil
	}
	for _, t := range []struct {
		v *value
		l string
	}{{x, xl}, {y, yl}} {
		if at := strings.IndexByte(t.l, label); at >= 0 && t.v.rows < 0 && t.v.shape[at] != 1 {
			return 0, fmt.Errorf("%w: a constant has an extent along the batch axis", errMixes)
		}
	}
	at := strings.IndexByte(keep, label)
	if at < 0 {
		return 0, fmt.Errorf("%w: it sums over the batch axis", errMixes)
	}
	return at, nil
}

// labelSteps are the steps through v along the axes of labels.
func labelSteps(v *value, own, labels string) []int {
	steps := make([]int, len(labels))
	st := strides(v.shape)
	for i := range labels {
		for a := range own {
			if own[a] == labels[i] && v.shape[a] != 1 {
				steps[i] += st[a]
			}
		}
	}
	return steps
}
