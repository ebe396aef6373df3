package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/term"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn/graph"
	"yhat/pipeline"
	"yhat/pipeline/flow"
)

// ui does all the talking: data goes to stdout, every word to stderr.
type ui struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	log    *slog.Logger
	runID  string
	quiet  bool
	fs     table.FS         // of outputs; nil: the system's
	room   memory.Allocator // of columns

	stdinTerminal, stdoutTerminal, stderrTerminal bool
}

func newUI(stdin, stdout, stderr *os.File) *ui {
	u := &ui{stdin: stdin, stdout: pipe{stdout}, stderr: stderr, runID: newRunID(time.Now()),
		stdinTerminal:  term.IsTerminal(int(stdin.Fd())),
		stdoutTerminal: term.IsTerminal(int(stdout.Fd())),
		stderrTerminal: term.IsTerminal(int(stderr.Fd()))}
	u.log = slog.New(plainLog{stderr})
	return u
}

// newRunID is a name for a run: when it began, and eight random digits.
func newRunID(now time.Time) string {
	var random [4]byte
	rand.Read(random[:]) // never fails
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
}

// configure applies --quiet, --log-format and --memory, of which columns get
// half.
func (u *ui) configure(s *settings) {
	if size := totalSize(s.inputs); size <= 0 || size > smallInput {
		forgetStart() // before garbage is collected, which touches yet more
		collectGarbage(runPercent)
	}
	limitMemory(s.memory)
	u.room = table.NewRoom(s.memory / 2)
	u.quiet = s.yes("quiet", false)
	if s.choice("log-format", "text", "text", "json") == "json" {
		u.logJSON()
	}
}

// logJSON makes every message a line of JSON that carries the run's name.
func (u *ui) logJSON() { u.log = slog.New(slog.NewJSONHandler(u.stderr, nil)).With("run_id", u.runID) }

// wantsJSON looks for --log-format json before flags are read for good.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "="); {
		case !strings.HasPrefix(arg, "-") || name != "log-format":
		case value == "json" || value == "" && i+1 < len(args) && args[i+1] == "json":
			return true
		}
	}
	return len(args) > 0 && os.Getenv(envName(args[0], "log-format")) == "json"
}

// chatty reports whether a person watches and wants to be told.
func (u *ui) chatty() bool { return u.stderrTerminal && !u.quiet }

// files is the file system that outputs go to.
func (u *ui) files() table.FS {
	if u.fs == nil {
		return table.OS{}
	}
	return u.fs
}

// pipe is stdout: a reader that went away is an error of its own kind.
type pipe struct{ w io.Writer }

func (p pipe) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		err = table.ErrReaderGone
	} else if err != nil {
		err = fmt.Errorf("%w: %w", table.ErrIO, err)
	}
	return n, err
}

// finish tells how the run ended, and returns its exit code.
func (u *ui) finish(ctx context.Context, err error) int {
	code := exitCode(ctx, err)
	if code != 0 && code != 141 {
		u.log.Error(explain(err, code), errorAttributes(err, code)...)
	}
	return code
}

// exitCode is the one place where errors become exit codes. What stopped the
// run goes before what went wrong because of it, and a full disk before all
// kinds that it may be wrapped in.
func exitCode(ctx context.Context, err error) int {
	_, panicked := errors.AsType[*flow.Panic](err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return signalCode(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return 75
	case errors.Is(err, table.ErrReaderGone):
		return 141
	case panicked:
		return 70
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG), errors.Is(err, table.ErrIO):
		return 74
	case errors.Is(err, table.ErrUsage):
		return 64
	case errors.Is(err, table.ErrLocked):
		return 75
	case errors.Is(err, table.ErrCreate):
		return 73
	case errors.Is(err, table.ErrData):
		return 65
	case errors.Is(err, pipeline.ErrNothing):
		return 99
	case errors.Is(err, fs.ErrPermission):
		return 77
	case errors.Is(err, model.ErrModel), errors.Is(err, errConfig), isUnsupported(err):
		return 78
	case isAbsent(err):
		return 66
	}
	return otherCode(err)
}

