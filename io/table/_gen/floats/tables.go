// The tables: powers of ten, and the layouts of texts.

package main

import (
	"encoding/binary"
	"math/big"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// scales writes for each exponent g = 10^-k, scaled to 64 bits and rounded up,
// and in the next word h, and above it what makes k the place of the point,
// counted from least, of a number of nine digits. The second half of the table
// is for numbers at the foot of their binade; one of them is left to
// shortest32, which says why.
func scales() Mem {
	m := GLOBL("floatsScales", RODATA|NOPTR)
	for i := range 512 {
		g, word, exp, foot := uint64(0), uint64(0), i&255, i>>8
		if q := exp - 150; exp > 0 && exp < 255 {
			k := (q*1262611 - foot*524031) >> 22 // floor(log10(2^q)), or of 3/4 · 2^q
			h := q + -k*1741647>>19 + 1
			g = power(-k)
			word = uint64(h) | uint64(uint32(k+9-least))<<32
			if foot == 1 && q == -35 {
				word = uint64(h) | 100<<32
			}
		}
		DATA(16*i, U64(g))
		DATA(16*i+8, U64(word))
	}
	return m
}

// power is 10^k, scaled by a power of two to 64 bits and rounded up.
func power(k int) uint64 {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(k, -k))), nil)
	num, den := ten, big.NewInt(1)
	if k < 0 {
		num, den = den, ten
	}
	shift := 64 - num.BitLen() + den.BitLen() // one too many, perhaps
	for ; ; shift-- {
		n, d := new(big.Int).Set(num), new(big.Int).Set(den)
		if shift >= 0 {
			n.Lsh(n, uint(shift))
		} else {
			d.Lsh(d, uint(-shift))
		}
		floor, rest := n.QuoRem(n, d, new(big.Int))
		if floor.BitLen() > 64 {
			continue
		}
		if rest.Sign() > 0 {
			floor.Add(floor, big.NewInt(1))
		}
		return floor.Uint64()
	}
}

// tables writes the shuffle that each layout makes a text by and what it adds
// to it, and by layout and number of zeros at the end the length of the text.
func tables() (texts, lengths Mem) {
	texts = GLOBL("floatsTexts", RODATA|NOPTR)
	for l := range layouts {
		from, with := layout(l)
		words(32*l, slices.Concat(from[:], with[:]))
	}
	lengths = GLOBL("floatsLengths", RODATA|NOPTR)
	for l := range layouts {
		var by [16]byte
		for zeros := range by {
			by[zeros] = byte(length(l, 9-zeros))
		}
		words(16*l, by[:])
	}
	return texts, lengths
}

// words writes bytes eight at a time.
func words(at int, b []byte) {
	for ; len(b) > 0; b = b[8:] {
		DATA(at, U64(binary.LittleEndian.Uint64(b)))
		at += 8
	}
}

// layout says from which byte each character comes (0 … 7 are the second digit
// to the ninth, 8 is the first, 9 a zero), and what is added where none does.
func layout(l int) (from, with [16]byte) {
	for i := range from {
		from[i] = 0x80
	}
	point, at := l%signed+least, 0
	put := func(b byte) { from[at], at = b, at+1 }
	dot := func() { with[at], at = '.', at+1 }
	if l >= signed {
		with[0], at = '-', 1
	}
	if l%signed >= none {
		put(9)
		return from, with
	}
	if point <= 0 {
		put(9)
		dot()
		for range -point {
			put(9)
		}
	}
	for d := range 9 {
		if d > 0 && d == point {
			dot()
		}
		put(byte(d+8) % 9)
	}
	return from, with
}

// length is how long the text of count digits is.
func length(l, count int) int {
	point, n := l%signed+least, 0
	if l%signed == none || count < 1 {
		return 0
	}
	switch {
	case l%signed >= nought:
		n = 1
	case point <= 0:
		n = 2 - point + count
	case count <= point:
		n = point
	default:
		n = count + 1
	}
	return n + l/signed
}
