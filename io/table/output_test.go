package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// write makes an output, writes text and publishes it.
func write(path, text string, o OutputOptions) (err error) {
	out, err := Create(path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Discard()) }()
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	return out.Commit()
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "absent"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names lists a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestAnOutputIsAbsentOldOrComplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	for _, old := range []string{"absent", "first"} {
		out, err := Create(path, OutputOptions{Hash: true})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(out, strings.Repeat("x", 100_000))
		if got := content(t, path); got != old {
			t.Fatalf("before Commit: %.20s, want %s", got, old)
		}
		if err := errors.Join(out.Discard(), out.Discard()); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != old || strings.Contains(names(t, filepath.Dir(path)), "partial") {
			t.Fatalf("after Discard: %.20s beside %s", got, names(t, filepath.Dir(path)))
		}
		if _, err := out.Write([]byte("late")); !errors.Is(err, ErrIO) {
			t.Errorf("a late write: %v", err)
		}
		if err := write(path, "first", OutputOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := Create(path, OutputOptions{Hash: true})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(out, "sec")
	io.WriteString(out, "ond")
	if err := errors.Join(out.Commit(), out.Commit(), out.Discard()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("second"))
	if out.Bytes() != 6 || out.SHA256() != hex.EncodeToString(sum[:]) || out.Path() != path {
		t.Errorf("%d bytes, sum %s, path %s", out.Bytes(), out.SHA256(), out.Path())
	}
	if got := content(t, path); got != "second" || names(t, filepath.Dir(path)) != "out.csv" {
		t.Errorf("%q in a folder of %s", got, names(t, filepath.Dir(path)))
	}
}

func TestModesOfOutputs(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "out.csv")
	mode := func() fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	out, err := Create(path, OutputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(path), ".out.csv.yhat-partial")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the unfinished file: %v, error %v", info.Mode(), err)
	}
	if err := out.Commit(); err != nil || mode() != 0o640 {
		t.Errorf("new file: mode %o, want 640 by the umask; error %v", mode(), err)
	}
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	if err := write(path, "x", OutputOptions{}); err != nil || mode() != 0o604 {
		t.Errorf("old file: mode %o, want its own 604; error %v", mode(), err)
	}
	if err := write(path, "x", OutputOptions{Private: true}); err != nil || mode() != 0o600 {
		t.Errorf("private file: mode %o, want 600; error %v", mode(), err)
	}
	if got := (OS{}).Umask(); got != 0o027 {
		t.Errorf("the umask is %o afterwards", got)
	}
}

func TestASecondRunIsLockedOutAndADeadRunIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	temp := filepath.Join(filepath.Dir(path), ".out.csv.yhat-partial")
	if err := os.WriteFile(temp, []byte("what a dead run wrote, longer than the new"), 0o644); err != nil {
		t.Fatal(err)
	}
	first, err := Create(path, OutputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, OutputOptions{}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second run: %v, want ErrLocked", err)
	}
	io.WriteString(first, "new")
	if err := first.Commit(); err != nil || content(t, path) != "new" {
		t.Errorf("%q, error %v", content(t, path), err)
	}
	if err := write(path, "newer", OutputOptions{}); err != nil {
		t.Errorf("after the first run: %v", err)
	}
}

// However many runs meet, each publishes a whole file or is told to wait.
func TestRunsThatMeetDoNotMix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := strings.Repeat(string(rune('a'+i)), 200_000)
			for range 20 {
				if err := write(path, text, OutputOptions{}); err != nil && !errors.Is(err, ErrLocked) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := content(t, path)
	if len(got) != 200_000 || strings.Trim(got, got[:1]) != "" {
		t.Errorf("%d bytes of more than one run", len(got))
	}
	if left := names(t, filepath.Dir(path)); left != "out.csv" {
		t.Errorf("left behind: %s", left)
	}
}

func TestLinksAreFollowed(t *testing.T) {
	dir := folder(t, "real/x", "here/x")
	target := filepath.Join(dir, "real", "out.csv")
	for link, to := range map[string]string{"here/a": "b", "here/b": "../real/out.csv", "here/loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"made through a link to nothing", "replaced"} {
		if err := write(filepath.Join(dir, "here/a"), text, OutputOptions{}); err != nil || content(t, target) != text {
			t.Fatalf("%q, error %v", content(t, target), err)
		}
	}
	if names(t, filepath.Join(dir, "here")) != "a b loop x" || names(t, filepath.Join(dir, "real")) != "out.csv x" {
		t.Errorf("folders hold %s and %s", names(t, filepath.Join(dir, "here")), names(t, filepath.Join(dir, "real")))
	}
	if err := write(filepath.Join(dir, "here/loop"), "", OutputOptions{}); !errors.Is(err, ErrCreate) {
		t.Errorf("a loop of links: %v", err)
	}
	planted := filepath.Join(dir, "real", ".planted.yhat-partial")
	if err := os.Symlink(target, planted); err != nil {
		t.Fatal(err)
	}
	if err := write(filepath.Join(dir, "real", "planted"), "", OutputOptions{}); !errors.Is(err, ErrCreate) {
		t.Errorf("a link in the temporary file's place: %v", err)
	}
	if got := content(t, target); got != "replaced" {
		t.Errorf("the planted link was followed: %q", got)
	}
}

