package model

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTensors(t *testing.T) {
	got, err := Tensors("../../fixtures/heart_beside.safetensors")
	if err != nil || len(got) == 0 {
		t.Fatal(got, err)
	}
	m, err := LoadNative("../../fixtures/heart_beside.json")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, tensor := range got {
		sum += tensor.Count
	}
	if sum != m.Parameters() {
		t.Errorf("%d elements, the model beside has %d parameters: %v", sum, m.Parameters(), got)
	}
	again, _ := Tensors("../../fixtures/heart_beside.safetensors")
	if d := cmp.Diff(got, again); d != "" {
		t.Error(d)
	}
}

func TestTensorsFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if _, err := Tensors(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Tensors(path); !errors.Is(err, ErrModel) {
		t.Error(err)
	}
}
