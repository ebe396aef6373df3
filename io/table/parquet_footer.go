package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// checkMagic refuses what is no Parquet file, and encrypted ones, and footers
// that are too large to read.
func checkMagic(in *watched, o *ReadOptions) error {
	var err error
	if in.size, err = in.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if in.size < 12 {
		return errors.New("it is too short to be a Parquet file")
	}
	var head [4]byte
	if _, err := in.ReadAt(head[:], 0); err != nil {
		return err
	}
	switch string(head[:]) {
	case "PAR1":
		return checkTail(in, o)
	case "PARE":
		return errors.New("it is encrypted")
	}
	return errors.New("it does not start as a Parquet file")
}

// checkTail takes the footer's length, and the lengths of the lists in it,
// before the library makes room for them.
func checkTail(in *watched, o *ReadOptions) error {
	var tail [8]byte
	if _, err := in.ReadAt(tail[:], in.size-8); err != nil {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != "PAR1" || size > in.size-12 {
		return errors.New("it does not end as a Parquet file")
	}
	if err := o.checkFooter(size); err != nil {
		return err
	}
	footer := make([]byte, size)
	if _, err := in.ReadAt(footer, in.size-8-size); err != nil {
		return err
	}
	r := thriftReader{b: footer}
	err := r.fields(func(id int, kind byte) error {
		if id == 2 && kind == thriftList {
			return r.checkSchema()
		}
		return r.skip(kind)
	})
	switch {
	case errors.Is(err, errDeepSchema):
		return err
	case err != nil || r.short:
		return errors.New("its footer is damaged")
	}
	return nil
}

// maxNesting is how deep the groups of a schema may lie in each other. The
// library goes into them by calling itself, and a stack that overflows ends the
// process.
const maxNesting = 64

var errDeepSchema = fmt.Errorf("its columns are nested more than %d deep", maxNesting)

// checkSchema passes over the list of SchemaElement, a tree in preorder, and
// refuses one that is too deep.
func (r *thriftReader) checkSchema() error {
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	if head&15 != thriftStruct {
		return errBadHeader
	}
	var open []int64 // children still to come, of each group that is open
	for ; n > 0 && !r.short; n-- {
		children := int64(0)
		err := r.fields(func(id int, kind byte) error {
			if id == 5 && isInt(kind) {
				children = r.int()
				return nil
			}
			return r.skip(kind)
		})
		if err != nil {
			return err
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			open[len(open)-1]--
		}
		if children > 0 {
			open = append(open, children)
		}
		if len(open) > maxNesting {
			return errDeepSchema
		}
	}
	return nil
}

// checkFooter compares the counts and sizes the footer gives with each other
// and with the file, before anything is allocated by them.
func checkFooter(r *file.Reader, size int64) error {
	meta := r.MetaData()
	rows := int64(0)
	for i := range r.NumRowGroups() {
		g := meta.RowGroup(i)
		if g.NumRows() < 0 {
			return fmt.Errorf("row group %d has a negative number of rows", i)
		}
		rows += g.NumRows()
		if g.NumColumns() != meta.Schema.NumColumns() {
			return fmt.Errorf("row group %d has %d columns, the schema %d", i, g.NumColumns(), meta.Schema.NumColumns())
		}
		for j := range g.NumColumns() {
			c, err := g.ColumnChunk(j)
			if err != nil {
				return err
			}
			start, length := c.DataPageOffset(), c.TotalCompressedSize()
			if start < 0 || length < 0 || start > size || length > size {
				return fmt.Errorf("column %d of row group %d lies outside the file", j, i)
			}
			flat := meta.Schema.Column(j).MaxRepetitionLevel() == 0
			if flat && c.NumValues() != g.NumRows() {
				return fmt.Errorf("column %d of row group %d has %d values for %d rows", j, i, c.NumValues(), g.NumRows())
			}
		}
	}
	if n := r.NumRows(); n != 0 && n != rows { // some writers leave it 0
		return fmt.Errorf("its row groups hold %d rows, its footer says %d", rows, n)
	}
	return nil
}

// dropStatistics lets go of what nobody reads here of each column chunk, which
// is half of what the footer of a large file holds.
func dropStatistics(meta *metadata.FileMetaData) {
	for _, g := range meta.RowGroups {
		for _, c := range g.Columns {
			if m := c.MetaData; m != nil {
				m.Statistics, m.EncodingStats, m.SizeStatistics, m.KeyValueMetadata = nil, nil, nil, nil
			}
		}
	}
}
