package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
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

// Thrift's compact protocol, by hand: a field's delta and kind, then its value.
func thriftInt(delta int, v int64) []byte {
	return binary.AppendVarint([]byte{byte(delta<<4 | thriftI32)}, v)
}

func thriftField(delta, kind int, value ...byte) []byte {
	return append([]byte{byte(delta<<4 | kind)}, value...)
}

// Headers with every field of the format, and with some of a later one.
func TestPageHeader(t *testing.T) {
	statistics := thriftField(1, thriftStruct, slices.Concat(thriftField(1, thriftBinary, 2, 'h', 'i'),
		thriftInt(2, 1), thriftField(4, thriftTrue), []byte{0})...)
	later := slices.Concat(thriftField(1, thriftList, 2<<4|thriftI32, 2, 4), thriftField(1, thriftSet, 3<<4|thriftTrue, 1, 2, 1),
		thriftField(1, thriftDouble, 1, 2, 3, 4, 5, 6, 7, 8), thriftField(1, thriftByte, 9), thriftField(0, thriftI64, 80, 3))
	first := slices.Concat(thriftInt(1, pageData), thriftInt(1, 300), thriftInt(1, 200), thriftInt(1, -7),
		thriftField(1, thriftStruct), thriftInt(1, 10), thriftInt(1, encodingRLEDictionary), thriftInt(1, encodingRLE), thriftInt(1, 4), statistics, []byte{0})
	second := slices.Concat(thriftInt(1, pageDataV2), thriftInt(1, 300), thriftInt(1, 200),
		thriftField(5, thriftStruct), thriftInt(1, 10), thriftInt(1, 2), thriftInt(1, 8), thriftInt(1, encodingPlain), thriftInt(1, 6), thriftInt(1, 5))
	dictionary := slices.Concat(thriftInt(1, pageDictionary), thriftInt(1, 300), thriftInt(1, 200),
		thriftField(4, thriftStruct), thriftInt(1, 10), thriftInt(1, encodingPlainDictionary), thriftField(1, thriftTrue), []byte{0})
	minus := int32(-7)
	v2 := pageHeader{kind: pageDataV2, plain: 300, packed: 200, values: 10, levelBytes: 6, repeatBytes: 5}
	packed := v2
	packed.uncompressed = true
	for name, c := range map[string]struct {
		b    []byte
		want pageHeader
	}{
		"first version":  {first, pageHeader{kind: pageData, plain: 300, packed: 200, crc: uint32(minus), checked: true, values: 10, encoding: encodingRLEDictionary, levels: encodingRLE}},
		"second version": {slices.Concat(second, thriftField(1, thriftTrue), statistics, []byte{0}), v2},
		"not compressed": {slices.Concat(second, thriftField(1, thriftFalse), []byte{0}), packed},
		"dictionary":     {dictionary, pageHeader{kind: pageDictionary, plain: 300, packed: 200, values: 10, encoding: encodingPlainDictionary}},
		"other kinds": {slices.Concat(thriftField(1, thriftBinary, 1, 'x'), thriftField(1, thriftByte, 7), thriftField(1, thriftTrue), thriftField(1, thriftFalse),
			thriftInt(1, 5), thriftInt(1, 6), thriftInt(1, 7), thriftInt(1, 8)), pageHeader{}},
	} {
		for _, b := range [][]byte{slices.Concat(c.b, []byte{0}), slices.Concat(c.b, later, []byte{0})} {
			c.want.size = len(b)
			if got, err := readPageHeader(append(slices.Clone(b), "page"...)); err != nil || got != c.want {
				t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
			}
			for n := range b {
				if _, err := readPageHeader(b[:n:n]); !errors.Is(err, errShortHeader) {
					t.Errorf("%s: %d of %d bytes: %v", name, n, len(b), err)
				}
			}
		}
	}
	for name, b := range map[string][]byte{
		"a map":  thriftField(9, 11, 0, 0),
		"nested": bytes.Repeat([]byte{byte(1<<4 | thriftStruct)}, 20),
		"lists":  append(thriftField(9, thriftList), bytes.Repeat([]byte{1<<4 | thriftList}, 20)...),
	} {
		if _, err := readPageHeader(b); !errors.Is(err, errBadHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
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
