package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// typedEncoder is the half of a typed sink that runs in the workers: it makes
// Arrow batches of kept arrays and computed columns.
type typedEncoder struct {
	schema *arrow.Schema
	kept   int
	mem    *recycler // memory for the library
	made   *recycler // memory of computed columns
}

// close gives back the memory, which batches still about may hold for longer.
func (e *typedEncoder) close() {
	e.mem.close()
	e.made.close()
}

func newTypedEncoder(l Layout, mem memory.Allocator) (*typedEncoder, error) {
	if mem == nil {
		mem = memory.DefaultAllocator
	}
	fields := make([]arrow.Field, 0, len(l.Kept)+len(l.Made))
	for _, f := range append(append([]Field(nil), l.Kept...), l.Made...) {
		if f.Type == nil {
			return nil, fmt.Errorf("column %q has no type to be written with: %w", f.Name, ErrUsage)
		}
		fields = append(fields, arrow.Field{Name: f.Name, Type: f.Type, Nullable: true})
	}
	return &typedEncoder{arrow.NewSchema(fields, nil), len(l.Kept), newRecycler(mem, true), newRecycler(mem, false)}, nil
}

// Encode makes p's batches: one, or a slice for each run of rows not dropped.
func (e *typedEncoder) Encode(p *Part, rows *Rows, made []Computed, drop []bool) error {
	return e.encode(p, rows, rows.Kept, made, drop)
}

// encode is Encode with other arrays in place of the kept ones.
func (e *typedEncoder) encode(p *Part, rows *Rows, kept []arrow.Array, made []Computed, drop []bool) error {
	if len(kept) != e.kept || len(made) != e.schema.NumFields()-e.kept {
		return fmt.Errorf("a part of %d+%d columns for a table of %d+%d",
			len(kept), len(made), e.kept, e.schema.NumFields()-e.kept)
	}
	columns := make([]arrow.Array, 0, e.schema.NumFields())
	columns = append(columns, kept...)
	for i := range made {
		columns = append(columns, e.column(&made[i], rows.N))
	}
	batch := array.NewRecordBatch(e.schema, columns, int64(rows.N))
	for _, c := range columns[e.kept:] {
		c.Release()
	}
	p.Edge = rows.Edge
	cutRuns(p, batch, drop)
	return nil
}

// cutRuns gives p the runs of rows that are not dropped; it takes batch over.
func cutRuns(p *Part, batch arrow.RecordBatch, drop []bool) {
	n := int(batch.NumRows())
	start, taken := 0, 0
	flush := func(end int) {
		if end > start {
			p.Batches = append(p.Batches, batch.NewSlice(int64(start), int64(end)))
			taken += end - start
		}
		start = end + 1
	}
	for i, d := range drop {
		if d {
			flush(i)
		}
	}
	if start == 0 {
		p.Batches, taken = append(p.Batches, batch), n
	} else {
		flush(n)
		batch.Release()
	}
	p.Rows = taken
	if p.Mark {
		markEnds(p, n, drop)
	}
}

// markEnds counts, for each row, the rows taken up to and with it.
func markEnds(p *Part, n int, drop []bool) {
	count := 0
	for i := range n {
		if drop == nil || !drop[i] {
			count++
		}
		p.Ends = append(p.Ends, count)
	}
}

// column makes an array of n values.
func (e *typedEncoder) column(c *Computed, n int) arrow.Array {
	validity, nulls := e.validity(c, n)
	if validity != nil {
		defer validity.Release()
	}
	var data arrow.ArrayData
	switch {
	case c.Words != nil && c.Codes == nil:
		data = e.constant(c.Words[0], n, validity, nulls)
	case c.Words != nil:
		data = e.strings(c, n, validity, nulls)
	case c.Integers != nil:
		buf := e.buffer(8 * n)
		defer buf.Release()
		copy(arrow.Int64Traits.CastFromBytes(buf.Bytes()), c.Integers[:n])
		data = array.NewData(c.Type(), n, []*memory.Buffer{validity, buf}, nil, nulls, 0)
	case c.F64.Units > 0:
		data = numbers(e, c.Type(), c.F64, c.List, n, 8, arrow.Float64Traits.CastFromBytes, validity, nulls)
	default:
		data = numbers(e, c.Type(), c.F32, c.List, n, 4, arrow.Float32Traits.CastFromBytes, validity, nulls)
	}
	defer data.Release()
	return array.MakeFromData(data)
}

