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
	pause  func()   // after each instruction of interleaved work
	give   func() V // a register to a piece of a pipeline
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

// Reg is a fresh register, or the one that a piece of a pipeline had before.
func (a *ISA) Reg() V {
	if a.give != nil {
		return a.give()
	}
	return a.fresh()
}

func (a *ISA) fresh() V {
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
