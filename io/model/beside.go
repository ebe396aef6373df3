package model

import (
	"bytes"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// beside opens the weights files that a model names, each once, from the
// model's own folder. The zero folder refuses them all.
type beside struct {
	folder string
	digest hash.Hash // also takes every weights file as a whole
	root   *os.Root
	files  map[string]*tensorFile
	open   []*os.File
	only   []byte // instead of files: the bytes of one of any name
}

// find returns a tensor that a model names; at is the place that names it.
func (b *beside) find(from *location, at string) (*tensor, error) {
	file, err := b.load(from.file)
	if err != nil {
		var fault *Error
		if !errors.As(err, &fault) {
			return nil, faultf(at, "%s: %w", from.file, err)
		}
		fault.Place = at + ": " + from.file
		return nil, fault
	}
	t := file.tensors[from.tensor]
	if t == nil {
		return nil, faultf(at, "%s has no tensor %.80q", from.file, from.tensor)
	}
	return t, nil
}

func (b *beside) load(name string) (*tensorFile, error) {
	if file := b.files[name]; file != nil {
		return file, nil
	}
	if b.only != nil {
		return readTensorFile(bytes.NewReader(b.only), int64(len(b.only)))
	}
	if b.folder == "" {
		return nil, errors.New("weights beside a model need the model's folder")
	}
	if !filepath.IsLocal(name) {
		return nil, errors.New("not inside the model's folder")
	}
	f, size, err := b.regular(name)
	if err != nil {
		return nil, err
	}
	b.open = append(b.open, f)
	file, err := readTensorFile(f, size)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(b.digest, io.NewSectionReader(f, 0, size)); err != nil {
		return nil, err
	}
	if b.files == nil {
		b.files = map[string]*tensorFile{}
	}
	b.files[name] = file
	return file, nil
}

// regular opens a regular file in the folder. os.Root follows no link that
// leads out of it. The kind is asked before opening too, since opening a pipe
// would wait for its writer.
func (b *beside) regular(name string) (*os.File, int64, error) {
	if b.root == nil {
		root, err := os.OpenRoot(b.folder)
		if err != nil {
			return nil, 0, err
		}
		b.root = root
	}
	info, err := b.root.Stat(name)
	if err != nil {
		return nil, 0, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	f, err := b.root.Open(name)
	if err != nil {
		return nil, 0, cause(err)
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, 0, errors.New("not a regular file")
	}
	return f, info.Size(), nil
}

// cause drops the operation and the path, which the fault names already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// paths are the files that were opened, under the model's folder.
func (b *beside) paths() []string {
	var list []string
	for _, f := range b.open {
		list = append(list, f.Name())
	}
	return list
}

func (b *beside) close() {
	for _, f := range b.open {
		f.Close()
	}
	if b.root != nil {
		b.root.Close()
	}
}
