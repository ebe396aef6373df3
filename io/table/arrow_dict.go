package table

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// dictionaryBook numbers the values of one column's dictionaries anew, in the
// order in which rows use them, so that what is written depends on the rows
// alone: blocks come with dictionaries of their own, which may differ. The
// values of an ordered dictionary, and those of Arrow inputs, whose
// dictionaries do not depend on blocks, are numbered in the dictionary's order,
// used or not.
//
// The column of a nested type has a book that only leads to those of its
// children.
type dictionaryBook struct {
	mem      memory.Allocator
	children []*dictionaryBook // nil entries where there is no dictionary
	leaf     *leafBook         // of a dictionary
}

// newDictionaryBook is nil for a type without dictionaries.
func newDictionaryBook(t arrow.DataType, whole bool, mem memory.Allocator) *dictionaryBook {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return &dictionaryBook{mem: mem, leaf: &leafBook{mem: mem, dtype: t, whole: whole || t.Ordered, numbers: map[string]int64{}}}
	case arrow.ExtensionType:
		return newDictionaryBook(t.StorageType(), whole, mem)
	case arrow.NestedType:
		b := &dictionaryBook{mem: mem}
		found := false
		for _, f := range t.Fields() {
			c := newDictionaryBook(f.Type, whole, mem)
			b.children = append(b.children, c)
			found = found || c != nil
		}
		if found {
			return b
		}
	}
	return nil
}

func (b *dictionaryBook) release() {
	if b == nil {
		return
	}
	for _, c := range b.children {
		c.release()
	}
	if b.leaf != nil {
		b.leaf.release()
	}
}

// compact renumbers the dictionaries of a batch. It returns a batch of the
// caller's own.
func (s *arrowSink) compact(b arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, 0, len(s.books))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for i, book := range s.books {
		c := b.Column(i)
		if book == nil {
			c.Retain()
			columns = append(columns, c)
			continue
		}
		renumbered, err := book.renumber(c)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", s.schema.Field(i).Name, err)
		}
		columns = append(columns, renumbered)
	}
	return array.NewRecordBatch(s.schema, columns, b.NumRows()), nil
}

// renumber returns an array with the same values under the book's numbers.
func (b *dictionaryBook) renumber(a arrow.Array) (arrow.Array, error) {
	if b.leaf == nil {
		// A slice of a nested array shows only part of its children; copied,
		// it has just the values that are its own.
		whole, err := array.Concatenate([]arrow.Array{a}, b.mem)
		if err != nil {
			return nil, err
		}
		defer whole.Release()
		a = whole
	}
	data, err := b.renumberData(a.Data())
	if err != nil {
		return nil, err
	}
	defer data.Release()
	return array.MakeFromData(data), nil
}

func (b *dictionaryBook) renumberData(d arrow.ArrayData) (arrow.ArrayData, error) {
	if b.leaf != nil {
		return b.leaf.renumber(d)
	}
	children := make([]arrow.ArrayData, 0, len(d.Children()))
	defer func() {
		for _, c := range children {
			c.Release()
		}
	}()
	for i, c := range d.Children() {
		if i >= len(b.children) || b.children[i] == nil {
			c.Retain()
			children = append(children, c)
			continue
		}
		renumbered, err := b.children[i].renumberData(c)
		if err != nil {
			return nil, err
		}
		children = append(children, renumbered)
	}
	return array.NewData(d.DataType(), d.Len(), d.Buffers(), children, d.NullN(), d.Offset()), nil
}

// leafBook numbers the values of one dictionary.
type leafBook struct {
	mem     memory.Allocator
	dtype   *arrow.DictionaryType
	whole   bool             // number values that no row uses too
	numbers map[string]int64 // of values already numbered
	values  arrow.Array      // in the order of their numbers

	from  arrow.ArrayData // the dictionary that table is for
	table []int64         // its numbers, -1 where not yet given
	runs  [][2]int64      // values of it to be added
}

func (l *leafBook) release() {
	if l.values != nil {
		l.values.Release()
		l.values = nil
	}
	l.forget()
}

func (l *leafBook) forget() {
	if l.from != nil {
		l.from.Release()
		l.from = nil
	}
}

