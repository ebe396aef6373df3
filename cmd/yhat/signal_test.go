package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"yhat/io/table"
)

// endingSignals are those that end a run, but for one that is ignored here, as
// it is under nohup.
func endingSignals() []syscall.Signal {
	all := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}
	return slices.DeleteFunc(all, func(s syscall.Signal) bool { return signal.Ignored(s) })
}

// A signal ends a run with its code and no output, whatever is being read. How
// long that takes is told, for whoever asks by YHAT_KILLS.
func TestSignalsEndRunsOfEveryKind(t *testing.T) {
	kills, signals := killsWanted(t), endingSignals()
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
			sig := signals[i%len(signals)]
			want := 128 + int(sig)
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

// A second signal does not wait for what the first has begun to end: here for
// a reader of stdout that does not read.
func TestASecondSignalEndsTheProcessAtOnce(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(in, []byte("x,y\n"+strings.Repeat("1,2\n", 100_000)), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, sig := range endingSignals() {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		run := &exec.Cmd{Path: program, Args: []string{"yhat", "score", "-m", "testdata/models/sum.json", in}, Stdout: writer}
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := reader.Read(make([]byte, 1)); err != nil { // it is writing
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { run.Wait(); close(ended) }()
		for on := true; on; {
			run.Process.Signal(sig)
			select {
			case <-ended:
				on = false
			case <-time.After(2 * time.Millisecond):
			}
		}
		if status := run.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v twice: %v, not ended by the second", sig, run.ProcessState)
		}
		reader.Close()
		writer.Close()
	}
}

// A producer that dies within a row is an error where the stream can tell:
// compressed and binary ones always, text where --require-final-newline asks,
// or where the row lacks a cell.
func TestAProducerThatDiesWithinARow(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	rows := []byte("x,y\n")
	for i := range 4_000 {
		rows = fmt.Appendf(rows, "%d,%d\n", i*i%9973, i%10)
	}
	if err := os.WriteFile(at("in.csv"), rows, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		missing int // bytes of the end
		flags   []string
	}{
		{"in.csv", 1, []string{"--require-final-newline"}},
		{"in.csv", 2, nil}, // the last row has no y
		{"in.csv", 3, nil},
		{"in.csv", 6, []string{"--expect-rows", "4000"}},
		{"in.ndjson", 2, []string{"--input-format", "ndjson"}},
		{"in.csv.gz", 1, nil}, {"in.csv.gz", 8, nil}, {"in.csv.gz", 100, nil},
		{"in.csv.zst", 1, nil}, {"in.csv.zst", 100, nil},
		{"in.parquet", 1, nil}, {"in.parquet", 1000, nil},
		{"in.arrow", 1, nil}, {"in.arrow", 1000, nil},
		{"in.arrows", 9, nil}, {"in.arrows", 1000, nil}, {"in.arrows.zst", 1, nil},
	} {
		if _, err := os.Stat(at(c.name)); err != nil {
			var in inside
			if code := in.run("score", "-m", "testdata/models/sum.json", at("in.csv"), "-o", at(c.name), "--output-prefix", "p_"); code != 0 {
				t.Fatal(in.err.String())
			}
		}
		data, err := os.ReadFile(at(c.name))
		if err != nil {
			t.Fatal(err)
		}
		in := &inside{stdin: &choppy{data: data[:len(data)-c.missing], r: rand.New(rand.NewPCG(1, 1))}}
		code := in.run(slices.Concat([]string{"score", "-m", "testdata/models/sum.json", "-o", at("out.csv")}, c.flags)...)
		if _, err := os.Stat(at("out.csv")); code != 65 || err == nil {
			t.Errorf("%s without its last %d bytes: exit code %d, output: %v: %s", c.name, c.missing, code, err == nil, in.err.String())
		}
	}
}

// An input that grows while it is read into a folder of outputs is refused, and
// the next run does it anew. The file grows between two looks at it: when the
// run creates its output.
func TestAnInputThatGrowsWhileItIsRead(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("x,y\n"+strings.Repeat("1,2\n", 1000)), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(grow bool) (int, string) {
		fsys := &growingFS{grow: func(name string) {
			if grow && strings.Contains(name, "in.csv") {
				grow = false
				f, err := os.OpenFile(in, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if _, err := f.WriteString("3,4\n"); err != nil {
					t.Fatal(err)
				}
			}
		}}
		r := inside{fs: fsys}
		code := r.run("score", "-m", "testdata/models/sum.json", in, "-o", out+"/")
		return code, r.err.String()
	}
	code, words := run(true)
	if code != 65 || !strings.Contains(words, "changed while it was read") {
		t.Errorf("exit code %d: %s", code, words)
	}
	if _, err := os.Stat(filepath.Join(out, successName)); err == nil {
		t.Errorf("marked as complete in spite of the change")
	}
	if code, words = run(false); code != 0 {
		t.Fatalf("exit code %d: %s", code, words)
	}
	if got, err := os.ReadFile(filepath.Join(out, "in.csv")); err != nil || !strings.HasSuffix(string(got), "3,4,11.5\n") || strings.Count(string(got), "\n") != 1002 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// growingFS tells of every file that is opened to be written.
type growingFS struct {
	table.OS
	grow func(name string)
}

func (g *growingFS) OpenFile(name string, flag int, perm fs.FileMode) (table.File, error) {
	g.grow(name)
	return g.OS.OpenFile(name, flag, perm)
}
