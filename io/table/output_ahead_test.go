package table

import (
	"io/fs"
	"path/filepath"
	"testing"
)

// askedFS notes what its file was asked to begin with.
type askedFS struct {
	OS
	file *askedFile
}

func (a *askedFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := a.OS.OpenFile(name, flag, perm)
	a.file = &askedFile{File: f}
	return a.file, err
}

type askedFile struct {
	File
	written, begun int64
	asked          int
	beyond         bool // bytes were begun with that nobody had asked for, or written
}

func (a *askedFile) Write(p []byte) (int, error) {
	n, err := a.File.Write(p)
	a.written += int64(n)
	return n, err
}

func (a *askedFile) StartSync(from, n int64) {
	a.beyond = a.beyond || from != a.begun || n <= 0 || from+n > a.written
	a.begun = from + n
	a.asked++
	a.File.StartSync(from, n)
}

func TestTheDiskIsAskedToBeginBeforeTheEnd(t *testing.T) {
	for name, size := range map[string]int{"a line": 100, "a block": 300_001, "all at once": 40 << 20} {
		files := &askedFS{}
		out, err := Create(filepath.Join(t.TempDir(), "out"), OutputOptions{FS: files})
		if err != nil {
			t.Fatal(err)
		}
		piece := make([]byte, size)
		for out.Bytes() < 40<<20 {
			if _, err := out.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		f := files.file
		if left := out.Bytes() - f.begun; f.beyond || left > 2*aheadBytes || f.asked > 40<<20/aheadBytes {
			t.Errorf("%s: asked %d times for %d of %d bytes; beyond: %v", name, f.asked, f.begun, out.Bytes(), f.beyond)
		}
		if err := out.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}
