package table

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// watched is a file that remembers that reading it failed, so that a disk
// error is not taken for a damaged file.
type watched struct {
	randomFile
	size int64
	err  atomic.Pointer[error]
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.randomFile.ReadAt(p, off)
	if err != nil && err != io.EOF && off >= 0 {
		w.note(err)
	}
	return n, err
}

// note keeps an error of the disk, as such.
func (w *watched) note(err error) {
	if !errors.Is(err, ErrIO) {
		err = fmt.Errorf("%w: %w", ErrIO, err)
	}
	w.err.Store(&err)
}

// judge gives an error of the Parquet or Arrow library its kind and place.
func (w *watched) judge(path string, err error) error {
	var named *fileError
	switch {
	case err == nil || err == io.EOF:
		return err
	case w.err.Load() != nil:
		err = *w.err.Load()
	case !errors.Is(err, ErrData):
		err = damaged(err)
	}
	if errors.As(err, &named) {
		return err
	}
	return &fileError{path, err}
}

// watchedReader is a stream that remembers that reading it failed.
type watchedReader struct {
	io.Reader
	watched *watched
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF && !errors.Is(err, ErrData) {
		w.watched.note(err)
	}
	return n, err
}

// whole is the file as a reader with a position of its own.
func (w *watched) whole() *io.SectionReader { return io.NewSectionReader(w, 0, w.size) }
