package model

import (
	"encoding/binary"
	"io"
	"strconv"
)

// Weights are the tensors that a model keeps in a safetensors file beside it.
type Weights struct {
	File    string // as the model names it
	tensors [][]byte
	names   map[string]bool
	size    int
	header  encoder
}

// Empty reports whether there are none.
func (w *Weights) Empty() bool { return len(w.tensors) == 0 }

// free is a name that no tensor has yet.
func (w *Weights) free(name string) string {
	for w.names[name] {
		name += "_"
	}
	return name
}

// add puts a tensor at the end.
func (w *Weights) add(name, dtype string, shape []int, raw []byte) {
	if w.names == nil {
		w.names = map[string]bool{}
	}
	w.names[name] = true
	h := &w.header
	if len(w.tensors) > 0 {
		h.text(",")
	}
	h.word(name).text(`:{"dtype":`).word(dtype).text(`,"shape":[`)
	for i, d := range shape {
		h.text(separator(i) + strconv.Itoa(d))
	}
	h.text(`],"data_offsets":[` + strconv.Itoa(w.size) + "," + strconv.Itoa(w.size+len(raw)) + "]}")
	w.tensors, w.size = append(w.tensors, raw), w.size+len(raw)
}

// Encode writes the safetensors file. Its header is padded with blanks so that
// the data starts at a multiple of 8 bytes.
func (w *Weights) Encode(out io.Writer) error {
	if w.header.err != nil {
		return &Error{Err: w.header.err}
	}
	header := append(append([]byte("{"), w.header.out...), '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if _, err := out.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)); err != nil {
		return err
	}
	for _, t := range w.tensors {
		if _, err := out.Write(t); err != nil {
			return err
		}
	}
	return nil
}
