package model

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every fault is named with its exact place. A case changes the first
// occurrence of one piece of the small model.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		// syntax
		{small, ``, `empty file`},
		{small, `[]`, `want an object, got an array`},
		{`"sex",`, `"sex"`, `line 6, column 20: features[1]: invalid character '"' after object value (expecting ',' or '}')`},
		{`"small",`, `"small", ` + "\n" + `"name": "é",`, `line 4, column 1: name: duplicate object member name`},
		{`"name": "x",`, `"name": "x", "name": "x",`, `line 5, column 19: features[0].name: duplicate object member name`},
		{"0.25}\n}", "0.25}\n", `line 14, column 1: the file ends in the middle`},
		{"0.25}\n}", "0.25}\n} {}", `line 13, column 3: data after the end of the object`},
		{"0.25}\n}", "0.25}\n}\n\n  x", `line 15, column 3: invalid character 'x' at start of value`},
		{`[1, 2, 3]`, `[1, 2, NaN]`, `line 9, column 85: layers[0].weights[0][2]: invalid character 'N' at start of value`},
		{`[1, 2, 3]`, `[1, 02, 3]`, `line 9, column 83: layers[0].weights[0]: invalid character '2' after array element (expecting ',' or ']')`},
		{`"sex"`, "\"s\xffx\"", `line 6, column 16: features[1].name: invalid UTF-8`},
		// format
		{`"yhat/1"`, `"yhat/2"`, `format: "yhat/2" is newer than this version of yhat, which reads "yhat/1"`},
		{`"yhat/1"`, `"onnx"`, `format: "onnx", want "yhat/1"`},
		{`"yhat/1"`, `1`, `format: want a string, got a number`},
		{`"format": "yhat/1",`, ``, `format: missing`},
		{small, `{"layer": 1, "format": "yhat/10"}`, `format: "yhat/10" is newer than this version of yhat, which reads "yhat/1"`},
		{small, `{"format": "yhat/1"}`, `features: missing`},
		{small, `{"format": "yhat/1", "features": []}`, `layers: missing`},
		{`"name": "small"`, `"title": "small"`, `unknown key "title" (known: format, name, features, layers, outputs, provenance)`},
		{`"name": "small"`, `"Name": "small"`, `unknown key "Name" (known: format, name, features, layers, outputs, provenance)`},
		{`"name": "small"`, `"name": null`, `name: want a string, got null`},
		{`"name": "small"`, `"name": "small", "provenance": "me"`, `provenance: want an object, got a string`},
		{`"name": "small"`, `"name": "small", "provenance": {"seed": 1}`, `provenance.seed: want a string, got a number`},
		// features
		{`"unit": "kg"`, `"units": "kg"`, `features[0]: unknown key "units" (known: name, unit, fill, center, scale, min, max, categories, unknown, profile)`},
		{`{"name": "x", `, `{`, `features[0].name: missing`},
		{`"name": "x"`, `"name": ""`, `features[0].name: empty`},
		{`"name": "sex"`, `"name": "x"`, `features[1].name: "x" is the name of features[0]`},
		{`"scale": 2`, `"scale": 0`, `features[0].scale: 0: nothing can be divided by it`},
		{`"scale": 2`, `"scale": 1e999`, `features[0].scale: number beyond float64`},
		{`"scale": 2`, `"scale": "2"`, `features[0].scale: want a number, got a string`},
		{`"min": 0`, `"min": 11`, `features[0].min: 11 is above max 10`},
		{`"fill": 1.5`, `"fill": "x"`, `features[0].fill: want a number, got a string`},
		{`"fill": 1.5`, `"fill": true`, `features[0].fill: want a number, got true or false`},
		{`"unit": "kg"`, `"unknown": "zeros"`, `features[0].unknown: only for features with categories`},
		{`"fill": "male"`, `"fill": 1`, `features[1].fill: want one of the categories, got a number`},
		{`"fill": "male"`, `"fill": "other"`, `features[1].fill: "other" is no category`},
		{`"fill": "male"`, `"scale": 2`, `features[1].scale: only for numbers, not for features with categories`},
		{`"zeros"`, `"nought"`, `features[1].unknown: want "error" or "zeros"`},
		{`["female", "male"]`, `[]`, `features[1].categories: none`},
		{`["female", "male"]`, `["male", "male"]`, `features[1].categories[1]: "male" is categories[0] already`},
		{`["female", "male"]`, `["female ", "male"]`, `features[1].categories[0]: "female " has spaces around it: cells are trimmed, so none could match`},
		{`["female", "male"]`, `["female", 1]`, `features[1].categories[1]: want a string, got a number`},
		// layers
		{`"bias": [-1]`, `"biases": [-1]`, `layers[1]: unknown key "biases" (known: name, activation, alpha, beta, weights, bias)`},
		{`, "bias": [-1]`, ``, `layers[1].bias: missing`},
		{`"activation": "sigmoid", `, ``, `layers[1].activation: missing`},
		{`"weights": [[0.1, 1e300]], `, ``, `layers[1].weights: missing`},
		{`"sigmoid"`, `"logistic"`, `layers[1].activation: unknown activation "logistic"`},
		{`"sigmoid"`, `"sigmoid", "alpha": 1`, `layers[1].alpha: sigmoid has no alpha`},
		{`"alpha": 0.2`, `"beta": 0.2`, `layers[0].beta: leaky_relu has no beta`},
		{`"leaky_relu", "alpha": 0.2`, `"celu", "alpha": 0`, `layers[0].alpha: 0: celu divides by it`},
		{`"name": "out"`, `"name": "hidden"`, `layers[1].name: "hidden" is the name of layers[0]`},
		{`[0.1, 1e300]`, `[0.1]`, `layers[1].weights[0]: 1 numbers, want 2`},
		{`[-4, 5e-3, 6]`, `[-4, 5e-3]`, `layers[0].weights[1]: 2 numbers, want 3`},
		{`[-4, 5e-3, 6]`, `[]`, `layers[0].weights[1]: 0 numbers, want 3`},
		{`[[1, 2, 3], [-4, 5e-3, 6]]`, `[]`, `layers[0].weights: no units`},
		{`[[1, 2, 3], [-4, 5e-3, 6]]`, `[1, 2, 3]`, `layers[0].weights[0]: want an array, got a number`},
		{`[[1, 2, 3], [-4, 5e-3, 6]]`, `7`, `layers[0].weights: want an array, got a number`},
		{`[-4, 5e-3, 6]`, `[-4, "5", 6]`, `layers[0].weights[1][1]: want a number, got a string`},
		{`[-4, 5e-3, 6]`, `[-4, 5e-3, [6]]`, `layers[0].weights[1][2]: want a number, got an array`},
		{`[-4, 5e-3, 6]`, `[-4, 5e-3, -1e309]`, `layers[0].weights[1][2]: number beyond float64`},
		{`[0.5, -0]`, `[0.5]`, `layers[0].bias: 1 numbers, want 2`},
		{`[0.5, -0]`, `[0.5, null]`, `layers[0].bias[1]: want a number, got null`},
		{`[[0.1, 1e300]]`, `{"file": "w.safetensors"}`, `layers[1].weights.tensor: missing`},
		{`[[0.1, 1e300]]`, `{"file": "w.safetensors", "tensor": "w", "offset": 1}`, `layers[1].weights: unknown key "offset" (known: file, tensor)`},
		// outputs
		{`"threshold"`, `"cutoff"`, `outputs: unknown key "cutoff" (known: names, labels, threshold, profiles)`},
		{`["y"]`, `["y", "z"]`, `outputs.names: 2 names, want 1`},
		{`["y"]`, `[]`, `outputs.names: 0 names, want 1`},
		{`["y"]`, `[""]`, `outputs.names[0]: empty`},
		{`["no", "yes"]`, `["no", "yes", "perhaps"]`, `outputs.labels: 3 labels, want 2`},
		{`["no", "yes"]`, `["yes", "yes"]`, `outputs.labels[1]: "yes" is outputs.labels[0] already`},
		{`0.25`, `"0.25"`, `outputs.threshold: want a number, got a string`},
		{`[[0.1, 1e300]], "bias": [-1]`, `[[0.1, 1e300], [1, 2]], "bias": [-1, 1]`, `outputs.names: 1 names, want 2`},
		{`[[0.1, 1e300]], "bias": [-1]}
  ],
  "outputs": {"names": ["y"], `, `[[0.1, 1e300], [1, 2]], "bias": [-1, 1]}
  ],
  "outputs": {`, `outputs.threshold: only for a single output, not 2`},
	} {
		if !strings.Contains(small, c.old) {
			t.Fatalf("the small model has no %s", c.old)
		}
		path := write(t, t.TempDir(), "heart.json", strings.Replace(small, c.old, c.new, 1))
		_, err := Load(path)
		if err == nil || err.Error() != path+": "+c.want {
			t.Errorf("%s\n got %v\nwant %s", c.new, err, path+": "+c.want)
		}
		if !errors.Is(err, ErrModel) {
			t.Errorf("%v is no ErrModel", err)
		}
	}
}

func TestTooDeep(t *testing.T) {
	text := strings.Replace(small, `[1, 2, 3]`, strings.Repeat("[", 1<<20), 1)
	if _, err := decodeNative([]byte(text), &beside{}); !errors.Is(err, ErrModel) {
		t.Errorf("got %v, want ErrModel", err)
	}
}

func FuzzNative(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"format": "yhat/2"}`))
	f.Add([]byte(strings.Replace(small, `[1, 2, 3]`, `{"file": "a", "tensor": "b"}`, 1)))
	f.Add([]byte(strings.Replace(small, `[1, 2, 3]`, "[[[[1,\t-2.5E+3", 1)))
	f.Add([]byte(profiled))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeNative(text, &beside{})
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Fatalf("%v is no ErrModel", err)
			}
			return
		}
		path := filepath.Join(t.TempDir(), "m.json")
		if err := Save(path, m); err != nil {
			t.Fatal(err)
		}
		first, _ := os.ReadFile(path)
		again, err := LoadNative(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := Save(path, again.Model); err != nil {
			t.Fatal(err)
		}
		if second, _ := os.ReadFile(path); string(second) != string(first) {
			t.Fatalf("written, read and written again:\n%s\n%s", first, second)
		}
	})
}
