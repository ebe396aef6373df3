package table

import (
	"bytes"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
)

// extent is the least and the greatest value of a row group's column, for its
// statistics.
type extent interface {
	numbers(plain []byte)
	text(v []byte)
	// ends are PLAIN values, of text without the length; nil: not known. Not ok:
	// there are none.
	ends() (low, high []byte, ok bool)
	reset()
}

// newExtent is the extent in the order of a column's type.
func newExtent(t arrow.DataType) extent {
	switch t.ID() {
	case arrow.STRING, arrow.BINARY:
		return &textExtent{}
	case arrow.UINT32:
		return &numberExtent[uint32]{}
	case arrow.UINT64:
		return &numberExtent[uint64]{}
	case arrow.FLOAT32:
		return &numberExtent[float32]{}
	case arrow.FLOAT64:
		return &numberExtent[float64]{}
	}
	if t.(arrow.FixedWidthDataType).BitWidth() == 32 {
		return &numberExtent[int32]{}
	}
	return &numberExtent[int64]{}
}

// numberExtent is the extent of numbers; NaN are left out.
type numberExtent[T int32 | uint32 | int64 | uint64 | float32 | float64] struct {
	low, high T
	some      bool
}

func (e *numberExtent[T]) numbers(plain []byte) {
	if len(plain) == 0 {
		return
	}
	v := unsafe.Slice((*T)(unsafe.Pointer(&plain[0])), len(plain)/int(unsafe.Sizeof(e.low)))
	for !e.some && len(v) > 0 {
		e.low, e.high, e.some = v[0], v[0], v[0] == v[0]
		v = v[1:]
	}
	low, high := e.low, e.high
	for _, x := range v {
		if x < low {
			low = x
		}
		if x > high {
			high = x
		}
	}
	e.low, e.high = low, high
}

func (e *numberExtent[T]) text([]byte) {}

// ends takes a zero for both zeros, as parquet.thrift asks for: −0 where it is
// the least and 0 where it is the greatest.
func (e *numberExtent[T]) ends() (low, high []byte, ok bool) {
	switch zero := any(&e.low).(type) {
	case *float32:
		if *zero == 0 {
			*zero = float32(math.Copysign(0, -1))
		}
	case *float64:
		if *zero == 0 {
			*zero = math.Copysign(0, -1)
		}
	}
	if e.high == 0 {
		e.high = 0
	}
	bytesOf := func(x *T) []byte { return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(x)), unsafe.Sizeof(*x))) }
	return bytesOf(&e.low), bytesOf(&e.high), e.some
}

func (e *numberExtent[T]) reset() { *e = numberExtent[T]{} }

// textExtent is the extent of texts, by their bytes.
type textExtent struct {
	low, high []byte
	some      bool
}

// maxStatistic is the longest text that is noted.
const maxStatistic = 4 << 10

func (e *textExtent) numbers([]byte) {}

func (e *textExtent) text(v []byte) {
	if !e.some || bytes.Compare(v, e.low) < 0 {
		e.low = append(e.low[:0], v...)
	}
	if !e.some || bytes.Compare(v, e.high) > 0 {
		e.high = append(e.high[:0], v...)
	}
	e.some = true
}

// ends leaves out an end that is too long. An empty text is not nil, which
// would be none.
func (e *textExtent) ends() (low, high []byte, ok bool) {
	if len(e.low) <= maxStatistic {
		low = append([]byte{}, e.low...)
	}
	if len(e.high) <= maxStatistic {
		high = append([]byte{}, e.high...)
	}
	return low, high, e.some
}

func (e *textExtent) reset() { e.low, e.high, e.some = e.low[:0], e.high[:0], false }
