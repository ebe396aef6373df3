package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"yhat/io/table"
)

// faultyFS is the system's file system, whose call number at fails.
type faultyFS struct {
	table.OS
	at, calls int
	err       error
	opened    []string
}

// fails counts a call and reports whether it is the one.
func (f *faultyFS) fails() bool {
	f.calls++
	return f.calls == f.at
}

func (f *faultyFS) OpenFile(name string, flag int, perm fs.FileMode) (table.File, error) {
	f.opened = append(f.opened, name)
	if f.fails() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
	}
	file, err := f.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f}, nil
}

func (f *faultyFS) Lstat(name string) (fs.FileInfo, error) {
	if f.fails() {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: f.err}
	}
	return f.OS.Lstat(name)
}

func (f *faultyFS) Rename(from, to string) error {
	if f.fails() {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: f.err}
	}
	return f.OS.Rename(from, to)
}

func (f *faultyFS) Remove(name string) error {
	if f.fails() {
		return &fs.PathError{Op: "remove", Path: name, Err: f.err}
	}
	return f.OS.Remove(name)
}

func (f *faultyFS) Mkdir(name string, perm fs.FileMode) error {
	if f.fails() {
		return &fs.PathError{Op: "mkdir", Path: name, Err: f.err}
	}
	return f.OS.Mkdir(name, perm)
}

func (f *faultyFS) SyncDir(name string) error {
	if f.fails() {
		return &fs.PathError{Op: "sync", Path: name, Err: f.err}
	}
	return nil
}

// faultyFile counts the calls on an open file. A close that fails has closed,
// and a write that fails has written half, as the system does it.
type faultyFile struct {
	table.File
	fs *faultyFS
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if f.fs.fails() {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, f.fs.err
	}
	return f.File.Write(b)
}

func (f *faultyFile) Read(b []byte) (int, error) {
	if f.fs.fails() {
		return 0, f.fs.err
	}
	return f.File.Read(b)
}

func (f *faultyFile) Close() error {
	err := f.File.Close()
	if f.fs.fails() {
		return f.fs.err
	}
	return err
}

func (f *faultyFile) Stat() (fs.FileInfo, error) {
	if f.fs.fails() {
		return nil, f.fs.err
	}
	return f.File.Stat()
}

func (f *faultyFile) try(call func() error) error {
	if f.fs.fails() {
		return f.fs.err
	}
	return call()
}

func (f *faultyFile) Truncate(n int64) error {
	return f.try(func() error { return f.File.Truncate(n) })
}
func (f *faultyFile) Chmod(mode fs.FileMode) error {
	return f.try(func() error { return f.File.Chmod(mode) })
}

// Sync waits for no disk: what tests look at is in the cache as well.
func (f *faultyFile) Sync() error { return f.try(func() error { return nil }) }
func (f *faultyFile) Lock() error { return f.try(f.File.Lock) }

// sweep is one run in which every call of the file system fails in its turn.
type sweep struct {
	t      *testing.T
	dir    string
	output string
	args   []string
	want   []byte
}

// outputsOfSweep are the names of outputs of every format.
var outputsOfSweep = []string{"o.csv", "o.tsv", "o.ndjson", "o.parquet", "o.arrow", "o.arrows", "o.csv.gz", "o.csv.zst", "o.arrows.zst"}

// Whatever call fails: the output is absent, old or complete, the exit code
// says so, no goroutine is left, and the next run succeeds.
func TestEveryFaultLeavesTheOutputAbsentOldOrComplete(t *testing.T) {
	points, outputs := 0, outputsOfSweep
	if testing.Short() {
		outputs = []string{"o.csv.gz", "o.parquet"}
	}
	for i, output := range outputs {
		s := newSweep(t, output)
		full, broken := []error{syscall.ENOSPC, syscall.EDQUOT}[i%2], []error{syscall.EIO, syscall.EINTR}[i%2]
		absent, old := s.run("", full), s.run("yesterday", broken)
		points += absent + old
		t.Logf("%-12s %v, no file before: %d fault points; %v, an old file: %d", output, full, absent, broken, old)
	}
	t.Logf("%d outputs: %d fault points", len(outputs), points)
}

