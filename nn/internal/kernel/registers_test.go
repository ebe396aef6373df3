package kernel

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAVX2Registers holds routines of AVX2 to its sixteen registers: the
// generator would take one of AVX-512 where they do not suffice, and only a
// machine without those would notice.
func TestAVX2Registers(t *testing.T) {
	files, err := filepath.Glob("*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatal("no assembly to read", err)
	}
	beyond := regexp.MustCompile(`\b([XY](1[6-9]|2[0-9]|3[01])|Z[0-9]+|K[0-7])\b`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, routine := range strings.Split(string(text), "\nTEXT ")[1:] {
			name, body, _ := strings.Cut(routine, "(")
			if strings.Contains(name, "AVX2") && beyond.MatchString(body) {
				t.Errorf("%s: %s uses %s", file, name, beyond.FindString(body))
			}
		}
	}
}
