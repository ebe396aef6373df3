package model

import (
	"math"
	"strings"

	"yhat/nn"
)

// check holds a model to the rules of the native format that need no file: the
// same for one that was read and one that is about to be written.
func check(m *nn.Model) error {
	if len(m.Features) == 0 {
		return faultf("features", "none")
	}
	if len(m.Layers) == 0 {
		return faultf("layers", "none")
	}
	if err := checkFeatures(m.Features); err != nil {
		return err
	}
	if err := checkLayers(m); err != nil {
		return err
	}
	if err := checkOutputs(&m.Outputs, m.OutputWidth()); err != nil {
		return err
	}
	return checkProfiles(m)
}

func checkFeatures(features []nn.Feature) error {
	names := map[string]int{}
	for i := range features {
		f, at := &features[i], "features"+index(i)
		if err := checkFeature(f, at); err != nil {
			return err
		}
		if first, ok := names[f.Name]; ok {
			return faultf(at+".name", "%.80q is the name of features[%d]", f.Name, first)
		}
		names[f.Name] = i
	}
	return nil
}

func checkFeature(f *nn.Feature, at string) error {
	if f.Name == "" {
		return faultf(at+".name", "empty")
	}
	if f.Categorical() {
		return checkCategories(f, at)
	}
	for _, x := range []struct {
		key   string
		value *float64
	}{{"fill", f.Fill}, {"center", &f.Center}, {"scale", &f.Scale}, {"min", f.Min}, {"max", f.Max}} {
		if x.value != nil && !finite(*x.value) {
			return faultf(at+"."+x.key, "not finite")
		}
	}
	if f.Scale == 0 {
		return faultf(at+".scale", "0: nothing can be divided by it")
	}
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		return faultf(at+".min", "%v is above max %v", *f.Min, *f.Max)
	}
	return nil
}

func checkCategories(f *nn.Feature, at string) error {
	seen := map[string]int{}
	for i, c := range f.Categories {
		if first, ok := seen[c]; ok {
			return faultf(at+".categories"+index(i), "%.80q is categories[%d] already", c, first)
		}
		if strings.TrimSpace(c) != c {
			return faultf(at+".categories"+index(i), "%.80q has spaces around it: cells are trimmed, so none could match", c)
		}
		seen[c] = i
	}
	if _, ok := seen[f.FillCategory]; f.HasFillCategory && !ok {
		return faultf(at+".fill", "%.80q is no category", f.FillCategory)
	}
	return nil
}

func checkLayers(m *nn.Model) error {
	width := m.InputWidth()
	names := map[string]int{}
	for i := range m.Layers {
		l, at := &m.Layers[i], "layers"+index(i)
		if first, ok := names[l.Name]; ok && l.Name != "" {
			return faultf(at+".name", "%.80q is the name of layers[%d]", l.Name, first)
		}
		names[l.Name] = i
		if err := checkWidth(l, width, at); err != nil {
			return err
		}
		if err := checkNumbers(l, at); err != nil {
			return err
		}
		width = l.Out
	}
	return nil
}

// checkWidth holds the shape of W to the width of what goes in.
func checkWidth(l *nn.Layer, width int, at string) error {
	if l.Out == 0 {
		return faultf(at+".weights", "no units")
	}
	if l.In != width {
		return faultf(at+".weights[0]", "%d numbers, want %d", l.In, width)
	}
	return nil
}

func checkNumbers(l *nn.Layer, at string) error {
	if len(l.W) != l.Out*l.In {
		return faultf(at+".weights", "%d numbers, want %d × %d", len(l.W), l.Out, l.In)
	}
	if len(l.B) != l.Out {
		return faultf(at+".bias", "%d numbers, want %d", len(l.B), l.Out)
	}
	if i := firstNonFinite(l.W); i >= 0 {
		return faultf(at+".weights"+index(i/l.In)+index(i%l.In), "not finite")
	}
	if i := firstNonFinite(l.B); i >= 0 {
		return faultf(at+".bias"+index(i), "not finite")
	}
	a := l.Activation
	switch {
	case !finite(a.Alpha):
		return faultf(at+".alpha", "not finite")
	case !finite(a.Beta):
		return faultf(at+".beta", "not finite")
	case a.Func == nn.CELU && a.Alpha == 0:
		return faultf(at+".alpha", "0: celu divides by it")
	}
	return nil
}

func checkOutputs(o *nn.Outputs, width int) error {
	if o.Names != nil {
		if len(o.Names) != width {
			return faultf("outputs.names", "%d names, want %d", len(o.Names), width)
		}
		if err := distinct(o.Names, "outputs.names"); err != nil {
			return err
		}
	}
	if o.Labels != nil {
		if n, want := len(o.Labels), max(2, width); n != want && n != width {
			return faultf("outputs.labels", "%d labels, want %d", n, want)
		}
		if err := distinct(o.Labels, "outputs.labels"); err != nil {
			return err
		}
	}
	if o.Threshold != nil {
		if width > 1 {
			return faultf("outputs.threshold", "only for a single output, not %d", width)
		}
		if !finite(*o.Threshold) {
			return faultf("outputs.threshold", "not finite")
		}
	}
	return nil
}

// distinct makes sure that words which become column names or labels can be
// told apart.
func distinct(words []string, at string) error {
	seen := map[string]int{}
	for i, w := range words {
		if w == "" {
			return faultf(at+index(i), "empty")
		}
		if first, ok := seen[w]; ok {
			return faultf(at+index(i), "%.80q is %s[%d] already", w, at, first)
		}
		seen[w] = i
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func firstNonFinite(list []float64) int {
	for i, x := range list {
		if !finite(x) {
			return i
		}
	}
	return -1
}
