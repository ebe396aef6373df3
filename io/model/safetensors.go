package model

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A safetensors file is the header's length (8 bytes, little-endian), a JSON
// header that gives each tensor its type, shape and span, and the data, which
// the spans cover without gap or overlap.
// Specification: https://github.com/huggingface/safetensors

// maxHeader is the specification's limit on the header.
const maxHeader = 100_000_000

// tensorFile is the directory of a safetensors file.
type tensorFile struct {
	tensors map[string]*tensor
}

// tensor is one tensor of a file, not yet read.
type tensor struct {
	name       string
	dtype      string
	shape      []int
	count      int   // product of shape
	begin, end int64 // in the file, from its first byte
	file       io.ReaderAt
}

// elementSize gives the bytes of an element. Types that are no weights are
// known too, since they may stand in the same file.
var elementSize = map[string]uint64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8, "C64": 8,
}

// readTensorFile reads the header and checks every size against the file's,
// before memory is asked for.
func readTensorFile(file io.ReaderAt, size int64) (*tensorFile, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, faultf("", "%d bytes are too few for a safetensors file", size)
	}
	if _, err := file.ReadAt(prefix[:], 0); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > uint64(size)-8 || length > maxHeader {
		return nil, faultf("", "a safetensors header of %d bytes in a file of %d", length, size)
	}
	header := make([]byte, length)
	if n, err := file.ReadAt(header, 8); n < len(header) { // at its very end a file may say EOF
		return nil, err
	}
	tensors, err := decodeHeader(header, uint64(size)-8-length)
	if err != nil {
		return nil, err
	}
	f := &tensorFile{make(map[string]*tensor, len(tensors))}
	for _, t := range tensors {
		t.file = file
		t.begin += 8 + int64(length)
		t.end += 8 + int64(length)
		f.tensors[t.name] = t
	}
	return f, nil
}

// decodeHeader reads the JSON header of a file with size bytes of data.
func decodeHeader(header []byte, size uint64) ([]*tensor, error) {
	s := newStrict(header)
	var tensors []*tensor
	err := s.object("", func(key string) error {
		if key == "__metadata__" {
			return s.object("", func(string) error {
				_, err := s.word()
				return err
			})
		}
		t, err := s.tensor(key, size)
		tensors = append(tensors, t)
		return err
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, inHeader(err)
	}
	return tensors, covers(tensors, int64(size))
}

// inHeader turns a fault of the header, whose lines are nothing to people,
// into one of the whole file.
func inHeader(err error) error {
	var fault *Error
	if !errors.As(err, &fault) {
		return err
	}
	if fault.Place == "" {
		return faultf("", "safetensors header: %w", fault.Err)
	}
	return faultf("", "safetensors header: %s: %w", fault.Place, fault.Err)
}

// tensor reads one entry of the header.
func (s *strict) tensor(name string, size uint64) (*tensor, error) {
	t := &tensor{name: name}
	var span []int
	err := s.object("dtype, shape, data_offsets", func(key string) (err error) {
		switch key {
		case "dtype":
			t.dtype, err = s.word()
		case "shape":
			t.shape, err = s.integers()
		default:
			span, err = s.integers()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case t.shape == nil || len(span) != 2:
		return nil, s.fault("", "want dtype, shape and two data_offsets")
	case elementSize[t.dtype] == 0:
		return nil, s.fault("", "unknown dtype %.20q", t.dtype)
	case span[0] > span[1] || uint64(span[1]) > size:
		return nil, s.fault("", "data_offsets %v are not inside %d bytes of data", span, size)
	}
	t.begin, t.end = int64(span[0]), int64(span[1])
	count, ok := product(t.shape, elementSize[t.dtype])
	if !ok || count*elementSize[t.dtype] != uint64(t.end-t.begin) {
		return nil, s.fault("", "shape %v of %s does not fill %d bytes", t.shape, t.dtype, t.end-t.begin)
	}
	t.count = int(count)
	return t, nil
}

// integers reads an array of whole numbers from 0, never nil.
func (s *strict) integers() ([]int, error) {
	list := []int{}
	err := s.array(func(int) error {
		token, err := s.dec.ReadToken()
		if err != nil {
			return s.syntax(err)
		}
		if token.Kind() != jsontext.KindNumber {
			return s.mistyped(jsontext.KindNumber, token.Kind())
		}
		n, err := strconv.ParseInt(token.String(), 10, 64)
		if err != nil || n < 0 {
			return s.fault("", "want a whole number from 0")
		}
		list = append(list, int(n))
		return nil
	})
	return list, err
}

// product multiplies the dimensions; ok is false where it, or the bytes of so
// many elements, would not fit into 63 bits.
func product(shape []int, element uint64) (n uint64, ok bool) {
	n = 1
	for _, d := range shape {
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 {
			return 0, false
		}
		n = low
	}
	return n, n <= math.MaxInt64/element
}

// covers makes sure that the spans lie end to end over the whole data.
func covers(tensors []*tensor, size int64) error {
	sorted := slices.Clone(tensors)
	slices.SortFunc(sorted, func(a, b *tensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for _, t := range sorted {
		if t.begin != at {
			return faultf("", "safetensors header: tensor %.80q starts at byte %d of the data, want %d", t.name, t.begin, at)
		}
		at = t.end
	}
	if at != size {
		return faultf("", "safetensors: tensors cover %d bytes of %d", at, size)
	}
	return nil
}

// read returns the values as float64. The shape has been checked against the
// file, so at most 4 times the tensor's bytes are allocated.
func (t *tensor) read(place string) ([]float64, error) {
	convert := converters[t.dtype]
	if convert == nil {
		return nil, faultf(place, "tensor %.80q is %s, want F64, F32, F16 or BF16", t.name, t.dtype)
	}
	size := int(elementSize[t.dtype])
	values := make([]float64, t.count)
	buffer := make([]byte, min(64<<10, t.count*size))
	for done := 0; done < t.count; {
		n := min(len(buffer)/size, t.count-done)
		chunk := buffer[:n*size]
		if _, err := t.file.ReadAt(chunk, t.begin+int64(done*size)); err != nil {
			return nil, fmt.Errorf("tensor %.80q: %w", t.name, err)
		}
		convert(values[done:done+n], chunk)
		done += n
	}
	return values, nil
}

// converters turn little-endian elements into float64, without loss.
var converters = map[string]func(dst []float64, src []byte){
	"F64": func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
		}
	},
	"F32": func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
		}
	},
	"BF16": func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16))
		}
	},
	"F16": func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(src[2*i:]))
		}
	},
}

// half is the value of an IEEE 754 binary16 number.
func half(b uint16) float64 {
	exponent, fraction := int(b>>10&31), float64(b&1023)
	x := 0.0
	switch exponent {
	case 0:
		x = math.Ldexp(fraction, -24)
	case 31:
		x = math.Inf(1)
		if fraction != 0 {
			x = math.NaN()
		}
	default:
		x = math.Ldexp(1024+fraction, exponent-25)
	}
	if b>>15 == 1 {
		return -x
	}
	return x
}
