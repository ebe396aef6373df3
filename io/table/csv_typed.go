package table

import (
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// csvTyped collects one kept column of a block, and makes an Arrow array of it.
// A cell that does not fit becomes null, and makes the row bad if the request
// is strict.
type csvTyped struct {
	typ     arrow.DataType
	id      arrow.Type
	strict  bool
	decimal byte
	alloc   memory.Allocator
	// feature is the numeric feature whose values are this column's too, or -1:
	// then nothing is collected.
	feature int

	n, nulls int
	valid    []byte   // bit i is set where value i is there
	values   []uint64 // numbers, bools, dates and times
	ends     []int32  // of texts
	text     []byte
}

func newCSVTyped(p *csvPlan, k KeepRequest) csvTyped {
	alloc := p.opt.Alloc
	if alloc == nil {
		alloc = memory.DefaultAllocator
	}
	t := typeOr(k.Type)
	return csvTyped{typ: t, id: t.ID(), strict: k.Strict, decimal: p.decimal, alloc: alloc, feature: -1}
}

// typeOr is the type asked for; nil stands for text.
func typeOr(t arrow.DataType) arrow.DataType {
	if t == nil {
		return arrow.BinaryTypes.String
	}
	return t
}

// push appends a value of up to eight bytes.
func (t *csvTyped) push(v uint64) {
	t.mark(1)
	t.values = append(t.values, v)
}

// mark appends a bit that says whether the next value is there.
func (t *csvTyped) mark(bit byte) {
	if t.n&7 == 0 {
		t.valid = append(t.valid, 0)
	}
	t.valid[t.n>>3] |= bit << (t.n & 7)
	t.n++
}

func (t *csvTyped) null() {
	if t.feature >= 0 {
		return
	}
	t.nulls++
	t.mark(0)
	if t.id == arrow.STRING {
		t.ends = append(t.ends, int32(len(t.text)))
	} else {
		t.values = append(t.values, 0)
	}
}

// undo takes the last value back.
func (t *csvTyped) undo() {
	if t.feature >= 0 {
		return
	}
	t.n--
	if t.valid[t.n>>3]>>(t.n&7)&1 == 0 {
		t.nulls--
	}
	t.valid[t.n>>3] &^= 1 << (t.n & 7)
	if t.n&7 == 0 {
		t.valid = t.valid[:t.n>>3]
	}
	if t.id != arrow.STRING {
		t.values = t.values[:t.n]
		return
	}
	t.ends, t.text = t.ends[:t.n], t.text[:0]
	if t.n > 0 {
		t.text = t.text[:t.ends[t.n-1]]
	}
}

// add appends a cell. Text without quotes that is empty is null.
func (t *csvTyped) add(text []byte, quoted bool) Reason {
	if t.id == arrow.STRING {
		return t.addText(text, quoted)
	}
	text = trimBlanks(text)
	if len(text) == 0 {
		t.null()
		return Good
	}
	if v, ok := t.parse(text); ok {
		t.push(v)
		return Good
	}
	t.null()
	if t.strict {
		return BadType
	}
	return Good
}

// parse reads a trimmed cell as the bits of a value.
func (t *csvTyped) parse(text []byte) (bits uint64, ok bool) {
	switch t.id {
	case arrow.FLOAT64:
		v, ok := parseNumber(text, t.decimal)
		return math.Float64bits(v), ok
	case arrow.INT64:
		v, err := strconv.ParseInt(unsafe.String(unsafe.SliceData(text), len(text)), 10, 64)
		return uint64(v), err == nil
	case arrow.BOOL:
		v, ok := parseBool(text)
		if v {
			bits = 1
		}
		return bits, ok
	case arrow.DATE32:
		v, ok := parseDate(text)
		return uint64(v), ok
	}
	v, ok := parseTimestamp(text)
	return uint64(v), ok
}

func (t *csvTyped) addText(text []byte, quoted bool) Reason {
	if len(text) == 0 && !quoted {
		t.null()
		return Good
	}
	if !utf8.Valid(text) {
		t.null()
		return BadUTF8
	}
	t.mark(1)
	t.text = append(t.text, text...)
	t.ends = append(t.ends, int32(len(t.text)))
	return Good
}

// array makes an array of what was collected, or of the feature's numbers, and
// starts anew.
func (t *csvTyped) array(features []Feature) arrow.Array {
	n, nulls, valid := t.n, t.nulls, t.valid
	if t.feature >= 0 {
		f := &features[t.feature]
		n, valid = len(f.F64), f.Valid
		if valid != nil {
			nulls = n - bitutil.CountSetBits(valid, 0, n)
		}
	}
	buffers := []*memory.Buffer{nil}
	if nulls > 0 {
		buffers[0] = bufferOf(t.alloc, valid[:(n+7)/8])
	}
	switch {
	case t.feature >= 0:
		buffers = append(buffers, bufferOf(t.alloc, features[t.feature].F64))
	case t.id == arrow.STRING:
		offsets := bufferOf(t.alloc, t.ends, 0)
		buffers = append(buffers, offsets, bufferOf(t.alloc, t.text))
	case t.id == arrow.BOOL:
		buffers = append(buffers, t.bits())
	case t.id == arrow.DATE32:
		days := t.ends[:0]
		for _, v := range t.values {
			days = append(days, int32(v))
		}
		buffers = append(buffers, bufferOf(t.alloc, days))
		t.ends = days
	default:
		buffers = append(buffers, bufferOf(t.alloc, t.values))
	}
	data := array.NewData(t.typ, n, buffers, nil, nulls, 0)
	defer data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	t.n, t.nulls = 0, 0
	t.valid, t.values, t.ends, t.text = t.valid[:0], t.values[:0], t.ends[:0], t.text[:0]
	return array.MakeFromData(data)
}

// bits packs bools.
func (t *csvTyped) bits() *memory.Buffer {
	b := memory.NewResizableBuffer(t.alloc)
	b.Resize((t.n + 7) / 8)
	clear(b.Bytes())
	for i, v := range t.values {
		b.Bytes()[i>>3] |= byte(v) << (i & 7)
	}
	return b
}

// bufferOf copies values, behind those of lead, into a buffer.
func bufferOf[T byte | int32 | uint64 | float64](alloc memory.Allocator, values []T, lead ...T) *memory.Buffer {
	size := int(unsafe.Sizeof(*new(T)))
	b := memory.NewResizableBuffer(alloc)
	b.Resize((len(values) + len(lead)) * size)
	if b.Len() > 0 {
		// Buffers are aligned to 64 bytes, so any T may stand there.
		to := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b.Bytes()))), len(values)+len(lead))
		copy(to, lead)
		copy(to[len(lead):], values)
	}
	return b
}
