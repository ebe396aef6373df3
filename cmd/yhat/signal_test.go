package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A signal ends a run with its code and no output, whatever is being read. How
// long that takes is told, for whoever asks by YHAT_KILLS.
func TestSignalsEndRunsOfEveryKind(t *testing.T) {
	kills := killsWanted(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	row := strings.Repeat("1.25,", 9) + "2\n"
	rows := "x,y,a,b,c,d,e,f,g,h\n" + strings.Repeat(row, 400_000)
	if err := os.WriteFile(at("in.csv"), []byte(rows), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("in"), 0o777); err != nil {
		t.Fatal(err)
	}
	model := []string{"yhat", "score", "-m", "testdata/models/sum.json", "--output-prefix", "p_"}
	for _, name := range []string{"in.csv.gz", "in.csv.zst", "in.parquet", "in.arrow", "in/a.csv", "in/b.parquet", "in.ndjson"} {
		make := &exec.Cmd{Path: program, Args: append(model[:len(model):len(model)], at("in.csv"), "-o", at(name))}
		if out, err := make.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	again := []string{"--output-prefix", "q_"}
	for _, c := range []struct{ name, input, output string }{
		{"CSV", "in.csv", "out.csv"}, {"gzip", "in.csv.gz", "out.csv.gz"}, {"zstd", "in.csv.zst", "out.csv.zst"}, {"NDJSON", "in.ndjson", "out.ndjson"},
		{"Parquet", "in.parquet", "out.parquet"}, {"Arrow", "in.arrow", "out.arrow"}, {"folder", "in", "out/"},
	} {
		args := append(append(model[:4:4], again...), at(c.input), "-o", dir+"/"+c.output, "--report", at("run.json"))
		began := time.Now()
		if out, err := (&exec.Cmd{Path: program, Args: args}).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		took, longest, signalled := time.Since(began), time.Duration(0), 0
		for i := 0; signalled < (kills+9)/10; i++ {
			os.RemoveAll(at(c.output))
			sig, want := syscall.SIGTERM, 143
			if i%2 == 1 {
				sig, want = syscall.SIGINT, 130
			}
			run := &exec.Cmd{Path: program, Args: args}
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50*time.Millisecond + time.Duration(rand.Int64N(int64(took))))
			sent := time.Now()
			run.Process.Signal(sig)
			run.Wait()
			if code := run.ProcessState.ExitCode(); code == 0 {
				took = took * 9 / 10 // it was done
				continue
			} else if code != want {
				t.Errorf("%s: exit code %d, want %d", c.name, code, want)
			}
			signalled++
			longest = max(longest, time.Since(sent))
			if _, err := os.Stat(at(c.output)); c.name != "folder" && err == nil {
				t.Errorf("%s: an output in spite of the signal", c.name)
			}
			if _, err := os.Stat(filepath.Join(at("out"), successName)); err == nil && c.name == "folder" {
				t.Errorf("%s: marked as complete in spite of the signal", c.name)
			}
		}
		t.Logf("%-8s %d signals, ended after at most %v", c.name, signalled, longest.Round(time.Millisecond))
	}
}
