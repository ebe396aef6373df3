package table

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"
)

// OutputOptions say how an output file is made.
type OutputOptions struct {
	Stdout  io.Writer // what "-" writes to
	Private bool      // the file is for its owner alone (0600), whatever it was
	Hash    bool      // sum the bytes for SHA256
	FS      FS        // nil: the operating system's
}

// Output is a file that is absent, old, or complete: it is written beside its
// target under another name and takes its place in Commit. Standard output,
// devices and FIFOs are written through and cannot promise that.
//
// An Output is used from one goroutine.
type Output struct {
	path   string // as given
	target string // where links lead to; "" when written through
	temp   string
	fs     FS
	mode   fs.FileMode
	file   File // nil when it writes to Stdout, and when it is over
	stdout bool
	w      io.Writer
	buf    *bufio.Writer // nil when written through
	sum    hash.Hash
	bytes  int64
	begun  int64 // how many of them are on their way to the disk
}

// Create opens an output. Nothing is to be seen at path before Commit.
//
// Errors wrap ErrCreate where the file cannot be made (and the file system's
// error), ErrLocked where another run is writing the same output, and ErrIO
// where the disk is full.
func Create(path string, o OutputOptions) (*Output, error) {
	out := &Output{path: path, fs: o.FS}
	if out.fs == nil {
		out.fs = OS{}
	}
	if o.Hash {
		out.sum = sha256.New()
	}
	if path == "-" {
		out.stdout, out.w = true, o.Stdout
		return out, nil
	}
	return out, out.open(o.Private)
}

// open finds out where path leads and makes the file.
func (o *Output) open(private bool) error {
	target, err := followLinks(o.fs, o.path)
	if err != nil {
		return CreateFault(o.path, plain(err))
	}
	info, err := o.fs.Lstat(target)
	switch {
	case err == nil && info.IsDir():
		return CreateFault(o.path, syscall.EISDIR)
	case err == nil && !info.Mode().IsRegular():
		return o.through(target)
	case err == nil:
		o.mode = info.Mode().Perm()
	case errors.Is(err, fs.ErrNotExist) && target != o.path && o.through(o.path) == nil:
		return nil // a link of /proc or /dev/fd to a pipe, which has no name
	case errors.Is(err, fs.ErrNotExist):
		o.mode = 0o666 &^ o.fs.Umask()
	default:
		return CreateFault(o.path, plain(err))
	}
	if private {
		o.mode = 0o600
	}
	return o.beside(target)
}

// through opens a device or a FIFO.
func (o *Output) through(target string) error {
	f, err := o.fs.OpenFile(target, syscall.O_WRONLY, 0)
	if err != nil {
		return CreateFault(o.path, plain(err))
	}
	o.file, o.w = f, f
	return nil
}

// partial ends the names of temporary files.
const partial = ".yhat-partial"

// beside makes the temporary file in the target's folder.
func (o *Output) beside(target string) error {
	dir, name := filepath.Split(target)
	if name == "" {
		return CreateFault(o.path, syscall.EISDIR)
	}
	temp := filepath.Join(dir, "."+name+partial)
	f, err := lockFile(o.fs, temp, syscall.O_CREAT)
	if err == nil {
		if err = f.Truncate(0); err != nil {
			f.Close()
		}
	}
	if err != nil {
		return lockFault(o.path, err)
	}
	o.target, o.temp, o.file = target, temp, f
	o.buf = bufio.NewWriterSize(f, 64<<10)
	o.w = o.buf
	return nil
}

// lockFault is the error of a file that cannot be made or locked.
func lockFault(path string, err error) error {
	if errors.Is(err, ErrLocked) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return CreateFault(path, plain(err))
}

// maxLocks bounds how often another run may finish between our opening of a
// file and our locking of it.
const maxLocks = 100

