package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// FuzzConfig: whatever a job file holds, it is read or refused as one, on one
// line that names it.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"", "# nothing\n", "model: m.json\ninputs: [a.csv, b.csv]\n", "on-bad-row: null\n", "keep:\n  - id\n  - \"a,b\"\n",
		"workers: 0x10\nthreshold: .5\n", "header: false\nadd: |\n  a=b\n", "? a\n: b\n", "model: &m x\nkeep: *m\n", "<<: {model: x}\n",
		"- a\n", "a: b: c\n", "\tmodel: x\n", "model: m\n---\nmodel: n\n", "inputs: []\n", "types: {id: int64}\n", "model: !!binary aGk=\n", "{model: x, model: y}", strings.Repeat("{a: ", 100000),
	} {
		f.Add(seed)
	}
	u, _, _ := testUI(nil)
	score := newApp(u).Command("score")
	f.Fuzz(func(t *testing.T, text string) {
		found, _, err := parseConfig("job.yaml", []byte(text), score)
		if err != nil {
			if !errors.Is(err, errConfig) || !strings.Contains(err.Error(), "job.yaml") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for name, s := range found {
			if !slices.Contains(longNames(score), name) || s.rank != 1 || !strings.HasPrefix(s.origin, "job.yaml:") {
				t.Errorf("%q: %s %+v", text, name, s)
			}
		}
	})
}

func TestConfigValues(t *testing.T) {
	u, _, _ := testUI(nil)
	score := newApp(u).Command("score")
	found, inputs, err := parseConfig("job.yaml", []byte(`
inputs: a.csv
on-bad-row: null
threshold: 0.10
keep: [id, "a,b"]
bands: low=0,high=0.5
quiet: true
missing-values: [NA, null, ""]
`), score)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"on-bad-row": {"null"}, "threshold": {"0.10"}, "keep": {"id", "a,b"},
		"bands": {"low=0,high=0.5"}, "quiet": {"true"}, "missing-values": {"NA", "null", ""}}
	for name, values := range want {
		if !slices.Equal(found[name].values, values) {
			t.Errorf("%s: %q, want %q", name, found[name].values, values)
		}
	}
	if len(found) != len(want) || !slices.Equal(inputs, []string{"a.csv"}) {
		t.Error(found, inputs)
	}
	s := &settings{of: found}
	if got := s.list("keep"); !slices.Equal(got, []string{"id", "a,b"}) {
		t.Errorf("%q", got)
	}
}
