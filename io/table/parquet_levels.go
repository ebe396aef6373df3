package table

import (
	"encoding/binary"
	"errors"

	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

var (
	errShortPage = errors.New("a page holds fewer values than its header says")
	errBadIndex  = errors.New("a page points outside its dictionary")
)

// hybrid walks the runs of Parquet's run length and bit packing hybrid
// encoding (Encodings.md, RLE): repeated gets a run of one value, packed the
// bytes of bit-packed values, first in the low bits. Together they get n
// values.
func hybrid(b []byte, width, n int, repeated func(n int, v uint32) error, packed func(n int, b []byte) error) error {
	bytes := (width + 7) / 8
	for n > 0 {
		head, size := binary.Uvarint(b)
		if size <= 0 {
			return errShortPage
		}
		b = b[size:]
		if head&1 == 0 {
			count := min(head>>1, uint64(n))
			if count == 0 || len(b) < bytes {
				return errShortPage
			}
			var v [4]byte
			copy(v[:], b[:bytes])
			if err := repeated(int(count), binary.LittleEndian.Uint32(v[:])); err != nil {
				return err
			}
			b, n = b[bytes:], n-int(count)
			continue
		}
		// The last run may hold more values than the page, or be cut to the
		// bytes that its values need.
		groups := min(head>>1, maxPageRows)
		count := min(groups*8, uint64(n))
		if groups == 0 || uint64(len(b)) < (count*uint64(width)+7)/8 {
			return errShortPage
		}
		have := min(int(groups)*width, len(b))
		if err := packed(int(count), b[:have]); err != nil {
			return err
		}
		b, n = b[have:], n-int(count)
	}
	return nil
}

// definitions decodes levels of 0 and 1 into a bitmap of zeros, and counts the
// zeros of it. The bitmap is not asked for where there are none.
func definitions(b []byte, n int, bitmap func() []byte) (nulls int, err error) {
	if head, size := binary.Uvarint(b); size > 0 && head&1 == 0 && head>>1 >= uint64(n) && len(b) > size && b[size] == 1 {
		return 0, nil // one run: all are there
	}
	bits, at := bitmap(), 0
	err = hybrid(b, 1, n, func(n int, v uint32) error {
		bitutil.SetBitsTo(bits, int64(at), int64(n), v != 0)
		if v == 0 {
			nulls += n
		}
		at += n
		return nil
	}, func(n int, b []byte) error {
		orBits(bits, at, b, n)
		nulls += n - bitutil.CountSetBits(b, 0, n)
		at += n
		return nil
	})
	return nulls, err
}

// orBits sets those of the n bits from at on that are set in src.
func orBits(dst []byte, at int, src []byte, n int) {
	shift := at & 7
	dst = dst[at>>3:]
	for i := 0; n > 0; i, n = i+1, n-8 {
		b := src[i]
		if n < 8 {
			b &= 1<<n - 1
		}
		dst[i] |= b << shift
		if high := b >> (8 - shift); high != 0 {
			dst[i+1] |= high
		}
	}
}

// lookUp decodes indices and looks them up in dict. b starts with the width of
// an index in bits.
func lookUp[T any](dst []T, dict []T, b []byte) error {
	if len(dst) == 0 {
		return nil
	}
	if len(b) == 0 || b[0] > 32 {
		return errShortPage
	}
	width := int(b[0])
	return hybrid(b[1:], width, len(dst), func(n int, v uint32) error {
		if int(v) >= len(dict) {
			return errBadIndex
		}
		x := dict[v]
		for i := range dst[:n] {
			dst[i] = x
		}
		dst = dst[n:]
		return nil
	}, func(n int, b []byte) error {
		err := lookUpPacked(dst[:n], dict, b, width)
		dst = dst[n:]
		return err
	})
}

// lookUpPacked looks bit-packed indices up. Each is cut out of the eight bytes
// it starts in, which hold it whole as its width is at most 32 bits.
func lookUpPacked[T any](dst []T, dict []T, b []byte, width int) error {
	mask := uint64(1)<<width - 1
	bit, i := 0, 0
	for ; i < len(dst) && bit>>3+8 <= len(b); i++ {
		v := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask
		if v >= uint64(len(dict)) {
			return errBadIndex
		}
		dst[i] = dict[v]
		bit += width
	}
	if i == len(dst) {
		return nil
	}
	var tail [16]byte
	for ; i < len(dst); i++ {
		clear(tail[:])
		copy(tail[:], b[min(bit>>3, len(b)):])
		v := binary.LittleEndian.Uint64(tail[:]) >> (bit & 7) & mask
		if v >= uint64(len(dict)) {
			return errBadIndex
		}
		dst[i] = dict[v]
		bit += width
	}
	return nil
}

// spread moves the first values of v, one for each bit set, to where the bits
// are set, and puts zeros elsewhere.
func spread[T any](v []T, bits []byte, present int) {
	var zero T
	for i := len(v) - 1; i >= 0; i-- {
		if bits[i>>3]&(1<<(i&7)) == 0 {
			v[i] = zero
			continue
		}
		if present--; present == i {
			return // all before stand where they belong
		}
		v[i] = v[present]
	}
}

// maxTextBytes is how much text the rows of one page may have between them,
// which a dictionary may repeat without end.
const maxTextBytes = 1 << 30

var errLongText = errors.New("a page holds more than 1 GiB of text")
