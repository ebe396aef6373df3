package main

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
)

//go:embed completion/bash
var bashCompletion string

//go:embed completion/zsh
var zshCompletion string

func completionCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print what makes a shell complete yhat's commands and flags",
		UsageText:   "yhat completion bash|zsh|fish",
		Description: "yhat completion bash > ~/.local/share/bash-completion/completions/yhat\nyhat completion zsh > ~/.zfunc/_yhat\nyhat completion fish > ~/.config/fish/completions/yhat.fish",
		Action: func(c *cli.Context) error {
			var script string
			var err error
			switch shell := c.Args().First(); shell {
			case "bash":
				script = bashCompletion
			case "zsh":
				script = zshCompletion
			case "fish":
				script, err = fishCompletion(c.App)
			default:
				err = fmt.Errorf("%w: name one shell: yhat completion bash, zsh or fish", table.ErrUsage)
			}
			return printText(u.stdout, script, err)
		},
	}
}

// fishCompletion is urfave/cli's script, but files are completed everywhere and
// descriptions are plain text.
func fishCompletion(app *cli.App) (string, error) {
	script, err := app.ToFishCompletion()
	return strings.NewReplacer(" -f -l ", " -l ", "`", "").Replace(script), err
}

// manTail is what urfave/cli leaves out of the manual page.
func manTail(app *cli.App) string {
	var b strings.Builder
	b.WriteString("\n.SH EXAMPLES\n.EX\n")
	for _, c := range app.Commands {
		b.WriteString(strings.TrimSpace(c.Description) + "\n")
	}
	b.WriteString(".EE\n\n.SH ENVIRONMENT\nEvery flag can be given as YHAT_COMMAND_FLAG, such as YHAT_SCORE_BLOCK_SIZE.\n" +
		"YHAT_KERNEL chooses the network's inner loops, such as generic.\n")
	b.WriteString("\n.SH EXIT STATUS\n.EX\n" + exitCodes + ".EE\n")
	return b.String()
}

func manCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		UsageText:   "yhat man",
		Description: "yhat man > ~/.local/share/man/man1/yhat.1\nyhat man | man -l -",
		Action: func(c *cli.Context) error {
			page, err := c.App.ToManWithSection(1)
			return printText(u.stdout, page+manTail(c.App), err)
		},
	}
}

// printText writes a text that may have failed to come about.
func printText(w io.Writer, text string, err error) error {
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}