func TestOutputsThatCannotBeMade(t *testing.T) {
	dir := folder(t, "file", "locked/x")
	if err := os.Chmod(filepath.Join(dir, "locked"), 0o500); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		path string
		why  error
	}{
		{filepath.Join(dir, "none", "out.csv"), fs.ErrNotExist},
		{filepath.Join(dir, "none") + "/", syscall.EISDIR},
		{dir, syscall.EISDIR},
		{filepath.Join(dir, "file", "out.csv"), syscall.ENOTDIR},
		{filepath.Join(dir, strings.Repeat("n", 250)), syscall.ENAMETOOLONG},
		{filepath.Join(dir, "locked", "out.csv"), fs.ErrPermission},
	}
	for _, c := range cases {
		if c.why == fs.ErrPermission && os.Geteuid() == 0 {
			continue // nothing is forbidden to root
		}
		if err := write(c.path, "", OutputOptions{}); !errors.Is(err, ErrCreate) || !errors.Is(err, c.why) {
			t.Errorf("%.60s: %v; want ErrCreate and %v", c.path, err, c.why)
		}
	}
}

func TestWhatIsNoRegularFileIsWrittenThrough(t *testing.T) {
	if err := write("/dev/null", "x", OutputOptions{}); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is now %v, error %v", info, err)
	}
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no FIFOs here:", err)
	}
	got := make(chan string)
	go func() {
		text, err := os.ReadFile(path)
		got <- fmt.Sprint(string(text), err)
	}()
	if err := write(path, "through", OutputOptions{}); err != nil {
		t.Error(err)
	}
	if text := <-got; text != "through<nil>" {
		t.Errorf("the reader got %s", text)
	}
}

func TestStandardOutput(t *testing.T) {
	var stdout bytes.Buffer
	out, err := Create("-", OutputOptions{Stdout: &stdout, Hash: true})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(out, "rows")
	if stdout.String() != "rows" || out.Bytes() != 4 || out.SHA256() == "" {
		t.Errorf("%q, %d bytes", stdout.String(), out.Bytes())
	}
	if err := errors.Join(out.Discard(), out.Commit()); err != nil || stdout.String() != "rows" {
		t.Errorf("%q, error %v", stdout.String(), err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	if err := write("-", "x", OutputOptions{Stdout: w}); !errors.Is(err, ErrReaderGone) || errors.Is(err, ErrIO) {
		t.Errorf("nobody reads: %v, want ErrReaderGone", err)
	}
	full := fullDisk{}
	if err := write("-", "x", OutputOptions{Stdout: full}); !errors.Is(err, ErrIO) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("standard output on a full disk: %v, want ErrIO", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "out", Err: syscall.ENOSPC}
}

// faultyFS fails its call number at, counting calls that change something.
type faultyFS struct {
	OS
	at    int
	err   error
	calls *[]string
}

func (f *faultyFS) fail(call string) error {
	*f.calls = append(*f.calls, call)
	if len(*f.calls) == f.at {
		return f.err
	}
	return nil
}

func (f *faultyFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if err := f.fail("open"); err != nil {
		return nil, err
	}
	file, err := f.OS.OpenFile(name, flag, perm)
	return &faultyFile{file, f}, err
}

func (f *faultyFS) Rename(from, to string) error {
	if err := f.fail("rename"); err != nil {
		return err
	}
	return f.OS.Rename(from, to)
}

func (f *faultyFS) SyncDir(name string) error {
	if err := f.fail("sync folder"); err != nil {
		return err
	}
	return f.OS.SyncDir(name)
}

type faultyFile struct {
	File
	fs *faultyFS
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.fs.fail("write"); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Lock() error {
	if err := f.fs.fail("lock"); err != nil {
		return err
	}
	return f.File.Lock()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.fail("truncate"); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultyFile) Chmod(mode fs.FileMode) error {
	if err := f.fs.fail("chmod"); err != nil {
		return err
	}
	return f.File.Chmod(mode)
}

func (f *faultyFile) Sync() error {
	if err := f.fs.fail("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

// Whichever call fails, the error has its kind and the target is old or, past
// the renaming, complete.
func TestEveryFaultLeavesTheOldFileOrTheNewOne(t *testing.T) {
	const text = "new"
	path := filepath.Join(t.TempDir(), "out.csv")
	want := "open lock chmod truncate write sync chmod rename sync folder"
	for at := 1; ; at++ {
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		var calls []string
		err := write(path, text, OutputOptions{FS: &faultyFS{at: at, err: syscall.ENOSPC, calls: &calls}})
		if err == nil {
			if got := strings.Join(calls, " "); got != want || content(t, path) != text {
				t.Errorf("calls %s, want %s; content %q", got, want, content(t, path))
			}
			return
		}
		failed := calls[at-1]
		if !errors.Is(err, ErrIO) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s fails: %v, want ErrIO", failed, err)
		}
		old := "old"
		if failed == "sync folder" {
			old = text
		}
		if got := content(t, path); got != old {
			t.Errorf("%s fails: the target holds %q, want %q", failed, got, old)
		}
		if left := names(t, filepath.Dir(path)); at > 4 && left != "out.csv" {
			t.Errorf("%s fails: left behind: %s", failed, left)
		}
	}
}
