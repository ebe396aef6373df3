package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"yhat/nn/graph"
)

// rawTensor is a TensorProto as it stands in the file.
type rawTensor struct {
	name     string
	dims     []int64
	code     int
	raw      []byte
	hasRaw   bool
	floats   []float32
	int32s   []int32
	int64s   []int64
	doubles  []float64
	uint64s  []uint64
	strings  []string
	external map[string]string
	outside  bool // data_location is EXTERNAL
}

// tensor reads a TensorProto.
func (d *onnxGraph) tensor(message []byte) (name string, t *graph.Tensor, err error) {
	r := rawTensor{external: map[string]string{}}
	if err := fields(message, r.read); err != nil {
		return r.name, nil, err
	}
	t = &graph.Tensor{Type: graph.TypeOf(r.code)}
	if t.Type == graph.Unknown {
		return r.name, nil, fmt.Errorf("element type number %d is not supported", r.code)
	}
	n, err := r.shape(t)
	if err != nil {
		return r.name, nil, err
	}
	if r.outside {
		if r.raw, err = d.outside(&r, n, t.Type); err != nil {
			return r.name, nil, err
		}
		r.hasRaw = true
	}
	if r.hasRaw {
		return r.name, t, unpack(t, r.raw, n)
	}
	return r.name, t, r.typed(t, n)
}

// read reads one field of a TensorProto.
func (r *rawTensor) read(v field) (err error) {
	switch v.num {
	case 1:
		r.dims, err = varints(r.dims, v)
	case 2:
		r.code = int(min(v.n, 1<<20))
	case 4:
		r.floats, err = floats(r.floats, v)
	case 5:
		r.int32s, err = varints(r.int32s, v)
	case 6:
		r.strings = append(r.strings, string(v.bytes))
	case 7:
		r.int64s, err = varints(r.int64s, v)
	case 8:
		r.name = string(v.bytes)
	case 9:
		r.raw, r.hasRaw = v.bytes, true
	case 10:
		r.doubles, err = doubles(r.doubles, v)
	case 11:
		r.uint64s, err = varints(r.uint64s, v)
	case 13:
		var key, value string
		if key, value, err = entry(v.bytes); len(r.external) < 16 {
			r.external[key] = value
		}
	case 14:
		r.outside = v.n == 1
	}
	return err
}

// shape checks the dimensions and multiplies them.
func (r *rawTensor) shape(t *graph.Tensor) (int, error) {
	t.Shape = make([]int, len(r.dims))
	for i, d := range r.dims {
		if d < 0 {
			return 0, fmt.Errorf("a dimension of %d", d)
		}
		t.Shape[i] = int(d)
	}
	n, ok := product(t.Shape, 8)
	if !ok {
		return 0, errors.New("dimensions that no memory can hold")
	}
	return int(n), nil
}

// sizes are the bytes of an element in raw data.
var sizes = map[graph.Type]int{graph.Float32: 4, graph.Float64: 8, graph.Float16: 2, graph.BFloat16: 2, graph.Int8: 1, graph.Int16: 2, graph.Int32: 4,
	graph.Int64: 8, graph.Uint8: 1, graph.Uint16: 2, graph.Uint32: 4, graph.Uint64: 8, graph.Bool: 1}

// unpack reads raw data: fixed-width elements, little-endian.
func unpack(t *graph.Tensor, raw []byte, n int) error {
	size := sizes[t.Type]
	if size == 0 {
		return fmt.Errorf("raw data of %s", t.Type)
	}
	if len(raw)/size != n || len(raw)%size != 0 {
		return fmt.Errorf("%d bytes of data for %d elements of %s", len(raw), n, t.Type)
	}
	at := func(i int) uint64 {
		b := raw[i*size : (i+1)*size]
		switch size {
		case 1:
			return uint64(b[0])
		case 2:
			return uint64(binary.LittleEndian.Uint16(b))
		case 4:
			return uint64(binary.LittleEndian.Uint32(b))
		}
		return binary.LittleEndian.Uint64(b)
	}
	fill(t, n, at)
	return nil
}

