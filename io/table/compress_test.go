package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

// tableText is text like that of a table, of about n bytes.
func tableText(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, "%d,%.3f,%v,%x\n", rng.IntN(1000), rng.Float64(), rng.IntN(2) == 0, rng.Uint32())
	}
	return b[:n]
}

// pack compresses text, written in pieces of the given sizes in turn.
func pack(t interface{ Fatal(...any) }, zip string, text []byte, workers int, sizes []int) []byte {
	var out bytes.Buffer
	z, err := compress(&out, zip, workers)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; len(text) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(text))
		if _, err := z.Write(text[:n]); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpack(t interface{ Fatal(...any) }, zip string, data []byte) ([]byte, error) {
	z, err := decompress(bytes.NewReader(data), zip)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}

// Compressed bytes depend on the text alone: not on how the writes are cut and
// not on the workers.
func TestCompressedBytesDependOnTheTextAlone(t *testing.T) {
	for _, zip := range []string{zipGzip, zipZstd} {
		t.Run(zip, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, gzipBlock),
					rapid.SampledFrom([]int{gzipBlock - 1, gzipBlock, gzipBlock + 1, 2 * gzipBlock})).Draw(t, "bytes")
				text := tableText(rapid.Uint64().Draw(t, "seed"), n)
				sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(500, 5000), rapid.IntRange(1, 2*gzipBlock)), 1, 4).Draw(t, "writes")
				want := pack(t, zip, text, 1, []int{len(text) + 1})
				got := pack(t, zip, text, rapid.IntRange(0, 7).Draw(t, "workers"), sizes)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes written by %v give %d other bytes, want %d", n, sizes, len(got), len(want))
				}
				back, err := unpack(t, zip, want)
				if err != nil || !bytes.Equal(back, text) {
					t.Fatalf("%d of %d bytes come back, error %v", len(back), n, err)
				}
			})
		})
	}
}

func TestAnEmptyStreamIsCompressedToo(t *testing.T) {
	for _, zip := range []string{zipGzip, zipZstd} {
		got := pack(t, zip, nil, 2, []int{1})
		if back, err := unpack(t, zip, got); err != nil || len(back) > 0 {
			t.Errorf("%s: %d bytes come back, error %v", zip, len(back), err)
		}
	}
}

func TestGzipHasNoTimeAndNoName(t *testing.T) {
	head := pack(t, zipGzip, []byte("a\n1\n"), 1, []int{9})[:10]
	if want := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"; string(head) != want {
		t.Errorf("header %q, want %q", head, want)
	}
}

// Every way of ending early, and every byte after the end, is an error: a
// short table is never taken for a whole one.
func TestCutAndContinuedStreamsAreRefused(t *testing.T) {
	text := tableText(3, 400)
	for _, zip := range []string{zipGzip, zipZstd} {
		whole := pack(t, zip, text, 1, []int{len(text)})
		for n := 1; n < len(whole); n++ {
			if got, err := unpack(t, zip, whole[:n]); !errors.Is(err, ErrData) {
				t.Fatalf("%s cut at %d of %d: %d bytes, error %v", zip, n, len(whole), len(got), err)
			}
		}
		for _, junk := range []string{"x", "more than a header of text", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
			if _, err := unpack(t, zip, append(bytes.Clone(whole), junk...)); !errors.Is(err, ErrData) {
				t.Errorf("%s followed by %q: error %v", zip, junk, err)
			}
		}
		for i := range whole {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 0x10
			if got, err := unpack(t, zip, damaged); err == nil && !bytes.Equal(got, text) {
				t.Fatalf("%s with byte %d changed gives other text", zip, i)
			}
		}
	}
}

func TestMembersAreReadOneAfterTheOther(t *testing.T) {
	for _, zip := range []string{zipGzip, zipZstd} {
		both := append(pack(t, zip, []byte("a\n1\n"), 1, []int{9}), pack(t, zip, []byte("2\n"), 1, []int{9})...)
		if got, err := unpack(t, zip, both); err != nil || string(got) != "a\n1\n2\n" {
			t.Errorf("%s: %q, error %v", zip, got, err)
		}
	}
}

func TestAReadFaultUnderTheCompressionIsNotTheDatasFault(t *testing.T) {
	disk := fmt.Errorf("%w: the disk", ErrIO)
	for _, zip := range []string{zipGzip, zipZstd} {
		whole := pack(t, zip, tableText(1, 9000), 1, []int{9000})
		z, err := decompress(io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), iotest.ErrReader(disk)), zip)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(z); !errors.Is(err, ErrIO) || errors.Is(err, ErrData) {
			t.Errorf("%s: %v", zip, err)
		}
		z.Close()
	}
}

// A frame of a few bytes cannot ask for more memory than the limit.
func TestAZstdWindowBeyondTheLimitIsRefused(t *testing.T) {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithWindowSize(256<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte("a\n"))
	z.Flush() // so that the size is not known when the header is written
	z.Write([]byte("1\n"))
	z.Close()
	if _, err := unpack(t, zipZstd, out.Bytes()); !errors.Is(err, ErrData) {
		t.Errorf("error %v", err)
	}
}

// The compressors' goroutines end although writing fails (goleak watches).
func TestAFailedWriteLeavesNoGoroutine(t *testing.T) {
	full := errors.New("full")
	for _, zip := range []string{zipGzip, zipZstd} {
		z, err := compress(&failing{after: 1, err: full}, zip, 2)
		if err != nil {
			t.Fatal(err)
		}
		text := tableText(9, 3*gzipBlock)
		_, wrote := z.Write(text)
		if closed := z.Close(); !errors.Is(closed, full) && !errors.Is(wrote, full) {
			t.Errorf("%s: write says %v, close says %v", zip, wrote, closed)
		}
	}
}

// failing is a writer that fails after some writes.
type failing struct {
	after int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(p), nil
}
