package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yhat/io/table"
)

// stories are the texts of all stories.
func stories(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no stories", err)
	}
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// Every exit code that help tells of is reached by a story.
func TestEveryExitCodeHasAStory(t *testing.T) {
	told := regexp.MustCompile(`\b(\d+) +[a-zA-Z]`).FindAllStringSubmatch(exitCodes, -1)
	var codes []string
	for _, m := range told {
		codes = append(codes, m[1])
	}
	slices.Sort(codes)
	if want := strings.Fields("0 1 129 130 141 143 64 65 66 70 73 74 75 77 78 99"); !slices.Equal(codes, want) {
		t.Fatalf("help tells of %v, not of %v", codes, want)
	}
	text := stories(t)
	for _, code := range codes {
		if !regexp.MustCompile(`(?m)^(\[.*\] )?exits ` + code + ` `).MatchString(text) {
			t.Errorf("no story ends with exit code %s", code)
		}
	}
}

// Every reason of a bad row is written into the rejects of some story.
func TestEveryReasonHasAStory(t *testing.T) {
	text := stories(t)
	for _, reason := range table.Reasons() {
		line := regexp.MustCompile(`(?m)^[\w./-]+,\d+,\d*,\d*,[^,]*,` + reason.String() + `$`)
		if !line.MatchString(text) {
			t.Errorf("no story rejects a row as %s", reason)
		}
	}
}

// Every flag of score and verify is used by a story, or its variable or key is.
func TestEveryFlagHasAStory(t *testing.T) {
	text := stories(t)
	for _, command := range []string{"score", "verify"} {
		c := newApp(&ui{}).Command(command)
		for _, name := range longNames(c) {
			used := regexp.MustCompile(`(?m)(--` + name + `\b|^` + name + `:|_` + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + `=)`)
			if !used.MatchString(text) {
				t.Errorf("yhat %s: no story uses --%s", c.Name, name)
			}
		}
	}
}
