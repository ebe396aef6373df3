package model

import (
	"errors"
	"strconv"

	"yhat/nn"
	"yhat/nn/graph"
)

// The metadata of graphs that Lower makes: the features and the outputs as a
// native file has them, so that units, bounds, names and the threshold are not
// lost; profiles are. Columns reads the first, as other programs write it too.
const (
	metaNames    = "feature_names"
	metaFeatures = "yhat.features"
	metaOutputs  = "yhat.outputs"
	metaWidth    = "yhat.width" // of the last layer
)

// Lower writes a model as a graph of ONNX operators with its words as metadata.
// A model that Load would refuse is refused here too.
func Lower(m *nn.Model) (*graph.Graph, error) {
	if err := check(m); err != nil {
		return nil, err
	}
	g := graph.FromModel(m)
	var names, features, outputs encoder
	list := make([]string, len(m.Features))
	features.text("[")
	for i, f := range m.Features {
		list[i], f.Profile = f.Name, nil
		features.text(separator(i)).feature(&f)
	}
	features.text("]")
	names.words(list)
	g.Metadata[metaNames], g.Metadata[metaFeatures] = string(names.out), string(features.out)
	told := m.Outputs
	told.Profiles = nil
	outputs.outputs(&told)
	g.Metadata[metaOutputs], g.Metadata[metaWidth] = string(outputs.out), strconv.Itoa(m.OutputWidth())
	for _, e := range []*encoder{&names, &features, &outputs} {
		if e.err != nil {
			return nil, &Error{Err: e.err}
		}
	}
	return g, nil
}

// told reads back what Lower wrote beside a graph; a graph of another maker has
// no such words. Faults are an *Error with the place in the metadata.
func (m *ONNX) told() error {
	told := m.Metadata
	if told[metaFeatures] == "" || told[metaOutputs] == "" {
		return nil
	}
	width, err := strconv.Atoi(told[metaWidth])
	if err != nil || width < 1 {
		return faultf("metadata "+metaWidth, "not a number of outputs")
	}
	w := &nn.Model{}
	features := &native{strict: newStrict([]byte(told[metaFeatures])), model: w}
	if err := features.whole(func() error { return features.array(features.readFeature) }); err != nil {
		return inMetadata(metaFeatures, err)
	}
	outputs := &native{strict: newStrict([]byte(told[metaOutputs])), model: w}
	if err := outputs.whole(outputs.readOutputs); err != nil {
		return inMetadata(metaOutputs, err)
	}
	if err := checkFeatures(w.Features); err != nil {
		return inMetadata(metaFeatures, err)
	}
	w.Outputs.Profiles = nil
	for i := range w.Features {
		w.Features[i].Profile = nil
	}
	m.Words = &graph.Words{Features: w.Features, Outputs: w.Outputs, Width: width}
	if err := checkOutputs(&w.Outputs, width); err != nil {
		return inMetadata(metaOutputs, err)
	}
	return nil
}

// whole reads a text with nothing behind what read takes.
func (d *native) whole(read func() error) error {
	if err := read(); err != nil {
		return err
	}
	return d.end()
}

func inMetadata(key string, err error) error {
	var fault *Error
	if errors.As(err, &fault) {
		fault.Place, fault.Line = "metadata "+key+" "+fault.Place, 0
	}
	return err
}
