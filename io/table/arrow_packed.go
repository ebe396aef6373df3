package table

import (
	"encoding/binary"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
	"github.com/klauspost/compress/zstd"
)

// Slots of the tables RecordBatch and BodyCompression, and the struct Buffer
// (Arrow columnar format, Message.fbs).
const (
	batchBuffers     = 8
	batchCompression = 10
	compressionCodec = 4
	codecZstd        = 1 // 0 is LZ4
	bufferSize       = 16
)

// What a byte that is packed can stand for at most: a zstd block of 4 bytes is
// one byte 128 KiB times (RFC 8878, 3.1.1.2), a byte of LZ4 adds 255 to a
// match's length (LZ4 block format).
const (
	mostOfZstd = 128 << 10 / 4
	mostOfLZ4  = 255
)

// packedBuffer is a compressed buffer of a message's body. Its first 8 bytes
// say how long it is when unpacked; the library makes room for as much before
// it unpacks, so it is checked before.
type packedBuffer struct {
	at, size int64 // in the body
	zstd     bool
}

// packedBuffers are the compressed buffers of a message that checkMessage has
// let pass.
func packedBuffers(meta []byte, body int64) ([]packedBuffer, error) {
	c, t := newFlatCheck(meta)
	header, ok := c.table(t, messageHeader)
	switch t.GetByteSlot(messageHeaderType, 0) {
	case batchMessage:
	case dictionaryMessage:
		header, ok = c.table(header, dictionaryBatch)
	default:
		return nil, nil
	}
	if !ok {
		return nil, errBadMetadata
	}
	codec, packed := c.table(header, batchCompression)
	o := header.Offset(batchBuffers)
	if !packed || o == 0 {
		return nil, nil
	}
	if err := c.vector(header, batchBuffers, bufferSize, nil); err != nil {
		return nil, err
	}
	n, start := header.VectorLen(flatbuffers.UOffsetT(o)), header.Vector(flatbuffers.UOffsetT(o))
	var list []packedBuffer
	for i := range n {
		b := meta[int(start)+i*bufferSize:]
		p := packedBuffer{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:])), codec.GetByteSlot(compressionCodec, 0) == codecZstd}
		if p.size == 0 {
			continue
		}
		if p.at < 0 || p.size < 8 || p.at > body-p.size {
			return nil, errBadMetadata
		}
		list = append(list, p)
	}
	return list, nil
}

// checkPacked checks that the compressed buffers of a message can be as long
// as they say.
func checkPacked(meta []byte, body io.ReaderAt, size int64) error {
	list, err := packedBuffers(meta, size)
	if err != nil {
		return err
	}
	var head [8 + zstd.HeaderMaxSize]byte
	for _, p := range list {
		h := head[:min(p.size, int64(len(head)))]
		if _, err := body.ReadAt(h, p.at); err != nil {
			return err
		}
		if err := p.check(h); err != nil {
			return err
		}
	}
	return nil
}

// check looks at a buffer's first bytes: its length unpacked, which is -1 where
// it is not packed, and a frame's header.
func (p packedBuffer) check(head []byte) error {
	long, most := int64(binary.LittleEndian.Uint64(head)), (p.size-8)*mostOfLZ4
	if long == -1 {
		return nil
	}
	if p.zstd {
		most = (p.size - 8) * mostOfZstd
		var frame zstd.Header
		if err := frame.Decode(head[8:]); err == nil && frame.WindowSize > maxZstdWindow {
			return fmt.Errorf("a compressed buffer needs a window of more than %d MiB", maxZstdWindow>>20)
		}
	}
	if long < 0 || long > most {
		return fmt.Errorf("a compressed buffer of %d bytes claims to hold %d", p.size, long)
	}
	return nil
}
