package table

import (
	"encoding/binary"

	codec "github.com/apache/arrow-go/v18/parquet/compress"
)

// oldLZ4 reads the codec that Parquet calls LZ4 and has replaced by LZ4_RAW. Its
// framing was never written down: Hadoop's writers put lengths before each block,
// others wrote the bare block, and nothing but trying tells which
// (parquet-format, Compression.md).
type oldLZ4 struct{ codec.Codec } // of LZ4_RAW

// DecodeWithError decodes src into dst, which is as long as what src holds.
func (c oldLZ4) DecodeWithError(dst, src []byte) ([]byte, error) {
	if c.unframe(dst, src) {
		return dst, nil
	}
	return codec.Decode(c.Codec, dst, src)
}

// unframe decodes frames that fill dst: each says how much it holds, and then
// has blocks of that together, each behind its own length. Lengths are of four
// bytes, the highest first.
func (c oldLZ4) unframe(dst, src []byte) bool {
	held := 0 // by the frame, and not decoded yet
	for len(src) >= 4 {
		n := int(binary.BigEndian.Uint32(src))
		src = src[4:]
		if held == 0 {
			if held = n; n == 0 || n > len(dst) {
				return false
			}
			continue
		}
		if n > len(src) {
			return false
		}
		out, err := codec.Decode(c.Codec, dst[:held:held], src[:n])
		if err != nil || len(out) == 0 {
			return false
		}
		dst, src, held = dst[len(out):], src[n:], held-len(out)
	}
	return len(dst) == 0 && len(src) == 0 && held == 0
}
