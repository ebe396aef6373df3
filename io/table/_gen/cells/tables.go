package main

import (
	"encoding/binary"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// fill writes 16 bytes of pattern, over and over.
func fill(name string, pattern ...byte) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(i, U8(pattern[i%len(pattern)]))
	}
	return m
}

// shuffles writes the table that moves the digits of a number of length bytes,
// with its point at dot (or none: dot = length), behind a minus sign or without
// one, to the end of a register, with zeros before them: 16 bytes at
// ((sign·16 + length)·16 + dot)·16. A number without digits gets its first byte,
// which is no digit and so fails.
func shuffles() Mem {
	m, at := GLOBL("cellsShuffles", RODATA|NOPTR), 0
	for sign := range 2 {
		for length := range width {
			for dot := range width {
				from := shuffle(sign, length, dot)
				DATA(at, U64(binary.LittleEndian.Uint64(from[:])))
				DATA(at+8, U64(binary.LittleEndian.Uint64(from[8:])))
				at += len(from)
			}
		}
	}
	return m
}

func shuffle(sign, length, dot int) (from [16]byte) {
	to := 16
	for i := length - 1; i >= sign; i-- {
		if i != dot {
			to--
			from[to] = byte(i)
		}
	}
	if to == 16 {
		return from
	}
	for i := range to {
		from[i] = 0x80
	}
	return from
}

// powers writes what a number is divided by whose point stands e bytes before
// its end: 10^(e-1), and 1 without a point.
func powers() Mem {
	m := GLOBL("cellsPowers", RODATA|NOPTR)
	p := 1.0
	for e := range width {
		if e > 1 {
			p *= 10
		}
		DATA(8*e, F64(p))
	}
	return m
}

// scales writes, for a number with behind bytes from its point on, the first 64
// bits of 10^-(behind-1), cut off, and what its exponent is to have added.
func scales() Mem {
	m := GLOBL("cellsScales", RODATA|NOPTR)
	for behind := range width + tail {
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(0, behind-1))), nil)
		// 2^b/10^q has 64 bits.
		b := 63 + ten.BitLen()
		power := new(big.Int).Quo(new(big.Int).Lsh(big.NewInt(1), uint(b)), ten)
		if power.BitLen() > 64 {
			power.Rsh(power, 1)
			b--
		}
		DATA(16*behind, U64(power.Uint64()))
		DATA(16*behind+8, U64(uint64(63-b+1022)))
	}
	return m
}
