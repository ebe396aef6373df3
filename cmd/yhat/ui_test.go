package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/pipeline"
	"yhat/pipeline/flow"
)

func TestExitCode(t *testing.T) {
	wrap := func(kinds ...error) error {
		err := errors.New("patients.csv")
		for _, k := range kinds {
			err = fmt.Errorf("%w: %w", k, err)
		}
		return err
	}
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("something"), 1},
		{wrap(table.ErrUsage), 64},
		{wrap(table.ErrData), 65},
		{&table.RowError{Reason: table.Missing}, 65},
		{wrap(fs.ErrNotExist), 66},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, 66},
		{&flow.Panic{Value: "x"}, 70},
		{wrap(table.ErrCreate), 73},
		{wrap(fs.ErrPermission, table.ErrCreate), 73},
		{wrap(fs.ErrNotExist, table.ErrCreate), 73},
		{wrap(table.ErrIO), 74},
		{wrap(syscall.ENOSPC, table.ErrCreate), 74},
		{wrap(syscall.EDQUOT), 74},
		{wrap(syscall.EIO), 74},
		{wrap(table.ErrLocked), 75},
		{wrap(table.ErrLocked, table.ErrCreate), 75},
		{wrap(fs.ErrPermission), 77},
		{wrap(model.ErrModel), 78},
		{wrap(errConfig), 78},
		{&model.Error{File: "m.json", Err: fs.ErrNotExist}, 78},
		{wrap(pipeline.ErrNothing), 99},
		{wrap(context.Canceled), 130},
		{wrap(table.ErrReaderGone, table.ErrIO), 141},
	} {
		if code := exitCode(t.Context(), test.err); code != test.code {
			t.Errorf("%v: %d, want %d", test.err, code, test.code)
		}
	}
}

func TestPanicHoldsNoValue(t *testing.T) {
	err := flow.Try(func() error { panic(fmt.Sprintf("cell %q", "canary")) })
	words := explain(fmt.Errorf("block 3: %w", err), 70)
	if strings.Contains(words, "canary") || !strings.Contains(words, "TestPanicHoldsNoValue") {
		t.Error(words)
	}
	if place := panicPlace([]byte("no stack at all")); place != "unknown place" {
		t.Error(place)
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine(" a\nb\x1b[31m\t\u0085c\n"); got != "a; b?[31m??c" {
		t.Errorf("%q", got)
	}
}

// testUI is a ui that talks into buffers.
func testUI(stdin io.Reader) (u *ui, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	u = &ui{stdin: stdin, stdout: stdout, stderr: stderr, runID: "run"}
	u.log = slog.New(plainLog{stderr})
	return u, stdout, stderr
}

func TestFinish(t *testing.T) {
	u, _, stderr := testUI(nil)
	row := &table.RowError{Place: table.Place{File: "p.csv", Row: 3, Line: 5, Column: "age"}, Reason: table.Missing}
	if code := u.finish(t.Context(), row); code != 65 || stderr.String() != "yhat: p.csv, row 3, line 5, column \"age\": missing\n" {
		t.Error(code, stderr)
	}
	stderr.Reset()
	if code := u.finish(t.Context(), table.ErrReaderGone); code != 141 || stderr.Len() > 0 {
		t.Error(code, stderr)
	}
	u.configure(&settings{of: map[string]setting{"log-format": {values: []string{"json"}, rank: 3}}})
	u.finish(t.Context(), row)
	var told map[string]any
	if err := json.Unmarshal(stderr.Bytes(), &told); err != nil {
		t.Fatal(err, stderr)
	}
	for key, want := range map[string]any{"level": "ERROR", "run_id": "run", "exit_code": 65.0, "file": "p.csv", "row": 3.0, "column": "age", "reason": "missing"} {
		if told[key] != want {
			t.Errorf("%s is %v, want %v", key, told[key], want)
		}
	}
}

func TestRunID(t *testing.T) {
	now := time.Date(2025, 1, 2, 3, 4, 5, 0, time.FixedZone("east", 3600))
	a, b := newRunID(now), newRunID(now)
	if a == b || !strings.HasPrefix(a, "20250102T020405Z-") || len(a) != len("20250102T020405Z-01234567") {
		t.Error(a, b)
	}
}

// TestChatty: a person at a terminal gets one line, anybody else none.
func TestChatty(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		terminal bool
		flags    []string
		want     bool
	}{{true, nil, true}, {true, []string{"--quiet"}, false}, {false, nil, false}} {
		u, _, stderr := testUI(strings.NewReader("x,y\n1,2\n"))
		u.stderrTerminal = test.terminal
		args := append([]string{"score", "-m", "testdata/models/sum.json", "-o", filepath.Join(dir, "out.csv")}, test.flags...)
		if err := inProcess(t.Context(), u, args...); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(stderr.String(), "yhat: 1 rows in "); told != test.want {
			t.Errorf("%+v: %q", test, stderr)
		}
	}
}

