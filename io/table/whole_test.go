package table

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// readThrough reads a file to its end; between calls change once.
func readThrough(t *testing.T, path string, change func()) error {
	src, err := Open(path, ReadOptions{BlockSize: 16})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := src.Start(Request{}); err != nil {
		t.Fatal(err)
	}
	var b Block
	if err := src.Next(&b); err != nil {
		t.Fatal(err)
	}
	change()
	for err == nil {
		err = src.Next(&b)
	}
	return err
}

func TestAFileThatChangesWhileItIsReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	text := []byte("x,y\n1,2\n3,4\n5,6\n7,8\n9,10\n")
	past := time.Now().Add(-time.Hour)
	for name, change := range map[string]func() error{
		"grown":     func() error { return os.WriteFile(path, append(text, text...), 0o666) },
		"cut":       func() error { return os.Truncate(path, int64(len(text)-3)) },
		"rewritten": func() error { return os.Chtimes(path, past, past.Add(time.Second)) },
		"the same":  func() error { return os.Chmod(path, 0o600) },
	} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
		err := readThrough(t, path, func() {
			if err := change(); err != nil {
				t.Fatal(err)
			}
		})
		if name == "the same" && err != io.EOF || name != "the same" && !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
