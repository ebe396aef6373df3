package model

import (
	"fmt"
	"io"
	"math"
	"os"

	"yhat/nn"
)

// A state_dict in safetensors is weights without a network. A small JSON beside
// it says what network they are of: features and outputs as in a native model,
// and layers by the prefix of their tensors:
//
//	{"linear": "net.0", "batch_norm": "net.1", "activation": "relu"}
//
// in the order in which they are applied, each part optional. Dropout is nothing
// when a network scores.
const (
	sequenceFormat = "yhat-layers/1"
	sequenceKeys   = "format, name, features, layers, outputs"
	stepKeys       = "name, linear, batch_norm, eps, activation, alpha, beta"
)

// sequence reads a layers file against its weights.
type sequence struct {
	*native
	weights *tensorFile
	file    string    // of the weights
	width   int       // of what goes in next
	next    nn.Layer  // the linear map so far, not yet a layer; W nil: none
	scale   []float64 // without a W: what each input is multiplied by; nil: 1
	shift   []float64 // and what is added then
}

// LoadStateDict reads a network of linear layers, batch normalisations and
// activations: its weights from a safetensors file of the names that torch
// gives them, the rest from a JSON of layers. What is linear between two
// activations becomes one layer, reckoned in float64. Faults are an *Error with
// their place in the JSON.
func LoadStateDict(layers, weights string) (*nn.Model, error) {
	f, err := os.Open(weights)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: weights, Err: fmt.Errorf("not a regular file")}
	}
	file, err := readTensorFile(f, info.Size())
	if err != nil {
		return nil, named(weights, err)
	}
	text, err := os.Open(layers)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	data, err := io.ReadAll(io.LimitReader(text, maxHeader))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", layers, err)
	}
	m, err := decodeSequence(data, file, weights)
	if err != nil {
		return nil, named(layers, err)
	}
	return m, nil
}

// decodeSequence reads the text of a layers file.
func decodeSequence(text []byte, weights *tensorFile, file string) (*nn.Model, error) {
	d := &sequence{native: &native{strict: newStrict(text), model: &nn.Model{}}, weights: weights, file: file}
	seen := map[string]bool{}
	err := d.object(sequenceKeys, func(key string) (err error) {
		seen[key] = true
		switch key {
		case "format":
			if format, err := d.word(); err != nil || format != sequenceFormat {
				return orFault(err, d.fault("", "%.20q, want %q", format, sequenceFormat))
			}
		case "name":
			d.model.Name, err = d.word()
		case "features":
			return d.array(d.readFeature)
		case "layers":
			if !seen["features"] {
				return d.fault("", "come before the features that go in")
			}
			return d.readSteps()
		case "outputs":
			return d.readOutputs()
		}
		return err
	})
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"format", "features", "layers"} {
		if !seen[key] {
			return nil, faultf(key, "missing")
		}
	}
	return d.model, check(d.model)
}

func orFault(err error, fault *Error) error {
	if err != nil {
		return err
	}
	return fault
}

// readSteps reads the layers; what is left without an activation is a layer of
// its own.
func (d *sequence) readSteps() error {
	d.width = d.model.InputWidth()
	if err := d.array(d.readStep); err != nil {
		return err
	}
	if d.next.W != nil || d.scale != nil {
		return d.finish(nn.Activation{})
	}
	return nil
}

// step is one entry of layers.
type step struct {
	layer             nn.Layer
	linear, batchNorm string
	eps               float64
	activates         bool
	alpha, beta       *float64
}

func (d *sequence) readStep(int) error {
	s := step{eps: 1e-5}
	err := d.object(stepKeys, func(key string) (err error) {
		switch key {
		case "name":
			s.layer.Name, err = d.word()
		case "linear":
			s.linear, err = d.prefix()
		case "batch_norm":
			s.batchNorm, err = d.prefix()
		case "eps":
			s.eps, err = d.number()
		case "activation":
			s.activates = true
			return d.readActivation(&s.layer)
		case "alpha":
			s.alpha, err = d.pointer()
		case "beta":
			s.beta, err = d.pointer()
		}
		return err
	})
	if err != nil {
		return err
	}
	if s.linear == "" && s.batchNorm == "" && !s.activates {
		return d.fault("", "want linear, batch_norm or activation")
	}
	if err := d.parameters(&s.layer.Activation, s.alpha, s.beta); err != nil {
		return err
	}
	if s.linear != "" {
		if err := d.linear(s.linear); err != nil {
			return err
		}
	}
	if s.batchNorm != "" {
		if err := d.batchNorm(s.batchNorm, s.eps); err != nil {
			return err
		}
	}
	if s.layer.Name != "" {
		d.next.Name = s.layer.Name
	}
	if s.activates {
		return d.finish(s.layer.Activation)
	}
	return nil
}

// prefix reads what the names of a layer's tensors begin with.
func (d *sequence) prefix() (string, error) {
	p, err := d.word()
	if err == nil && p == "" {
		err = d.fault("", "empty")
	}
	return p, err
}

