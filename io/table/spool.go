package table

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// spool copies r into a private file in dir ("" is the system's) that has no
// name any more when it is returned: it goes when it is closed, however the
// process ends.
func spool(r io.Reader, dir string) (f *os.File, size int64, err error) {
	f, err = os.CreateTemp(dir, "yhat-spool-*") // mode 0600
	if err != nil {
		return nil, 0, CreateFault("a file to spool the pipe into", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			f = nil
		}
	}()
	if err = os.Remove(f.Name()); err != nil {
		return f, 0, CreateFault("a file to spool the pipe into", err)
	}
	if size, err = io.Copy(f, r); err != nil {
		return f, 0, wrapIO(err)
	}
	return f, size, nil
}

// CreateFault is the error of a file that cannot be made: ErrIO where the disk
// or the quota is full, else ErrCreate.
func CreateFault(what string, err error) error {
	kind := ErrCreate
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO) {
		kind = ErrIO
	}
	return fmt.Errorf("%w: %s: %w", kind, what, err)
}
