package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// safetensors puts a header and data together.
func safetensors(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

// fourTypes holds 1, -2.5 and 0.0625 in each type that weights may have, and
// a counter of another type.
func fourTypes() []byte {
	var data []byte
	for _, x := range []float64{1, -2.5, 0.0625} {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
	}
	for _, x := range []float32{1, -2.5, 0.0625} {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	for _, h := range []uint16{0x3c00, 0xc100, 0x2c00, 0x3f80, 0xc020, 0x3d80, 7} {
		data = binary.LittleEndian.AppendUint16(data, h)
	}
	return safetensors(`{"__metadata__": {"format": "pt"},
		"d": {"dtype": "F64", "shape": [1, 3], "data_offsets": [0, 24]},
		"h": {"dtype": "F16", "shape": [3], "data_offsets": [36, 42]},
		"s": {"dtype": "F32", "shape": [3, 1], "data_offsets": [24, 36]},
		"b": {"dtype": "BF16", "shape": [3], "data_offsets": [42, 48]},
		"n": {"dtype": "I16", "shape": [], "data_offsets": [48, 50]},
		"none": {"dtype": "F32", "shape": [0, 9], "data_offsets": [50, 50]}}  `, data)
}

func TestTensorTypes(t *testing.T) {
	raw := fourTypes()
	f, err := readTensorFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d", "s", "h", "b"} {
		got, err := f.tensors[name].read("here")
		if diff := cmp.Diff([]float64{1, -2.5, 0.0625}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if _, err := f.tensors["n"].read("here"); err == nil || err.Error() != `here: tensor "n" is I16, want F64, F32, F16 or BF16` {
		t.Errorf("got %v", err)
	}
}

// A tensor longer than the buffer it is read through arrives whole.
func TestTensorLong(t *testing.T) {
	const n = 20_001
	var data []byte
	for i := range n {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(i)))
	}
	raw := safetensors(`{"w":{"dtype":"F32","shape":[20001],"data_offsets":[0,80004]}}`, data)
	f, err := readTensorFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.tensors["w"].read("")
	if err != nil || len(got) != n {
		t.Fatal(len(got), err)
	}
	for i, x := range got {
		if x != float64(i) {
			t.Fatalf("element %d is %v", i, x)
		}
	}
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0: 0, 1: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x7bff: 65504, 0xfbff: -65504, 0x3555: 0.333251953125,
		0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := half(bits); got != want {
			t.Errorf("half(%#04x) = %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7e00)) || !math.Signbit(half(0x8000)) {
		t.Error("NaN or -0")
	}
}

// Hostile headers are refused by their sizes, before anything is allocated
// for them.
func TestHostileTensors(t *testing.T) {
	const data = 16
	for _, c := range []struct{ header, want string }{
		{``, `safetensors header: empty file`},
		{`{`, `safetensors header: the file ends in the middle`},
		{`{} x`, `safetensors header: invalid character 'x' at start of value`},
		{`{"w": 1}`, `safetensors header: w: want an object, got a number`},
		{`{}`, `safetensors: tensors cover 0 bytes of 16`},
		{`{"__metadata__": {"a": 1}}`, `safetensors header: __metadata__.a: want a string, got a number`},
		{`{"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "w": {}}`, `safetensors header: w: duplicate object member name`},
		{`{"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16], "more": 1}}`, `safetensors header: w: unknown key "more" (known: dtype, shape, data_offsets)`},
		{`{"w": {"dtype": "F32", "data_offsets": [0, 16]}}`, `safetensors header: w: want dtype, shape and two data_offsets`},
		{`{"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16, 16]}}`, `safetensors header: w: want dtype, shape and two data_offsets`},
		{`{"w": {"dtype": "F4", "shape": [4], "data_offsets": [0, 16]}}`, `safetensors header: w: unknown dtype "F4"`},
		{`{"w": {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}}`, `safetensors header: w: data_offsets [0 20] are not inside 16 bytes of data`},
		{`{"w": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}}`, `safetensors header: w: data_offsets [16 0] are not inside 16 bytes of data`},
		{`{"w": {"dtype": "F32", "shape": [5], "data_offsets": [0, 16]}}`, `safetensors header: w: shape [5] of F32 does not fill 16 bytes`},
		{`{"w": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}`, `safetensors header: w.shape[0]: want a whole number from 0`},
		{`{"w": {"dtype": "F32", "shape": [4.0], "data_offsets": [0, 16]}}`, `safetensors header: w.shape[0]: want a whole number from 0`},
		{`{"w": {"dtype": "F32", "shape": [99999999999999999999], "data_offsets": [0, 16]}}`, `safetensors header: w.shape[0]: want a whole number from 0`},
		// 2^32 · 2^32 is 0, and 4 · 2^62 is 0, where nobody looks.
		{`{"w": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}`, `safetensors header: w: shape [4294967296 4294967296] of F32 does not fill 0 bytes`},
		{`{"w": {"dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 0]}}`, `safetensors header: w: shape [4611686018427387904] of F32 does not fill 0 bytes`},
		{`{"w": {"dtype": "F32", "shape": [9223372036854775807], "data_offsets": [0, 9223372036854775807]}}`, `safetensors header: w: data_offsets [0 9223372036854775807] are not inside 16 bytes of data`},
		{`{"v": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}`, `safetensors header: tensor "w" starts at byte 8 of the data, want 12`},
		{`{"v": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}`, `safetensors header: tensor "w" starts at byte 8 of the data, want 4`},
		{`{"v": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}`, `safetensors: tensors cover 12 bytes of 16`},
	} {
		raw := safetensors(c.header, make([]byte, data))
		_, err := readTensorFile(bytes.NewReader(raw), int64(len(raw)))
		if err == nil || err.Error() != c.want || !errors.Is(err, ErrModel) {
			t.Errorf("%s\n got %v\nwant %s", c.header, err, c.want)
		}
	}
}

func TestHostileHeaderLength(t *testing.T) {
	for _, c := range []struct {
		raw  []byte
		want string
	}{
		{nil, "0 bytes are too few for a safetensors file"},
		{make([]byte, 7), "7 bytes are too few for a safetensors file"},
		{append(bytes.Repeat([]byte{255}, 8), "{}"...), "a safetensors header of 18446744073709551615 bytes in a file of 10"},
		{append([]byte{3, 0, 0, 0, 0, 0, 0, 0}, "{}"...), "a safetensors header of 3 bytes in a file of 10"},
	} {
		_, err := readTensorFile(bytes.NewReader(c.raw), int64(len(c.raw)))
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	// A file that pretends to be large still cannot ask for a header past the limit.
	long := binary.LittleEndian.AppendUint64(nil, maxHeader+1)
	if _, err := readTensorFile(bytes.NewReader(long), math.MaxInt64); err == nil {
		t.Error("a header past the limit was accepted")
	}
}

const besideModel = `{"format": "yhat/1", "features": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
	"layers": [{"activation": "relu", "weights": {"file": "w.safetensors", "tensor": "d"}, "bias": [1]},
		{"activation": "tanh", "weights": {"file": "w.safetensors", "tensor": "s"}, "bias": {"file": "w.safetensors", "tensor": "h"}}]}`

func TestWeightsBeside(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "w.safetensors", string(fourTypes()))
	m, err := Load(write(t, folder, "m.json", besideModel))
	if err != nil {
		t.Fatal(err)
	}
	w := []float64{1, -2.5, 0.0625}
	if diff := cmp.Diff([][]float64{w, {1}, w, w}, [][]float64{m.Native.Layers[0].W, m.Native.Layers[0].B, m.Native.Layers[1].W, m.Native.Layers[1].B}); diff != "" {
		t.Error(diff)
	}
	if m.Native.Layers[1].In != 1 || m.Native.Layers[1].Out != 3 {
		t.Errorf("second layer is %d × %d", m.Native.Layers[1].Out, m.Native.Layers[1].In)
	}
	sum := sha256.Sum256(append([]byte(besideModel), fourTypes()...))
	if m.SHA256 != hex.EncodeToString(sum[:]) {
		t.Error("the digest does not cover the model and its weights")
	}
}

func TestBadWeightsBeside(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "w.safetensors", string(fourTypes()))
	write(t, folder, "cut.safetensors", string(fourTypes()[:100]))
	write(t, filepath.Dir(folder), "outside.safetensors", string(fourTypes()))
	write(t, folder, "nan.safetensors", string(safetensors(`{"d": {"dtype": "BF16", "shape": [1, 3], "data_offsets": [0, 6]}}`, []byte{0, 0, 0xc0, 0x7f, 0, 0})))
	for link, target := range map[string]string{"link.safetensors": "../outside.safetensors", "inner.safetensors": "w.safetensors"} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`w.safetensors`, `inner.safetensors`, ``},
		{`w.safetensors`, `none.safetensors`, `layers[0].weights: none.safetensors: no such file or directory`},
		{`w.safetensors`, `../outside.safetensors`, `layers[0].weights: ../outside.safetensors: not inside the model's folder`},
		{`w.safetensors`, folder + `/w.safetensors`, `layers[0].weights: ` + folder + `/w.safetensors: not inside the model's folder`},
		{`w.safetensors`, `link.safetensors`, `layers[0].weights: link.safetensors: path escapes from parent`},
		{`w.safetensors`, `pipe`, `layers[0].weights: pipe: not a regular file`},
		{`w.safetensors`, `.`, `layers[0].weights: .: not a regular file`},
		{`w.safetensors`, `cut.safetensors`, `layers[0].weights: cut.safetensors: a safetensors header of 437 bytes in a file of 100`},
		{`w.safetensors`, `nan.safetensors`, `layers[0].weights[0][1]: not finite`},
		{`"d"`, `"e"`, `layers[0].weights: w.safetensors has no tensor "e"`},
		{`"d"`, `"s"`, `layers[0].weights: tensor "s" of w.safetensors has shape [3 1], want units × 3`},
		{`"d"`, `"n"`, `layers[0].weights: tensor "n" of w.safetensors has shape [], want units × 3`},
		{`"h"`, `"d"`, `layers[1].bias: tensor "d" of w.safetensors has shape [1 3], want [3]`},
	} {
		path := write(t, folder, "m.json", strings.Replace(besideModel, c.old, c.new, 1))
		_, err := Load(path)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.new, err)
			}
			continue
		}
		if err == nil || err.Error() != path+": "+c.want || !errors.Is(err, ErrModel) {
			t.Errorf("%s\n got %v\nwant %s", c.new, err, path+": "+c.want)
		}
		if strings.HasPrefix(c.new, "none") && !errors.Is(err, fs.ErrNotExist) {
			t.Error("a missing weights file is no fs.ErrNotExist")
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	f.Add(fourTypes())
	f.Add(safetensors(`{}`, nil))
	f.Add(safetensors(`{"w":{"dtype":"F64","shape":[1,0,7],"data_offsets":[0,0]}}`, nil))
	f.Add(make([]byte, 8))
	f.Add(bytes.Repeat([]byte{255}, 16))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := readTensorFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Fatalf("%v is no ErrModel", err)
			}
			return
		}
		for _, tensor := range file.tensors {
			values, err := tensor.read("")
			if err == nil && len(values)*int(elementSize[tensor.dtype]) > len(raw) {
				t.Fatalf("%d values out of %d bytes", len(values), len(raw))
			}
		}
	})
}
