package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"yhat/nn"
	"yhat/nn/graph"
)

// floatModel is y = x + t for a tensor t of a TensorProto's fields.
func floatModel(t message, opset uint64) []byte {
	return onnxModel(opset, message{}.
		bytes(1, onnxNode("", "Cast", []string{"t"}, []string{"f"}, message{}.text(1, "to").num(3, 1))).
		bytes(1, onnxNode("", "Add", []string{"x", "f"}, []string{"y"})).
		bytes(5, t.text(8, "t")).
		bytes(11, onnxValue("x", 1, -1, 2)).
		bytes(12, onnxValue("y", 1, -1, 2)))
}

// run compiles a model and runs it on one row.
func run(m *ONNX, x ...float32) ([]float32, error) {
	p, err := graph.Compile(m.Graph, graph.Options{})
	if err != nil {
		return nil, err
	}
	in, width := graph.NewLanes(graph.Float32, len(x)*lanes), p.Outputs()[0].Width
	for i, v := range x {
		in.F32[i*lanes] = v
	}
	out := graph.NewLanes(graph.Float32, width*lanes)
	p.Run(p.NewWorkspace(), []graph.Lanes{in}, 1, []graph.Lanes{out})
	y := make([]float32, width)
	for i := range y {
		y[i] = out.F32[i*lanes]
	}
	return y, nil
}

func TestDecodeTensors(t *testing.T) {
	two := message{}.ints(1, 2)
	cases := map[string]message{
		"raw float32":           two.num(2, 1).bytes(9, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}),
		"floats":                two.num(2, 1).floats(4, 1, 2),
		"raw float16":           two.num(2, 10).bytes(9, []byte{0, 0x3c, 0, 0x40}),
		"float16 in int32_data": two.num(2, 10).ints(5, 0x3c00, 0x4000),
		"bfloat16":              two.num(2, 16).ints(5, 0x3f80, 0x4000),
		"raw float64":           two.num(2, 11).bytes(9, append([]byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 0, 0, 0, 0, 0, 0, 0, 0x40)),
		"int8 in int32_data":    two.num(2, 3).ints(5, 1, 2),
		"raw uint16":            two.num(2, 4).bytes(9, []byte{1, 0, 2, 0}),
		"uint32 in uint64_data": two.num(2, 12).ints(11, 1, 2),
		"uint64":                two.num(2, 13).ints(11, 1, 2),
		"int64":                 two.num(2, 7).ints(7, 1, 2),
		"int64, not packed":     two.num(2, 7).num(7, 1).num(7, 2),
	}
	for name, tensor := range cases {
		m, err := decodeONNX(floatModel(tensor, 18), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if y, err := run(m, 10, 20); err != nil || !slices.Equal(y, []float32{11, 22}) {
			t.Errorf("%s: got %v, %v", name, y, err)
		}
	}
}

