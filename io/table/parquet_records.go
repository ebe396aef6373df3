package table

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// recordColumn reads a field of a row group in order, by the library's reader of
// each leaf column under it. What is nested is put together from the levels of
// definition and repetition (Melnik et al., Dremel, 2010).
type recordColumn interface {
	// load reads the next records, or as many as there are.
	load(records int64) error
	levels() (definition, repetition []int16)
	// take makes an array of what was loaded, of at most so many values.
	take(most int64) (arrow.Array, error)
	repeats() bool // all that is in it lies in lists
	release()
}

// openRecords opens a field of a row group.
func openRecords(f *parquetField, g *file.RowGroupReader, r *file.Reader, mem memory.Allocator) (recordColumn, error) {
	if f.isLeaf() {
		return openLeaf(f, g, r, mem)
	}
	children := make([]recordColumn, 0, len(f.children))
	for i := range f.children {
		c, err := openRecords(&f.children[i], g, r, mem)
		if err != nil {
			releaseRecords(children)
			return nil, err
		}
		children = append(children, c)
	}
	if _, ok := storageOf(f.Type).(*arrow.StructType); ok {
		return newStructRecords(f, children, mem), nil
	}
	return &listRecords{f, children[0], mem}, nil
}

func releaseRecords(list []recordColumn) {
	for _, c := range list {
		c.release()
	}
}

// storageOf is what values of a type are stored as.
func storageOf(t arrow.DataType) arrow.DataType {
	if e, ok := t.(arrow.ExtensionType); ok {
		return e.StorageType()
	}
	return t
}

// leafRecords reads a leaf column.
type leafRecords struct {
	field  *parquetField
	reader file.RecordReader
	array  arrow.Array // loaded and not taken
}

