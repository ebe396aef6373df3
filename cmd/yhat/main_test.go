package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"yhat": main,
		// The program with a stdout that no program meets: writes of it panic, or
		// fail in a way that has no name.
		"yhat-panics": func() { os.Exit(oddStdout(func() error { panic("a fault of our own") })) },
		"yhat-odd":    func() { os.Exit(oddStdout(func() error { return errors.New("nothing that has a code") })) },
	})
}

// oddStdout runs the command with a stdout whose writes end in an odd way.
func oddStdout(write func() error) int {
	u := newUI(os.Stdin, os.Stdout, os.Stderr)
	u.stdout = oddWriter(write)
	return u.run(context.Background(), os.Args[1:])
}

type oddWriter func() error

func (w oddWriter) Write(p []byte) (int, error) { return 0, w() }

// TestStories runs the stories of testdata: each says at its head why it is
// there. The small models of testdata/models lie in every story's folder.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// A test of a job must not depend on the machine's own settings.
			env.Setenv("YHAT_KERNEL", "")
			// Under the race detector each process would wait a second at its end.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			if err := os.CopyFS(env.WorkDir, os.DirFS("testdata/models")); err != nil {
				return err
			}
			return writeGraphs(env.WorkDir)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root":
				return os.Geteuid() == 0, nil
			case "full":
				_, err := os.Stat("/dev/full")
				return err == nil, nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "json": jsonHas, "bytes": writeBytes, "mode": hasMode, "same": sameFiles, "repeat": repeat,
		},
	})
}

// exits runs a command that must end with an exit code: exits 65 yhat score …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: exits CODE COMMAND …")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; want != strconv.Itoa(code) {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// jsonHas checks a value of a JSON file or of stdout: json run.json rows.read
// 5. Numbers in a path index arrays; LEN is the length; without a value the path
// must exist, and with ! it must not.
func jsonHas(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: [!] json FILE PATH [VALUE]")
	}
	var v any
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	dec.UseNumber()
	ts.Check(dec.Decode(&v))
	for _, key := range strings.Split(args[1], ".") {
		var ok bool
		if v, ok = child(v, key); !ok && neg {
			return
		} else if !ok {
			ts.Fatalf("%s: no %s of %s", args[0], key, args[1])
		}
	}
	got := strings.Trim(encoded(v), `"`)
	if same := len(args) == 2 || got == args[2]; same == neg {
		ts.Fatalf("%s: %s is %s", args[0], args[1], got)
	}
}

// child is one step down a JSON value.
func child(v any, key string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		if key == "LEN" {
			return len(v), true
		}
		c, ok := v[key]
		return c, ok
	case []any:
		if key == "LEN" {
			return len(v), true
		}
		if i, err := strconv.Atoi(key); err == nil && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}

func encoded(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
	return strings.TrimSpace(b.String())
}

// writeBytes writes a file from a Go string: bytes bom.csv '\ufeffx\r\n1\r\n'.
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[1], `"`, `\"`) + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// hasMode checks the permissions of a file: mode 600 rejects.csv.
func hasMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s: mode %s, want %s", args[1], got, args[0])
	}
}

// sameFiles compares files byte by byte, binary ones too: same a b c.
func sameFiles(ts *testscript.TestScript, neg bool, args []string) {
	first, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, name := range args[1:] {
		other, err := os.ReadFile(ts.MkAbs(name))
		ts.Check(err)
		if bytes.Equal(first, other) == neg {
			ts.Fatalf("%s and %s: same is %v", args[0], name, !neg)
		}
	}
}

// repeat writes a table whose line is repeated, each with its number for %d:
// repeat big.csv 1000 'id,x' '%d,1'.
func repeat(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := bytes.NewBufferString(args[2] + "\n")
	for i := range n {
		b.WriteString(strings.ReplaceAll(args[3], "%d", strconv.Itoa(i+1)) + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o666))
}
