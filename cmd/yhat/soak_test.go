package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

var soakContext = context.Background()

// Random jobs give what a slow reference, written from the contract, says: the
// same cells or values, exit codes, places, rejects and counts; the same bytes
// with other workers and blocks; and nothing is left behind. YHAT_SOAK says how
// many jobs, YHAT_SOAK_SEED which is the first.
func TestSoak(t *testing.T) {
	jobs, seed := 200, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("YHAT_SOAK")); err == nil {
		jobs = n
	} else if testing.Short() {
		jobs = 40
	}
	if n, err := strconv.ParseUint(os.Getenv("YHAT_SOAK_SEED"), 10, 64); err == nil {
		seed = n
	}
	dir := t.TempDir()
	tally := map[string]int{}
	files, heaps := openFiles(), []uint64{}
	for i := range jobs {
		job := seed + uint64(i)
		if err := soakOnce(job, dir, tally); err != nil {
			t.Errorf("job %d: %v\nrepeat it by: make soak JOBS=1 SEED=%d", job, err, job)
		}
		if i%max(jobs/10, 50) == 0 {
			if err := goleak.Find(); err != nil {
				t.Fatalf("up to job %d: %v", job, err)
			}
			heaps = append(heaps, liveBytes())
		}
	}
	if now := openFiles(); now > files {
		t.Errorf("%d files are open, %d at first", now, files)
	}
	t.Logf("%d jobs: %v; live heap in MiB over time: %v", jobs, tally, heaps)
	if last := heaps[len(heaps)-1]; last > heaps[0]+32 {
		t.Errorf("memory grows: %v MiB", heaps)
	}
}

// openFiles counts the process's descriptors; 0 where the system does not say.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// liveBytes is the heap that is in use, in MiB.
func liveBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// soakRun is what a run left.
type soakRun struct {
	code                    int
	stdout                  []byte
	stderr                  string
	output, rejects, report []byte // nil: no file
}

// data is the output, wherever it went.
func (run *soakRun) data(j *soakJob) []byte {
	if j.toStdout {
		return run.stdout
	}
	return run.output
}

// soakOnce draws a job, works out what must come of it, and runs it in several
// ways.
func soakOnce(seed uint64, dir string, tally map[string]int) error {
	dir = filepath.Join(dir, "job")
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	j := newSoakJob(seed, dir)
	if err := os.WriteFile(filepath.Join(dir, "model.json"), j.model.text(), 0o666); err != nil {
		return err
	}
	e := j.expectation()
	r := rand.New(rand.NewPCG(seed, 1))
	first := j.run(r, nil)
	tally[fmt.Sprintf("exit %d", first.code)]++
	if err := j.check(e, first); err != nil {
		return fmt.Errorf("%w\n%s", err, j.describe())
	}
	j.workers, j.block = 1+r.IntN(7), pick(r, 3, 100, 999, 65536)
	second := j.run(r, nil)
	if second.code != first.code || !bytes.Equal(second.output, first.output) || !bytes.Equal(second.rejects, first.rejects) ||
		(soakText(j.outFormat) || e.code == 0) && !bytes.Equal(second.stdout, first.stdout) {
		return fmt.Errorf("other bytes or another code (%d, %d) with other workers and blocks\n%s", first.code, second.code, j.describe())
	}
	if verified, err := j.verify(e); err != nil {
		return fmt.Errorf("%w\n%s", err, j.describe())
	} else if verified {
		tally["verified"]++
	}
	if chance(r, 15) {
		tally["faults"]++
		if err := j.faults(r, e, first); err != nil {
			return fmt.Errorf("%w\n%s", err, j.describe())
		}
	}
	return nil
}

// output is where the output goes.
func (j *soakJob) output() string {
	return filepath.Join(j.dir, "out."+j.outFormat+dotted(j.outZip))
}