// buffer is a new buffer of size bytes.
func (e *typedEncoder) buffer(size int) *memory.Buffer {
	buf := memory.NewResizableBuffer(e.made)
	buf.Resize(size)
	return buf
}

// validity is the bitmap of values that are there, nil if all are.
func (e *typedEncoder) validity(c *Computed, n int) (*memory.Buffer, int) {
	nulls := 0
	null := func(i int) bool {
		return c.Null != nil && c.Null[i] || c.Words != nil && c.Codes != nil && c.Codes[i] < 0
	}
	if c.Null == nil && (c.Words == nil || c.Codes == nil) {
		return nil, 0
	}
	for i := range n {
		if null(i) {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	buf := e.buffer(int(bitutil.BytesForBits(int64(n))))
	bits := buf.Bytes()
	clear(bits)
	for i := range n {
		if !null(i) {
			bitutil.SetBit(bits, i)
		}
	}
	return buf, nulls
}

// numbers makes an array of numbers out of panels: one unit's lanes, or, as a
// list, all units of each row. Lanes of null rows are zero, so that the bytes
// of a file do not depend on what a network made of bad input.
func numbers[T float32 | float64](e *typedEncoder, t arrow.DataType, l Lanes[T], list bool, n, width int,
	cast func([]byte) []T, validity *memory.Buffer, nulls int) arrow.ArrayData {
	units := 1
	if list {
		units = l.Units
	}
	buf := e.buffer(width * units * n)
	defer buf.Release()
	dst := cast(buf.Bytes())
	if list {
		listLanes(dst, l, n)
	} else {
		copyLanes(dst, l)
	}
	if nulls > 0 {
		for i := range n {
			if bitutil.BitIsNotSet(validity.Bytes(), i) {
				clear(dst[i*units : (i+1)*units])
			}
		}
	}
	if !list {
		return array.NewData(t, n, []*memory.Buffer{validity, buf}, nil, nulls, 0)
	}
	item := t.(*arrow.FixedSizeListType).Elem()
	child := array.NewData(item, n*units, []*memory.Buffer{nil, buf}, nil, 0, 0)
	defer child.Release()
	return array.NewData(t, n, []*memory.Buffer{validity}, []arrow.ArrayData{child}, nulls, 0)
}

// copyLanes copies one unit's values, a panel's 32 rows at a time.
func copyLanes[T float32 | float64](dst []T, l Lanes[T]) {
	for panel := 0; len(dst) > 0; panel++ {
		from := l.Data[(panel*l.Units+l.Unit)*32:]
		n := copy(dst[:min(32, len(dst))], from)
		dst = dst[n:]
	}
}

// listLanes turns panels into rows of all units.
func listLanes[T float32 | float64](dst []T, l Lanes[T], n int) {
	for i := range n {
		row := dst[i*l.Units : (i+1)*l.Units]
		from := l.Data[(i>>5)*l.Units<<5|i&31:]
		for u := range row {
			row[u] = from[u<<5]
		}
	}
}

// constant makes an array of n times the same word.
func (e *typedEncoder) constant(word string, n int, validity *memory.Buffer, nulls int) arrow.ArrayData {
	return e.text(n, validity, nulls, func(int) string { return word })
}

// strings makes an array of the words of the codes.
func (e *typedEncoder) strings(c *Computed, n int, validity *memory.Buffer, nulls int) arrow.ArrayData {
	return e.text(n, validity, nulls, func(i int) string {
		if code := c.Codes[i]; code >= 0 {
			return c.Words[code]
		}
		return ""
	})
}

// text makes a string array; null rows are empty.
func (e *typedEncoder) text(n int, validity *memory.Buffer, nulls int, word func(int) string) arrow.ArrayData {
	at := e.buffer(4 * (n + 1))
	defer at.Release()
	offsets := arrow.Int32Traits.CastFromBytes(at.Bytes())
	value := func(i int) string {
		if nulls > 0 && bitutil.BitIsNotSet(validity.Bytes(), i) {
			return ""
		}
		return word(i)
	}
	size := 0
	for i := range n {
		offsets[i] = int32(size)
		size += len(value(i))
	}
	offsets[n] = int32(size)
	bytes := e.buffer(size)
	defer bytes.Release()
	dst := bytes.Bytes()
	for i := range n {
		copy(dst[offsets[i]:], value(i))
	}
	return array.NewData(arrow.BinaryTypes.String, n, []*memory.Buffer{validity, at, bytes}, nil, nulls, 0)
}