// lockFile opens a private file, and makes it where flag holds O_CREAT, or takes
// over the one that a dead run left behind. The file is the lock: whoever holds
// its flock, and finds it still under its name, is the only one to write it.
func lockFile(fsys FS, name string, flag int) (File, error) {
	for range maxLocks {
		f, err := fsys.OpenFile(name, flag|syscall.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		ours, err := claim(fsys, f, name)
		if ours {
			return f, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, ErrLocked
}

// claim locks the open file and makes sure that it is the one under its name.
// ours is false without an error where the file went away between opening and
// locking.
func claim(fsys FS, f File, name string) (ours bool, err error) {
	if err := f.Lock(); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return false, ErrLocked
		}
		return false, err
	}
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := fsys.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !fsys.SameFile(held, named) {
		return false, nil
	}
	if err == nil && !held.Mode().IsRegular() {
		err = fmt.Errorf("%s is in the way", name)
	}
	if err == nil {
		err = f.Chmod(0o600)
	}
	return err == nil, err
}

// maxLinks is how many symbolic links in a row are followed.
const maxLinks = 40

// followLinks is the path that a chain of symbolic links ends at, whether or
// not there is a file.
func followLinks(fsys FS, path string) (string, error) {
	for range maxLinks {
		info, err := fsys.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, err
		}
		to, err := fsys.Readlink(path)
		if err != nil {
			return path, err
		}
		if !filepath.IsAbs(to) {
			// Not Join: it would cut a/../ short, which links make wrong.
			to = filepath.Dir(path) + "/" + to
		}
		path = to
	}
	return path, syscall.ELOOP
}

// Path is the output's path as it was given.
func (o *Output) Path() string { return o.path }

// Bytes is how many bytes were written.
func (o *Output) Bytes() int64 { return o.bytes }

// SHA256 is the sum of the bytes written, in hex; "" if it was not asked for.
func (o *Output) SHA256() string {
	if o.sum == nil {
		return ""
	}
	return hex.EncodeToString(o.sum.Sum(nil))
}

// Write implements io.Writer. Its errors wrap ErrIO, or ErrReaderGone where
// standard output is a pipe that nobody reads any more.
func (o *Output) Write(p []byte) (int, error) {
	if o.w == nil {
		return 0, o.fault(fs.ErrClosed)
	}
	n, err := o.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	o.bytes += int64(n)
	if o.sum != nil {
		o.sum.Write(p[:n])
	}
	o.ahead()
	return n, o.fault(err)
}

// aheadBytes is how much is written before the disk is asked to begin with it:
// enough for long transfers, little beside what Commit would wait for.
const aheadBytes = 8 << 20

// ahead lets the disk work beside the processor, so that Commit finds little
// left to wait for: the sync of a file at its end takes as long as the disk
// takes to write all of it.
func (o *Output) ahead() {
	if o.buf == nil || o.bytes-o.begun < aheadBytes {
		return
	}
	written := o.bytes - int64(o.buf.Buffered())
	o.file.StartSync(o.begun, written-o.begun)
	o.begun = written
}

// fault gives an error of writing its kind.
func (o *Output) fault(err error) error {
	switch {
	case err == nil:
		return nil
	case o.stdout && errors.Is(err, syscall.EPIPE):
		return ErrReaderGone
	case o.stdout:
		return fmt.Errorf("standard output: %w: %w", ErrIO, plain(err))
	}
	return fmt.Errorf("%s: %w: %w", o.path, ErrIO, plain(err))
}

// Commit publishes the output: from then on it is complete, on the disk too. A
// second Commit does nothing. After an error before the renaming the old file,
// if any, is untouched and the temporary one is gone.
func (o *Output) Commit() error {
	f := o.file
	if f == nil || o.target == "" {
		return o.end()
	}
	err := o.publish(f)
	if err != nil {
		o.Discard()
		return o.fault(err)
	}
	o.file, o.w = nil, nil
	err = o.fs.SyncDir(filepath.Dir(o.target))
	return o.fault(errors.Join(err, f.Close()))
}

// publish brings the temporary file to the disk and under its target's name.
func (o *Output) publish(f File) error {
	if err := o.buf.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Chmod(o.mode); err != nil {
		return err
	}
	return o.fs.Rename(o.temp, o.target)
}

// Discard drops what was written. What went through cannot be taken back.
// After Commit it does nothing.
func (o *Output) Discard() error {
	f := o.file
	if f == nil || o.target == "" {
		return o.end()
	}
	o.file, o.w = nil, nil
	// Removed before it is closed: the lock goes with the closing.
	err := o.fs.Remove(o.temp)
	return o.fault(errors.Join(err, f.Close()))
}

// end closes what was written through.
func (o *Output) end() error {
	f := o.file
	o.file, o.w = nil, nil
	if f == nil {
		return nil
	}
	return o.fault(f.Close())
}
