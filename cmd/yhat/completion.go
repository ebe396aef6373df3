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
				script, err = fishCompletion(newApp(u))
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
	app.Setup() // gives the program itself --help
	script, err := app.ToFishCompletion()
	return strings.NewReplacer(" -f -l ", " -l ", "`", "").Replace(script), err
}

// printText writes a text that may have failed to come about.
func printText(w io.Writer, text string, err error) error {
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}
