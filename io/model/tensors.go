package model

import (
	"cmp"
	"os"
	"slices"
)

// Tensor is one array of numbers in a weights file.
type Tensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // as the file says: "F32"
	Shape []int  `json:"shape"`
	Count int    `json:"count"` // of its elements
}

// Tensors lists what a safetensors file holds, in the order of its bytes,
// without reading the data. Faults of the file are an *Error; fs.ErrNotExist
// and fs.ErrPermission pass through.
func Tensors(path string) ([]Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := readTensorFile(f, info.Size())
	if err != nil {
		return nil, named(path, err)
	}
	found := make([]*tensor, 0, len(file.tensors))
	for _, t := range file.tensors {
		found = append(found, t)
	}
	slices.SortFunc(found, func(a, b *tensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.name, b.name))
	})
	list := make([]Tensor, len(found))
	for i, t := range found {
		list[i] = Tensor{t.name, t.dtype, t.shape, t.count}
	}
	return list, nil
}
