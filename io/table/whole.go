package table

import (
	"fmt"
	"io"
)

// changed reports, with an ErrData, that a file has grown or was written while
// it was read: what was read may be neither the old table nor the new one.
// Files that the kernel makes up as they are read have size 0 and no age.
func (in *input) changed() error {
	if in.file == nil {
		return nil
	}
	now, err := in.file.Stat()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrIO, plain(err))
	}
	if now.Size() != in.size || in.size > 0 && !now.ModTime().Equal(in.made) {
		return fmt.Errorf("%w: the file changed while it was read; try again when it is complete", ErrData)
	}
	return nil
}

// lineEnded reads text that must end with a line end.
type lineEnded struct {
	r    io.Reader
	last byte
	some bool
}

func (l *lineEnded) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.last, l.some = p[n-1], true
	}
	if err == io.EOF && l.some && l.last != '\n' {
		err = fmt.Errorf("%w: the last line does not end (--require-final-newline): it may be cut short", ErrData)
	}
	return n, err
}