func TestRefuseONNX(t *testing.T) {
	two := message{}.ints(1, 2).num(2, 1)
	cases := map[string][]byte{
		"operator set ai.onnx 29":   floatModel(two.floats(4, 1, 2), 29),
		"3 elements":                floatModel(two.floats(4, 1, 2, 3), 18),
		"bytes of data":             floatModel(two.bytes(9, []byte{1, 2, 3}), 18),
		"no memory can hold":        floatModel(message{}.ints(1, 1<<40, 1<<40).num(2, 1), 18),
		"a dimension of -1":         floatModel(message{}.ints(1, -1).num(2, 1), 18),
		"element type number 14":    floatModel(message{}.ints(1, 2).num(2, 14), 18),
		"has no graph":              message{}.num(1, 8),
		"damaged":                   denseModel()[:200],
		"not inside the model's":    floatModel(two.num(14, 1).bytes(13, message{}.text(1, "location").text(2, "../w")), 18),
		"it needs the model's fold": floatModel(two.num(14, 1).bytes(13, message{}.text(1, "location").text(2, "w")), 18),
		"given twice":               onnxModel(18, message{}.bytes(5, two.text(8, "a").floats(4, 1, 2)).bytes(5, two.text(8, "a").floats(4, 1, 2))),
		"sparse":                    onnxModel(18, message{}.bytes(15, nil)),
	}
	for want, data := range cases {
		if _, err := decodeONNX(data, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// A tensor's dimensions are checked against the data before memory is asked
// for.
func TestONNXAllocation(t *testing.T) {
	data := floatModel(message{}.ints(1, 1<<30).num(2, 1).floats(4, 1), 18)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := decodeONNX(data, nil); err == nil {
		t.Fatal("no error")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", n, len(data))
	}
}

func externalModel(location, offset, length string) []byte {
	m := message{}.ints(1, 2).num(2, 1).num(14, 1).bytes(13, message{}.text(1, "location").text(2, location))
	if offset != "" {
		m = m.bytes(13, message{}.text(1, "offset").text(2, offset))
	}
	if length != "" {
		m = m.bytes(13, message{}.text(1, "length").text(2, length))
	}
	return floatModel(m, 18)
}

func TestONNXExternalData(t *testing.T) {
	outside, folder := t.TempDir(), t.TempDir()
	weights := []byte{9, 9, 9, 9, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}
	write := func(path string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(folder, "w.bin"), weights)
	write(filepath.Join(outside, "secret"), weights)
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "m.onnx")
	load := func(location, offset, length string) (*ONNX, []byte, error) {
		data := externalModel(location, offset, length)
		write(path, data)
		m, err := LoadONNX(path)
		return m, data, err
	}
	m, data, err := load("w.bin", "4", "8")
	if err != nil {
		t.Fatal(err)
	}
	if y, err := run(m, 10, 20); err != nil || !slices.Equal(y, []float32{11, 22}) {
		t.Errorf("got %v, %v", y, err)
	}
	if sum := sha256.Sum256(append(data, weights...)); m.SHA256 != hex.EncodeToString(sum[:]) {
		t.Error("the digest is not that of the model and its data")
	}
	for _, bad := range [][3]string{{"w.bin", "8", ""}, {"w.bin", "-4", ""}, {"w.bin", "4", "4"}, {"w.bin", "9223372036854775807", "8"}, {"w.bin", "x", ""},
		{"link", "", ""}, {"dir", "", ""}, {"../" + filepath.Base(outside) + "/secret", "", ""}, {filepath.Join(outside, "secret"), "", ""}, {"", "", ""}} {
		if _, _, err := load(bad[0], bad[1], bad[2]); !errors.Is(err, ErrModel) {
			t.Errorf("%q: got %v, want a bad model", bad, err)
		}
	}
	if _, _, err := load("gone.bin", "", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a file that is not there", err)
	}
	if _, err := LoadONNX(filepath.Join(folder, "none.onnx")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a file that is not there", err)
	}
}

// A whole pipeline: text and numbers by name in, labels and probabilities out.
func TestScorePipeline(t *testing.T) {
	m, err := decodeONNX(pipelineModel(), nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := graph.CompileTable(m.Graph, graph.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := table.Features; len(f) != 2 || f[0].Name != "age" || f[0].Fill == nil || !math.IsNaN(*f[0].Fill) ||
		f[1].Name != "sex" || !slices.Contains(f[1].Categories, "male") || f[1].HasFillCategory {
		t.Fatalf("features %+v", f)
	}
	if !slices.Equal(table.Outputs.Labels, []string{"no", "yes"}) || len(table.Scores) != 2 || table.Label == nil || *table.Label != (graph.Place{}) {
		t.Fatalf("outputs %+v, scores %v, label %v", table.Outputs, table.Scores, table.Label)
	}
	in, out, faults := table.NewInputs(1), table.NewOutputs(1), nn.NewFaults(4)
	table.Numbers(0, in, nn.Numbers{F64: []float64{60, 0, 40, 50}, Valid: []byte{0b1101}, Factor: 1}, 4, faults)
	if faults.Missing[0] != 0b0010 || faults.OutOfRange[0]|faults.NotANumber[0] != 0 {
		t.Errorf("faults %+v", faults)
	}
	code := func(word string) int32 { return int32(slices.Index(table.Features[1].Categories, word)) }
	table.Codes(1, in, []int32{code("male"), code("female"), nn.CodeUnknown, code("male")}, 4, faults)
	if faults.Unknown[0] != 0b0100 {
		t.Errorf("faults %+v", faults)
	}
	ws := table.NewWorkspace()
	table.Run(ws, in, 1, out)
	// yes scores 1·(age − 50)/10 − 0.5·male − 0.25.
	for row, margin := range []float64{1 - 0.5 - 0.25, -0.25, -1 - 0.25, -0.75} {
		want := 1 / (1 + math.Exp(-margin))
		if got := float64(out[1].F32[lanes+row]); math.Abs(got-want) > 1e-6 {
			t.Errorf("row %d: p(yes) = %v, want %v", row, got, want)
		}
	}
	var labels []string
	for row := range 4 {
		labels = append(labels, ws.String(out[0].Str[row]))
	}
	if !slices.Equal(labels, []string{"yes", "no", "no", "no"}) {
		t.Errorf("labels %q", labels)
	}
}

func TestUnnamedColumns(t *testing.T) {
	m, err := decodeONNX(denseModel(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var need *graph.ColumnsError
	if _, err := graph.CompileTable(m.Graph, graph.Options{}, nil); !errors.As(err, &need) || need.Need != 3 {
		t.Errorf("got %v, want three columns to be named", err)
	}
	m, err = decodeONNX(message(denseModel()).bytes(14, message{}.text(1, "feature_names").text(2, `["a", "b, c", "d"]`)), nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := graph.CompileTable(m.Graph, graph.Options{}, m.Columns)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range table.Features {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"a", "b, c", "d"}) {
		t.Errorf("features %q", names)
	}
}

// An initializer that is an input too is a constant; the name of a faulty
// file, and only that, stands in its errors.
func TestInitializerIsInput(t *testing.T) {
	data := onnxModel(18, message{}.
		bytes(1, onnxNode("", "Add", []string{"x", "w"}, []string{"y"})).
		bytes(5, onnxFloats("w", []int64{2}, 1, 2)).
		bytes(11, onnxValue("x", 1, -1, 2)).bytes(11, onnxValue("w", 1, 2)).
		bytes(12, onnxValue("y", 1, -1, 2)))
	m, err := decodeONNX(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if y, err := run(m, 10, 20); err != nil || !slices.Equal(y, []float32{11, 22}) {
		t.Errorf("got %v, %v", y, err)
	}
}

func TestUnsupportedNodesAllAtOnce(t *testing.T) {
	m, err := decodeONNX(onnxModel(18, message{}.
		bytes(1, onnxNode("", "Conv", []string{"x"}, []string{"a"})).
		bytes(1, onnxNode("", "Relu", []string{"a"}, []string{"b"})).
		bytes(1, onnxNode("", "Loop", []string{"b"}, []string{"c"})).
		bytes(1, onnxNode("", "ReduceMax", []string{"x"}, []string{"d"})).
		bytes(11, onnxValue("x", 1, -1, 2)).
		bytes(12, onnxValue("c", 1, -1, 2)).bytes(12, onnxValue("d", 1))), nil)
	if err != nil {
		t.Fatal(err)
	}
	var u *graph.UnsupportedError
	if _, err = graph.Compile(m.Graph, graph.Options{}); !errors.As(err, &u) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, p := range u.Parts {
		got = append(got, p.Node)
	}
	if want := []string{"Conv a", "Loop c", "ReduceMax d"}; !slices.Equal(got, want) {
		t.Errorf("refused %q, want %q: %v", got, want, err)
	}
	if !bytes.Contains([]byte(fmt.Sprint(err)), []byte("mixes rows")) {
		t.Errorf("%v does not say that rows are mixed", err)
	}
}
