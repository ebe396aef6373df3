package model

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"yhat/nn/graph"
)

// tensorOf reads a constant: its elements in the text, or where they are.
func (d *graphFile) tensorOf() (*graph.Tensor, error) {
	t, at := &graph.Tensor{Shape: []int{}}, location{}
	data := false
	err := d.object(constantKeys, func(key string) (err error) {
		switch key {
		case "type":
			t.Type, err = d.elementType()
		case "shape":
			t.Shape, err = d.integers()
		case "data":
			if t.Type == graph.Unknown {
				return d.fault("", "comes before type")
			}
			data = true
			return d.elements(t)
		case "file":
			at.file, err = d.word()
		case "tensor":
			at.tensor, err = d.word()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	place := place(d.dec.StackPointer())
	n, ok := product(t.Shape, 8)
	switch {
	case t.Type == graph.Unknown:
		return nil, faultf(place+".type", "missing")
	case !ok || n > maxParameters:
		return nil, faultf(place+".shape", "more than %d numbers", maxParameters)
	case data && at != location{}:
		return nil, faultf(place, "has both data and a file")
	case data && elementsOf(t) != int(n):
		return nil, faultf(place+".data", "%d elements, want %d", elementsOf(t), n)
	case data:
		return t, nil
	case at.file == "" || at.tensor == "":
		return nil, faultf(place, "want data, or a file and a tensor")
	}
	return t, d.fetch(t, at, place)
}

// elementsOf is how many elements a tensor holds.
func elementsOf(t *graph.Tensor) int {
	return len(t.F32) + len(t.F64) + len(t.I64) + len(t.U64) + len(t.Bool) + len(t.Str)
}

// elements reads the elements of a type, those of 16-bit floats rounded to it.
func (d *graphFile) elements(t *graph.Tensor) error {
	switch t.Type.Storage() {
	case graph.F32:
		t.F32 = []float32{}
		return d.array(func(int) error {
			x, err := d.anyFloat()
			t.F32 = append(t.F32, graph.Round(t.Type, float32(x)))
			return err
		})
	case graph.F64:
		t.F64 = []float64{}
		return d.array(func(int) error {
			x, err := d.anyFloat()
			t.F64 = append(t.F64, x)
			return err
		})
	case graph.I64:
		t.I64 = []int64{}
		return d.array(func(int) error {
			n, err := d.integer()
			if err == nil && graph.Wrap(t.Type, n) != n {
				err = d.fault("", "beyond %s", t.Type)
			}
			t.I64 = append(t.I64, n)
			return err
		})
	case graph.U64:
		t.U64 = []uint64{}
		return d.array(func(int) error {
			n, err := d.unsigned()
			t.U64 = append(t.U64, n)
			return err
		})
	case graph.Bools:
		t.Bool = []bool{}
		return d.array(func(int) error {
			token, err := d.dec.ReadToken()
			if err != nil {
				return d.syntax(err)
			}
			if k := token.Kind(); k != jsontext.KindTrue && k != jsontext.KindFalse {
				return d.mistyped(jsontext.KindTrue, k)
			}
			t.Bool = append(t.Bool, token.Bool())
			return nil
		})
	}
	words, err := d.words()
	t.Str = words
	return err
}

func (d *graphFile) unsigned() (uint64, error) {
	token, err := d.dec.ReadToken()
	if err != nil {
		return 0, d.syntax(err)
	}
	n, err := strconv.ParseUint(token.String(), 10, 64)
	if err != nil || token.Kind() != jsontext.KindNumber {
		return 0, d.fault("", "want a whole number from 0")
	}
	return n, nil
}

// dtypes are the element types of safetensors files.
var dtypes = map[graph.Type]string{graph.Float32: "F32", graph.Float64: "F64", graph.Float16: "F16", graph.BFloat16: "BF16",
	graph.Int8: "I8", graph.Int16: "I16", graph.Int32: "I32", graph.Int64: "I64",
	graph.Uint8: "U8", graph.Uint16: "U16", graph.Uint32: "U32", graph.Uint64: "U64", graph.Bool: "BOOL"}

// fetch reads a constant from a file beside. A tensor serves one constant, so
// that no more is read than the files hold.
func (d *graphFile) fetch(t *graph.Tensor, at location, place string) error {
	if d.used[at] {
		return faultf(place, "tensor %.80q is another constant's", at.tensor)
	}
	d.used[at] = true
	from, err := d.beside.find(&at, place)
	if err != nil {
		return err
	}
	if !slices.Equal(from.shape, t.Shape) || dtypes[t.Type] != from.dtype {
		return faultf(place, "tensor %.80q of %s is %s%v, want %s%v", at.tensor, at.file, from.dtype, from.shape, dtypes[t.Type], t.Shape)
	}
	raw := make([]byte, from.end-from.begin)
	if len(raw) > 0 {
		if _, err := from.file.ReadAt(raw, from.begin); err != nil {
			return fmt.Errorf("%s: %w", at.file, err)
		}
	}
	return unpack(t, raw, from.count)
}
