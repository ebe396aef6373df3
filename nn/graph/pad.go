package graph

import (
	"errors"
	"fmt"
	"slices"
)

// compilePad adds places before and behind each axis: of one value, or copies
// of the edge, of the mirrored inside, or of the far end (wrap).
func compilePad(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	pads := n.ints("pads")
	if n.Version >= 11 {
		if pads, err = n.constants(1); err != nil {
			return err
		}
	}
	pads, err = n.padsByAxis(pads, len(x.shape))
	if err != nil {
		return err
	}
	fill, err := n.padValue(x)
	if err != nil {
		return err
	}
	padded := slices.Clone(x.shape)
	for i := range padded {
		padded[i] = max(0, padded[i]+pads[i]+pads[i+len(padded)])
	}
	if err := n.c.bounded(padded); err != nil {
		return err
	}
	mode := n.string("mode", "constant")
	for axis, d := range x.shape {
		before, after := pads[axis], pads[axis+len(x.shape)]
		if before == 0 && after == 0 {
			continue
		}
		if err := x.acrossRows(axis); err != nil {
			return err
		}
		picks, err := padPlaces(mode, d, before, after)
		if err != nil {
			return err
		}
		if mode == "constant" {
			if x, err = n.padAxis(x, fill, axis, before, after, picks); err != nil {
				return err
			}
			continue
		}
		x = n.c.along(x, axis, picks)
	}
	n.set(0, n.c.view(x, x.shape, x.rows, nil))
	return nil
}

// padsByAxis spreads pads that are given for some axes only.
func (n *node) padsByAxis(pads []int, rank int) ([]int, error) {
	axes := []int(nil)
	if n.input(3) != nil {
		var err error
		if axes, err = n.constants(3); err != nil {
			return nil, err
		}
	} else {
		for i := range rank {
			axes = append(axes, i)
		}
	}
	if len(pads) != 2*len(axes) {
		return nil, fmt.Errorf("%d pads for %d axes", len(pads), len(axes))
	}
	all := make([]int, 2*rank)
	for i, a := range axes {
		a, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		all[a], all[a+rank] = pads[i], pads[i+len(axes)]
	}
	for _, p := range all {
		if p > maxElements || p < -maxElements {
			return nil, fmt.Errorf("a pad of %d", p)
		}
	}
	return all, nil
}

func (n *node) padValue(x *value) (*value, error) {
	fill := n.input(2)
	if fill == nil {
		zero := constant(Float32, []int{1}, -1, Lanes{F32: []float32{float32(n.float("value", 0))}})
		fill = like(zero, x.typ)
		if x.typ == Float32 {
			fill = zero
		} else if err := n.castTo(fill, zero); err != nil {
			return nil, err
		}
	}
	if fill.konst == nil {
		return nil, &needsError{n.Inputs[2]}
	}
	if fill.typ != x.typ || fill.len() != 1 {
		return nil, errors.New("a fill that is not one value of the input's type")
	}
	return fill, nil
}

// padPlaces lists, for the axis of extent d after padding, the places that are
// copied: -1 is the fill.
func padPlaces(mode string, d, before, after int) ([]int32, error) {
	var list []int32
	for k := -before; k < d+after; k++ {
		at := k
		switch {
		case k >= 0 && k < d:
		case mode == "constant":
			at = -1
		case d == 0:
			return nil, errors.New("padding an axis of extent 0")
		case mode == "edge":
			at = min(max(k, 0), d-1)
		case mode == "wrap":
			at = ((k % d) + d) % d
		case mode == "reflect" && d > 1:
			if at = ((k % (2*d - 2)) + 2*d - 2) % (2*d - 2); at >= d {
				at = 2*d - 2 - at
			}
		case mode == "reflect":
			at = 0
		default:
			return nil, fmt.Errorf("mode %.20q", mode)
		}
		list = append(list, int32(at))
	}
	return list, nil
}

// padAxis joins fill, the places that stay, and fill.
func (n *node) padAxis(x, fill *value, axis, before, after int, picks []int32) (*value, error) {
	kept := slices.DeleteFunc(slices.Clone(picks), func(p int32) bool { return p < 0 })
	parts := []*value{n.c.along(x, axis, kept)}
	shape := slices.Clone(x.shape)
	block := func(extent int) *value {
		shape := slices.Clone(shape)
		shape[axis] = extent
		return n.c.view(fill, shape, -1, make([]int32, count(shape)))
	}
	for _, extent := range []int{before, after} {
		if s := slices.Clone(shape); extent > 0 {
			s[axis] = extent
			if err := n.c.bounded(s); err != nil {
				return nil, err
			}
		}
	}
	if before > 0 {
		parts = append([]*value{block(before)}, parts...)
	}
	if after > 0 {
		parts = append(parts, block(after))
	}
	err := n.concat(parts, axis)
	return n.out[0], err
}