// inProcess runs a command line as run does, without the process around it.
func inProcess(ctx context.Context, u *ui, args ...string) error {
	app := newApp(u)
	args, err := tidyArgs(app, args)
	if err != nil {
		return err
	}
	return app.RunContext(ctx, append([]string{"yhat"}, args...))
}

// TestScoreLeavesNothing: a run that succeeds, fails or is cancelled leaves no
// goroutine and no file behind.
func TestScoreLeavesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		rows string
		code int
		left []string
	}{
		"success": {"x,y\n1,2\n", 0, []string{"out.csv.gz", "run.json"}},
		"failure": {"x,y\n1,2\n1,two\n", 65, []string{"run.json"}},
		"no rows": {"", 65, []string{"run.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			dir := t.TempDir()
			u, _, _ := testUI(strings.NewReader(test.rows))
			err := inProcess(t.Context(), u, "score", "-m", "testdata/models/sum.json",
				"-o", filepath.Join(dir, "out.csv.gz"), "--report", filepath.Join(dir, "run.json"), "--workers", "3")
			if code := exitCode(t.Context(), err); code != test.code {
				t.Error(code, err)
			}
			checkLeft(t, dir, test.left)
		})
	}
}

func TestCancelledScoreLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	io.WriteString(w, "x,y\n1,2\n")
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	u, _, _ := testUI(r)
	u.stderrTerminal = false
	time.AfterFunc(50*time.Millisecond, cancel)
	err = inProcess(ctx, u, "score", "-m", "testdata/models/sum.json", "-o", filepath.Join(dir, "out.parquet"), "--report", filepath.Join(dir, "run.json"))
	if code := exitCode(ctx, err); code != 130 {
		t.Error(code, err)
	}
	checkLeft(t, dir, []string{"run.json"})
}

// checkLeft checks which files are in a folder.
func checkLeft(t *testing.T, dir string, want []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("left %v, want %v", names, want)
	}
}

func TestProgress(t *testing.T) {
	defer goleak.VerifyNone(t)
	u, _, stderr := testUI(nil)
	if p := u.newProgress("auto", nil, false); p != nil {
		t.Error("a bar without a terminal")
	}
	u.stderrTerminal, u.stdoutTerminal = true, true
	if p := u.newProgress("auto", nil, true); p != nil {
		t.Error("a bar across the data")
	}
	var none *progress
	none.show(pipeline.Progress{})
	none.done()

	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if size := totalSize([]string{path, path}); size != 2000 {
		t.Error(size)
	}
	if size := totalSize([]string{path, "-"}); size != -1 {
		t.Error(size)
	}
	for _, inputs := range [][]string{{path}, {"-"}} {
		stderr.Reset()
		bar := u.newProgress("auto", inputs, false)
		bar.show(pipeline.Progress{Rows: 1234567, Bytes: 500})
		bar.done()
		if !strings.Contains(stderr.String(), "1,234,567 rows") {
			t.Errorf("%q", stderr)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 50201: "50,201", 1234567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
