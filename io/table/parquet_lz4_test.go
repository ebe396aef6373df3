package table

import (
	"bytes"
	"encoding/binary"
	"testing"

	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"pgregory.net/rapid"
)

// frameLZ4 writes frames as Hadoop does: how much a frame holds, then blocks of
// up to so many bytes, each behind its length.
func frameLZ4(raw codec.Codec, plain []byte, frame, block int) []byte {
	var out []byte
	for len(plain) > 0 {
		held := plain[:min(frame, len(plain))]
		plain = plain[len(held):]
		out = binary.BigEndian.AppendUint32(out, uint32(len(held)))
		for len(held) > 0 {
			n := min(block, len(held))
			packed := raw.Encode(nil, held[:n])
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(packed))), packed...)
			held = held[n:]
		}
	}
	return out
}

// What Hadoop wrote and what others wrote is read alike; what is damaged gives
// an error or as many bytes as there should be, and never reaches beyond them.
func TestTheOldLZ4IsReadWithAndWithoutFrames(t *testing.T) {
	raw, err := codec.GetCodec(codec.Codecs.Lz4Raw)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		plain := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "plain"), rapid.IntRange(1, 60).Draw(t, "times"))
		packed := raw.Encode(nil, plain)
		if rapid.Bool().Draw(t, "framed") {
			packed = frameLZ4(raw, plain, rapid.IntRange(1, 3000).Draw(t, "frame"), rapid.IntRange(1, 3000).Draw(t, "block"))
		}
		room := append(bytes.Repeat([]byte{7}, len(plain)), "beyond"...)
		got, err := oldLZ4{raw}.DecodeWithError(room[:len(plain):len(plain)], packed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes, want %d: %v", len(got), len(plain), err)
		}
		packed[rapid.IntRange(0, len(packed)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		got, err = oldLZ4{raw}.DecodeWithError(room[:len(plain):len(plain)], packed[:rapid.IntRange(0, len(packed)).Draw(t, "cut")])
		if err == nil && len(got) > len(plain) || string(room[len(plain):]) != "beyond" {
			t.Fatalf("%d bytes of %d: %v", len(got), len(plain), err)
		}
	})
}
