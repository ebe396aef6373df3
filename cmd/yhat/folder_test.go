package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// folderSweep is a run into a folder, in which calls of the file system fail,
// or which is killed.
type folderSweep struct {
	t              *testing.T
	dir            string
	args           []string
	old, want      map[string]string // the folders of outputs as they were, and as they must become
	january, later []byte            // contents of one input, then and now
}

// newFolderSweep scores three inputs, of which one is then delivered anew.
func newFolderSweep(t *testing.T, format string, rows int) *folderSweep {
	dir := t.TempDir()
	s := &folderSweep{t: t, dir: dir, args: []string{"score", "-m", "testdata/models/sum.json", filepath.Join(dir, "in"), "-o", filepath.Join(dir, "out") + "/",
		"--on-bad-row", "reject", "--rejects", filepath.Join(dir, "bad") + "/", "--block-size", "10000", "--output-format", format}}
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	table := func(row string) []byte { return []byte("x,y\n" + strings.Repeat(row+"\ntwo,2\n3.5,4\n", rows)) }
	s.january, s.later = table("1,2"), table("7,7")
	s.deliver("a.csv", s.january)
	s.deliver("b.csv", table("3,3"))
	s.deliver("c.csv", table("4,4"))
	s.old = s.succeed("at first")
	s.deliver("a.csv", s.later)
	s.want = s.succeed("again")
	return s
}

// deliver writes an input, always of the same age.
func (s *folderSweep) deliver(name string, data []byte) {
	path, then := filepath.Join(s.dir, "in", name), time.Unix(1e9, 0)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chtimes(path, then, then); err != nil {
		s.t.Fatal(err)
	}
}

// succeed runs without faults and gives what the folders hold then.
func (s *folderSweep) succeed(when string) map[string]string {
	in := inside{fs: &faultyFS{}}
	if code := in.run(s.args...); code != 0 {
		s.t.Fatalf("%s: exit code %d: %s", when, code, in.err.String())
	}
	got := s.tree()
	if s.want != nil {
		s.compare(when, got, s.want)
	}
	return got
}

// tree is every file of the folders of outputs with its bytes.
func (s *folderSweep) tree() map[string]string {
	files := map[string]string{}
	for _, dir := range []string{"out", "bad"} {
		entries, err := os.ReadDir(filepath.Join(s.dir, dir))
		if err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(s.dir, dir, e.Name()))
			if err != nil {
				s.t.Fatal(err)
			}
			files[dir+"/"+e.Name()] = string(text)
		}
	}
	return files
}

// compare compares what folders hold, names and bytes.
func (s *folderSweep) compare(when string, got, want map[string]string) {
	s.t.Helper()
	for _, name := range sortedKeys(got) {
		if _, ok := want[name]; !ok {
			s.t.Fatalf("%s: %s was left behind", when, name)
		}
	}
	for _, name := range sortedKeys(want) {
		if have, ok := got[name]; !ok || have != want[name] {
			s.t.Fatalf("%s: %s is not what it must be (there: %v, %d bytes of %d)", when, name, ok, len(have), len(want[name]))
		}
	}
}

// reset puts the folders back to what they were before a run: absent, or done
// with the older input.
func (s *folderSweep) reset(done bool) {
	for _, dir := range []string{"out", "bad"} {
		if err := os.RemoveAll(filepath.Join(s.dir, dir)); err != nil {
			s.t.Fatal(err)
		}
	}
	if !done {
		return
	}
	for name, text := range s.old {
		path := filepath.Join(s.dir, name)
		os.Mkdir(filepath.Dir(path), 0o777)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			s.t.Fatal(err)
		}
	}
}

// check looks at what an interrupted run left: every file is absent, old or
// complete, and the mark stands only where all of one kind are.
func (s *folderSweep) check(when string, done bool) {
	got := s.tree()
	for name, text := range got {
		if base := filepath.Base(name); base[0] == '.' || base == manifestName {
			continue
		}
		if text != s.want[name] && !(done && text == s.old[name]) {
			s.t.Errorf("%s: half of %s: %d bytes", when, name, len(text))
		}
	}
	if _, marked := got["out/"+successName]; !marked {
		return
	}
	for _, all := range []map[string]string{s.want, s.old} {
		whole := true
		for name, text := range all {
			whole = whole && got[name] == text
		}
		if whole {
			return
		}
	}
	s.t.Errorf("%s: marked as complete, but it is not", when)
}

