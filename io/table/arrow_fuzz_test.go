package table

import (
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Any bytes are an Arrow file that is read, or bad data.
func FuzzArrowFile(f *testing.F) {
	format := typedFormats()[1]
	for _, fields := range [][]Field{richFields(), nestedFields()} {
		f.Add(writeTyped(f, format, fields, WriteOptions{}, randomBatch(memory.DefaultAllocator, fields, 3, 1)))
	}
	f.Add([]byte("ARROW1\x00\x00\xff\xff\xff\x7fARROW1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := format.open(data, ReadOptions{})
		if err == nil {
			err = readTyped(s, keepAll(s), func(*Rows) {})
		}
		if err != nil && !errors.Is(err, ErrData) {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}
