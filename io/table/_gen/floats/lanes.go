// Operations on four lanes, each with a register of its own for the result.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func to(op func(to Op)) VecVirtual {
	r := YMM()
	op(r)
	return r
}

func add(a, b Op) VecVirtual  { return to(func(r Op) { VPADDQ(a, b, r) }) }
func sub(a, b Op) VecVirtual  { return to(func(r Op) { VPSUBQ(b, a, r) }) } // a - b
func mul(a, b Op) VecVirtual  { return to(func(r Op) { VPMULUDQ(a, b, r) }) }
func and(a, b Op) VecVirtual  { return to(func(r Op) { VPAND(a, b, r) }) }
func or(a, b Op) VecVirtual   { return to(func(r Op) { VPOR(a, b, r) }) }
func xor(a, b Op) VecVirtual  { return to(func(r Op) { VPXOR(a, b, r) }) }
func same(a, b Op) VecVirtual { return to(func(r Op) { VPCMPEQQ(a, b, r) }) }

// more is all ones where a > b.
func more(a, b Op) VecVirtual { return to(func(r Op) { VPCMPGTQ(b, a, r) }) }

func left(n uint8, a Op) VecVirtual  { return to(func(r Op) { VPSLLQ(U8(n), a, r) }) }
func right(n uint8, a Op) VecVirtual { return to(func(r Op) { VPSRLQ(U8(n), a, r) }) }

// pick is b where the mask is set, else a.
func pick(mask, b, a Op) VecVirtual {
	return to(func(r Op) { VPBLENDVB(mask, b, a, r) })
}
