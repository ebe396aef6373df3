package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seen reports a cell's value in something told.
func seen(what string) bool { return strings.Contains(what, canary) || numberCanary.MatchString(what) }

// In a folder of outputs nothing but the outputs holds a cell: no manifest, no
// rejects, no journal, no summary and no figures.
func TestNoCellIsSeenInAFolderButInItsOutputs(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range leaks {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	told := map[string]string{}
	for _, policy := range []string{"fail", "reject", "null"} {
		for _, model := range []string{"sum", "clinic"} {
			out := filepath.Join(dir, policy+model) + "/"
			args := []string{"score", "-m", "testdata/models/" + model + ".json", in, "-o", out, "--on-bad-row", policy, "--log-format", "json",
				"--max-record", "100", "--report", out[:len(out)-1] + ".run.json", "--metrics", out[:len(out)-1] + ".run.prom", "--summary"}
			if policy == "reject" {
				args = append(args, "--rejects", out[:len(out)-1]+".bad/")
			}
			fsys := &faultyFS{}
			run := &inside{fs: fsys}
			if code := run.run(args...); code != 65 {
				t.Errorf("%s %s: exit code %d", policy, model, code)
			}
			told[policy+model+" stderr"], told[policy+model+" stdout"] = run.err.String(), run.out.String()
			told[policy+model+" names"] = strings.Join(fsys.opened, " ")
			jsonLines(t, run.err.Bytes())
		}
	}
	outputs := 0
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		text, _ := os.ReadFile(path)
		switch folder := filepath.Dir(path); {
		case d.IsDir() || folder == in:
		case strings.HasSuffix(path, ".rejects.csv") || d.Name()[0] == '_' || folder == dir:
			told[path] = string(text)
		default:
			outputs++
		}
		return nil
	})
	if outputs == 0 || len(told) < 30 {
		t.Errorf("%d outputs, %d things told: the runs do not try what they should", outputs, len(told))
	}
	for where, what := range told {
		if seen(what) {
			t.Errorf("a cell is in %s:\n%s", where, what)
		}
	}
}

// jsonLines checks that every message is JSON and carries the run's name.
func jsonLines(t *testing.T, log []byte) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil || m["run_id"] == nil || m["msg"] == nil {
			t.Errorf("no line of JSON with run_id: %s", line)
		}
	}
}

// No command tells a cell when it refuses a table.
func TestNoCellIsSeenInErrorsOfOtherCommands(t *testing.T) {
	dir := t.TempDir()
	for name, text := range leaks {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"inspect", path},
			{"inspect", path, "--encoding", "utf-16"},
			{"verify", "-m", "testdata/models/sum.json", path},
			{"eval", path, "--target", "x", "--prediction", "y"},
			{"eval", path, "--target", "y", "--prediction", "x", "--by", "name"},
			{"train", path, "--target", "x", "--features", "y,name", "-o", filepath.Join(dir, "model.json"), "--epochs", "1"},
			{"train", path, "--target", "y", "--features", "x", "-o", filepath.Join(dir, "model.json"), "--epochs", "1", "--task", "binary"},
			{"score", "-m", "testdata/models/sum.json", path, "--encoding", "windows-1252", "-o", filepath.Join(dir, "o.parquet")},
			{"score", "-m", "testdata/models/sum.json", path, "--encoding", "utf-16le", "-o", filepath.Join(dir, "o.csv")},
			{"score", "-m", "testdata/models/sum.json", path, "--delimiter", ";", "-o", filepath.Join(dir, "o.csv")},
			{"score", "-m", "testdata/models/sum.json", path, "--max-bad", "0", "--on-bad-row", "null", "-o", filepath.Join(dir, "o.csv")},
		} {
			run := &inside{fs: &faultyFS{}}
			code := run.run(args...)
			if code != 0 && run.err.Len() == 0 {
				t.Errorf("%v: exit code %d without a word", args, code)
			}
			if what := run.err.String(); seen(what) {
				t.Errorf("yhat %s: a cell is in\n%s", strings.Join(args, " "), what)
			}
		}
	}
}

// A file that is damaged at any place is refused without quoting what it holds.
func TestNoCellIsSeenInErrorsOfDamagedFiles(t *testing.T) {
	dir, places := t.TempDir(), 150
	if testing.Short() {
		places = 15
	}
	source := filepath.Join(dir, "in.csv")
	text := "name,x,y\n" + strings.Repeat(canary+",1,2\n", 40)
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d.parquet", "d.arrow", "d.arrows", "d.csv.gz", "d.csv.zst", "d.ndjson"} {
		path := filepath.Join(dir, name)
		run := &inside{fs: &faultyFS{}}
		if code := run.run("score", "-m", "testdata/models/sum.json", source, "-o", path); code != 0 {
			t.Fatal(run.err.String())
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for at := 0; at < len(data); at += 1 + len(data)/places {
			damaged := bytes.Clone(data)
			damaged[at] ^= 0x55
			if err := os.WriteFile(path, damaged, 0o666); err != nil {
				t.Fatal(err)
			}
			run := &inside{fs: &faultyFS{}}
			if run.run("score", "-m", "testdata/models/sum.json", path, "-o", filepath.Join(dir, "out.csv"), "--output-prefix", "p_") != 0 {
				refused++
			}
			if what := run.err.String(); seen(what) {
				t.Errorf("%s, byte %d damaged: a cell is in\n%s", name, at, what)
			}
		}
		if refused == 0 {
			t.Errorf("%s: no damage was noticed", name)
		}
	}
}