// run runs the command on the job.
func (j *soakJob) run(r *rand.Rand, fsys *faultyFS) *soakRun {
	for _, name := range []string{j.output(), filepath.Join(j.dir, "rejects.csv"), filepath.Join(j.dir, "report.json")} {
		os.Remove(name)
	}
	in := inside{}
	if fsys != nil {
		in.fs = fsys
	}
	if j.stdin != nil {
		in.stdin = &choppy{data: j.stdin, r: r}
	}
	run := &soakRun{code: in.run(j.args()...), stdout: in.out.Bytes(), stderr: in.err.String()}
	run.output, _ = os.ReadFile(j.output())
	run.rejects, _ = os.ReadFile(filepath.Join(j.dir, "rejects.csv"))
	run.report, _ = os.ReadFile(filepath.Join(j.dir, "report.json"))
	if left := j.leftovers(); left != nil && (fsys == nil || fsys.calls < fsys.at) {
		run.stderr += fmt.Sprintf(" LEFT BEHIND: %v", left)
		run.code = -1
	}
	return run
}

// leftovers are temporary files that a run did not remove.
func (j *soakJob) leftovers() (left []string) {
	for _, pattern := range []string{"tmp/*", ".*", "*partial*"} {
		found, _ := filepath.Glob(filepath.Join(j.dir, pattern))
		left = append(left, found...)
	}
	return left
}

// choppy is standard input in pieces of any length.
type choppy struct {
	data []byte
	r    *rand.Rand
	dies int // bytes after which reading fails; 0: never
}

func (c *choppy) Read(b []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+c.r.IntN(5000))], c.data)
	if c.dies > 0 {
		if n = min(n, c.dies); c.dies == n {
			return 0, io.ErrClosedPipe
		}
		c.dies -= n
	}
	c.data = c.data[n:]
	return n, nil
}

// faults runs the job with a fault of the file system, and with inputs that are
// cut short: the output is complete or not there, and the code says so.
func (j *soakJob) faults(r *rand.Rand, e *soakExpected, sound *soakRun) error {
	fsys := &faultyFS{at: 1 + r.IntN(40), err: io.ErrShortWrite}
	run := j.run(r, fsys)
	complete := bytes.Equal(run.output, sound.output)
	switch hit := fsys.calls >= fsys.at; {
	case !hit && run.code != e.code:
		return fmt.Errorf("without a fault: exit code %d, then %d", e.code, run.code)
	case run.output != nil && !complete:
		return fmt.Errorf("call %d fails: half an output of %d bytes", fsys.at, len(run.output))
	case run.code == 0 && !complete:
		return fmt.Errorf("call %d fails: exit code 0 without the output", fsys.at)
	case run.code == -1 || run.code == 70:
		return fmt.Errorf("call %d fails: %s", fsys.at, run.stderr)
	}
	if len(j.inputs) > 1 || e.code != 0 || j.limit > 0 {
		return nil
	}
	return j.cutShort(r)
}

// cutShort cuts a binary or compressed input: that is an error and no output.
func (j *soakJob) cutShort(r *rand.Rand) error {
	t := j.inputs[0]
	whole := j.stdin
	if t.path != "-" {
		whole, _ = os.ReadFile(t.path)
	}
	zipped := bytes.HasPrefix(whole, []byte("\x1f\x8b")) || bytes.HasPrefix(whole, []byte("\x28\xb5\x2f\xfd"))
	if len(whole) < 2 || !zipped && (soakText(j.inFormat) || j.inFormat == "arrows") {
		return nil
	}
	cut := whole[:1+r.IntN(len(whole)-1)]
	zip := map[byte]string{'\x1f': "gz", '\x28': "zst"}[whole[0]]
	if _, err := unzipped(cut, zip); zip != "" && err == nil {
		return nil // cut between two members
	}
	if t.path == "-" {
		j.stdin = slices.Clone(cut)
	} else if err := os.WriteFile(t.path, cut, 0o666); err != nil {
		return err
	}
	run := j.run(r, nil)
	if run.output != nil && run.code != 0 || run.code != 65 && run.code != 64 {
		return fmt.Errorf("cut at %d of %d: exit code %d: %s", len(cut), len(whole), run.code, run.stderr)
	}
	return nil
}