// newSweep makes the folder and scores once without faults.
func newSweep(t *testing.T, output string) *sweep {
	dir := t.TempDir()
	s := &sweep{t: t, dir: dir, output: filepath.Join(dir, output)}
	var rows bytes.Buffer
	rows.WriteString("x,y\n")
	for i := range 3000 {
		rows.WriteString([]string{"1,2\n", "two,2\n", "3.5,4\n"}[i%3])
	}
	if err := os.WriteFile(filepath.Join(dir, "in.csv"), rows.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	s.args = []string{"score", "-m", "testdata/models/sum.json", filepath.Join(dir, "in.csv"), "-o", s.output,
		"--on-bad-row", "reject", "--rejects", filepath.Join(dir, "rejects.csv"), "--report", filepath.Join(dir, "run.json"), "--block-size", "10000"}
	s.want = s.succeed("at first")
	return s
}

// succeed runs without faults, and gives the output.
func (s *sweep) succeed(when string) []byte {
	in := inside{fs: &faultyFS{}}
	if code := in.run(s.args...); code != 0 {
		s.t.Fatalf("%s %s: exit code %d: %s", s.output, when, code, in.err.String())
	}
	got, err := os.ReadFile(s.output)
	if err != nil || s.want != nil && !bytes.Equal(got, s.want) {
		s.t.Fatalf("%s %s: %d bytes, want %d (%v)", s.output, when, len(got), len(s.want), err)
	}
	if left := partials(s.t, s.dir); len(left) > 0 {
		s.t.Fatalf("%s %s: left behind: %v", s.output, when, left)
	}
	return got
}

// run fails call after call until a run needs fewer calls than that.
func (s *sweep) run(old string, fault error) (points int) {
	for at := 1; ; at++ {
		s.reset(old)
		fsys := &faultyFS{at: at, err: fault}
		in := &inside{fs: fsys}
		code := in.run(s.args...)
		if fsys.calls < at {
			return at - 1
		}
		s.check(at, code, old, fault, in.err.String())
		s.succeed("after a fault")
	}
}

// reset makes the folder what it is before a run.
func (s *sweep) reset(old string) {
	for _, name := range []string{s.output, filepath.Join(s.dir, "rejects.csv"), filepath.Join(s.dir, "run.json")} {
		os.Remove(name)
	}
	if old != "" {
		if err := os.WriteFile(s.output, []byte(old), 0o640); err != nil {
			s.t.Fatal(err)
		}
	}
}

// check looks at what a run with a fault left.
func (s *sweep) check(at, code int, old string, fault error, stderr string) {
	got, err := os.ReadFile(s.output)
	untouched := old == "" && errors.Is(err, fs.ErrNotExist) || old != "" && string(got) == old
	complete := err == nil && bytes.Equal(got, s.want)
	switch {
	case !untouched && !complete:
		s.t.Errorf("%s, call %d fails: half an output of %d bytes", s.output, at, len(got))
	case code == 0 && !complete:
		s.t.Errorf("%s, call %d fails: exit code 0 without an output", s.output, at)
	case code != 0 && code != 74 && (code != 73 || errors.Is(fault, syscall.ENOSPC) || errors.Is(fault, syscall.EDQUOT)):
		s.t.Errorf("%s, call %d fails by %v: exit code %d: %s", s.output, at, fault, code, stderr)
	case code != 0 && strings.Count(stderr, "\n") == 0:
		s.t.Errorf("%s, call %d fails: nothing said", s.output, at)
	}
	if err := goleak.Find(); err != nil {
		s.t.Errorf("%s, call %d fails: %v", s.output, at, err)
	}
}

// partials lists temporary files.
func partials(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		if strings.Contains(e.Name(), "partial") {
			left = append(left, e.Name())
		}
	}
	return left
}

// dyingReader gives data in small pieces and fails before piece number at.
type dyingReader struct {
	data      []byte
	at, calls int
}

func (r *dyingReader) Read(b []byte) (int, error) {
	if r.calls++; r.calls == r.at {
		return 0, syscall.EIO
	}
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 37)], r.data)
	r.data = r.data[n:]
	return n, nil
}

// A producer that fails in the middle is an error, never a short success.
func TestEveryFaultOfTheInputIsAnError(t *testing.T) {
	s := newSweep(t, "o.csv")
	dir := s.dir
	var inputs []string
	for _, name := range []string{"small.csv", "in.ndjson", "in.parquet", "in.arrows", "in.csv.gz", "in.csv.zst"} {
		var in inside
		if code := in.run("score", "-m", "testdata/models/sum.json", filepath.Join(dir, "in.csv"), "--limit", "100", "--on-bad-row", "reject", "-o", filepath.Join(dir, name)); code != 0 {
			t.Fatal(in.err.String())
		}
		inputs = append(inputs, name)
	}
	points := 0
	for _, name := range inputs {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for at := 1; ; at++ {
			reader := &dyingReader{data: slices.Clone(data), at: at}
			in := &inside{stdin: reader}
			out := filepath.Join(dir, "dead.csv")
			args := []string{"score", "-m", "testdata/models/sum.json", "-o", out, "--on-bad-row", "reject", "--output-prefix", "again_"}
			if name == "in.ndjson" { // text on stdin is CSV unless it is said
				args = append(args, "--input-format", "ndjson")
			}
			code := in.run(args...)
			if reader.calls < at {
				break
			}
			points++
			if _, err := os.Stat(out); code != 74 || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s, read %d fails: exit code %d, output: %v: %s", name, at, code, err, in.err.String())
			}
			if err := goleak.Find(); err != nil {
				t.Errorf("%s, read %d fails: %v", name, at, err)
			}
		}
		os.Remove(filepath.Join(dir, "dead.csv"))
	}
	t.Logf("%d inputs: %d fault points", len(inputs), points)
}
