package table

import (
	"encoding/binary"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// plainGroups writes row groups whose columns stand in the file as Arrow holds
// them: numbers of four and eight bytes, and text. Only compressed pages of the
// row group are kept, and all memory is used again.
type plainGroups struct {
	w       io.Writer
	meta    *metadata.FileMetaDataBuilder
	columns []*plainColumn
	at      int64 // bytes written
	groups  int
}

const parquetMagic = "PAR1"

// newPlainGroups starts a file; it returns nil if a column is of another kind.
func newPlainGroups(w io.Writer, dense *arrow.Schema, s *schema.Schema, props *parquet.WriterProperties, kv metadata.KeyValueMetadata) (*plainGroups, error) {
	g := &plainGroups{w: w, meta: metadata.NewFileMetadataBuilder(s, props, kv)}
	for i, f := range dense.Fields() {
		c := newPlainColumn(f.Type, s.Column(i))
		if c == nil {
			return nil, nil
		}
		g.columns = append(g.columns, c)
	}
	return g, g.put([]byte(parquetMagic))
}

// put writes bytes and counts them.
func (g *plainGroups) put(b []byte) error {
	n, err := g.w.Write(b)
	g.at += int64(n)
	return err
}

func (g *plainGroups) width() int { return len(g.columns) }

func (g *plainGroups) begin() error { return nil }

func (g *plainGroups) write(column int, a arrow.Array) error {
	g.columns[column].write(a)
	return nil
}

// end writes the row group's columns, one behind the other, and notes where.
func (g *plainGroups) end() error {
	group := g.meta.AppendRowGroup()
	for i, c := range g.columns {
		c.flush()
		if i == 0 {
			group.SetNumRows(int(c.values))
		}
		chunk := group.NextColumnChunk()
		chunk.SetStats(c.statistics())
		info := metadata.ChunkMetaInfo{
			NumValues: c.values, DataPageOffset: g.at, IndexPageOffset: -1,
			CompressedSize: int64(len(c.packed)), UncompressedSize: c.plain,
		}
		pages := metadata.EncodingStats{DataEncodingStats: map[parquet.Encoding]int32{parquet.Encodings.Plain: c.pages}}
		if err := chunk.Finish(info, false, false, pages); err != nil {
			return err
		}
		if err := g.put(c.packed); err != nil {
			return err
		}
		c.reset()
	}
	err := group.Finish(0, int16(g.groups))
	g.groups++
	return err
}

// close writes the footer.
func (g *plainGroups) close() error {
	meta, err := g.meta.Finish()
	if err != nil {
		return err
	}
	n, err := meta.WriteTo(g.w, nil)
	if err != nil {
		return err
	}
	return g.put(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), parquetMagic...))
}
