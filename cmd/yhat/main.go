// Command yhat scores tables with neural networks: rows of features in, the
// same rows with their predictions out.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"yhat/pipeline/flow"
)

func main() {
	collectGarbage(startPercent)
	os.Exit(run(os.Args[1:]))
}

// run is the whole life of the process: it returns the exit code.
func run(args []string) int {
	// A reader of stdout that goes away is an error of the write, not a signal.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := untilSignal()
	defer stop()
	return newUI(os.Stdin, os.Stdout, os.Stderr).run(ctx, args)
}

// run runs the command that the arguments name, and tells how it ended.
func (u *ui) run(ctx context.Context, args []string) int {
	if wantsJSON(args) {
		u.logJSON() // what is wrong with the flags themselves is told so too
	}
	app, text := newApp(u), &written{w: u.stdout}
	app.Writer = text
	err := flow.Try(func() error {
		args, err := tidyArgs(app, args)
		if err != nil {
			return err
		}
		return app.RunContext(ctx, append([]string{"yhat"}, args...))
	})
	if err == nil {
		err = text.err
	}
	return u.finish(ctx, err)
}

// written remembers the first error of writing help, which the library does not
// look at.
type written struct {
	w   io.Writer
	err error
}

func (t *written) Write(b []byte) (int, error) {
	n, err := t.w.Write(b)
	if t.err == nil {
		t.err = err
	}
	return n, err
}

// newApp is the command with its subcommands.
func newApp(u *ui) *cli.App {
	app := &cli.App{
		Name:                 "yhat",
		Usage:                "score tables with neural networks",
		UsageText:            "yhat COMMAND [FLAGS] [INPUT ...]",
		Description:          appDescription,
		HideVersion:          true,
		HideHelpCommand:      true,
		EnableBashCompletion: true,
		// Lists are cut in settings, where names may hold commas.
		DisableSliceFlagSeparator: true,
		Reader:                    u.stdin,
		Writer:                    u.stdout,
		ErrWriter:                 io.Discard, // every word to stderr goes through ui
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageError,
		Commands: []*cli.Command{
			scoreCommand(u), inspectCommand(u), verifyCommand(u), convertCommand(u),
			trainCommand(u), evalCommand(u), drawCommand(u), versionCommand(u),
			completionCommand(u), manCommand(u),
		},
	}
	app.CustomAppHelpTemplate = appHelp
	for _, c := range app.Commands {
		c.HideHelpCommand = true
		c.OnUsageError = usageError
	}
	return app
}
