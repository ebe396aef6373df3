package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"time"

	"yhat/io/table"
	"yhat/pipeline/flow"
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
	app := newApp(u)
	err := flow.Try(func() error {
		args, err := tidyArgs(app, args)
		if err != nil {
			return err
		}
		return app.RunContext(context.Background(), append([]string{"yhat"}, args...))
	})
	return u.finish(context.Background(), err)
}
