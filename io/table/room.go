package table

import (
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// roomError says that a table asks for more memory than the run may take. It
// is an ErrData. As a panic's value it is meant as an error: allocators, which
// libraries call, have no other way to return one.
type roomError struct {
	what string
	most int64
}

func (e *roomError) Error() string {
	return fmt.Sprintf("%v: %s: more than --memory allows for it (%s)", ErrData, e.what, megabytes(e.most))
}

// Is makes every roomError an ErrData.
func (e *roomError) Is(target error) bool { return target == ErrData }

// Abort is the panic as the error that it means.
func (e *roomError) Abort() error { return e }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// NewRoom is an allocator that never holds more than most bytes at once, for
// all who share it. Asked for more it panics with an error of kind ErrData,
// which sources return as such.
func NewRoom(most int64) memory.Allocator { return &roomOf{from: memory.DefaultAllocator, most: most} }

// roomOf counts what an allocator gives.
type roomOf struct {
	from memory.Allocator
	most int64
	used atomic.Int64
}

// take counts size bytes more, before they are allocated.
func (r *roomOf) take(size int) {
	if used := r.used.Add(int64(size)); used > r.most {
		r.used.Add(-int64(size))
		panic(&roomError{fmt.Sprintf("columns of %s", megabytes(used)), r.most})
	}
}

// Allocate implements memory.Allocator.
func (r *roomOf) Allocate(size int) []byte {
	r.take(size)
	return r.from.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (r *roomOf) Reallocate(size int, b []byte) []byte {
	r.take(size - len(b))
	return r.from.Reallocate(size, b)
}

// Free implements memory.Allocator.
func (r *roomOf) Free(b []byte) {
	r.used.Add(-int64(len(b)))
	r.from.Free(b)
}

// What of --memory one thing may take.
const (
	mostColumns   = 1 << 20
	bytesOfColumn = 512 // a worker's, about
	shareOfRecord = 8   // of a block's share: text, cells, numbers and what is written
	shareOfFooter = 32  // it is about twenty times as large when it has been read
	shareOfPage   = 8
	shareOfText   = 2
	shareOfGroup  = 2
	shareOfSink   = 2 // what columns cost a sink beside their values
)

// bytesOfSinkColumn is about what a column costs a sink of a format: its
// writer, its place in the schema and in the footer. What blocks hold of a
// column as an array comes on top, once a trip.
func bytesOfSinkColumn(f Format) int64 {
	switch f {
	case NDJSON:
		return 512
	case Arrow, ArrowStream:
		return 2 << 10
	case Parquet:
		return 8 << 10
	}
	return 0 // text is copied: ReadOptions.columns is enough
}

// bytesOfArray is about what an array of a few values takes.
const bytesOfArray = 1 << 10

// checkColumns refuses an output of more columns than there is memory for.
func (o *WriteOptions) checkColumns(f Format, l Layout) error {
	each := bytesOfSinkColumn(f)
	if o.Memory == 0 || each == 0 {
		return nil
	}
	each += bytesOfArray * int64(max(o.Workers, 1)+2)
	if n, most := len(l.Kept)+len(l.Made), o.Memory/shareOfSink/each; int64(n) > most {
		return fmt.Errorf("%w: an output of %d columns as %s is more than --memory allows (%d); --keep chooses fewer", ErrData, n, f, most)
	}
	return nil
}

// blockOfText is how long a block of columns may be that is written as text: a
// few words of a dictionary can stand for more than there is memory.
func (o *WriteOptions) blockOfText() int {
	if o.Memory == 0 {
		return maxBuffer
	}
	return int(min(maxBuffer, o.Memory/(shareOfText*int64(max(o.Workers, 1)+2))))
}

func longText(size, most int) error {
	return &roomError{fmt.Sprintf("a block of columns that is %s as text", megabytes(int64(size))), int64(most)}
}

// columns is how many columns a table may have.
func (o *ReadOptions) columns() int {
	if o.Memory == 0 {
		return mostColumns
	}
	return int(min(mostColumns, o.Memory/(bytesOfColumn*o.trips())))
}

// trips is about how many blocks are under way at once.
func (o *ReadOptions) trips() int64 { return int64(max(o.Workers, 1) + 2) }

// record is how long a record may be that a block grows to hold.
func (o *ReadOptions) record() int {
	if o.Memory == 0 {
		return maxBlock
	}
	return int(min(maxBlock, o.Memory/(shareOfRecord*o.trips())))
}

// Records of wide tables are so long that a block of the usual size holds few
// rows. A network takes them a panel of 32 at a time, and a wide one fetches its
// weights anew for each panel or two: 784 inputs gained a fifth from 128 rows.
const (
	rowsOfWide  = 128
	mostOfWide  = 2 << 20
	bytesOfCell = 8  // of CSV, about
	bytesOfPair = 20 // of NDJSON, with its key
)

// blockFor is how many bytes of text a block of a table of so many columns aims at,
// of which a record has about so many bytes each. It is less where memory is short.
func (o *ReadOptions) blockFor(columns, bytesEach int) int {
	if !o.grows {
		return o.BlockSize
	}
	return max(o.BlockSize, min(rowsOfWide*bytesEach*columns, mostOfWide, o.record()/2))
}

// noRoomHint is said of a record that --max-record allows, but --memory does
// not.
const noRoomHint = "the record alone needs more than its share of --memory"

// checkColumns refuses a table of too many columns.
func (o *ReadOptions) checkColumns(n int) error {
	if most := o.columns(); n > most {
		return fmt.Errorf("%w: the table has more than %d columns, which is more than %s", ErrData, most, o.because(mostColumns, most))
	}
	return nil
}

// because says what sets a limit: the program, or --memory.
func (o *ReadOptions) because(own, limit int) string {
	if own == limit {
		return "is read"
	}
	return "--memory allows"
}

// checkFooter refuses a footer that would take too much memory.
func (o *ReadOptions) checkFooter(size int64) error {
	if o.Memory > 0 && size > o.Memory/shareOfFooter {
		return &roomError{fmt.Sprintf("a footer of %s", megabytes(size)), o.Memory / shareOfFooter}
	}
	return nil
}
