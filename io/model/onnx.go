package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"

	"yhat/nn/graph"
)

// ONNX is a model of an ONNX file: its graph, not yet compiled.
type ONNX struct {
	*graph.Graph
	Path string
	// SHA256 is the hex digest of the model file, followed by every file of
	// external data once, in the order in which the model names them.
	SHA256 string
	Beside []string // the files of weights that were read
	IR     int
	Opsets map[string]int // by domain, "" being ai.onnx
}

// The operator sets that are known. Each version of an operator keeps its
// meaning in later sets until it is changed, and these were looked through.
const (
	maxOpset   = 28
	maxMLOpset = 5
	maxONNX    = 2 << 30 // bytes: the most a protobuf message can have
)

// LoadONNX reads an ONNX file. Faults of the file are an *Error; a file that is
// not there keeps fs.ErrNotExist. The format is that of
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
func LoadONNX(path string) (*ONNX, error) {
	o, err := open(path)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return loadONNX(path, o.text)
}

// loadONNX reads an ONNX model and the data beside it.
func loadONNX(path string, r io.Reader) (*ONNX, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxONNX+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxONNX {
		return nil, &Error{File: path, Err: errors.New("more than 2 GiB")}
	}
	digest := sha256.New()
	digest.Write(data)
	b := &beside{folder: filepath.Dir(path), digest: digest}
	defer b.close()
	m, err := decodeONNX(data, b)
	if err != nil {
		return nil, &Error{File: path, Err: err}
	}
	m.Path, m.SHA256, m.Beside = path, hex.EncodeToString(digest.Sum(nil)), b.paths()
	return m, nil
}

// DecodeONNX reads an ONNX file's bytes, with no folder for external data.
func DecodeONNX(data []byte) (*ONNX, error) {
	m, err := decodeONNX(data, &beside{})
	if err != nil {
		return nil, &Error{Err: err}
	}
	return m, nil
}

// decodeONNX reads a ModelProto.
func decodeONNX(data []byte, b *beside) (*ONNX, error) {
	m := &ONNX{Graph: &graph.Graph{Metadata: map[string]string{}}, Opsets: map[string]int{}}
	var body []byte
	err := fields(data, func(v field) (err error) {
		switch v.num {
		case 1:
			m.IR = int(v.n)
		case 2:
			m.Producer = string(v.bytes) + m.Producer
		case 3:
			m.Producer += " " + string(v.bytes)
		case 7:
			body = v.bytes
		case 8:
			return m.opset(v.bytes)
		case 14:
			key, value, err := entry(v.bytes)
			m.Metadata[key] = value
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case body == nil:
		return nil, errors.New("not an ONNX model: it has no graph")
	}
	m.Columns = columnsOf(m.Metadata)
	d := &onnxGraph{ONNX: m, beside: b, files: map[string]*externalFile{}}
	if err := d.decode(body); err != nil {
		return nil, err
	}
	if err := m.known(); err != nil {
		return nil, err
	}
	return m, m.told()
}

// opset reads an OperatorSetIdProto.
func (m *ONNX) opset(message []byte) error {
	domain, version := "", 0
	err := fields(message, func(v field) error {
		switch v.num {
		case 1:
			domain = string(v.bytes)
		case 2:
			version = int(int64(v.n))
		}
		return nil
	})
	if domain == "ai.onnx" {
		domain = ""
	}
	m.Opsets[domain] = version
	return err
}

// known refuses operator sets that are newer than this program.
func (m *ONNX) known() error {
	for domain, newest := range map[string]int{"": maxOpset, "ai.onnx.ml": maxMLOpset} {
		if v, ok := m.Opsets[domain]; ok && (v < 1 || v > newest) {
			name := domain
			if name == "" {
				name = "ai.onnx"
			}
			return fmt.Errorf("operator set %s %d: versions 1 to %d are known", name, v, newest)
		}
	}
	return nil
}

// columnsOf are the names of columns that metadata tell, for inputs that are
// matrices: a JSON list, or names between commas, under feature_names,
// features, columns or input_columns. Nil if they tell none.
func columnsOf(metadata map[string]string) []string {
	for _, key := range []string{"feature_names", "features", "columns", "input_columns"} {
		text := strings.TrimSpace(metadata[key])
		if text == "" {
			continue
		}
		var list []string
		if json.Unmarshal([]byte(text), &list) == nil && len(list) > 0 {
			return list
		}
		list = strings.Split(text, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		return list
	}
	return nil
}

// entry reads a StringStringEntryProto.
func entry(message []byte) (key, value string, err error) {
	err = fields(message, func(v field) error {
		switch v.num {
		case 1:
			key = string(v.bytes)
		case 2:
			value = string(v.bytes)
		}
		return nil
	})
	return key, value, err
}
