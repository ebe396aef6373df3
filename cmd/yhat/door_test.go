package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yhat/io/table"
	"yhat/pipeline"
)

// TestReorderLaw: wherever flags stand among the inputs, they come out first,
// in their order, and the inputs last, in theirs.
func TestReorderLaw(t *testing.T) {
	u, _, _ := testUI(nil)
	score := newApp(u).Command("score")
	words := [][]string{{"-m", "m.json"}, {"--model=m.json"}, {"--quiet"}, {"--keep", "-1"}, {"--add", "a=b=c"}, {"-o", "-"}, {"--header=false"}}
	tidy := []string{"--model=m.json", "--model=m.json", "--quiet", "--keep=-1", "--add=a=b=c", "--output=-", "--header=false"}
	rapid.Check(t, func(t *rapid.T) {
		var args, flags, inputs []string
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			if i := rapid.IntRange(-3, len(words)-1).Draw(t, "i"); i >= 0 {
				args, flags = append(args, words[i]...), append(flags, tidy[i])
			} else {
				in := rapid.SampledFrom([]string{"-", "a.csv", "b c.csv", ""}).Draw(t, "input")
				args, inputs = append(args, in), append(inputs, in)
			}
		}
		if rapid.Bool().Draw(t, "dashes") {
			args, inputs = append(args, "--", "--quiet", "--"), append(inputs, "--quiet", "--")
		}
		got, err := reorder(score, args)
		if want := slices.Concat(flags, []string{"--"}, inputs); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q → %q, want %q (%v)", args, got, want, err)
		}
	})
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "64KiB": 65536, "64kib": 65536, "1MB": 1e6, "1 MiB": 1 << 20, "2k": 2048, "3G": 3 << 30, "10B": 10, "0": 0} {
		if n, ok := parseBytes(text); !ok || n != want {
			t.Errorf("%q: %d %v, want %d", text, n, ok, want)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5MB", "1TB", "99999999999999999999", "9999999999999GiB", "1 0", "0x10"} {
		if n, ok := parseBytes(text); ok {
			t.Errorf("%q: %d", text, n)
		}
	}
}

func TestParseSource(t *testing.T) {
	for text, want := range map[string]pipeline.Source{
		"pounds":              {Column: "pounds", Factor: 1},
		"pounds*0.45":         {Column: "pounds", Factor: 0.45},
		"celsius*1.8+32":      {Column: "celsius", Factor: 1.8, Plus: 32},
		"celsius*1.8-4e-1":    {Column: "celsius", Factor: 1.8, Plus: -0.4},
		"age+1":               {Column: "age", Factor: 1, Plus: 1},
		"age+-1.5e+1":         {Column: "age", Factor: 1, Plus: -15},
		"age-1":               {Column: "age-1", Factor: 1},
		"a*b":                 {Column: "a*b", Factor: 1},
		"Weight (kg)*-2":      {Column: "Weight (kg)", Factor: -2},
		`"a*2"`:               {Column: "a*2", Factor: 1},
		`"a+1"*3+1`:           {Column: "a+1", Factor: 3, Plus: 1},
		"x*1e3":               {Column: "x", Factor: 1000},
		"Cholesterol (mg/dL)": {Column: "Cholesterol (mg/dL)", Factor: 1},
	} {
		got, ok := parseSource(text)
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("%q: %v\n%s", text, ok, d)
		}
	}
	for _, text := range []string{"x*1e999", "x*1.2.3", "x+..", " "} {
		if got, ok := parseSource(text); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestSplitPairs(t *testing.T) {
	for text, want := range map[string][]string{
		"a=b":             {"a=b"},
		"a=b,c=d":         {"a=b", "c=d"},
		"a=Weight, in kg": {"a=Weight, in kg"},
		"a=b,c,d=e":       {"a=b,c", "d=e"},
		"low=0,high=0.5":  {"low=0", "high=0.5"},
		"note=x, y=z":     {"note=x", " y=z"},
		"nothing to see":  {"nothing to see"},
		"trailing=1,":     {"trailing=1,"},
	} {
		if got := splitPairs(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// given are settings with one flag given on the command line.
func given(name string, values ...string) *settings {
	return &settings{of: map[string]setting{name: {values: values, origin: "--" + name, kind: table.ErrUsage, rank: 3}}}
}

func TestList(t *testing.T) {
	for text, want := range map[string][]string{
		"": {""}, "a": {"a"}, "a,b": {"a", "b"}, `"a,b",c`: {"a,b", "c"}, ",NA": {"", "NA"}, " a": {" a"}, `"say ""hi"""`: {`say "hi"`},
	} {
		s := given("keep", text)
		if got := s.list("keep"); !slices.Equal(got, want) || s.err != nil {
			t.Errorf("%q: %q (%v), want %q", text, got, s.err, want)
		}
	}
	for _, text := range []string{`"a`, `"a"b`, "a\nb"} {
		if s := given("keep", text); s.list("keep") != nil && !errors.Is(s.err, table.ErrUsage) {
			t.Errorf("%q: %v", text, s.err)
		}
	}
}

func TestSeparator(t *testing.T) {
	for text, want := range map[string]byte{";": ';', "tab": '\t', `\t`: '\t', "\t": '\t', "|": '|', " ": ' '} {
		if s := given("delimiter", text); s.separator("delimiter") != want || s.err != nil {
			t.Errorf("%q: %v", text, s.err)
		}
	}
	for _, text := range []string{"", "ab", `"`, "\n", "é", "\x00"} {
		if s := given("delimiter", text); s.separator("delimiter") != 0 || !errors.Is(s.err, table.ErrUsage) {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestFirstErrorStays: a command tells the first thing that is wrong.
func TestFirstErrorStays(t *testing.T) {
	s := given("workers", "none")
	s.workers()
	first := s.err
	s.refuseUse("another")
	if s.err != first || !strings.Contains(s.err.Error(), `--workers: "none"`) {
		t.Error(s.err)
	}
}
