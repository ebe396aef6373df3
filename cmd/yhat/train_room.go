package main

import (
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"yhat/io/table"
)

// room is where encoded rows live: in memory, or in a file that is mapped and
// has no name any more, so that it goes when the run does.
type room struct {
	folder string
	memory int
	files  []*os.File
	mapped [][]byte
	names  []string
}

// make gives memory for the encoded rows.
func (r *room) make(bytes int) ([]byte, bool, error) {
	if bytes == 0 {
		return nil, false, nil
	}
	if bytes <= r.memory {
		// As numbers of eight bytes, so that they stand where numbers may.
		return asBytes(make([]uint64, (bytes+7)/8)), false, nil
	}
	f, err := r.file()
	if err != nil {
		return nil, false, err
	}
	if err := f.Truncate(int64(bytes)); err != nil {
		return nil, false, fmt.Errorf("%w: %s: %w", table.ErrCreate, f.Name(), err)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %s: %w", table.ErrCreate, f.Name(), err)
	}
	r.mapped = append(r.mapped, b)
	return b, true, nil
}

// file makes a file for its owner's eyes alone.
func (r *room) file() (*os.File, error) {
	f, err := os.CreateTemp(r.folder, "yhat-train-")
	if err != nil {
		return nil, fmt.Errorf("%w: --tmp-dir: %w", table.ErrCreate, err)
	}
	r.files, r.names = append(r.files, f), append(r.names, f.Name())
	return f, nil
}

// spoolStdin puts standard input into a file, since training reads twice.
func (r *room) spoolStdin(in *inputs) error {
	for i, path := range in.paths {
		if path != "-" {
			continue
		}
		f, err := r.file()
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, in.stdin); err != nil {
			return fmt.Errorf("%w: stdin: %w", table.ErrIO, err)
		}
		in.paths[i] = f.Name()
	}
	return nil
}

// close gives everything back.
func (r *room) close() {
	for _, b := range r.mapped {
		unix.Munmap(b)
	}
	for _, f := range r.files {
		f.Close()
	}
	for _, name := range r.names {
		os.Remove(name)
	}
}

// asBytes sees numbers as the bytes they are made of.
func asBytes(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}
