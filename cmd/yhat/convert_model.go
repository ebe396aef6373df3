package main

import (
	"bytes"
	"errors"
	"fmt"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/graph"
)

// toONNX writes a native model as ONNX, reads the bytes as anybody would, and
// scores with both.
func (v *conversion) toONNX() (*converted, error) {
	m, err := model.LoadNative(v.input)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	g, err := model.Lower(m.Model)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	var out bytes.Buffer
	if err := model.EncodeONNX(&out, g); err != nil {
		return nil, err
	}
	read, err := model.DecodeONNX(out.Bytes())
	if err != nil {
		return nil, err
	}
	t, err := read.Table(graph.Options{Kernel: v.kernel}, nil)
	if err != nil {
		return nil, err
	}
	found, err := v.compare(m.Model, t)
	return &converted{out.Bytes(), count(int64(len(g.Nodes))) + " nodes", found}, err
}

// toNative writes an ONNX model as layers.
func (v *conversion) toNative() (*converted, error) {
	read, err := model.LoadONNX(v.input)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	columns := v.columns
	if len(columns) == 0 {
		columns = read.Columns
	}
	t, err := read.Table(graph.Options{Kernel: v.kernel}, columns)
	if err != nil {
		return nil, v.bad(err)
	}
	m, err := t.Chain()
	if err != nil {
		return nil, v.bad(err)
	}
	var out bytes.Buffer
	if err := model.Encode(&out, m); err != nil {
		return nil, v.bad(err)
	}
	found, err := v.compare(m, t)
	if err != nil {
		return nil, v.bad(err)
	}
	return &converted{out.Bytes(), fmt.Sprintf("%d layers", len(m.Layers)), found}, nil
}

// bad is a fault of the model that was read. Columns without names are one that
// a flag mends.
func (v *conversion) bad(err error) error {
	if _, ok := errors.AsType[*graph.ColumnsError](err); ok {
		return fmt.Errorf("%w: %s: %w; --features says them", table.ErrUsage, v.input, err)
	}
	return &model.Error{File: v.input, Err: err}
}

// compare scores made-up rows with layers and with a graph. The graph of a
// classifier of two may give both probabilities; the second counts.
func (v *conversion) compare(m *nn.Model, t *graph.Table) (graph.Agreement, error) {
	if m.OutputWidth() == 1 && len(t.Scores) == 2 {
		one := *t
		one.Scores = t.Scores[1:]
		t = &one
	}
	ours, err := graph.NetworkScorer(m, v.kernel)
	if err != nil {
		return graph.Agreement{}, err
	}
	return graph.Agree(ours, graph.TableScorer(t), convertRows, convertSeed)
}
