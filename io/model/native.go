package model

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"yhat/nn"
)

const (
	nativeFamily = "yhat/"
	nativeFormat = nativeFamily + "1"
)

// The keys of the native format.
const (
	modelKeys    = "format, name, features, layers, outputs, provenance"
	featureKeys  = "name, unit, fill, center, scale, min, max, categories, unknown, profile"
	layerKeys    = "name, activation, alpha, beta, weights, bias"
	outputsKeys  = "names, labels, threshold, profiles"
	locationKeys = "file, tensor"
)

// native is a native model file on its way to a model.
type native struct {
	*strict
	format  string
	model   *nn.Model
	layers  []nativeLayer
	beside  *beside
	weights int // parameters so far
}

// nativeLayer is what a layer needs besides its place in the model until all
// shapes are known.
type nativeLayer struct {
	weights, bias *location // nil: inline
	ragged        int       // the first row of weights whose length is not row 0's, 0: none
	raggedLen     int
}

// location names a tensor in a file beside the model.
type location struct{ file, tensor string }

// decodeNative reads the text of a native model file.
func decodeNative(text []byte, b *beside) (*nn.Model, error) {
	d := &native{strict: newStrict(text), model: &nn.Model{}, beside: b}
	if err := d.decode(); err != nil {
		return nil, d.elder(err)
	}
	if err := d.shapes(); err != nil {
		return nil, err
	}
	if err := check(d.model); err != nil {
		return nil, err
	}
	return d.model, nil
}

func (d *native) decode() error {
	seen := map[string]bool{}
	err := d.object(modelKeys, func(key string) (err error) {
		seen[key] = true
		switch key {
		case "format":
			return d.readFormat()
		case "name":
			d.model.Name, err = d.word()
		case "features":
			return d.array(d.readFeature)
		case "layers":
			return d.array(d.readLayer)
		case "outputs":
			return d.readOutputs()
		case "provenance":
			return d.object("", d.readNote)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"format", "features", "layers"} {
		if !seen[key] {
			return faultf(key, "missing")
		}
	}
	return d.end()
}

// readNote reads a word of the provenance.
func (d *native) readNote(key string) error {
	value, err := d.word()
	d.model.Provenance = append(d.model.Provenance, nn.Note{Key: key, Value: value})
	return err
}

func (d *native) readFormat() error {
	format, err := d.word()
	if err != nil {
		return err
	}
	d.format = format
	if format == nativeFormat {
		return nil
	}
	if number, ok := strings.CutPrefix(format, nativeFamily); ok && isIndex(number) && number[0] != '0' {
		return d.fault("", "%.20q is newer than this version of yhat, which reads %q", format, nativeFormat)
	}
	return d.fault("", "%.20q, want %q", format, nativeFormat)
}

// elder prefers a wrong format to a fault before the format was read, which
// may well come of it.
func (d *native) elder(err error) error {
	var fault *Error
	if d.format != "" || !errors.As(err, &fault) || fault.Line > 0 {
		return err
	}
	again := &native{strict: newStrict(d.text)}
	wrong := again.object("", func(key string) error {
		if key == "format" && again.dec.PeekKind() == jsontext.KindString {
			return again.readFormat()
		}
		return again.syntax(again.dec.SkipValue())
	})
	if errors.As(wrong, &fault) && fault.Line == 0 {
		return wrong
	}
	return err
}

func (d *native) readFeature(int) error {
	f := nn.Feature{Scale: 1}
	seen := map[string]bool{}
	numbers := map[string]*float64{"center": &f.Center, "scale": &f.Scale}
	err := d.object(featureKeys, func(key string) (err error) {
		seen[key] = true
		switch key {
		case "name":
			f.Name, err = d.word()
		case "unit":
			f.Unit, err = d.word()
		case "categories":
			f.Categories, err = d.words()
		case "unknown":
			return d.readUnknown(&f)
		case "fill":
			return d.readFill(&f)
		case "min":
			f.Min, err = d.pointer()
		case "max":
			f.Max, err = d.pointer()
		case "profile":
			f.Profile = &nn.Profile{}
			_, err = d.readProfile(f.Profile, profileKeys)
		default:
			*numbers[key], err = d.number()
		}
		return err
	})
	if err != nil {
		return err
	}
	d.model.Features = append(d.model.Features, f)
	return d.fits(&f, seen)
}

// fits makes sure that the keys of a feature go with its kind.
func (d *native) fits(f *nn.Feature, seen map[string]bool) error {
	if !seen["name"] {
		return d.fault(".name", "missing")
	}
	if !seen["categories"] {
		switch {
		case seen["unknown"]:
			return d.fault(".unknown", "only for features with categories")
		case f.HasFillCategory:
			return d.fault(".fill", "want a number, got a string")
		}
		return nil
	}
	for _, key := range []string{"center", "scale", "min", "max"} {
		if seen[key] {
			return d.fault("."+key, "only for numbers, not for features with categories")
		}
	}
	if len(f.Categories) == 0 {
		return d.fault(".categories", "none")
	}
	if f.Fill != nil {
		return d.fault(".fill", "want one of the categories, got a number")
	}
	return nil
}

func (d *native) pointer() (*float64, error) {
	x, err := d.number()
	return &x, err
}

func (d *native) readUnknown(f *nn.Feature) error {
	word, err := d.word()
	if err != nil {
		return err
	}
	if word != "error" && word != "zeros" {
		return d.fault("", "want \"error\" or \"zeros\"")
	}
	f.UnknownZeros = word == "zeros"
	return nil
}

func (d *native) readFill(f *nn.Feature) (err error) {
	if d.dec.PeekKind() == jsontext.KindString {
		f.HasFillCategory = true
		f.FillCategory, err = d.word()
		return err
	}
	f.Fill, err = d.pointer()
	return err
}

func (d *native) readOutputs() error {
	o := &d.model.Outputs
	return d.object(outputsKeys, func(key string) (err error) {
		switch key {
		case "names":
			o.Names, err = d.words()
		case "labels":
			o.Labels, err = d.words()
		case "threshold":
			o.Threshold, err = d.pointer()
		case "profiles":
			o.Profiles = []nn.Profile{}
			return d.array(func(int) error {
				var p nn.Profile
				_, err := d.readProfile(&p, profileKeys)
				o.Profiles = append(o.Profiles, p)
				return err
			})
		}
		return err
	})
}
