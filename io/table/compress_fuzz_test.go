package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
)

// bombRoom is how much of a stream is unpacked: a few bytes may stand for any
// number of them.
const bombRoom = 1 << 20

// Any bytes are unpacked, or bad data; gzip as the standard library does it,
// which shares no code with ours.
func FuzzDecompress(f *testing.F) {
	for _, zip := range []string{zipGzip, zipZstd} {
		var b bytes.Buffer
		for range 2 { // two members
			w, err := compress(&b, zip, 1)
			if err != nil {
				f.Fatal(err)
			}
			io.WriteString(w, "x,y\n1,2\n")
			w.Close()
		}
		f.Add(b.Bytes(), zip == zipGzip)
		f.Add(b.Bytes()[:b.Len()-3], zip == zipGzip)
		f.Add(append(b.Bytes(), "junk"...), zip == zipGzip)
	}
	f.Fuzz(func(t *testing.T, data []byte, gzipped bool) {
		if len(data) == 0 {
			return // nothing is compressed of a file without bytes
		}
		zip := zipZstd
		if gzipped {
			zip = zipGzip
		}
		got, err := unpackAll(data, zip)
		if err != nil && !errors.Is(err, ErrData) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if !gzipped {
			return
		}
		want, errWant := unpackPlainly(data)
		if (err == nil) != (errWant == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%d bytes and %v, want %d and %v", len(got), err, len(want), errWant)
		}
	})
}

func unpackAll(data []byte, zip string) ([]byte, error) {
	z, err := decompress(bytes.NewReader(data), zip)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(io.LimitReader(z, bombRoom))
}

func unpackPlainly(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, bombRoom))
}
