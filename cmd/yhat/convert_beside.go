package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"yhat/io/model"
)

// encode writes a model's text and, where they go beside it, its weights. The
// text is written again where the name of their file turns out to be another
// one.
func (v *conversion) encode(c *converted, beside bool, write func(out io.Writer) error) error {
	name := ""
	for {
		c.weights, c.beside = nil, ""
		if beside {
			c.weights = &model.Weights{File: filepath.Base(name)}
		}
		var out bytes.Buffer
		if err := write(&out); err != nil {
			return v.bad(err)
		}
		if c.content = out.Bytes(); !beside || c.weights.Empty() {
			return nil
		}
		free, there, err := v.besideName(c.weights)
		if !there {
			c.beside = free
		}
		if err != nil || free == name {
			return err
		}
		name = free
	}
}

// besideName is the file that weights go to: that of the model's name or, where
// others stand there, one that bears their digest. So no file of weights that a
// model may speak of ever changes, and a model that is written anew is the old
// one or the new one, whenever the machine stops. there says that the file
// holds these weights already.
func (v *conversion) besideName(weights *model.Weights) (path string, there bool, err error) {
	var text bytes.Buffer
	if err := weights.Encode(&text); err != nil {
		return "", false, v.bad(err)
	}
	sum := fileSum{int64(text.Len()), sumOf(text.Bytes())}
	stem := strings.TrimSuffix(v.output, filepath.Ext(v.output))
	for _, path = range []string{stem + ".safetensors", stem + "-" + sum.SHA256[:12] + ".safetensors"} {
		if _, err := os.Lstat(path); os.IsNotExist(err) {
			return path, false, nil
		}
		if there, err = sum.holds(context.Background(), path); there || err != nil {
			return path, there, err
		}
	}
	return path, false, nil
}