// renumber gives a dictionary array's rows their numbers.
func (l *leafBook) renumber(d arrow.ArrayData) (arrow.ArrayData, error) {
	a := array.NewDictionaryData(d)
	defer a.Release()
	if l.from != d.Dictionary() {
		l.begin(d.Dictionary(), a.Dictionary().Len())
	}
	dict := a.Dictionary()
	if l.whole {
		for i := range dict.Len() {
			l.number(dict, i)
		}
	}
	width := l.dtype.IndexType.(arrow.FixedWidthDataType).Bytes()
	buf := memory.NewResizableBuffer(l.mem)
	defer buf.Release()
	buf.Resize(a.Len() * width)
	put := indexWriter(buf.Bytes(), width)
	for i := range a.Len() {
		n := int64(0)
		if a.IsValid(i) {
			n = l.number(dict, a.GetValueIndex(i))
		}
		put(i, n)
	}
	if err := l.grow(dict); err != nil {
		return nil, err
	}
	validity := l.validity(a)
	if validity != nil {
		defer validity.Release()
	}
	return array.NewDataWithDictionary(l.dtype, a.Len(), []*memory.Buffer{validity, buf}, a.NullN(), 0, l.values.Data().(*array.Data)), nil
}

// validity is the array's null bitmap, moved to offset 0.
func (l *leafBook) validity(a arrow.Array) *memory.Buffer {
	if a.NullN() == 0 {
		return nil
	}
	buf := memory.NewResizableBuffer(l.mem)
	buf.Resize((a.Len() + 7) / 8)
	copyBits(buf.Bytes(), a)
	return buf
}

// begin turns to another input dictionary.
func (l *leafBook) begin(from arrow.ArrayData, n int) {
	l.forget()
	from.Retain()
	l.from = from
	l.table = sized(l.table, n)
	for i := range l.table {
		l.table[i] = -1
	}
}

// number is the number of value i of the current dictionary.
func (l *leafBook) number(dict arrow.Array, i int) int64 {
	if n := l.table[i]; n >= 0 {
		return n
	}
	key := valueKey(dict, i)
	n, known := l.numbers[key]
	if !known {
		n = int64(len(l.numbers))
		l.numbers[key] = n
		if k := len(l.runs); k > 0 && l.runs[k-1][1] == int64(i) {
			l.runs[k-1][1]++
		} else {
			l.runs = append(l.runs, [2]int64{int64(i), int64(i) + 1})
		}
	}
	l.table[i] = n
	return n
}

// grow adds the values that were numbered since.
func (l *leafBook) grow(dict arrow.Array) error {
	if len(l.runs) == 0 && l.values != nil {
		return nil
	}
	var parts []arrow.Array
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	if l.values != nil {
		parts = append(parts, l.values)
	}
	for _, r := range l.runs {
		parts = append(parts, array.NewSlice(dict, r[0], r[1]))
	}
	if len(parts) == 0 {
		parts = append(parts, array.NewSlice(dict, 0, 0))
	}
	l.runs = l.runs[:0]
	values, err := array.Concatenate(parts, l.mem)
	if err != nil {
		return err
	}
	l.values = values
	if int64(values.Len()) > maxIndex(l.dtype.IndexType)+1 {
		return fmt.Errorf("its dictionaries together hold more values than indices of type %s can number: %w",
			l.dtype.IndexType, ErrData)
	}
	return nil
}

// maxIndex is the largest number an index type holds.
func maxIndex(t arrow.DataType) int64 {
	switch t.ID() {
	case arrow.INT8:
		return math.MaxInt8
	case arrow.UINT8:
		return math.MaxUint8
	case arrow.INT16:
		return math.MaxInt16
	case arrow.UINT16:
		return math.MaxUint16
	case arrow.INT32:
		return math.MaxInt32
	case arrow.UINT32:
		return math.MaxUint32
	}
	return math.MaxInt64 - 1
}

// indexWriter writes indices of a width in bytes.
func indexWriter(b []byte, width int) func(i int, n int64) {
	switch width {
	case 1:
		return func(i int, n int64) { b[i] = byte(n) }
	case 2:
		v := arrow.Uint16Traits.CastFromBytes(b)
		return func(i int, n int64) { v[i] = uint16(n) }
	case 4:
		v := arrow.Uint32Traits.CastFromBytes(b)
		return func(i int, n int64) { v[i] = uint32(n) }
	}
	v := arrow.Int64Traits.CastFromBytes(b)
	return func(i int, n int64) { v[i] = n }
}

// valueKey is different for different values of a dictionary, null being a
// value of its own.
func valueKey(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "null"
	}
	switch a := a.(type) {
	case texts:
		return "=" + a.Value(i)
	case interface{ Value(int) []byte }:
		return "=" + string(a.Value(i))
	}
	return "=" + a.ValueStr(i)
}
