package main

import (
	"slices"
	"strings"
	"testing"
)

// Everything that help tells of is on the page, and no line of it is a macro
// but those of man(7) that are meant.
func TestManualIsWholeAndPlain(t *testing.T) {
	app := newApp(&ui{})
	page := manual(app)
	for _, c := range app.Commands {
		if !strings.Contains(page, "\n.SS "+c.Name+"\n") {
			t.Errorf("no part about %s", c.Name)
		}
		for _, f := range c.Flags {
			if name := roff("--" + f.Names()[0]); !strings.Contains(page, name) {
				t.Errorf("nothing about %s of %s", name, c.Name)
			}
		}
	}
	macros := strings.Fields(".TH .SH .SS .PP .TP .RS .RE .EX .EE")
	for line := range strings.Lines(page) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !slices.Contains(macros, first) {
			t.Errorf("a macro that is none: %q", line)
		}
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"plain":          "plain",
		"--a-b":          `\-\-a\-b`,
		`a\nb`:           `a\enb`,
		".5 is\n.SH x":   "\\&.5 is\n\\&.SH x",
		"'tis\n'a' or b": "\\&'tis\n\\&'a' or b",
	} {
		if got := roff(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
