package graph

import "math"

// Type is an element type.
type Type uint8

// The element types. Float16 and BFloat16 values are kept as float32 and
// rounded after every operator; integers below 64 bits as int64, and wrapped.
const (
	Unknown Type = iota
	Float32
	Float64
	Float16
	BFloat16
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Bool
	String
)

var typeNames = [...]string{"unknown", "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64",
	"uint8", "uint16", "uint32", "uint64", "bool", "string"}

// String is the type's name in Go's manner.
func (t Type) String() string { return typeNames[t] }

// Float reports whether the type has fractions.
func (t Type) Float() bool { return t >= Float32 && t <= BFloat16 }

// Integer reports whether the type is one of whole numbers.
func (t Type) Integer() bool { return t >= Int8 && t <= Uint64 }

// Storage says which field of Lanes holds values of a type.
type Storage uint8

// The storages, named after the fields of Lanes.
const (
	F32 Storage = iota + 1
	F64
	I64
	U64
	Bools
	Codes
)

// Storage is where values of the type are kept.
func (t Type) Storage() Storage {
	switch {
	case t == Float32 || t == Float16 || t == BFloat16:
		return F32
	case t == Float64:
		return F64
	case t == Uint64:
		return U64
	case t.Integer():
		return I64
	case t == Bool:
		return Bools
	case t == String:
		return Codes
	}
	return 0
}

// element is what a lane can hold.
type element interface {
	float32 | float64 | int64 | uint64 | bool | int32
}

// number is what can be reckoned with.
type number interface {
	float32 | float64 | int64 | uint64
}

// floating is what the dense products run in.
type floating interface{ float32 | float64 }

// Lanes is a typed buffer of values: [panel][element][32] in the field of its
// type's storage. Strings are codes: see Program.Strings.
type Lanes struct {
	F32  []float32
	F64  []float64
	I64  []int64
	U64  []uint64
	Bool []bool
	Str  []int32
}

// NewLanes makes a buffer of n values of a type.
func NewLanes(t Type, n int) Lanes {
	var l Lanes
	switch t.Storage() {
	case F32:
		l.F32 = make([]float32, n)
	case F64:
		l.F64 = make([]float64, n)
	case I64:
		l.I64 = make([]int64, n)
	case U64:
		l.U64 = make([]uint64, n)
	case Bools:
		l.Bool = make([]bool, n)
	case Codes:
		l.Str = make([]int32, n)
	}
	return l
}

// empty reports whether no field is set.
func (l *Lanes) empty() bool {
	return l.F32 == nil && l.F64 == nil && l.I64 == nil && l.U64 == nil && l.Bool == nil && l.Str == nil
}

// from is the buffer without its first n values.
func (l *Lanes) from(n int) Lanes {
	switch {
	case l.F32 != nil:
		return Lanes{F32: l.F32[n:]}
	case l.F64 != nil:
		return Lanes{F64: l.F64[n:]}
	case l.I64 != nil:
		return Lanes{I64: l.I64[n:]}
	case l.U64 != nil:
		return Lanes{U64: l.U64[n:]}
	case l.Bool != nil:
		return Lanes{Bool: l.Bool[n:]}
	case l.Str != nil:
		return Lanes{Str: l.Str[n:]}
	}
	return Lanes{}
}

// field is the slice of l that holds values of type T.
func field[T element](l *Lanes) *[]T {
	var zero T
	var p any
	switch any(zero).(type) {
	case float32:
		p = &l.F32
	case float64:
		p = &l.F64
	case int64:
		p = &l.I64
	case uint64:
		p = &l.U64
	case bool:
		p = &l.Bool
	default:
		p = &l.Str
	}
	return p.(*[]T)
}

// wrap brings an int64 into the range of a narrower integer type, modulo its
// size.
func wrap(t Type, v int64) int64 {
	switch t {
	case Int8:
		return int64(int8(v))
	case Int16:
		return int64(int16(v))
	case Int32:
		return int64(int32(v))
	case Uint8:
		return int64(uint8(v))
	case Uint16:
		return int64(uint16(v))
	case Uint32:
		return int64(uint32(v))
	}
	return v
}

// roundTo rounds to the nearest value of a 16-bit float type, ties to even.
func roundTo(t Type, v float32) float32 {
	if t == BFloat16 {
		return roundBFloat16(v)
	}
	return roundFloat16(v)
}

func roundBFloat16(v float32) float32 {
	if v != v {
		return v
	}
	b := math.Float32bits(v)
	b += 0x7fff + b>>16&1
	return math.Float32frombits(b &^ 0xffff)
}

// roundFloat16 keeps 11 significant bits, fewer below 2^-14; from 65520 on the
// nearest value is infinity.
func roundFloat16(v float32) float32 {
	a := math.Abs(float64(v))
	switch {
	case v != v || a == 0:
		return v
	case a >= 65520:
		return float32(math.Copysign(math.Inf(1), float64(v)))
	}
	_, e := math.Frexp(a)
	unit := math.Ldexp(1, max(e-11, -24))
	return float32(math.Copysign(math.RoundToEven(a/unit)*unit, float64(v)))
}

// Round is the value of a float type that is nearest to v, ties to even.
func Round(t Type, v float32) float32 {
	if t == Float16 || t == BFloat16 {
		return roundTo(t, v)
	}
	return v
}

// Wrap brings an integer into the range of an integer type, modulo its size.
func Wrap(t Type, v int64) int64 { return wrap(t, v) }
