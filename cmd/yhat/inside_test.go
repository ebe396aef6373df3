package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"time"

	"yhat/io/table"
)

// inside is a run of the command within the test, its file system and streams
// in the test's hands.
type inside struct {
	stdin  io.Reader
	fs     table.FS
	stdout io.Writer // nil: out
	out    bytes.Buffer
	err    bytes.Buffer
}

// run does what main does, but for signals.
func (in *inside) run(args ...string) int {
	if in.stdout == nil {
		in.stdout = &in.out
	}
	if in.stdin == nil {
		in.stdin = bytes.NewReader(nil)
	}
	u := &ui{stdin: in.stdin, stdout: in.stdout, stderr: &in.err, fs: in.fs, runID: newRunID(time.Now())}
	u.log = slog.New(plainLog{&in.err})
	return u.run(context.Background(), args)
}
