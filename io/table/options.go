package table

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// ReadOptions say how an input is read. The zero value reads a comma
// separated file with a header, or whatever the first bytes show.
type ReadOptions struct {
	Format    Format   // "" to know it by first bytes, then extension, else CSV
	Delimiter byte     // 0: the format's own
	Encoding  Encoding // of text; "": UTF-8
	NoHeader  bool     // CSV family; Columns names the columns
	Columns   []string
	Missing   []string // tokens of a missing feature cell; nil: DefaultMissing
	Decimal   byte     // 0: '.'
	BlockSize int      // bytes of text a block aims at; 0: DefaultBlockSize, and more for wide tables
	MaxRecord int      // bytes; 0: DefaultMaxRecord
	// FinalNewline refuses text whose last byte ends no line: it may have been
	// cut short.
	FinalNewline bool
	TempDir      string // where Parquet from a pipe is spooled; "": os.TempDir
	Stdin        io.Reader
	// Context ends a read that waits for a pipe; nil: none does.
	Context context.Context
	// Memory is what the whole run may take, of which columns, footers and
	// records get their shares; 0: no limit but those of the formats.
	Memory int64
	// Workers is how many blocks are decoded at once; 0: one.
	Workers int
	// Alloc makes the Arrow arrays; nil: memory.DefaultAllocator.
	Alloc memory.Allocator
	// Parallel runs f(0) … f(n-1), possibly at once. Nil: one after the other.
	Parallel Parallel

	grows bool // BlockSize, for wide tables
}

// WriteOptions say how an output is written.
type WriteOptions struct {
	Delimiter  byte   // CSV family; 0: the format's own
	NoHeader   bool   // CSV family
	LineEnd    string // "" is "\n"
	FloatFixed int    // decimals of computed floats in text; negative: shortest
	// EscapeFormulas writes an apostrophe before text that a spreadsheet would
	// take for a formula (CSV family).
	EscapeFormulas bool
	KeepEdges      bool // Arrow to Arrow: batches end where the input's did
	Workers        int  // how many cores a compressor may use; 0: one
	// Memory is what the whole run may take; 0: no limit.
	Memory   int64
	Alloc    memory.Allocator
	Parallel Parallel
}

// Parallel runs f(0) … f(n-1), possibly at once, and returns the error of the
// lowest index.
type Parallel func(ctx context.Context, n int, f func(i int) error) error

// Defaults of ReadOptions.
const (
	DefaultBlockSize = 256 << 10
	DefaultMaxRecord = 16 << 20
)

// DefaultMissing are the cells that stand for no value.
var DefaultMissing = []string{"", "NA", "N/A", "NaN", "nan", "null", "NULL"}

// ParseType reads a name of --types.
func ParseType(name string) (arrow.DataType, bool) {
	t, ok := map[string]arrow.DataType{
		"string":    arrow.BinaryTypes.String,
		"int64":     arrow.PrimitiveTypes.Int64,
		"float64":   arrow.PrimitiveTypes.Float64,
		"bool":      arrow.FixedWidthTypes.Boolean,
		"date":      arrow.FixedWidthTypes.Date32,
		"timestamp": arrow.FixedWidthTypes.Timestamp_us,
	}[name]
	return t, ok
}
