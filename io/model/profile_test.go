package model

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yhat/nn"
)

// profiled is the small model with the profiles of its rows.
var profiled = strings.NewReplacer(
	`"max": 10}`, `"max": 10, "profile": {"rows": 100, "missing": 10, "low": -1, "high": 9.5, "edges": [2.5, 5], "counts": [30, 40, 20]}}`,
	`"fill": "male"}`, `"fill": "male", "profile": {"rows": 100, "missing": 0, "counts": [60, 39], "other": 1}}`,
	`0.25}`, `0.25, "profiles": [{"rows": 90, "missing": 0, "counts": [90]}]}`).Replace(small)

func TestProfiles(t *testing.T) {
	m, err := decodeNative([]byte(profiled), &beside{})
	if err != nil {
		t.Fatal(err)
	}
	x, sex, y := m.Features[0].Profile, m.Features[1].Profile, m.Outputs.Profiles
	if *x.Low != -1 || *x.High != 9.5 || x.Counts[1] != 40 || x.Filled() != 90 || !sex.Categorical || sex.Other != 1 || y[0].Counts[0] != 90 {
		t.Errorf("%+v %+v %+v", x, sex, y)
	}
	var out bytes.Buffer
	if err := Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	again, err := decodeNative(out.Bytes(), &beside{})
	if diff := cmp.Diff(m, again); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestProfileFaults(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"low": -1`, `"least": -1`, `features[0].profile: unknown key "least" (known: rows, missing, low, high, edges, counts, other)`},
		{`"low": -1`, `"low": 10`, `features[0].profile.low: 10 is not below high 9.5`},
		{`"low": -1`, `"low": "-1"`, `features[0].profile.low: want a number, got a string`},
		{`[2.5, 5]`, `[5, 5]`, `features[0].profile.edges[1]: 5 is not above 5`},
		{`[2.5, 5]`, `[5]`, `features[0].profile.counts: 3 numbers, want 2`},
		{`[30, 40, 20]`, `[30, 40, 20.5]`, `features[0].profile.counts[2]: want a whole number of rows`},
		{`[30, 40, 20]`, `[30, -40, 100]`, `features[0].profile.counts[1]: want a whole number of rows`},
		{`[30, 40, 20]`, `[30, 40, 21]`, `features[0].profile.rows: 100, but missing and counts make 101`},
		{`"missing": 10`, `"missing": 10, "other": 0`, `features[0].profile: of words, but the feature is one of numbers`},
		{`[60, 39]`, `[60, 20, 19]`, `features[1].profile.counts: 3 numbers, want 2`},
		{`[60, 39]`, `[60, 39], "low": 1`, `features[1].profile.other: words have no edges, low or high`},
		{`, "other": 1`, ``, `features[1].profile: of numbers, but the feature is one of words`},
		{`"counts": [90]}`, `"counts": [90]}, {"rows": 0, "missing": 0, "counts": [0]}`, `outputs.profiles: 2 profiles, want 1`},
		{`"counts": [90]}`, `"counts": [], "other": 90}`, `outputs.profiles[0].other: an output has no words`},
		{`"counts": [90]}`, `"counts": [91]}`, `outputs.profiles[0].rows: 90, but missing and counts make 91`},
	} {
		if !strings.Contains(profiled, c.old) {
			t.Fatalf("the model has no %s", c.old)
		}
		_, err := decodeNative([]byte(strings.Replace(profiled, c.old, c.new, 1)), &beside{})
		if err == nil || err.Error() != c.want || !errors.Is(err, ErrModel) {
			t.Errorf("%s\n got %v\nwant %s", c.new, err, c.want)
		}
	}
}

const profileFile = `{
  "format": "yhat-profile/1",
  "rows": 100,
  "features": [
    {"name": "x", "rows": 100, "missing": 10, "low": -1, "high": 9.5, "edges": [2.5, 5], "counts": [30, 40, 20]},
    {"name": "sex", "rows": 100, "missing": 0, "words": ["female", "male"], "counts": [60, 39], "other": 1}
  ],
  "outputs": [
    {"name": "y", "rows": 90, "missing": 0, "counts": [90]}
  ]
}
`

func TestProfileFile(t *testing.T) {
	p, err := LoadProfiles(write(t, t.TempDir(), "p.json", profileFile))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := EncodeProfiles(&out, p); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(profileFile, out.String()); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct{ old, new, want string }{
		{`yhat-profile/1`, `yhat/1`, `format: "yhat/1", want "yhat-profile/1"`},
		{`"format": "yhat-profile/1",`, ``, `format: missing`},
		{`"rows": 100,` + "\n", `"rows": 1e20,`, `rows: want a whole number of rows`},
		{`"name": "sex", `, ``, `features[1].name: missing`},
		{`"name": "sex"`, `"name": "x"`, `features[1].name: "x" is the name of [0] already`},
		{`["female", "male"]`, `["female"]`, `features[1].counts: 2 numbers, want 1`},
		{`"low": -1`, `"lowest": -1`, `features[0]: unknown key "lowest" (known: name, words, rows, missing, low, high, edges, counts, other)`},
		{"\n}\n", "\n} 1", `line 11, column 3: data after the end of the object`},
	} {
		path := write(t, t.TempDir(), "p.json", strings.Replace(profileFile, c.old, c.new, 1))
		if _, err := LoadProfiles(path); err == nil || err.Error() != path+": "+c.want || !errors.Is(err, ErrModel) {
			t.Errorf("%s\n got %v\nwant %s", c.new, err, c.want)
		}
	}
}

func FuzzProfiles(f *testing.F) {
	f.Add([]byte(profileFile))
	f.Add([]byte(`{"format": "yhat-profile/1", "features": [{"name": "a", "rows": 1, "missing": 1, "counts": [0]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := decodeProfiles(text)
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Fatalf("%v is no ErrModel", err)
			}
			return
		}
		again := roundTrip(t, p)
		if second := roundTrip(t, again); cmp.Diff(again, second) != "" {
			t.Fatal(cmp.Diff(again, second))
		}
	})
}

// roundTrip writes profiles and reads them again.
func roundTrip(t *testing.T, p *nn.Profiles) *nn.Profiles {
	var out bytes.Buffer
	if err := EncodeProfiles(&out, p); err != nil {
		t.Fatal(err)
	}
	again, err := decodeProfiles(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return again
}
