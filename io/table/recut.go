package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// recutter cuts a run of batches of any lengths into batches of step rows,
// counted from the first row of the table: what a sink writes then does not
// depend on how its input was cut into blocks.
type recutter struct {
	mem  memory.Allocator
	step int64
	emit func(arrow.RecordBatch) error // borrows the batch
	// fresh asks for batches in buffers of their own, of just the length that
	// the rows need: an Arrow file shows what is behind the end of a buffer.
	fresh bool

	held []arrow.RecordBatch
	rows int64 // of held
}

// push adds a batch and emits what is complete. The batch stays the caller's.
func (c *recutter) push(b arrow.RecordBatch) error {
	if b.NumRows() == 0 {
		return nil
	}
	b.Retain()
	c.held = append(c.held, b)
	c.rows += b.NumRows()
	for c.rows >= c.step {
		if err := c.cut(c.step); err != nil {
			return err
		}
	}
	return nil
}

// flush emits the rows that are left as one batch.
func (c *recutter) flush() error {
	if c.rows == 0 {
		return nil
	}
	return c.cut(c.rows)
}

// cut emits the first n rows held.
func (c *recutter) cut(n int64) error {
	b, err := c.take(n)
	if err != nil {
		return err
	}
	defer b.Release()
	return c.emit(b)
}

// take removes the first n rows held and returns them as one batch.
func (c *recutter) take(n int64) (arrow.RecordBatch, error) {
	var parts []arrow.RecordBatch
	defer func() { releaseAll(parts) }()
	for left := n; left > 0; {
		first := c.held[0]
		rows := first.NumRows()
		if rows <= left {
			parts = append(parts, first)
			c.held = append(c.held[:0], c.held[1:]...)
			left -= rows
			continue
		}
		parts = append(parts, first.NewSlice(0, left))
		c.held[0] = first.NewSlice(left, rows)
		first.Release()
		left = 0
	}
	c.rows -= n
	if len(parts) == 1 && !c.fresh {
		parts[0].Retain()
		return parts[0], nil
	}
	return concatenate(parts, c.mem)
}

// release drops what is held.
func (c *recutter) release() {
	releaseAll(c.held)
	c.held, c.rows = nil, 0
}

func releaseAll(batches []arrow.RecordBatch) {
	for _, b := range batches {
		b.Release()
	}
}

// concatenate copies batches of one schema into one.
func concatenate(parts []arrow.RecordBatch, mem memory.Allocator) (arrow.RecordBatch, error) {
	schema := parts[0].Schema()
	columns := make([]arrow.Array, 0, schema.NumFields())
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	pieces := make([]arrow.Array, len(parts))
	rows := int64(0)
	for _, p := range parts {
		rows += p.NumRows()
	}
	for i := range schema.NumFields() {
		for j, p := range parts {
			pieces[j] = p.Column(i)
		}
		c, err := array.Concatenate(pieces, mem)
		if err != nil { // dictionaries that together are too many, or text of over 2 GiB
			return nil, fmt.Errorf("%w: column %q: %w", ErrData, schema.Field(i).Name, err)
		}
		columns = append(columns, c)
	}
	return array.NewRecordBatch(schema, columns, rows), nil
}
