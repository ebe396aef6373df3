// Package model reads and writes model files. The native format is JSON
// ("yhat/1"), strict to the last key, with its weights inline or in a
// safetensors file beside it.
//
// A model file is not trusted: sizes are checked against the file, and against
// fixed limits, before memory is asked for, and weights beside a model are
// read only from the model's own folder.
package model

import (
	"bufio"
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

	"yhat/nn"
)

// Model is a network with its origin.
type Model struct {
	*nn.Model
	Path   string // as given
	Format string // "yhat/1"
	// SHA256 is the hex digest of the model file. Where weights lie beside it,
	// it is the digest of the model file followed by every weights file once, in
	// the order of the layers: what
	// `cat heart.json heart.safetensors | sha256sum` prints.
	SHA256 string
	Beside []string // the files of weights that were read
}

// ErrModel matches, through errors.Is, every fault of a model file itself.
var ErrModel = errors.New("bad model")

// Error is a fault of a model file, with its place. It wraps ErrModel and, where
// there is one, the cause (fs.ErrNotExist for weights that are not there).
type Error struct {
	File         string
	Line, Column int    // from 1, in lines and characters; 0 where not known
	Place        string // "layers[1].weights[3]"; "" for the file as a whole
	Err          error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	if e.Place != "" {
		b.WriteString(e.Place + ": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap makes the error an ErrModel as well as what caused it.
func (e *Error) Unwrap() []error { return []error{ErrModel, e.Err} }

// faultf is a fault at a place in a file still to be named.
func faultf(place, format string, args ...any) *Error {
	return &Error{Place: place, Err: fmt.Errorf(format, args...)}
}

// Limits on what a model file may ask for.
const (
	maxText       = 256 << 20 // bytes of a native file
	maxParameters = 1 << 28   // weights and biases: 2 GiB of float64
)

// File is a model file of either kind: Native or ONNX is set, the latter also
// for a graph in the native manner.
type File struct {
	Path, Format, SHA256 string
	Native               *Model
	ONNX                 *ONNX
}

// Beside are the files of weights beside the model.
func (f *File) Beside() []string {
	if f.ONNX != nil {
		return f.ONNX.Beside
	}
	return f.Native.Beside
}

// Load reads a model file: a native one, known by .json or a first brace, or an
// ONNX one, known by .onnx or the first bytes of its message. Faults of the
// file are an *Error; a file that is not there keeps fs.ErrNotExist, one that
// may not be read fs.ErrPermission.
func Load(path string) (*File, error) {
	o, err := open(path)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	switch {
	case looksNative(path, o.first):
		text, err := readText(path, o.text)
		if err != nil {
			return nil, err
		}
		if isGraph(text) {
			return loadGraph(path, text)
		}
		m, err := nativeOf(path, text)
		if err != nil {
			return nil, err
		}
		return &File{Path: path, Format: m.Format, SHA256: m.SHA256, Native: m}, nil
	case looksONNX(path, o.first):
		m, err := loadONNX(path, o.text)
		if err != nil {
			return nil, err
		}
		return &File{Path: path, Format: "onnx", SHA256: m.SHA256, ONNX: m}, nil
	}
	return nil, &Error{File: path, Err: errors.New("not a model this version reads: want a native model file (.json) or an ONNX one (.onnx)")}
}

// LoadNative reads a native model file. Its errors are those of Load.
func LoadNative(path string) (*Model, error) {
	o, err := open(path)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if !looksNative(path, o.first) {
		return nil, &Error{File: path, Err: errors.New("not a native model file (.json)")}
	}
	return loadNative(path, o.text)
}

// opened is a model file with what it begins with.
type opened struct {
	*os.File
	text  *bufio.Reader
	first []byte
}

// open opens a model file. It is read once, so that it may be a pipe.
func open(path string) (*opened, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	o := &opened{File: f, text: bufio.NewReader(f)}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, &Error{File: path, Err: errors.New("a folder, not a model file")}
	}
	if o.first, err = o.text.Peek(512); err != nil && err != io.EOF {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// looksNative tells a native model by its extension or its first bytes.
func looksNative(path string, first []byte) bool {
	return isNamed(path, ".json") || !isNamed(path, ".onnx") && bytes.HasPrefix(bytes.TrimLeft(first, " \t\r\n"), []byte("{"))
}

// looksONNX tells an ONNX model by its extension, or by the IR version that a
// ModelProto begins with: field 1, a number below 128.
func looksONNX(path string, first []byte) bool {
	return isNamed(path, ".onnx") || len(first) > 2 && first[0] == 1<<3 && first[1] > 0 && first[1] < 0x80
}

func isNamed(path, ext string) bool { return strings.EqualFold(filepath.Ext(path), ext) }

// loadNative reads a native model and the weights beside it.
func loadNative(path string, r io.Reader) (*Model, error) {
	text, err := readText(path, r)
	if err != nil {
		return nil, err
	}
	return nativeOf(path, text)
}

// readText reads a model file of JSON.
func readText(path string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxText {
		return nil, &Error{File: path, Err: fmt.Errorf("more than %d MiB of text: put the weights into a safetensors file", maxText>>20)}
	}
	return text, nil
}

// nativeOf decodes the text of a native model.
func nativeOf(path string, text []byte) (*Model, error) {
	digest := sha256.New()
	digest.Write(text)
	beside := &beside{folder: filepath.Dir(path), digest: digest}
	defer beside.close()
	m, err := decodeNative(text, beside)
	if err != nil {
		return nil, named(path, err)
	}
	return &Model{Model: m, Path: path, Format: nativeFormat, SHA256: hex.EncodeToString(digest.Sum(nil)), Beside: beside.paths()}, nil
}

// named puts the file's name into a fault.
func named(path string, err error) error {
	var fault *Error
	if errors.As(err, &fault) {
		fault.File = path
	}
	return err
}

// Save writes a model in the native format, weights inline. The file is
// written beside and renamed: it is absent, old or complete.
func Save(path string, m *nn.Model) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "save", Path: path, Err: errors.New("not a regular file")}
	}
	partial := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".yhat-partial")
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(partial)
		}
	}()
	err = Encode(f, m)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return named(path, err)
	}
	return os.Rename(partial, path)
}
