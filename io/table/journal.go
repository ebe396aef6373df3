package table

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Journal is a file of lines that outlives a run which dies: it is locked while
// it is open, lines are added at its end, and it goes when it is closed in good
// order. Whoever opens it next reads what was written before.
type Journal struct {
	path string
	fs   FS
	file File
}

// OpenJournal makes or takes over a journal, and reads its complete lines: what
// a dead run wrote of a last one is cut off. The errors are those of Create.
func OpenJournal(path string, fsys FS) (*Journal, [][]byte, error) {
	if fsys == nil {
		fsys = OS{}
	}
	f, err := lockFile(fsys, path, syscall.O_CREAT|syscall.O_APPEND)
	if err != nil {
		return nil, nil, lockFault(path, err)
	}
	j := &Journal{path, fsys, f}
	text, err := io.ReadAll(f)
	if err == nil {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
		err = f.Truncate(int64(len(text)))
	}
	if err != nil {
		f.Close()
		return nil, nil, j.fault(err)
	}
	return j, bytes.Split(bytes.TrimSuffix(text, []byte{'\n'}), []byte{'\n'}), nil
}

// Add writes a line down.
func (j *Journal) Add(line []byte) error {
	_, err := j.file.Write(append(line, '\n'))
	return j.fault(err)
}

// Remove ends the journal: what it says is kept elsewhere now.
func (j *Journal) Remove() error {
	// Removed before it is closed: the lock goes with the closing.
	err := j.fs.Remove(j.path)
	if closed := j.Close(); err == nil {
		return closed
	}
	return j.fault(err)
}

// Close leaves the journal to the next run. A second Close does nothing.
func (j *Journal) Close() error {
	f := j.file
	if j.file = nil; f == nil {
		return nil
	}
	return j.fault(f.Close())
}

func (j *Journal) fault(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", j.path, ErrIO, plain(err))
}

// SweepPartials removes the temporary files that dead runs have left in a
// folder. Those that are being written are locked, and stay.
func SweepPartials(dir string, fsys FS) error {
	if fsys == nil {
		fsys = OS{}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return CreateFault(dir, plain(err))
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), partial) {
			continue
		}
		temp := filepath.Join(dir, e.Name())
		f, err := lockFile(fsys, temp, 0)
		if err != nil {
			continue // another run's, or gone
		}
		err = fsys.Remove(temp)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("%s: %w: %w", temp, ErrIO, plain(err))
		}
	}
	return nil
}
