package model

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"yhat/nn"
)

const profileFormat = "yhat-profile/1"

// The keys of profiles: in a model, and in a file of their own.
const (
	profileKeys      = "rows, missing, low, high, edges, counts, other"
	namedProfileKeys = "name, words, " + profileKeys
	profilesKeys     = "format, rows, features, outputs"
)

// maxEdges bounds the bins of a profile of numbers.
const maxEdges = 250

// maxProfileText bounds a file of profiles.
const maxProfileText = 64 << 20

// LoadProfiles reads a file of profiles, as EncodeProfiles writes it. Faults of
// the file are an *Error.
func LoadProfiles(path string) (*nn.Profiles, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(f), maxProfileText+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxProfileText {
		return nil, &Error{File: path, Err: fmt.Errorf("more than %d MiB of text", maxProfileText>>20)}
	}
	p, err := decodeProfiles(text)
	return p, named(path, err)
}

// decodeProfiles reads the text of a file of profiles.
func decodeProfiles(text []byte) (*nn.Profiles, error) {
	d := &native{strict: newStrict(text)}
	p := &nn.Profiles{}
	format := ""
	err := d.object(profilesKeys, func(key string) (err error) {
		switch key {
		case "format":
			if format, err = d.word(); err == nil && format != profileFormat {
				return d.fault("", "%.20q, want %q", format, profileFormat)
			}
		case "rows":
			p.Rows, err = d.count64()
		case "features":
			p.Features, err = d.readNamedProfiles()
		case "outputs":
			p.Outputs, err = d.readNamedProfiles()
		}
		return err
	})
	if err == nil && format == "" {
		err = faultf("format", "missing")
	}
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// readNamedProfiles reads a list of profiles, each with its column's name.
func (d *native) readNamedProfiles() ([]nn.NamedProfile, error) {
	var all []nn.NamedProfile
	seen := map[string]int{}
	err := d.array(func(i int) error {
		var p nn.NamedProfile
		name, err := d.readProfile(&p.Profile, namedProfileKeys)
		if err != nil {
			return err
		}
		if p.Name = name; name == "" {
			return d.fault(".name", "missing")
		}
		if first, ok := seen[name]; ok {
			return d.fault(".name", "%.80q is the name of %s already", name, index(first))
		}
		seen[name] = i
		if fault := checkProfile(&p.Profile, len(p.Words)); fault != nil {
			return d.fault("."+fault.Place, "%w", fault.Err)
		}
		all = append(all, p)
		return nil
	})
	return all, err
}

// readProfile reads one profile; what its numbers must be is for checkProfile.
func (d *native) readProfile(p *nn.Profile, keys string) (name string, err error) {
	err = d.object(keys, func(key string) (err error) {
		switch key {
		case "name":
			name, err = d.word()
		case "words":
			p.Categorical = true
			p.Words, err = d.words()
		case "rows":
			p.Rows, err = d.count64()
		case "missing":
			p.Missing, err = d.count64()
		case "other":
			p.Categorical = true
			p.Other, err = d.count64()
		case "low":
			p.Low, err = d.pointer()
		case "high":
			p.High, err = d.pointer()
		case "edges":
			p.Edges, err = d.numbers([]float64{})
		case "counts":
			p.Counts = []int64{}
			return d.array(func(int) error {
				n, err := d.count64()
				p.Counts = append(p.Counts, n)
				return err
			})
		}
		return err
	})
	return name, err
}

// count64 reads a number of rows.
func (d *native) count64() (int64, error) {
	x, err := d.number()
	if err != nil {
		return 0, err
	}
	if n := int64(x); x >= 0 && x < 1<<53 && float64(n) == x {
		return n, nil
	}
	return 0, d.fault("", "want a whole number of rows")
}

// checkProfile holds a profile to its own rules: of numbers, or of words, of
// which there are so many. The places of faults are below the profile.
func checkProfile(p *nn.Profile, words int) *Error {
	if !p.Categorical {
		words = len(p.Edges) + 1
	}
	switch {
	case p.Categorical && (len(p.Edges) > 0 || p.Low != nil || p.High != nil):
		return faultf("other", "words have no edges, low or high")
	case len(p.Edges) > maxEdges:
		return faultf("edges", "more than %d", maxEdges)
	case len(p.Counts) != words:
		return faultf("counts", "%d numbers, want %d", len(p.Counts), words)
	case p.Low != nil && p.High != nil && *p.Low >= *p.High:
		return faultf("low", "%v is not below high %v", *p.Low, *p.High)
	}
	for _, bound := range []*float64{p.Low, p.High} {
		if bound != nil && !finite(*bound) {
			return faultf("low", "not finite")
		}
	}
	if i := firstNonFinite(p.Edges); i >= 0 {
		return faultf("edges"+index(i), "not finite")
	}
	for i := range p.Edges {
		if i > 0 && p.Edges[i] <= p.Edges[i-1] {
			return faultf("edges"+index(i), "%v is not above %v", p.Edges[i], p.Edges[i-1])
		}
	}
	sum := p.Missing + p.Other
	for _, n := range p.Counts {
		if sum += n; sum < 0 {
			break
		}
	}
	if sum != p.Rows {
		return faultf("rows", "%d, but missing and counts make %d", p.Rows, sum)
	}
	return nil
}

// checkProfiles holds the profiles of a model to its features and outputs.
func checkProfiles(m *nn.Model) error {
	for i := range m.Features {
		f := &m.Features[i]
		if f.Profile == nil {
			continue
		}
		at := "features" + index(i) + ".profile"
		if f.Profile.Categorical != f.Categorical() {
			return faultf(at, "of %s, but the feature is one of %s", kindOf(f.Profile.Categorical), kindOf(f.Categorical()))
		}
		if fault := checkProfile(f.Profile, len(f.Categories)); fault != nil {
			return faultf(at+"."+fault.Place, "%w", fault.Err)
		}
	}
	o := &m.Outputs
	if n := len(o.Profiles); o.Profiles != nil && n != m.OutputWidth() {
		return faultf("outputs.profiles", "%d profiles, want %d", n, m.OutputWidth())
	}
	for i := range o.Profiles {
		fault := checkProfile(&o.Profiles[i], 0)
		if o.Profiles[i].Categorical {
			fault = faultf("other", "an output has no words")
		}
		if fault != nil {
			return faultf("outputs.profiles"+index(i)+"."+fault.Place, "%w", fault.Err)
		}
	}
	return nil
}

func kindOf(categorical bool) string {
	if categorical {
		return "words"
	}
	return "numbers"
}

// EncodeProfiles writes profiles, a column a line.
func EncodeProfiles(w io.Writer, p *nn.Profiles) error {
	e := &encoder{}
	e.text("{\n  \"format\": ").word(profileFormat)
	e.text(",\n  \"rows\": ").count(p.Rows)
	e.text(",\n  \"features\": ").namedProfiles(p.Features)
	if p.Outputs != nil {
		e.text(",\n  \"outputs\": ").namedProfiles(p.Outputs)
	}
	e.text("\n}\n")
	if e.err != nil {
		return fmt.Errorf("%w: %w", ErrModel, e.err)
	}
	_, err := w.Write(e.out)
	return err
}

func (e *encoder) namedProfiles(list []nn.NamedProfile) *encoder {
	e.text("[")
	for i := range list {
		e.text(separator(i) + "\n    {\"name\": ").word(list[i].Name).text(", ")
		e.profile(&list[i].Profile)
	}
	if len(list) > 0 {
		e.text("\n  ")
	}
	return e.text("]")
}

// profile writes what stands between the braces of a profile.
func (e *encoder) profile(p *nn.Profile) {
	e.text("\"rows\": ").count(p.Rows).text(", \"missing\": ").count(p.Missing)
	e.optional("low", p.Low)
	e.optional("high", p.High)
	if p.Words != nil {
		e.text(", \"words\": ").words(p.Words)
	}
	if p.Edges != nil {
		e.text(", \"edges\": ").numbers(p.Edges)
	}
	e.text(", \"counts\": [")
	for i, n := range p.Counts {
		if i > 0 {
			e.text(", ")
		}
		e.count(n)
	}
	e.text("]")
	if p.Categorical {
		e.text(", \"other\": ").count(p.Other)
	}
	e.text("}")
}

// profiles writes those of outputs, one a line.
func (e *encoder) profiles(list []nn.Profile) {
	e.text("[")
	for i := range list {
		e.text(separator(i) + "\n    {").profile(&list[i])
	}
	e.text("]")
}
