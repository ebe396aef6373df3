package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// Any bytes are a page's header, which ends within them, or none.
func FuzzPageHeader(f *testing.F) {
	f.Add([]byte{0x15, 0x00, 0x15, 0x10, 0x15, 0x10, 0x2c, 0x15, 0x06, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00}) // data, v1
	f.Add([]byte{0x15, 0x04, 0x15, 0x10, 0x15, 0x10, 0x4c, 0x15, 0x06, 0x15, 0x00, 0x00, 0x00})                         // a dictionary
	f.Add([]byte{0x15, 0x06, 0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})                         // a number too long
	f.Add([]byte{0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c, 0x1c}) // nested
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readPageHeader(data)
		if err == nil && (h.size <= 0 || h.size > len(data)) {
			t.Errorf("a header of %d bytes in %d", h.size, len(data))
		}
	})
}

// Any bytes are levels, or numbers of a dictionary, or neither; nothing is
// written beyond the rows there are, and nothing read beyond the bytes.
func FuzzLevels(f *testing.F) {
	f.Add([]byte{0x10, 0x01}, uint16(8), uint8(1))
	f.Add([]byte{0x03, 0xa5}, uint16(7), uint8(1))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, uint16(9), uint8(32))
	f.Fuzz(func(t *testing.T, data []byte, n uint16, width uint8) {
		bitmap := make([]byte, (int(n)+7)/8)
		nulls, err := definitions(data, int(n), func() []byte { return bitmap })
		if err == nil && (nulls < 0 || nulls > int(n)) {
			t.Errorf("%d nulls among %d", nulls, n)
		}
		dict := make([]uint64, width)
		for i := range dict {
			dict[i] = 7
		}
		dst := make([]uint64, n)
		if err := lookUp(dst, dict, append([]byte{width}, data...)); err != nil {
			return
		}
		for i, v := range dst {
			if v != 7 {
				t.Fatalf("value %d of %d is from outside the dictionary", i, n)
			}
		}
	})
}

// A schema of groups within groups is refused before the library goes into it:
// its stack would overflow, which nothing can recover from.
func TestParquetDeepSchema(t *testing.T) {
	for groups, ok := range map[int]bool{1: true, 50: true, 70: false, 100000: false} {
		data := deepSchema(groups)
		s, err := openParquet(data, ReadOptions{})
		if (err == nil) != ok || err != nil && !errors.Is(err, ErrData) {
			t.Errorf("%d groups: %v", groups, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

// deepSchema is a Parquet file without rows, of one column in that many groups.
func deepSchema(groups int) []byte {
	group := []byte{0x35, 2, 0x18, 1, 'g', 0x15, 2, 0} // optional, its name, one child
	meta := binary.AppendUvarint([]byte{0x15, 2, 0x19, 0xfc}, uint64(groups)+2)
	meta = append(meta, 0x48, 1, 's', 0x15, 2, 0) // the root
	meta = append(meta, bytes.Repeat(group, groups)...)
	meta = append(meta, 0x15, 2, 0x25, 2, 0x18, 1, 'x', 0) // an int32
	meta = append(meta, 0x16, 0, 0x19, 0x0c, 0)            // no rows, no row groups
	file := append([]byte("PAR1"), meta...)
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(meta))), "PAR1"...)
}
