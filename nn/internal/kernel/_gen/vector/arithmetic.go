package vector

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// binary emits d = x op y, y being any operand.
func (a *ISA) binary(f func(...Op), x V, y Op) V {
	d := a.Reg()
	f(y, x, d)
	a.emitted()
	return d
}

// Add is x + y.
func (a *ISA) Add(x V, y Op) V { return a.binary(a.pick(VADDPS, VADDPD), x, y) }

// Sub is x − y.
func (a *ISA) Sub(x V, y Op) V { return a.binary(a.pick(VSUBPS, VSUBPD), x, y) }

// Mul is x·y.
func (a *ISA) Mul(x V, y Op) V { return a.binary(a.pick(VMULPS, VMULPD), x, y) }

// Div is x / y.
func (a *ISA) Div(x V, y Op) V { return a.binary(a.pick(VDIVPS, VDIVPD), x, y) }

// Min is the smaller of x and y, and y when either is NaN.
func (a *ISA) Min(x V, y Op) V { return a.binary(a.pick(VMINPS, VMINPD), x, y) }

// Max is the larger of x and y, and y when either is NaN.
func (a *ISA) Max(x V, y Op) V { return a.binary(a.pick(VMAXPS, VMAXPD), x, y) }

// MaxUnsigned is the larger of two unsigned integers of 32 bits.
func (a *ISA) MaxUnsigned(x V, y Op) V { return a.binary(VPMAXUD, x, y) }

// And is the bits that x and y share.
func (a *ISA) And(x V, y Op) V { return a.binary(a.pick(VANDPS, VANDPD), x, y) }

// Or is the bits of x and of y.
func (a *ISA) Or(x V, y Op) V { return a.binary(a.pick(VORPS, VORPD), x, y) }

// Xor is the bits that only one of x and y has.
func (a *ISA) Xor(x V, y Op) V { return a.binary(a.pick(VXORPS, VXORPD), x, y) }

// AndNot is the bits of y that x has not.
func (a *ISA) AndNot(x V, y Op) V { return a.binary(a.pick(VANDNPS, VANDNPD), x, y) }

// AddInt is x + y of integers.
func (a *ISA) AddInt(x V, y Op) V { return a.binary(a.pick(VPADDD, VPADDQ), x, y) }

// SubInt is x − y of integers.
func (a *ISA) SubInt(x V, y Op) V { return a.binary(a.pick(VPSUBD, VPSUBQ), x, y) }

// ShiftLeft is x·2ⁿ of integers.
func (a *ISA) ShiftLeft(x V, n uint8) V {
	d := a.Reg()
	a.pick(VPSLLD, VPSLLQ)(U8(n), x, d)
	a.emitted()
	return d
}

// ShiftRight is x / 2ⁿ of signed integers, rounded down.
func (a *ISA) ShiftRight(x V, n uint8) V {
	d := a.Reg()
	VPSRAD(U8(n), x, d)
	return d
}

// Float is the integer x as a float32.
func (a *ISA) Float(x V) V {
	d := a.Reg()
	VCVTDQ2PS(x, d)
	return d
}

// FMA is x·y + z.
func (a *ISA) FMA(x V, y, z Op) V {
	d := a.Copy(z)
	a.pick(VFMADD231PS, VFMADD231PD)(y, x, d)
	a.emitted()
	return d
}

// Into is x·y + z, which replaces x; for polynomials.
func (a *ISA) Into(x, y V, z Op) {
	a.pick(VFMADD213PS, VFMADD213PD)(z, y, x)
	a.emitted()
}

// MulSub is x·y − z.
func (a *ISA) MulSub(x V, y, z Op) V {
	d := a.Copy(z)
	a.pick(VFMSUB231PS, VFMSUB231PD)(y, x, d)
	a.emitted()
	return d
}

// NegMulSub is −(x·y) − z.
func (a *ISA) NegMulSub(x V, y, z Op) V {
	d := a.Copy(z)
	a.pick(VFNMSUB231PS, VFNMSUB231PD)(y, x, d)
	a.emitted()
	return d
}

// NegMulAdd is z − x·y.
func (a *ISA) NegMulAdd(x V, y, z Op) V {
	d := a.Copy(z)
	a.pick(VFNMADD231PS, VFNMADD231PD)(y, x, d)
	a.emitted()
	return d
}

// SubProduct is z − x·y, which replaces z.
func (a *ISA) SubProduct(z, x V, y Op) {
	a.pick(VFNMADD231PS, VFNMADD231PD)(y, x, z)
	a.emitted()
}

// Widen loads float32 numbers from memory into float64 lanes.
func (a *ISA) Widen(m Op) V {
	v := a.Reg()
	VCVTPS2PD(m, v)
	return v
}

// Narrow rounds float64 lanes to float32, in half a register.
func (a *ISA) Narrow(x V) V {
	if a.Wide() {
		h := YMM()
		VCVTPD2PS(x, h)
		return h
	}
	h := XMM()
	VCVTPD2PSY(x, h)
	return h
}

// Join makes a register of float32 lanes of two halves.
func (a *ISA) Join(low, high V) V {
	if a.Wide() {
		v := ZMM()
		VINSERTF32X8(U8(1), high, low.AsZ(), v)
		return v
	}
	v := YMM()
	VINSERTF128(U8(1), high, low.AsY(), v)
	return v
}
