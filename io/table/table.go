// Package table reads and writes tables: rows under named columns, in CSV,
// TSV, NDJSON, Parquet and Arrow files, plain or compressed, from files and
// pipes.
//
// A Source is opened, told by a Request what is wanted of each of its columns,
// and then only cuts: Next hands out Blocks of whole records, in order. A
// Block decodes itself into Rows on whatever goroutine calls Decode; a Sink
// encodes Rows and Computed columns into Parts on those same goroutines and
// writes the Parts in order. The package starts no goroutine of its own.
package table

import (
	"github.com/apache/arrow-go/v18/arrow"
)

// Format is a way of writing a table down.
type Format string

// The formats a table can be read from and written to.
const (
	CSV         Format = "csv"
	TSV         Format = "tsv" // RFC 4180 with a tab
	NDJSON      Format = "ndjson"
	Parquet     Format = "parquet"
	Arrow       Format = "arrow"  // IPC file
	ArrowStream Format = "arrows" // IPC stream
)

// Formats lists every format, in the order help shows them.
var Formats = []Format{CSV, TSV, NDJSON, Parquet, Arrow, ArrowStream}

// Text reports whether the cells of the format are text without a type.
func (f Format) Text() bool { return f == CSV || f == TSV || f == NDJSON }

// Delimited reports whether the format is of the CSV family, whose raw cells
// may be copied from one member to another.
func (f Format) Delimited() bool { return f == CSV || f == TSV }

// Field is a column's name and type. A nil Type is a text cell that the file
// gives no type.
type Field struct {
	Name string
	Type arrow.DataType
}

// Source is an open table that cuts itself into blocks of whole records.
type Source interface {
	// Info says what is being read. Bytes grows as blocks are cut.
	Info() Info
	// Fields are the columns in file order.
	Fields() []Field
	// Start says what is wanted; it is called once, before Next.
	Start(Request) error
	// Next cuts the next block into b, reusing b's memory. It returns io.EOF
	// after the last block. It is called from one goroutine.
	Next(b *Block) error
	// Close frees the file. Blocks already cut stay good.
	Close() error
}

// Info describes an open input for progress and reports.
type Info struct {
	Path   string // as given; "-" is standard input
	Format Format
	Delim  byte  // of CSV and TSV
	Size   int64 // bytes on disk, -1 when not known
	Bytes  int64 // bytes consumed so far (compressed, where the input is)
	// HeadLines and HeadBytes are what stands before the first record: line
	// ends and bytes of byte order mark and header, for text formats.
	HeadLines, HeadBytes int64
}

// Sink writes rows in order, as one table. A format's options and layout are
// fixed when it is made.
type Sink interface {
	// Encode makes a part of the rows, the computed columns standing after the
	// kept ones. drop, when not nil, has a true for each row to leave out. It
	// may be called from several goroutines at once, each with its own part,
	// and reuses the part's memory.
	Encode(p *Part, rows *Rows, made []Computed, drop []bool) error
	// Write appends a part. Parts come in order, from one goroutine.
	Write(p *Part) error
	// Close writes what ends the table (footers, trailers) and flushes. It
	// does not close the writer under it.
	Close() error
}

// Layout is the shape of an output table: kept input columns, then computed
// ones. A kept field without a type is copied as raw text.
type Layout struct {
	Kept []Field
	Made []Field
}

// Part is one block's share of the output, encoded but not yet written.
type Part struct {
	Rows    int                 // rows encoded, dropped ones not counted
	Bytes   []byte              // text sinks
	Batches []arrow.RecordBatch // typed sinks; owned by the part
	Edge    bool                // an input batch ends with this part (Arrow to Arrow)
	Note    any                 // what a sink outside this package passes from Encode to Write
	// Ends, when Mark was set before Encode, gives for each input row of the
	// block the length of Bytes (text sinks) or the number of rows (typed
	// sinks) up to and with that row.
	Mark bool
	Ends []int

	scratch any // what the sink keeps from part to part
}

// Release lets go of the batches and empties the part for the next block.
func (p *Part) Release() {
	for _, b := range p.Batches {
		b.Release()
	}
	p.Batches, p.Bytes, p.Ends = p.Batches[:0], p.Bytes[:0], p.Ends[:0]
	p.Rows, p.Edge, p.Mark = 0, false, false
}

// Truncate keeps only what the first n input rows of the block gave. The part
// must have been marked.
func (p *Part) Truncate(n int) {
	end := 0
	if n > 0 {
		end = p.Ends[n-1]
	}
	if p.Batches == nil {
		p.Rows = rowsUpTo(p.Ends, n)
		p.Bytes = p.Bytes[:end]
		return
	}
	p.Rows = end
	p.Batches = truncateBatches(p.Batches, end)
}

// rowsUpTo counts the rows among the first n that added to the output.
func rowsUpTo(ends []int, n int) int {
	rows, last := 0, 0
	for _, end := range ends[:n] {
		if end > last {
			rows++
		}
		last = end
	}
	return rows
}

// truncateBatches keeps the first n rows of the batches and releases the rest.
func truncateBatches(batches []arrow.RecordBatch, n int) []arrow.RecordBatch {
	kept := batches[:0]
	for _, b := range batches {
		rows := min(int(b.NumRows()), n)
		if rows > 0 {
			kept = append(kept, b.NewSlice(0, int64(rows)))
		}
		b.Release()
		n -= rows
	}
	return kept
}
