package graph

import (
	"errors"
	"fmt"
)

// compileDropout passes its input on, as Dropout does outside training; its
// mask is then all true, or before version 12, where it was no part of the
// model any more, false or zero.
func compileDropout(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	keep := make([]bool, x.len())
	for i := range keep {
		keep[i] = true
	}
	ratio, err := n.dropoutRatio()
	if err != nil {
		return err
	}
	n.set(0, x)
	if ratio != 0 {
		n.c.force(x)
		if err := n.drop(x, ratio, keep); err != nil {
			return err
		}
	}
	if n.wants(1) && n.Version < 12 {
		mask := constant(Bool, x.shape, x.rows, Lanes{Bool: make([]bool, len(keep))})
		if n.Version < 10 {
			mask = like(x, x.typ)
			if err := n.c.cast(mask, constant(Bool, x.shape, x.rows, Lanes{Bool: make([]bool, len(keep))})); err != nil {
				return err
			}
		}
		n.set(1, mask)
	} else if n.wants(1) {
		n.set(1, constant(Bool, x.shape, x.rows, Lanes{Bool: keep}))
	}
	return nil
}

// dropoutRatio is the share of elements to drop: 0 but in training mode.
func (n *node) dropoutRatio() (float64, error) {
	if n.Version < 12 || n.input(2) == nil {
		return 0, nil
	}
	mode := n.in[2]
	switch {
	case mode.konst == nil:
		return 0, &needsError{n.Inputs[2]}
	case mode.typ != Bool || mode.len() != 1:
		return 0, errors.New("training_mode is no truth value")
	case !mode.konst.Bool[0]:
		return 0, nil
	}
	ratio, err := n.scalar(1, 0.5)
	if err == nil && !(ratio >= 0 && ratio < 1) {
		err = fmt.Errorf("a ratio of %v", ratio)
	}
	return ratio, err
}

// drop drops elements as NumPy's generator of the node's seed does, which is
// how the specification's examples draw, and scales those that stay.
func (n *node) drop(x *value, ratio float64, keep []bool) error {
	switch {
	case !n.has("seed"):
		return errors.New("random dropout without a seed, as in training")
	case x.rows >= 0:
		return fmt.Errorf("%w: dropout in training mode draws for the whole batch", errMixes)
	}
	random := newTwister(uint32(n.int("seed", 0)))
	factors := make([]float64, len(keep))
	for i := range keep {
		if keep[i] = random.uniform() >= ratio; keep[i] {
			factors[i] = 1 / (1 - ratio)
		}
	}
	wide := constant(Float64, x.shape, -1, Lanes{F64: factors})
	mask, out := like(x, x.typ), like(x, x.typ)
	n.set(0, out)
	if x.typ == Float64 {
		mask = wide
	} else if err := n.c.cast(mask, wide); err != nil {
		return err
	}
	return n.c.binary("Mul", out, x, mask)
}

// twister is the generator MT19937 (Matsumoto and Nishimura, Mersenne Twister,
// ACM TOMACS 8, 1998).
type twister struct {
	state [624]uint32
	next  int
}

func newTwister(seed uint32) *twister {
	t := &twister{next: 624}
	t.state[0] = seed
	for i := 1; i < len(t.state); i++ {
		p := t.state[i-1]
		t.state[i] = 1812433253*(p^p>>30) + uint32(i)
	}
	return t
}

func (t *twister) bits() uint32 {
	n := len(t.state)
	if t.next == n {
		for i := range t.state {
			y := t.state[i]&0x80000000 | t.state[(i+1)%n]&0x7fffffff
			t.state[i] = t.state[(i+397)%n] ^ y>>1 ^ y&1*0x9908b0df
		}
		t.next = 0
	}
	y := t.state[t.next]
	t.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// uniform is a number from 0 up to 1, of 53 random bits.
func (t *twister) uniform() float64 {
	a, b := t.bits()>>5, t.bits()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}