// fill makes the elements of their bits.
func fill(t *graph.Tensor, n int, bits func(i int) uint64) {
	switch t.Type {
	case graph.Float32:
		t.F32 = elements(n, func(i int) float32 { return math.Float32frombits(uint32(bits(i))) })
	case graph.Float16:
		t.F32 = elements(n, func(i int) float32 { return float32(half(uint16(bits(i)))) })
	case graph.BFloat16:
		t.F32 = elements(n, func(i int) float32 { return math.Float32frombits(uint32(bits(i)) << 16) })
	case graph.Float64:
		t.F64 = elements(n, func(i int) float64 { return math.Float64frombits(bits(i)) })
	case graph.Int8:
		t.I64 = elements(n, func(i int) int64 { return int64(int8(bits(i))) })
	case graph.Int16:
		t.I64 = elements(n, func(i int) int64 { return int64(int16(bits(i))) })
	case graph.Int32:
		t.I64 = elements(n, func(i int) int64 { return int64(int32(bits(i))) })
	case graph.Int64:
		t.I64 = elements(n, func(i int) int64 { return int64(bits(i)) })
	case graph.Uint8:
		t.I64 = elements(n, func(i int) int64 { return int64(uint8(bits(i))) })
	case graph.Uint16:
		t.I64 = elements(n, func(i int) int64 { return int64(uint16(bits(i))) })
	case graph.Uint32:
		t.I64 = elements(n, func(i int) int64 { return int64(uint32(bits(i))) })
	case graph.Uint64:
		t.U64 = elements(n, bits)
	case graph.Bool:
		t.Bool = elements(n, func(i int) bool { return bits(i) != 0 })
	}
}

func elements[T any](n int, f func(i int) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = f(i)
	}
	return list
}

// typed takes the elements from the field that belongs to their type.
func (r *rawTensor) typed(t *graph.Tensor, n int) error {
	have := 0
	switch t.Type {
	case graph.Float32:
		t.F32, have = orEmpty(r.floats), len(r.floats)
	case graph.Float64:
		t.F64, have = orEmpty(r.doubles), len(r.doubles)
	case graph.String:
		t.Str, have = orEmpty(r.strings), len(r.strings)
	case graph.Int64:
		t.I64, have = orEmpty(r.int64s), len(r.int64s)
	case graph.Uint32, graph.Uint64:
		if have = len(r.uint64s); have == n {
			fill(t, n, func(i int) uint64 { return r.uint64s[i] })
		}
	default:
		if have = len(r.int32s); have == n {
			fill(t, n, func(i int) uint64 { return uint64(int64(r.int32s[i])) })
		}
	}
	if have != n {
		return fmt.Errorf("%d elements of %s, want %d", have, t.Type, n)
	}
	return nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// externalFile is a file of weights beside the model.
type externalFile struct {
	file *os.File
	size int64
}

// outside reads a tensor's bytes from a file beside the model: inside the
// model's folder, a regular file, within its bounds.
func (d *onnxGraph) outside(r *rawTensor, n int, t graph.Type) ([]byte, error) {
	name := r.external["location"]
	if name == "" || !filepath.IsLocal(name) {
		return nil, errors.New("external data that is not inside the model's folder")
	}
	f, err := d.openExternal(name)
	if err != nil {
		return nil, fmt.Errorf("external data %.80q: %w", name, err)
	}
	want := int64(n) * int64(sizes[t])
	offset, length := int64(0), want
	if s, ok := r.external["offset"]; ok {
		if offset, err = strconv.ParseInt(s, 10, 64); err != nil {
			return nil, errors.New("external data with an offset that is no number")
		}
	}
	if s, ok := r.external["length"]; ok {
		if length, err = strconv.ParseInt(s, 10, 64); err != nil {
			return nil, errors.New("external data with a length that is no number")
		}
	}
	if length != want || offset < 0 || offset > f.size || want > f.size-offset {
		return nil, fmt.Errorf("external data %.80q: %d bytes at %d of a file of %d, want %d", name, length, offset, f.size, want)
	}
	if d.taken += want; d.taken > 4*d.external {
		return nil, fmt.Errorf("external data %.80q: too many tensors of the same bytes", name)
	}
	data := make([]byte, want)
	if _, err := f.file.ReadAt(data, offset); err != nil && want > 0 {
		return nil, fmt.Errorf("external data %.80q: %w", name, err)
	}
	return data, nil
}

// openExternal opens a file once and adds it to the model's digest.
func (d *onnxGraph) openExternal(name string) (*externalFile, error) {
	if f := d.files[name]; f != nil {
		return f, nil
	}
	if d.beside == nil || d.beside.folder == "" {
		return nil, errors.New("it needs the model's folder")
	}
	file, size, err := d.beside.regular(name)
	if err != nil {
		return nil, err
	}
	d.beside.open = append(d.beside.open, file)
	if d.beside.digest != nil {
		if _, err := io.Copy(d.beside.digest, io.NewSectionReader(file, 0, size)); err != nil {
			return nil, err
		}
	}
	d.external += size
	f := &externalFile{file, size}
	d.files[name] = f
	return f, nil
}
