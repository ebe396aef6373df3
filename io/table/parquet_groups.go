package table

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// pageBytes is a quarter of what is usual: pages are compressed while the rest
// of a row group is still to come, and a reader may spread them over its cores.
const pageBytes = 256 << 10

// writerProperties are the same for every file: no dictionaries, which cost
// numbers that rarely repeat both time and space.
func writerProperties(mem memory.Allocator) *parquet.WriterProperties {
	return parquet.NewWriterProperties(
		parquet.WithAllocator(mem),
		parquet.WithCompression(codec.Codecs.Snappy),
		parquet.WithDictionaryDefault(false),
		parquet.WithDataPageSize(pageBytes),
	)
}

// newGroupWriter makes the writer for a table: its columns are written side by
// side.
func newGroupWriter(w io.Writer, stored, dense *arrow.Schema, parallel Parallel, mem memory.Allocator) (groupWriter, error) {
	props := writerProperties(mem)
	w = struct{ io.Writer }{w} // the library closes what can be closed
	fields := dense.Fields()
	pq, err := parquetRoot(fields)
	if err != nil {
		return nil, err
	}
	for i, f := range stored.Fields() {
		fields[i] = elementNames(f)
	}
	meta, err := storeSchema(arrow.NewSchema(fields, nil), mem)
	if err != nil {
		return nil, err
	}
	if parallel == nil {
		parallel = oneByOne
	}
	plain, err := newPlainGroups(w, dense, pq, props, meta)
	if plain != nil || err != nil {
		return &sideBySide{form: plain, parallel: parallel}, err
	}
	fw, err := file.NewParquetWriterWithError(w, pq.Root(), file.WithWriterProps(props), file.WithWriteMetadata(meta))
	return &sideBySide{form: newAnyGroups(fw, dense), parallel: parallel}, err
}

// flatType reports whether columns of a type have one value a row.
func flatType(t arrow.DataType) bool {
	if e, ok := t.(arrow.ExtensionType); ok {
		return flatType(e.StorageType())
	}
	_, nested := t.(arrow.NestedType)
	return !nested
}