// Whatever call fails: outputs are absent, old or complete, the exit code says
// so, no goroutine is left, and the next run makes the folder what it must be.
func TestEveryFaultLeavesAFolderThatTheNextRunCompletes(t *testing.T) {
	formats := []string{"csv", "parquet", "ndjson", "arrow", "arrows", "tsv"}
	if os.Getenv("YHAT_KILLS") == "" { // thoroughly, for whoever asks
		formats = formats[:2]
	}
	if testing.Short() {
		formats = formats[:1]
	}
	points := 0
	for _, format := range formats {
		s := newFolderSweep(t, format, 10)
		absent, old := s.run(false, syscall.ENOSPC), s.run(true, syscall.EIO)
		points += absent + old
		t.Logf("folder of %-8s disk full, no folder before: %d fault points; I/O error, an old folder: %d", format, absent, old)
	}
	t.Logf("%d formats: %d fault points", len(formats), points)
}

// run fails call after call until a run needs fewer calls than that.
func (s *folderSweep) run(done bool, fault error) (points int) {
	for at := 1; ; at++ {
		s.reset(done)
		fsys := &faultyFS{at: at, err: fault}
		in := &inside{fs: fsys}
		code := in.run(s.args...)
		if fsys.calls < at {
			return at - 1
		}
		if code != 0 && code != 74 && (code != 73 || fault == syscall.ENOSPC) {
			s.t.Errorf("call %d fails by %v: exit code %d: %s", at, fault, code, in.err.String())
		}
		s.check("a fault", done)
		if err := goleak.Find(); err != nil {
			s.t.Errorf("call %d fails: %v", at, err)
		}
		s.succeed("after a fault")
	}
}

// A run into a folder that is killed at any instant, again and again, leaves
// nothing half, and the run that is let live makes the same bytes as one that
// was never disturbed. YHAT_KILLS says how many runs are killed.
func TestKilledRunsLeaveAFolderThatTheNextRunCompletes(t *testing.T) {
	kills := killsWanted(t)
	s := newFolderSweep(t, "csv", 5000)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	score := func(more ...string) *exec.Cmd {
		return &exec.Cmd{Path: program, Args: append(append([]string{"yhat"}, s.args...), more...)}
	}
	s.reset(false)
	began := time.Now()
	if out, err := score().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took, runs, killed := time.Since(began), 0, 0
	for i := 0; killed < kills; i++ {
		runs++
		done := i%2 == 1
		if i%3 != 2 { // else the next is killed in what the last one left
			s.reset(done)
		}
		var more []string
		if i%5 == 4 {
			more = []string{"--force"}
		}
		run := score(more...)
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(took) + 1)))
		run.Process.Kill()
		if run.Wait() != nil {
			killed++
		} else { // the machine is quicker now
			took = took * 9 / 10
		}
		s.check("a kill", true)
		if i%3 != 1 {
			s.succeed("after a kill")
		}
	}
	t.Logf("%d runs into a folder, %d of them killed before their end: 0 differences", runs, killed)
}

// What two runs at once make of one folder is what one of them makes.
func TestTwoRunsIntoOneFolder(t *testing.T) {
	s := newFolderSweep(t, "csv", 2000)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.reset(true)
	runs := make([]*exec.Cmd, 4)
	outs := make([]bytes.Buffer, len(runs))
	for i := range runs {
		runs[i] = &exec.Cmd{Path: program, Args: append([]string{"yhat"}, s.args...), Stderr: &outs[i]}
		if err := runs[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	var codes []int
	for i, run := range runs {
		run.Wait()
		codes = append(codes, run.ProcessState.ExitCode())
		if c := codes[i]; c != 0 && c != 75 {
			t.Errorf("exit code %d: %s", c, outs[i].String())
		}
	}
	if !slices.Contains(codes, 0) {
		t.Errorf("none of the runs succeeded: %v", codes)
	}
	s.compare("after four at once", s.tree(), s.want)
}
