package table

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"
)

// maxZstdWindow is the memory that reading a zstd frame may take. It is the
// limit of the zstd tool itself; frames beyond it are refused there too unless
// asked for.
const maxZstdWindow = 128 << 20

// readAhead is the buffer between a file and its decompressor.
const readAhead = 256 << 10

// decompress reads a gzip stream of one or more members, or a zstd stream of
// one or more frames, on the goroutine that calls Read. Bytes after the last
// member that start no other, and a stream that ends early, are an ErrData.
func decompress(r io.Reader, zip string) (io.ReadCloser, error) {
	u := &unpacked{kind: zip, packed: &tally{r: r}}
	r = u.packed
	switch zip {
	case zipGzip:
		z, err := gzip.NewReader(bufio.NewReaderSize(r, readAhead))
		if err != nil {
			return nil, u.fault(err)
		}
		u.ReadCloser = z
	default:
		z, err := zstd.NewReader(bufio.NewReaderSize(r, readAhead),
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, u.fault(err)
		}
		u.ReadCloser = z.IOReadCloser()
	}
	return u, nil
}

// unpacked is a decompressor whose faults are of a kind.
type unpacked struct {
	io.ReadCloser
	kind   string
	packed *tally
	plain  int64 // bytes it has given
}

// tally counts what a reader gives.
type tally struct {
	r io.Reader
	n int64
}

func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	return n, err
}

// No table is as much smaller when compressed as one made to fill memories and
// disks: what expands by more than mostRatio, beyond a size that does no harm,
// is refused.
const (
	mostRatio = 1000
	harmless  = 64 << 20
)

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.plain += int64(n)
	if u.plain > harmless && u.plain/mostRatio > u.packed.n {
		return n, fmt.Errorf("%w: the .%s stream expands to more than %d times its size, at byte %d; if it is meant to, unpack it and pipe it in", ErrData, u.kind, mostRatio, u.plain)
	}
	return n, u.fault(err)
}

func (u *unpacked) fault(err error) error {
	switch {
	case err == nil || err == io.EOF || errors.Is(err, ErrIO):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the .%s stream is cut short", ErrData, u.kind)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, zstd.ErrMagicMismatch):
		return fmt.Errorf("%w: the .%s stream is followed by other bytes", ErrData, u.kind)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%w: the .%s stream needs a window of more than %d MiB", ErrData, u.kind, maxZstdWindow>>20)
	}
	return fmt.Errorf("%w: the .%s stream is damaged (%v)", ErrData, u.kind, err)
}

// gzipBlock is what is compressed at once, whatever the blocks of rows: the
// bytes of a gzip stream depend on where it is cut.
const gzipBlock = 256 << 10

// compress writes a gzip stream (no name, no time) or a zstd frame into w. The
// bytes do not depend on how the writes are cut nor on workers. Goroutines of
// the libraries end with Close, which must be called after a failed write too.
func compress(w io.Writer, zip string, workers int) (io.WriteCloser, error) {
	workers = max(workers, 1)
	switch zip {
	case zipGzip:
		z := pgzip.NewWriter(w)
		z.ModTime = time.Unix(0, 0)
		if err := z.SetConcurrency(gzipBlock, workers); err != nil {
			return nil, err
		}
		return gzipWriter{z}, nil
	case zipZstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(min(workers, 2)))
	}
	return nil, fmt.Errorf("%w: no such compression: %q", ErrUsage, zip)
}

// gzipWriter ends the goroutine that pgzip leaves behind when a write fails.
type gzipWriter struct{ *pgzip.Writer }

func (g gzipWriter) Close() error {
	err := g.Writer.Close()
	if err != nil {
		g.Writer.Reset(io.Discard)
	}
	return err
}
