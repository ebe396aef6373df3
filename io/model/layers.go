package model

import (
	"github.com/go-json-experiment/json/jsontext"

	"yhat/nn"
)

func (d *native) readLayer(int) error {
	l, extra := nn.Layer{}, nativeLayer{}
	seen := map[string]bool{}
	var alpha, beta *float64
	err := d.object(layerKeys, func(key string) (err error) {
		seen[key] = true
		switch key {
		case "name":
			l.Name, err = d.word()
		case "activation":
			return d.readActivation(&l)
		case "alpha":
			alpha, err = d.pointer()
		case "beta":
			beta, err = d.pointer()
		case "weights":
			return d.readWeights(&l, &extra)
		case "bias":
			return d.readBias(&l, &extra)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"activation", "weights", "bias"} {
		if !seen[key] {
			return d.fault("."+key, "missing")
		}
	}
	if err := d.parameters(&l.Activation, alpha, beta); err != nil {
		return err
	}
	d.model.Layers = append(d.model.Layers, l)
	d.layers = append(d.layers, extra)
	return nil
}

func (d *native) readActivation(l *nn.Layer) error {
	name, err := d.word()
	if err != nil {
		return err
	}
	f, ok := nn.ParseFunc(name)
	if !ok {
		return d.fault("", "unknown activation %.40q", name)
	}
	l.Activation = f.Default()
	return nil
}

// parameters puts alpha and beta where the function has them.
func (d *native) parameters(a *nn.Activation, alpha, beta *float64) error {
	takesAlpha, takesBeta := a.Func.Parameters()
	switch {
	case alpha != nil && !takesAlpha:
		return d.fault(".alpha", "%s has no alpha", a.Func)
	case beta != nil && !takesBeta:
		return d.fault(".beta", "%s has no beta", a.Func)
	}
	if alpha != nil {
		a.Alpha = *alpha
	}
	if beta != nil {
		a.Beta = *beta
	}
	return nil
}

// readWeights reads rows of numbers, or where they are. All rows go into one
// slice; a row of another length than the first is remembered until it is
// known what the length must be.
func (d *native) readWeights(l *nn.Layer, extra *nativeLayer) (err error) {
	if d.dec.PeekKind() == jsontext.KindBeginObject {
		extra.weights, err = d.readLocation()
		return err
	}
	return d.array(func(i int) error {
		before := len(l.W)
		if l.W, err = d.numbers(l.W); err != nil {
			return err
		}
		n := len(l.W) - before
		switch {
		case i == 0:
			l.In = n
		case n != l.In && extra.ragged == 0:
			extra.ragged, extra.raggedLen = i, n
		}
		l.Out++
		return d.count(n)
	})
}

func (d *native) readBias(l *nn.Layer, extra *nativeLayer) (err error) {
	if d.dec.PeekKind() == jsontext.KindBeginObject {
		extra.bias, err = d.readLocation()
		return err
	}
	if l.B, err = d.numbers(nil); err != nil {
		return err
	}
	return d.count(len(l.B))
}

// count holds the model to maxParameters.
func (d *native) count(n int) error {
	d.weights += n
	if d.weights > maxParameters {
		return faultf("layers", "more than %d weights in all", maxParameters)
	}
	return nil
}

func (d *native) readLocation() (*location, error) {
	var at location
	err := d.object(locationKeys, func(key string) (err error) {
		if key == "file" {
			at.file, err = d.word()
		} else {
			at.tensor, err = d.word()
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case at.file == "":
		return nil, d.fault(".file", "missing")
	case at.tensor == "":
		return nil, d.fault(".tensor", "missing")
	}
	return &at, nil
}

// shapes holds every layer to the width of what goes in, reading the weights
// beside the model once their shape is known to be right.
func (d *native) shapes() error {
	width := d.model.InputWidth()
	for i := range d.model.Layers {
		l, extra := &d.model.Layers[i], &d.layers[i]
		at := "layers" + index(i)
		if extra.weights != nil {
			if err := d.fetchWeights(l, extra.weights, width, at+".weights"); err != nil {
				return err
			}
		}
		if err := checkWidth(l, width, at); err != nil {
			return err
		}
		if extra.ragged > 0 {
			return faultf(at+".weights"+index(extra.ragged), "%d numbers, want %d", extra.raggedLen, width)
		}
		if extra.bias != nil {
			if err := d.fetchBias(l, extra.bias, at+".bias"); err != nil {
				return err
			}
		}
		width = l.Out
	}
	return nil
}

func (d *native) fetchWeights(l *nn.Layer, from *location, width int, at string) error {
	t, err := d.beside.find(from, at)
	if err != nil {
		return err
	}
	if len(t.shape) != 2 || t.shape[1] != width || t.shape[0] == 0 {
		return faultf(at, "tensor %.80q of %s has shape %v, want units × %d", from.tensor, from.file, t.shape, width)
	}
	if err := d.count(t.count); err != nil {
		return err
	}
	l.Out, l.In = t.shape[0], width
	l.W, err = t.read(at)
	return err
}

func (d *native) fetchBias(l *nn.Layer, from *location, at string) error {
	t, err := d.beside.find(from, at)
	if err != nil {
		return err
	}
	if len(t.shape) != 1 || t.shape[0] != l.Out {
		return faultf(at, "tensor %.80q of %s has shape %v, want [%d]", from.tensor, from.file, t.shape, l.Out)
	}
	if err := d.count(t.count); err != nil {
		return err
	}
	l.B, err = t.read(at)
	return err
}
