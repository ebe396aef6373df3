package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestEdges: the same nine rows, written in many ways, give the same nine
// predictions; the damaged and the ambiguous end with the code of their kind.
func TestEdges(t *testing.T) {
	score := func(name string, flags ...string) ([]byte, int) {
		u, _, _ := testUI(nil)
		out := filepath.Join(t.TempDir(), "out.csv")
		args := append([]string{"score", "-m", "../../fixtures/tanh_layer.json", "-o", out, "--keep", "id",
			"--output-delimiter", ","}, flags...)
		err := inProcess(t.Context(), u, append(args, "../../fixtures/edge/"+name)...)
		text, _ := os.ReadFile(out)
		return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), exitCode(t.Context(), err)
	}
	plain, code := score("plain.csv")
	if code != 0 || bytes.Count(plain, []byte("\n")) != 10 {
		t.Fatal(code, string(plain))
	}
	for name, flags := range map[string][]string{
		"crlf.csv": nil, "bom.csv": nil, "semicolon.csv": {"--delimiter", ";"}, "decimal_comma.csv": {"--delimiter", ";", "--decimal", ","},
		"tabs.tsv": nil, "no_header.csv": {"--no-header", "--columns", "id,x1,x2,note"}, "no_final_newline.csv": nil, "blank_lines.csv": nil,
		"shuffled.csv": nil, "plain.csv.gz": nil, "members.csv.gz": nil, "plain.csv.zst": nil, "plain.ndjson": nil,
		"plain.parquet": nil, "plain.arrow": nil, "plain.arrows": nil,
	} {
		if got, code := score(name, flags...); code != 0 || !bytes.Equal(got, plain) {
			t.Errorf("%s: exit %d\n%s", name, code, got)
		}
	}
	for name, want := range map[string]int{
		"empty.csv": 65, "header_only.csv": 0, "bad_numbers.csv": 65, "missing.csv": 65, "ragged.csv": 65, "bad_quote.csv": 65,
		"unterminated.csv": 65, "bad_utf8.csv": 0, "duplicate_header.csv": 65, "no_feature.csv": 65, "trailing.csv.gz": 65, "nowhere.csv": 66,
	} {
		if _, code := score(name); code != want {
			t.Errorf("%s: exit %d, want %d", name, code, want)
		}
	}
}