// linear puts W a + b behind what is there: torch's Linear, whose weight is
// [out, in] and whose bias may be missing.
func (d *sequence) linear(prefix string) error {
	w, err := d.tensor(prefix + ".weight")
	if err != nil {
		return err
	}
	if len(w.shape) != 2 || w.shape[1] != d.width || w.shape[0] == 0 {
		return d.fault("", "tensor %.80q has shape %v, want units × %d", w.name, w.shape, d.width)
	}
	l := nn.Layer{Name: d.next.Name, In: d.width, Out: w.shape[0], B: make([]float64, w.shape[0])}
	if l.W, err = d.values(w); err != nil {
		return err
	}
	if d.weights.tensors[prefix+".bias"] != nil {
		if l.B, err = d.vector(prefix+".bias", l.Out); err != nil {
			return err
		}
	}
	d.behind(&l)
	d.next, d.width, d.scale, d.shift = l, l.Out, nil, nil
	return nil
}

// behind makes l reckon on what stood before the linear map so far.
func (d *sequence) behind(l *nn.Layer) {
	before := d.next
	if before.W == nil {
		for o := range l.Out {
			row := l.W[o*l.In : (o+1)*l.In]
			for i := range d.scale {
				l.B[o] += row[i] * d.shift[i]
				row[i] *= d.scale[i]
			}
		}
		return
	}
	w := make([]float64, l.Out*before.In)
	for o := range l.Out {
		for i, x := range l.W[o*l.In : (o+1)*l.In] {
			l.B[o] += x * before.B[i]
			for k, y := range before.W[i*before.In : (i+1)*before.In] {
				w[o*before.In+k] += x * y
			}
		}
	}
	l.W, l.In = w, before.In
}

// batchNorm puts γ (a − μ) / √(σ² + ε) + β behind what is there: torch's
// BatchNorm1d with its running statistics; γ and β may be missing.
func (d *sequence) batchNorm(prefix string, eps float64) error {
	mean, err := d.vector(prefix+".running_mean", d.width)
	if err != nil {
		return err
	}
	scale, err := d.vector(prefix+".running_var", d.width)
	if err != nil {
		return err
	}
	for i, v := range scale {
		if scale[i] = 1 / math.Sqrt(v+eps); !finite(scale[i]) {
			return d.fault("", "tensor %.80q and eps make no variance above 0", prefix+".running_var")
		}
	}
	shift := make([]float64, d.width)
	for name, apply := range map[string]func(i int, x float64){
		".weight": func(i int, x float64) { scale[i] *= x },
		".bias":   func(i int, x float64) { shift[i] += x },
	} {
		if d.weights.tensors[prefix+name] == nil {
			continue
		}
		list, err := d.vector(prefix+name, d.width)
		if err != nil {
			return err
		}
		for i, x := range list {
			apply(i, x)
		}
	}
	for i := range shift {
		shift[i] -= mean[i] * scale[i]
	}
	d.stretch(scale, shift)
	return nil
}

// stretch multiplies and shifts what is there.
func (d *sequence) stretch(scale, shift []float64) {
	switch l := &d.next; {
	case l.W != nil:
		for o := range l.Out {
			for i := range l.In {
				l.W[o*l.In+i] *= scale[o]
			}
			l.B[o] = scale[o]*l.B[o] + shift[o]
		}
	case d.scale != nil:
		for i := range scale {
			d.scale[i], d.shift[i] = d.scale[i]*scale[i], d.shift[i]*scale[i]+shift[i]
		}
	default:
		d.scale, d.shift = scale, shift
	}
}

// finish makes a layer of the linear map so far and an activation.
func (d *sequence) finish(a nn.Activation) error {
	l := d.next
	if l.W == nil {
		if err := d.count(d.width * d.width); err != nil {
			return err
		}
		l.In, l.Out, l.W, l.B = d.width, d.width, make([]float64, d.width*d.width), make([]float64, d.width)
		for i := range d.width {
			l.W[i*d.width+i] = 1
			if d.scale != nil {
				l.W[i*d.width+i], l.B[i] = d.scale[i], d.shift[i]
			}
		}
	}
	l.Activation = a
	d.model.Layers = append(d.model.Layers, l)
	d.next, d.scale, d.shift = nn.Layer{}, nil, nil
	return nil
}

// tensor finds a tensor of the weights.
func (d *sequence) tensor(name string) (*tensor, error) {
	if t := d.weights.tensors[name]; t != nil {
		return t, nil
	}
	return nil, d.fault("", "%s has no tensor %.80q", d.file, name)
}

func (d *sequence) vector(name string, n int) ([]float64, error) {
	t, err := d.tensor(name)
	if err != nil {
		return nil, err
	}
	if len(t.shape) != 1 || t.shape[0] != n {
		return nil, d.fault("", "tensor %.80q has shape %v, want [%d]", name, t.shape, n)
	}
	return d.values(t)
}

// values reads a tensor, which counts as part of the model.
func (d *sequence) values(t *tensor) ([]float64, error) {
	if err := d.count(t.count); err != nil {
		return nil, err
	}
	return t.read(place(d.dec.StackPointer()))
}
