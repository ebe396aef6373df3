package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// canary is a cell's value that must be seen in data alone.
const canary = "c4nary7731"

// numberCanary is that value as a number on its own: its digits may well stand
// within a run's times.
var numberCanary = regexp.MustCompile(`(^|[^0-9.])77310([^0-9]|$)`)

// leaks are tables with a canary in each column and each kind of bad row.
var leaks = map[string]string{
	"number.csv":    "name,x,y\nc4nary7731,1,2\nc4nary7731,c4nary7731,2\n",
	"second.csv":    "name,x,y\nc4nary7731,1,2\nc4nary7731,1,c4nary7731\n",
	"range.csv":     "name,weight_kg,sex\nc4nary7731,77310,male\n",
	"category.csv":  "name,weight_kg,sex\nc4nary7731,70,male\nc4nary7731,70,c4nary7731\n",
	"missing.csv":   "name,x,y\nc4nary7731,1,\n",
	"long.csv":      "name,x,y\nc4nary7731,1,2,c4nary7731\n",
	"short.csv":     "name,x,y\nc4nary7731\n",
	"quote.csv":     "name,x,y\n\"c4nary7731\"c4nary7731,1,2\n",
	"open.csv":      "name,x,y\nc4nary7731,1,2\n\"c4nary7731,1,2\n",
	"toolong.csv":   "name,x,y\nc4nary7731,1,2\n" + strings.Repeat("c4nary7731", 30) + ",1,2\n",
	"utf8.csv":      "name,weight_kg,sex\nc4nary7731,70,c4nary7731\xff\n",
	"huge.csv":      "name,x,y\nc4nary7731,1e308,1e308\n",
	"type.csv":      "name,x,y\nc4nary7731,1,2\n",
	"number.ndjson": "{\"name\":\"c4nary7731\",\"x\":1,\"y\":2}\n{\"name\":\"c4nary7731\",\"x\":\"c4nary7731\",\"y\":2}\n",
	"broken.ndjson": "{\"name\":\"c4nary7731\",\"x\":1,\"y\":2}\n{\"name\":\"c4nary7731\",\"x\":c4nary7731\n",
	"nested.ndjson": "{\"name\":\"c4nary7731\",\"x\":1,\"y\":2}\n{\"name\":\"c4nary7731\",\"x\":{\"c4nary7731\":1},\"y\":2}\n",
	"cut.csv.gz":    "\x1f\x8b\x08\x00c4nary7731",
	"notpq.parquet": "PAR1c4nary7731\x0a\x00\x00\x00PAR1",
	"notipc.arrow":  "ARROW1\x00\x00c4nary7731\x0a\x00\x00\x00ARROW1",
}

// No cell's value is in a message, a report, the rejects or the name of a file,
// whatever is wrong with its row and whatever is done about it.
func TestNoCellIsSeenOutsideTheData(t *testing.T) {
	runs, bad, outputs := 0, 0, []string{"o.csv", "o.ndjson", "o.parquet", "o.arrow"}
	if testing.Short() {
		outputs = []string{"o.parquet"}
	}
	for name, text := range leaks {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, policy := range []string{"fail", "reject", "null"} {
			for _, output := range outputs {
				for _, log := range []string{"text", "json"} {
					runs++
					if leakOf(t, dir, name, policy, output, log) != 0 {
						bad++
					}
				}
			}
		}
	}
	if bad == 0 || bad == runs {
		t.Errorf("%d of %d runs failed: the tables do not try what they should", bad, runs)
	}
	t.Logf("%d runs, %d of them failed", runs, bad)
}

// leakOf runs once and looks at all that is not data.
func leakOf(t *testing.T, dir, name, policy, output, log string) int {
	fsys := &faultyFS{}
	in := &inside{fs: fsys}
	rejects, report := filepath.Join(dir, "rejects.csv"), filepath.Join(dir, "run.json")
	args := []string{"score", "-m", "testdata/models/sum.json", filepath.Join(dir, name), "-o", filepath.Join(dir, output),
		"--on-bad-row", policy, "--report", report, "--log-format", log, "--max-record", "100", "--progress", "always"}
	if strings.Contains(leaks[name], "sex") {
		args[2] = "testdata/models/clinic.json"
	}
	if policy == "reject" {
		args = append(args, "--rejects", rejects)
	}
	if name == "type.csv" && output != "o.csv" && output != "o.ndjson" {
		args = append(args, "--types", "name=int64")
	}
	code := in.run(args...)
	told := map[string]string{"stderr": in.err.String(), "stdout": in.out.String(), "names": strings.Join(fsys.opened, " ")}
	for _, path := range []string{rejects, report} {
		if data, err := os.ReadFile(path); err == nil {
			told[filepath.Base(path)] = string(data)
		}
	}
	for where, what := range told {
		if strings.Contains(what, canary) || numberCanary.MatchString(what) {
			t.Errorf("%s --on-bad-row %s -o %s: a cell is in %s:\n%s", name, policy, output, where, what)
		}
	}
	if _, ok := told["run.json"]; !ok {
		t.Errorf("%s: no report: %s", name, in.err.String())
	}
	os.Remove(rejects)
	os.Remove(report)
	return code
}