// describe is the job as a command line.
func (j *soakJob) describe() string {
	var words []string
	for _, a := range j.args() {
		if a == "" || strings.ContainsAny(a, " ;|*?\"'\n\t,=") {
			a = strconv.Quote(a)
		}
		words = append(words, a)
	}
	return fmt.Sprintf("yhat %s\nmodel %s", strings.Join(words, " "), j.model.text())
}

// args is the command line.
func (j *soakJob) args() []string {
	args := []string{"score", "-m", filepath.Join(j.dir, "model.json"), "--quiet", "--workers", strconv.Itoa(j.workers),
		"--block-size", strconv.Itoa(j.block), "--on-bad-row", j.policy, "--precision", strconv.Itoa(j.precision), "--empty", j.empty}
	add := func(yes bool, words ...string) {
		if yes {
			args = append(args, words...)
		}
	}
	add(j.stdin != nil && soakText(j.inFormat) && j.inFormat != "csv", "--input-format", j.inFormat)
	add(delimited(j.inFormat) && (j.delim != ',' || j.inFormat == "tsv"), "--delimiter", string(rune(j.delim)))
	add(j.decimal != '.', "--decimal", ",")
	add(!j.header, "--no-header", "--columns", quotedList(soakNamesOf(j.columns)))
	add(j.missing != nil, "--missing-values", quotedList(j.missing))
	add(j.maxRecord != 16<<20, "--max-record", strconv.Itoa(j.maxRecord))
	add(j.limit > 0, "--limit", strconv.FormatInt(j.limit, 10))
	add(j.expect >= 0, "--expect-rows", strconv.FormatInt(j.expect, 10))
	add(j.finalNewline, "--require-final-newline")
	add(true, j.mapping()...)
	add(!j.keepAll && len(j.keep) == 0, "--keep", "none")
	add(len(j.keep) > 0, "--keep", quotedList(j.keep))
	for name, typ := range j.types {
		add(true, "--types", name+"="+typ)
	}
	add(j.prefix != "", "--output-prefix="+j.prefix)
	for _, a := range j.add {
		add(true, "--add", a[0]+"="+a[1])
	}
	for _, l := range j.activations {
		add(true, "--activations", strconv.Itoa(l))
	}
	add(j.list, "--activation-layout", "list")
	if j.threshold != nil {
		add(true, "--threshold", plainFloat(*j.threshold))
	}
	var bands []string
	for _, b := range j.bands {
		bands = append(bands, b.name+"="+plainFloat(b.from))
	}
	add(bands != nil, "--bands", strings.Join(bands, ","))
	return append(args, j.outputArgs()...)
}

// outputArgs is the second half of the command line.
func (j *soakJob) outputArgs() []string {
	var args []string
	add := func(yes bool, words ...string) {
		if yes {
			args = append(args, words...)
		}
	}
	add(j.fixed >= 0, "--float-format", fmt.Sprintf("fixed:%d", j.fixed))
	add(j.escape, "--escape-formulas")
	add(j.outDelim != 0, "--output-delimiter", string(rune(j.outDelim)))
	add(!j.outHeader, "--output-header=false")
	add(j.toStdout, "--output-format", j.outFormat)
	add(!j.toStdout, "-o", j.output())
	add(j.rejects, "--rejects", filepath.Join(j.dir, "rejects.csv"))
	add(j.raw, "--rejects-raw")
	add(j.maxBad >= 0, "--max-bad", strconv.FormatInt(j.maxBad, 10))
	add(j.maxPercent != 100, "--max-bad", plainFloat(j.maxPercent)+"%")
	add(j.report, "--report", filepath.Join(j.dir, "report.json"))
	add(true, "--tmp-dir", filepath.Join(j.dir, "tmp"))
	for _, t := range j.inputs {
		add(true, t.path)
	}
	return args
}

func plainFloat(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func soakNamesOf(columns []soakColumn) (names []string) {
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// quotedList is a list as a flag takes it.
func quotedList(words []string) string {
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, `"`+strings.ReplaceAll(w, `"`, `""`)+`"`)
	}
	return strings.Join(quoted, ",")
}
