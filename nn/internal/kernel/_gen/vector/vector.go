// Package vector writes a routine once for AVX-512 and for AVX2 with FMA: each
// method emits one operation on a register full of lanes, float32 or float64.
// What a routine computes is the same list of operations on both, and so the
// same bits; only the width differs.
package vector

import (
	"fmt"
	"iter"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// V is a register of lanes.
type V = VecVirtual

// ISA is an instruction set and a kind of lane.
type ISA struct {
	Name   string
	Bytes  int  // of a register
	Double bool // float64 lanes, and integers of 64 bits
	hot    map[uint64]V
	pause  func() // after each instruction of interleaved work
}

// Both are the instruction sets that everything is generated for.
func Both() []*ISA {
	return []*ISA{{Name: "AVX512", Bytes: 64}, {Name: "AVX2", Bytes: 32}}
}

// Doubles is the same instruction set with float64 lanes, in the same routine.
func (a *ISA) Doubles() *ISA {
	return &ISA{Name: a.Name, Bytes: a.Bytes, Double: true, hot: map[uint64]V{}}
}

// Interleave writes n pieces of work instruction by instruction in turn. Work
// that depends on itself from beginning to end leaves the machine waiting; what
// stands beside it in the program fills the gaps soonest.
func (a *ISA) Interleave(n int, work func(i int)) {
	var next []func() (struct{}, bool)
	var pauses []func()
	for i := range n {
		pauses = append(pauses, nil)
		resume, _ := iter.Pull(func(yield func(struct{}) bool) {
			pauses[i] = func() { yield(struct{}{}) }
			a.pause = pauses[i]
			work(i)
		})
		next = append(next, resume)
	}
	for running := true; running; {
		running = false
		for i := range next {
			a.pause = pauses[i]
			if _, ok := next[i](); ok {
				running = true
			}
		}
	}
	a.pause = nil
}

// emitted is called after each instruction.
func (a *ISA) emitted() {
	if a.pause != nil {
		a.pause()
	}
}

// Wide reports AVX-512.
func (a *ISA) Wide() bool { return a.Bytes == 64 }

// pick chooses by the kind of lane.
func (a *ISA) pick(single, double func(...Op)) func(...Op) {
	if a.Double {
		return double
	}
	return single
}

// Text begins a routine.
func (a *ISA) Text(name, signature, doc string) {
	TEXT(name+a.Name, NOSPLIT, signature)
	Doc(name + a.Name + " " + doc)
	Pragma("noescape")
	a.hot = map[uint64]V{}
}

// Reg is a fresh register.
func (a *ISA) Reg() V {
	if a.Wide() {
		return ZMM()
	}
	return YMM()
}

// constants lie in memory as full registers, so that both sets can take them
// as operands.
var constants = map[string]Mem{}

// Bits is a constant bit pattern in every lane, as an operand.
func (a *ISA) Bits(bits uint64) Op {
	if v, ok := a.hot[bits]; ok {
		return v
	}
	name := fmt.Sprintf("lanes%08x", bits)
	if a.Double {
		name = fmt.Sprintf("lanes%016x", bits)
	}
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for at := 0; at < 64; at += a.laneBytes() {
			if a.Double {
				DATA(at, U64(bits))
			} else {
				DATA(at, U32(bits))
			}
		}
		constants[name] = m
	}
	return m
}

func (a *ISA) laneBytes() int {
	if a.Double {
		return 8
	}
	return 4
}

// number is the bit pattern of x in a lane.
func (a *ISA) number(x float64) uint64 {
	if a.Double {
		return math.Float64bits(x)
	}
	return uint64(math.Float32bits(float32(x)))
}

// C is the constant x in every lane, as an operand.
func (a *ISA) C(x float64) Op { return a.Bits(a.number(x)) }

// Keep holds constants in registers for the whole routine.
func (a *ISA) Keep(xs ...float64) {
	for _, x := range xs {
		a.KeepBits(a.number(x))
	}
}

