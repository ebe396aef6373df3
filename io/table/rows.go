package table

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow"
)

// Block is a run of whole records cut from one file. It is filled by
// Source.Next, decoded by any one goroutine and used again.
type Block struct {
	// Data is the text of whole records, owned by the block. Its capacity
	// exceeds its length by at least Slack bytes, so that a parser may read
	// eight bytes at a time past the end.
	Data []byte
	// Batch is a run of rows of a typed source, owned by the block.
	Batch arrow.RecordBatch
	// Edge is set where an input batch ends with this block.
	Edge bool

	source decoder // set by the source that cut it
	state  any     // what that source needs to decode it, if more than the above
}

// Slack is how many bytes past len(Block.Data) may be read.
const Slack = 64

// decoder is the half of a source that runs in the workers.
type decoder interface {
	decode(b *Block, r *Rows) error
}

// Decode parses the block into r, reusing r's memory. An error that is a
// *RowError has a place relative to the block; any other is fatal as it is.
func (b *Block) Decode(r *Rows) error {
	r.Reset()
	return b.source.decode(b, r)
}

// Release lets go of the batch; Data stays for the next block.
func (b *Block) Release() {
	if b.Batch != nil {
		b.Batch.Release()
		b.Batch = nil
	}
	if h, ok := b.state.(holder); ok {
		h.release()
	}
	b.Edge, b.state = false, nil
}

// Rows is a decoded block: features as numbers and codes, kept columns raw or
// typed, and what was wrong with which row.
type Rows struct {
	N        int           // rows, the bad ones counted too
	Features []Feature     // one for each FeatureRequest
	Kept     []arrow.Array // typed kept columns, owned; nil when raw
	Raw      Records       // raw kept columns
	Bad      []Bad         // in row order
	Edge     bool          // an input batch ends here
	Lines    int64         // line ends in the block (text)
	Bytes    int64         // bytes of the block in the decompressed stream (text)

	// starts, for text, are the byte offsets of the records in data.
	data    []byte
	starts  []int32
	oneLine bool // a record never holds a line feed

	scratch any // what the decoder keeps from block to block
}

// holder is scratch or state that holds memory of others until the rows are
// reset, or the block is released.
type holder interface{ release() }

// Feature is one decoded feature column of N rows. Numbers are in F64, or in
// F32 where the file holds float32; codes of a dictionary are in Codes.
type Feature struct {
	F64   []float64
	F32   []float32
	Codes []int32
	// Valid has bit i (least significant first) set where number i is there.
	// Nil: all are. A number reported in Bad is not valid.
	Valid []byte
}

// Missing reports whether number i is missing.
func (f *Feature) Missing(i int) bool {
	return f.Valid != nil && f.Valid[i>>3]&(1<<(i&7)) == 0
}

// Records are kept cells as they stand in the file: spans of Data.
type Records struct {
	Data []byte
	// Delim is the delimiter of the cells (CSV family).
	Delim byte
	// Spans holds, for each row, the start and end of the record without its
	// line end, when every column is kept in order (Whole).
	Whole bool
	Spans []int32
	// Cells holds, for each row and kept column, the cell's start and end.
	Cells []int32
}

// Span returns record i without its line end.
func (r *Records) Span(i int) []byte { return r.Data[r.Spans[2*i]:r.Spans[2*i+1]] }

// Cell returns cell j of the n kept cells of record i.
func (r *Records) Cell(i, j, n int) []byte {
	k := 2 * (i*n + j)
	return r.Data[r.Cells[k]:r.Cells[k+1]]
}

// Slots of Bad that are no feature.
const (
	SlotRecord int32 = -1      // the record as a whole
	SlotKept   int32 = 1 << 20 // SlotKept+k is kept column k
)

// Bad is one thing wrong with one row of a block.
type Bad struct {
	Row    int32
	Slot   int32 // SlotRecord, an index into Features, or SlotKept+k
	Column int32 // index into the source's Fields, -1 when it is no one column
	Reason Reason
}

// Seeker finds where rows of one block start. Rows are asked for in order, so
// that no line end is counted twice.
type Seeker struct {
	at    int
	lines int64
}

// Place returns where row i starts, counted from the block's start: line ends
// before it and bytes before it. Both are -1 for typed sources.
func (s *Seeker) Place(r *Rows, i int) (lines, offset int64) {
	if len(r.starts) == 0 {
		return -1, -1
	}
	at := int(r.starts[i])
	s.lines += int64(bytes.Count(r.data[s.at:at], []byte{'\n'}))
	s.at = at
	return s.lines, int64(at)
}

// Record returns the text of row i as it was written, without its line end;
// nil for typed sources.
func (r *Rows) Record(i int) []byte {
	if len(r.starts) == 0 {
		return nil
	}
	end := len(r.data)
	if i+1 < len(r.starts) {
		end = int(r.starts[i+1])
	}
	return firstRecord(r.data[r.starts[i]:end], r.oneLine)
}

// firstRecord cuts the line end of a record, and the blank lines behind it, off
// text. Quoted line ends stand before other bytes of their record.
func firstRecord(text []byte, oneLine bool) []byte {
	last := len(bytes.TrimRight(text, "\r\n"))
	if oneLine {
		last = 0
	}
	if end := bytes.IndexByte(text[last:], '\n'); end >= 0 {
		return trimLineEnd(text[:last+end+1])
	}
	return trimLineEnd(text)
}

// Reset empties the rows and releases the kept columns.
func (r *Rows) Reset() {
	for _, a := range r.Kept {
		if a != nil {
			a.Release()
		}
	}
	r.Kept, r.Bad, r.starts = r.Kept[:0], r.Bad[:0], r.starts[:0]
	if h, ok := r.scratch.(holder); ok {
		h.release()
	}
	r.N, r.Lines, r.Bytes, r.Edge = 0, 0, 0, false
	r.data = nil
}
