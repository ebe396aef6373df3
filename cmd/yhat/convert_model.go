package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/graph"
	"yhat/pipeline"
)

// converted is a model in its new form.
type converted struct {
	content []byte
	weights *model.Weights // beside it; nil or empty: none
	beside  string         // the file that these are to be written to, "" if it is there already
	what    string         // "3 layers", for people
	found   graph.Agreement
}

// convert writes the model that was read in the new format, reads that again as
// anybody would, and scores with both.
func (v *conversion) convert(f *model.File) (*converted, error) {
	switch {
	case modelKind(v.output) == ".onnx" && f.Native != nil:
		return v.lower(f.Native.Model)
	case modelKind(v.output) == ".onnx":
		return v.toONNX(f.ONNX.Graph)
	case f.Native != nil && v.as != "graph":
		return v.layers(f.Native.Model, func(m *nn.Model) (*graph.Scorer, error) { return graph.NetworkScorer(f.Native.Model, v.kernel) })
	case f.Native != nil:
		return v.layersAsGraph(f.Native.Model)
	}
	return v.toNative(f.ONNX.Graph)
}

// layersAsGraph writes a model of layers as a graph in the native manner.
func (v *conversion) layersAsGraph(m *nn.Model) (*converted, error) {
	g, err := model.Lower(m)
	if err != nil {
		return nil, v.bad(err)
	}
	old, err := graph.NetworkScorer(m, v.kernel)
	if err != nil {
		return nil, v.bad(err)
	}
	return v.graph(g, old)
}

// lower writes a model of layers as ONNX.
func (v *conversion) lower(m *nn.Model) (*converted, error) {
	g, err := model.Lower(m)
	if err != nil {
		return nil, v.bad(err)
	}
	c, read, err := v.encodeONNX(g)
	if err != nil {
		return nil, err
	}
	c.found, err = v.compare(m, read)
	return c, err
}

// toONNX writes a graph as ONNX.
func (v *conversion) toONNX(g *graph.Graph) (*converted, error) {
	t, err := v.table(g)
	if err != nil {
		return nil, err
	}
	c, read, err := v.encodeONNX(g)
	if err != nil {
		return nil, err
	}
	c.found, err = graph.Agree(graph.TableScorer(t), graph.TableScorer(read), convertRows, convertSeed)
	return c, err
}

func (v *conversion) encodeONNX(g *graph.Graph) (*converted, *graph.Table, error) {
	var out bytes.Buffer
	if err := model.EncodeONNX(&out, g); err != nil {
		return nil, nil, v.bad(err)
	}
	read, err := model.DecodeONNX(out.Bytes())
	if err != nil {
		return nil, nil, err
	}
	t, err := v.table(read.Graph)
	return &converted{content: out.Bytes(), what: nodes(g)}, t, err
}

func nodes(g *graph.Graph) string { return count(int64(len(g.Nodes))) + " nodes" }

// toNative writes a graph as layers where it is a chain of them, else as a
// graph.
func (v *conversion) toNative(g *graph.Graph) (*converted, error) {
	t, err := v.table(g)
	if err != nil {
		return nil, err
	}
	m, err := t.Chain()
	_, none := errors.AsType[*graph.NotChainError](err)
	switch {
	case v.as == "graph" || none && v.as == "auto":
		return v.graph(g, graph.TableScorer(t))
	case err != nil:
		return nil, v.bad(err)
	}
	return v.layers(m, func(m *nn.Model) (*graph.Scorer, error) {
		one := *t
		if m.OutputWidth() == 1 && len(t.Scores) == 2 {
			one.Scores = t.Scores[1:] // both probabilities; the second counts
		}
		return graph.TableScorer(&one), nil
	})
}

// layers writes a model of layers in the native format.
func (v *conversion) layers(m *nn.Model, old func(m *nn.Model) (*graph.Scorer, error)) (*converted, error) {
	c := &converted{what: fmt.Sprintf("%d layers", len(m.Layers))}
	m, err := v.profiled(m)
	if err != nil {
		return nil, err
	}
	beside := v.weights == "beside" || v.weights == "auto" && m.Parameters() > manyParameters
	if err := v.encode(c, beside, func(out io.Writer) error { return model.EncodeBeside(out, m, c.weights) }); err != nil {
		return nil, err
	}
	ours, err := graph.NetworkScorer(m, v.kernel)
	if err != nil {
		return nil, v.bad(err)
	}
	theirs, err := old(m)
	if err != nil {
		return nil, v.bad(err)
	}
	if c.found, err = graph.Agree(ours, theirs, convertRows, convertSeed); err != nil {
		return nil, v.bad(err)
	}
	return c, nil
}

// profiled is a model with the profile of --with-profile, if there is one.
func (v *conversion) profiled(m *nn.Model) (*nn.Model, error) {
	if v.profile == "" {
		return m, nil
	}
	p, err := model.LoadProfiles(v.profile)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	with := *m
	return &with, pipeline.GiveProfile(&with, p)
}

// graph writes a graph in the native manner. It must score as old does.
func (v *conversion) graph(g *graph.Graph, old *graph.Scorer) (*converted, error) {
	if v.profile != "" {
		return nil, fmt.Errorf("%w: %s becomes a graph, which carries no profile; give it to score --profile", table.ErrUsage, v.input)
	}
	c := &converted{what: nodes(g)}
	if err := v.encode(c, v.weights != "inline", func(out io.Writer) error { return model.EncodeGraph(out, g, c.weights) }); err != nil {
		return nil, err
	}
	read, err := v.readGraph(c)
	if err != nil {
		return nil, err
	}
	again, err := v.table(read)
	if err != nil {
		return nil, err
	}
	c.found, err = graph.Agree(old, graph.TableScorer(again), convertRows, convertSeed)
	return c, err
}

// readGraph reads a new graph file, and the weights that are not yet beside it.
func (v *conversion) readGraph(c *converted) (*graph.Graph, error) {
	var weights bytes.Buffer
	if c.weights != nil {
		if err := c.weights.Encode(&weights); err != nil {
			return nil, v.bad(err)
		}
	}
	read, err := model.DecodeGraph(c.content, weights.Bytes())
	if err != nil {
		return nil, err
	}
	return read.Graph, nil
}

// table compiles a graph for tables.
func (v *conversion) table(g *graph.Graph) (*graph.Table, error) {
	columns := v.columns
	if len(columns) == 0 {
		columns = g.Columns
	}
	t, err := graph.CompileTable(g, graph.Options{Kernel: v.kernel}, columns)
	if err != nil {
		return nil, v.bad(err)
	}
	return t, nil
}

// bad is a fault of the model that was read. Columns without names are one that
// a flag mends.
func (v *conversion) bad(err error) error {
	if _, ok := errors.AsType[*graph.ColumnsError](err); ok {
		return fmt.Errorf("%w: %s: %w; --features says them", table.ErrUsage, v.input, err)
	}
	return &model.Error{File: v.input, Err: err}
}

// compare scores made-up rows with layers and with a graph.
func (v *conversion) compare(m *nn.Model, t *graph.Table) (graph.Agreement, error) {
	ours, err := graph.NetworkScorer(m, v.kernel)
	if err != nil {
		return graph.Agreement{}, err
	}
	return graph.Agree(ours, graph.TableScorer(t), convertRows, convertSeed)
}