// isAbsent reports whether an input or a model is not there: a path through a
// file, in a circle of links or too long leads nowhere either.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENAMETOOLONG)
}

// isUnsupported reports whether a model holds what cannot be run.
func isUnsupported(err error) bool {
	_, ok := errors.AsType[*graph.UnsupportedError](err)
	return ok
}

// otherCode is 74 for what the system refused, and 1 for the rest.
func otherCode(err error) int {
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return 74
	}
	return 1
}

// explain is an error as one line for people.
func explain(err error, code int) string {
	if p, ok := errors.AsType[*flow.Panic](err); ok {
		return fmt.Sprintf("internal error (%T at %s): please report it, with the output of yhat version", p.Value, panicPlace(p.Stack))
	}
	if g, ok := errors.AsType[gaveUp](err); ok { // wherever it was then
		return g.Error()
	}
	switch code {
	case 129:
		return "hung up"
	case 130:
		return "interrupted"
	case 143:
		return "terminated"
	}
	return oneLine(err.Error())
}

// panicPlace is the first of our own functions on a stack, below the panic.
func panicPlace(stack []byte) string {
	_, below, _ := strings.Cut(string(stack), "panic(")
	for line := range strings.Lines(below) {
		if name, _, ok := strings.Cut(line, "("); ok && (strings.HasPrefix(line, "yhat/") || strings.HasPrefix(line, "main.")) {
			return name
		}
	}
	return "unknown place"
}

// oneLine keeps a message on its line and its bytes from moving the cursor.
func oneLine(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s)
}

// errorAttributes are the parts of an error that a machine may want.
func errorAttributes(err error, code int) []any {
	attrs := []any{"exit_code", code}
	if row, ok := errors.AsType[*table.RowError](err); ok {
		attrs = append(attrs, "file", row.Place.File, "row", row.Place.Row, "line", row.Place.Line,
			"column", row.Place.Column, "reason", row.Reason.String())
	}
	return attrs
}

// plainLog writes messages as "yhat: message", for people.
type plainLog struct{ w io.Writer }

func (plainLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }
func (h plainLog) WithAttrs([]slog.Attr) slog.Handler         { return h }
func (h plainLog) WithGroup(string) slog.Handler              { return h }

// Handle writes one line. A stderr that nobody reads is no error.
func (h plainLog) Handle(_ context.Context, r slog.Record) error {
	fmt.Fprintf(h.w, "yhat: %s\n", r.Message)
	return nil
}

// patience is how long a run may take to end after a signal: less than a
// second, as whoever sends signals may send SIGKILL next.
const patience = 900 * time.Millisecond

// untilSignal is a context that ends at the first SIGINT, SIGTERM or SIGHUP; a second
// one has its usual effect at once, and so has a run that does not end in time
// (it may be stuck in a call that nothing interrupts, such as the opening of a
// FIFO). Signals that the parent process ignores, as a shell does for its
// background jobs and nohup does for SIGHUP, stay ignored.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx := context.Background()
	stops := []context.CancelFunc{}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			continue
		}
		inner, stop := signal.NotifyContext(ctx, sig)
		stops = append(stops, stop)
		ctx = inner
	}
	stop := func() {
		for _, s := range stops {
			s()
		}
	}
	disarm := context.AfterFunc(ctx, func() {
		code := signalCode(ctx)
		stop()
		time.AfterFunc(patience, func() { os.Exit(code) })
	})
	return ctx, func() { disarm(); stop() }
}

// signalCode tells by the context's cause which signal it was.
func signalCode(ctx context.Context) int {
	if cause := context.Cause(ctx); cause != nil {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
			if strings.HasPrefix(cause.Error(), sig.String()) {
				return 128 + int(sig)
			}
		}
	}
	return 130
}
