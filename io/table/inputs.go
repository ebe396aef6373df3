package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Expand turns the inputs of a command line into paths to open: files and "-"
// as they are, a directory into the tables in it, a pattern (where no file has
// that very name) into the tables that match. Tables are known by their
// extension; names that start with "." or "_" are passed over, and so are the
// files of exclude. Directories are not walked; names come in byte order.
//
// An argument that names nothing is an error that wraps fs.ErrNotExist.
func Expand(args []string, exclude ...string) ([]string, error) {
	x := newExcluded(exclude)
	var paths []string
	for _, arg := range args {
		found, err := expand(arg, x)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

func expand(arg string, x excluded) ([]string, error) {
	if arg == "-" {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return inDirectory(arg, x)
	case err == nil:
		return []string{arg}, nil
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, `*?[`):
		return matching(arg, x)
	}
	return nil, fmt.Errorf("%s: %w", arg, plain(err))
}

func inDirectory(dir string, x excluded) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, plain(err))
	}
	var paths []string
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return x.tables(paths, "the directory "+dir)
}

func matching(pattern string, x excluded) ([]string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: bad pattern %s", ErrUsage, pattern)
	}
	return x.tables(paths, "the pattern "+pattern)
}

// excluded are the files that no directory and no pattern gives.
type excluded []fs.FileInfo

func newExcluded(paths []string) excluded {
	var x excluded
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil {
			x = append(x, info)
		}
	}
	return x
}

// tables are those of the paths that are tables, in byte order.
func (x excluded) tables(paths []string, where string) ([]string, error) {
	slices.Sort(paths)
	paths = slices.DeleteFunc(paths, func(p string) bool { return !x.table(p) })
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s holds no table (.csv, .tsv, .ndjson, .parquet, .arrow and so on): %w", where, fs.ErrNotExist)
	}
	return paths, nil
}

func (x excluded) table(path string) bool {
	name := filepath.Base(path)
	f, zip, ok := FormatOf(name)
	if !ok || name[0] == '.' || name[0] == '_' || zip != "" && !f.zips() {
		return false
	}
	info, err := os.Stat(path)
	if err != nil {
		return true // opening it will say what is wrong
	}
	return !info.IsDir() && !slices.ContainsFunc(x, func(out fs.FileInfo) bool { return os.SameFile(out, info) })
}

// ReadList reads the paths of --files-from: one a line, blank lines passed
// over; or ended by NUL bytes, if there is a NUL byte (as find -print0 writes
// them).
func ReadList(r io.Reader) ([]string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the list of files: %w", wrapIO(plain(err)))
	}
	sep := []byte{'\n'}
	if bytes.IndexByte(text, 0) >= 0 {
		sep = []byte{0}
	}
	var paths []string
	for line := range bytes.SplitSeq(text, sep) {
		if sep[0] == '\n' {
			line = bytes.TrimSuffix(line, []byte{'\r'})
		}
		if len(line) > 0 {
			paths = append(paths, string(line))
		}
	}
	return paths, nil
}

// SameFile reports whether two paths are one regular file, by links too.
func SameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil || !x.Mode().IsRegular() {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// CheckDistinct refuses, with an ErrUsage, an output that is one of the inputs.
func CheckDistinct(inputs []string, output string) error {
	if output == "-" || output == "" {
		return nil
	}
	for _, in := range inputs {
		if in != "-" && SameFile(in, output) {
			return fmt.Errorf("%w: %s is an input and the output at once", ErrUsage, in)
		}
	}
	return nil
}