func openLeaf(f *parquetField, g *file.RowGroupReader, r *file.Reader, mem memory.Allocator) (recordColumn, error) {
	pages, err := g.GetColumnPageReader(f.leaf)
	if err != nil {
		return nil, err
	}
	c := &leafRecords{field: f}
	c.reader = file.NewRecordReader(r.MetaData().Schema.Column(f.leaf), f.levels, f.Type, mem, r.BufferPool())
	if err := c.reader.(file.RecordReaderWithError).SetPageReaderWithError(pages); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

func (c *leafRecords) load(records int64) error {
	c.drop()
	c.reader.Reset()
	if err := c.reader.Reserve(records); err != nil {
		return err
	}
	for records > 0 && c.reader.HasMore() {
		n, err := c.reader.ReadRecords(records)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		records -= n
	}
	var err error
	c.array, err = leafArray(c.reader, c.field.Type)
	return err
}

func (c *leafRecords) levels() (definition, repetition []int16) {
	n := c.reader.LevelsPos()
	return c.reader.DefLevels()[:n], c.reader.RepLevels()[:min(n, int64(len(c.reader.RepLevels())))]
}

func (c *leafRecords) take(int64) (arrow.Array, error) {
	a := c.array
	c.array = nil
	return a, nil
}

func (c *leafRecords) repeats() bool { return false }

// drop lets go of what nobody took.
func (c *leafRecords) drop() {
	if c.array != nil {
		c.array.Release()
		c.array = nil
	}
}

func (c *leafRecords) release() {
	c.drop()
	c.reader.Release()
}

// structRecords reads a struct.
type structRecords struct {
	field    *parquetField
	children []recordColumn
	guide    recordColumn // whose levels tell which structs are there
	mem      memory.Allocator
}

// newStructRecords takes a child that is in no list of its own for a guide, as
// it has the fewest levels.
func newStructRecords(f *parquetField, children []recordColumn, mem memory.Allocator) *structRecords {
	c := &structRecords{f, children, children[0], mem}
	for i := len(children) - 1; i >= 0; i-- {
		if !children[i].repeats() {
			c.guide = children[i]
		}
	}
	return c
}

func (c *structRecords) load(records int64) error {
	for _, child := range c.children {
		if err := child.load(records); err != nil {
			return err
		}
	}
	return nil
}

func (c *structRecords) levels() (definition, repetition []int16) { return c.guide.levels() }

func (c *structRecords) repeats() bool { return c.guide.repeats() }

func (c *structRecords) release() { releaseRecords(c.children) }

func (c *structRecords) take(most int64) (arrow.Array, error) {
	out, bitmap, err := c.validity(most)
	if bitmap != nil {
		defer bitmap.Release()
	}
	if err != nil {
		return nil, err
	}
	parts := make([]arrow.Array, 0, len(c.children))
	defer func() { releaseArrays(parts) }()
	data := make([]arrow.ArrayData, len(c.children))
	for i, child := range c.children {
		a, err := child.take(most)
		if err != nil {
			return nil, err
		}
		parts, data[i] = append(parts, a), a.Data()
	}
	n := out.Read
	if bitmap == nil {
		n = int64(parts[0].Len())
	}
	for i, a := range parts {
		if int64(a.Len()) != n {
			return nil, fmt.Errorf("field %q of a struct has %d values for %d", c.field.children[i].Name, a.Len(), n)
		}
	}
	if out.NullCount == 0 {
		bitmap = nil
	}
	return newArray(c.field.Type, n, []*memory.Buffer{bitmap}, data, out.NullCount), nil
}

// validity tells which structs are there; without a bitmap, all.
func (c *structRecords) validity(most int64) (out file.ValidityBitmapInputOutput, bitmap *memory.Buffer, err error) {
	if most == 0 || !c.field.Nullable && !c.repeats() {
		return out, nil, nil
	}
	bitmap = memory.NewResizableBuffer(c.mem)
	bitmap.Resize(int(bitutil.BytesForBits(most)))
	out = file.ValidityBitmapInputOutput{ReadUpperBound: most, Read: most, ValidBits: bitmap.Bytes()}
	definition, repetition := c.levels()
	if c.repeats() {
		err = file.DefRepLevelsToBitmap(definition, repetition, c.field.levels, &out)
	} else {
		file.DefLevelsToBitmap(definition, c.field.levels, &out)
	}
	bitmap.Resize(int(bitutil.BytesForBits(out.Read)))
	return out, bitmap, err
}

// listRecords reads a list or a map.
type listRecords struct {
	field   *parquetField
	element recordColumn
	mem     memory.Allocator
}

func (c *listRecords) load(records int64) error { return c.element.load(records) }

func (c *listRecords) levels() (definition, repetition []int16) { return c.element.levels() }

func (c *listRecords) repeats() bool { return true }

func (c *listRecords) release() { c.element.release() }

func (c *listRecords) take(most int64) (arrow.Array, error) {
	if storageOf(c.field.Type).ID() == arrow.LARGE_LIST {
		return takeList(c, most, arrow.Int64Traits.CastFromBytes)
	}
	return takeList(c, most, arrow.Int32Traits.CastFromBytes)
}

// takeList makes lists whose offsets are of type T.
func takeList[T int32 | int64](c *listRecords, most int64, cast func([]byte) []T) (arrow.Array, error) {
	out := file.ValidityBitmapInputOutput{ReadUpperBound: most}
	var bitmap *memory.Buffer
	if c.field.Nullable {
		bitmap = memory.NewResizableBuffer(c.mem)
		defer bitmap.Release()
		bitmap.Resize(int(bitutil.BytesForBits(most)))
		out.ValidBits = bitmap.Bytes()
	}
	at := memory.NewResizableBuffer(c.mem)
	defer at.Release()
	width := len(arrow.GetBytes([]T{0}))
	at.Resize(width * int(most+1))
	offsets := cast(at.Bytes())
	offsets[0] = 0
	definition, repetition := c.levels()
	if err := file.DefRepLevelsToListInfo(definition, repetition, c.field.levels, &out, offsets); err != nil {
		return nil, err
	}
	at.Resize(width * int(out.Read+1))
	offsets = cast(at.Bytes())
	elements, err := c.element.take(int64(offsets[out.Read]))
	if err != nil {
		return nil, err
	}
	defer elements.Release()
	if int64(elements.Len()) != int64(offsets[out.Read]) {
		return nil, errors.New("a list has another number of elements than its levels say")
	}
	if out.NullCount == 0 {
		bitmap = nil
	}
	if t, ok := storageOf(c.field.Type).(*arrow.FixedSizeListType); ok {
		return fixedLists(c.field.Type, int(t.Len()), offsets, bitmap, int(out.NullCount), elements, c.mem)
	}
	return newArray(c.field.Type, out.Read, []*memory.Buffer{bitmap, at}, []arrow.ArrayData{elements.Data()}, out.NullCount), nil
}

// fixedLists are lists of one size. Null ones have elements in Arrow, and none
// in a file.
func fixedLists[T int32 | int64](t arrow.DataType, size int, offsets []T, bitmap *memory.Buffer, nulls int, elements arrow.Array, mem memory.Allocator) (arrow.Array, error) {
	n := len(offsets) - 1
	missing := array.MakeArrayOfNull(mem, elements.DataType(), size)
	defer missing.Release()
	pieces := []arrow.Array{array.NewSlice(elements, 0, 0)}
	defer func() {
		for _, p := range pieces {
			p.Release()
		}
	}()
	from := 0 // of elements, that no piece has yet
	for i := range n {
		have := int(offsets[i+1] - offsets[i])
		if bitmap != nil && !bitutil.BitIsSet(bitmap.Bytes(), i) {
			if have != 0 {
				return nil, errors.New("a list that is null has elements")
			}
			pieces = append(pieces, array.NewSlice(elements, int64(from), int64(offsets[i])), array.NewSlice(missing, 0, int64(size)))
			from = int(offsets[i])
		} else if have != size {
			return nil, fmt.Errorf("a list has %d elements, of a type of lists of %d", have, size)
		}
	}
	whole := elements
	if nulls > 0 {
		var err error
		pieces = append(pieces, array.NewSlice(elements, int64(from), int64(elements.Len())))
		if whole, err = array.Concatenate(pieces, mem); err != nil {
			return nil, err
		}
		defer whole.Release()
	}
	return newArray(t, int64(n), []*memory.Buffer{bitmap}, []arrow.ArrayData{whole.Data()}, int64(nulls)), nil
}

// newArray is an array of n values.
func newArray(t arrow.DataType, n int64, buffers []*memory.Buffer, children []arrow.ArrayData, nulls int64) arrow.Array {
	data := array.NewData(t, int(n), buffers, children, int(nulls), 0)
	defer data.Release()
	return array.MakeFromData(data)
}