// KeepBits is Keep for bit patterns.
func (a *ISA) KeepBits(bits ...uint64) {
	for _, b := range bits {
		if _, ok := a.hot[b]; !ok {
			v := a.Load(a.Bits(b))
			a.hot[b] = v
		}
	}
}

// KeepWide is Keep where there are 32 registers.
func (a *ISA) KeepWide(xs ...float64) {
	if a.Wide() {
		a.Keep(xs...)
	}
}

// Argument puts a float32 argument into every float32 lane.
func (a *ISA) Argument(name string) V {
	v := a.Reg()
	VBROADCASTSS(Argument(name), v)
	return v
}

// Word puts an int32 argument into every 32-bit lane.
func (a *ISA) Word(name string) V {
	v := a.Reg()
	VBROADCASTSS(Argument(name), v)
	return v
}

// Argument is where an argument lies in memory.
func Argument(name string) Op {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// Load reads a register from memory.
func (a *ISA) Load(m Op) V {
	v := a.Reg()
	VMOVUPS(m, v)
	a.emitted()
	return v
}

// Copy is a fresh register with the value of o.
func (a *ISA) Copy(o Op) V {
	v := a.Reg()
	if _, ok := o.(Mem); ok {
		VMOVUPS(o, v)
	} else {
		VMOVAPS(o, v)
	}
	return v
}

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

// These take a fixed number of operands.
func pmovd2m(o ...Op)  { VPMOVD2M(o[0], o[1]) }
func pmovq2m(o ...Op)  { VPMOVQ2M(o[0], o[1]) }
func vcmpps(o ...Op)   { VCMPPS(o...) }
func vcmppd(o ...Op)   { VCMPPD(o...) }
func blendvps(o ...Op) { VBLENDVPS(o[0], o[1], o[2], o[3]) }
func blendvpd(o ...Op) { VBLENDVPD(o[0], o[1], o[2], o[3]) }

// A Mask chooses lanes.
type Mask struct{ op Op }

// MaskOf chooses the lanes of AVX2 whose sign bit is set.
func MaskOf(x V) Mask { return Mask{x} }

// Negative chooses the lanes of x whose sign bit is set.
func (a *ISA) Negative(x V) Mask {
	if !a.Wide() {
		return Mask{x}
	}
	k := K()
	a.pick(pmovd2m, pmovq2m)(x, k)
	return Mask{k}
}

// Relation is a comparison; NaN has none but Unordered's opposite, Ordered.
type Relation uint8

// The comparisons, by their number in an instruction.
const (
	LT Relation = 0x01
	LE Relation = 0x02
	EQ Relation = 0x00
	// Ordered: neither is NaN.
	Ordered Relation = 0x07
	GE      Relation = 0x0d
)

// Compare chooses the lanes where x is so related to y.
func (a *ISA) Compare(x V, r Relation, y Op) Mask {
	var d Op
	if a.Wide() {
		d = K()
	} else {
		d = a.Reg()
	}
	a.pick(VCMPPS, VCMPPD)(U8(uint8(r)), y, x, d)
	return Mask{d}
}

// Same chooses the lanes of 32-bit integers that are equal.
func (a *ISA) Same(x V, y Op) Mask {
	var d Op = a.Reg()
	if a.Wide() {
		d = K()
	}
	VPCMPEQD(y, x, d)
	return Mask{d}
}

// Less chooses the lanes where x < y; none where either is NaN.
func (a *ISA) Less(x V, y Op) Mask { return a.Compare(x, LT, y) }

// CompareIn chooses the lanes of m where x is so related to y.
func (a *ISA) CompareIn(m Mask, x V, r Relation, y Op) Mask {
	if a.Wide() {
		k := K()
		a.pick(vcmpps, vcmppd)(U8(uint8(r)), y, x, m.op, k)
		return Mask{k}
	}
	n := a.Compare(x, r, y)
	VANDPD(m.op, n.op, n.op)
	return n
}

// Either chooses the lanes of float64 that m or n chooses.
func (a *ISA) Either(m, n Mask) Mask {
	if a.Wide() {
		k := K()
		KORB(m.op, n.op, k)
		return Mask{k}
	}
	d := a.Reg()
	VORPD(m.op, n.op, d)
	return Mask{d}
}

// AllOrNone is the mask that a field of 64 equal bits in memory stands for.
func (a *ISA) AllOrNone(field Mem) Mask {
	if a.Wide() {
		k := K()
		KMOVB(field, k)
		return Mask{k}
	}
	d := a.Reg()
	VBROADCASTSD(field, d)
	return Mask{d}
}

// NarrowZeroed is Narrow of the float64 lanes of m, with 0 in the others.
func (a *ISA) NarrowZeroed(m Mask, x V) V {
	if a.Wide() {
		h := YMM()
		VCVTPD2PS_Z(x, m.op, h)
		return h
	}
	d := a.Reg()
	VANDPD(m.op, x, d)
	return a.Narrow(d)
}

// Lanes is how many numbers a register holds.
func (a *ISA) Lanes() int { return a.Bytes / a.laneBytes() }

// A Word gathers masks of float64 lanes, group by group, the first group in its
// lowest bits.
type Word struct {
	GP    GPVirtual // 32 bits
	isa   *ISA
	count int
	even  Mask
}

// NewWord is an empty word.
func (a *ISA) NewWord() *Word { return &Word{GP: GP32(), isa: a} }

// Add appends the lanes of m.
func (w *Word) Add(m Mask) {
	a := w.isa
	w.count++
	n, bits := a.Lanes(), GP32()
	if a.Wide() {
		// Two groups at a time.
		if w.count%2 == 1 {
			w.even = m
			return
		}
		k := K()
		KUNPCKBW(w.even.op, m.op, k)
		KMOVW(k, bits)
		n = 16
	} else {
		VMOVMSKPD(m.op, bits)
	}
	if w.count*a.Lanes() == n {
		MOVL(bits, w.GP)
		return
	}
	SHLL(U8(w.count*a.Lanes()-n), bits)
	ORL(bits, w.GP)
}

// Choose is the mask of float64 lanes whose bits are set in the low bits of
// word.
func (a *ISA) Choose(word Register) Mask {
	if a.Wide() {
		k := K()
		KMOVB(word, k)
		return Mask{k}
	}
	low, all := XMM(), a.Reg()
	VMOVD(word, low)
	VPBROADCASTQ(low, all)
	one, ok := constants["lanebits"]
	if !ok {
		one = GLOBL("lanebits", RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(1<<i))
		}
		constants["lanebits"] = one
	}
	VPAND(one, all, all)
	VPCMPEQQ(one, all, all)
	return Mask{all}
}

// Blend is yes in the lanes of m and no in the others.
func (a *ISA) Blend(m Mask, yes Op, no V) V {
	d := a.Reg()
	if a.Wide() {
		a.pick(VBLENDMPS, VBLENDMPD)(yes, no, m.op, d)
	} else {
		a.pick(blendvps, blendvpd)(m.op, yes, no, d)
	}
	return d
}

// JumpAbove jumps to label if any lane of x is above limit, as unsigned
// integers of 32 bits.
func (a *ISA) JumpAbove(x V, limit V, label string) {
	if a.Wide() {
		k := K()
		VPCMPUD(U8(6), limit, x, k)
		KORTESTW(k, k)
		JNZ(LabelRef(label))
		return
	}
	// The larger is x everywhere exactly if no lane of limit is larger.
	d, bits := a.Reg(), GP32()
	VPMAXUD(limit, x, d)
	VPCMPEQD(limit, d, d)
	VMOVMSKPS(d, bits)
	CMPL(bits, U8(0xff))
	JNE(LabelRef(label))
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
