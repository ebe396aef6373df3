package main

import (
	_ "embed"
	"fmt"
	"io"

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
				script, err = c.App.ToFishCompletion()
			default:
				err = fmt.Errorf("%w: name one shell: yhat completion bash, zsh or fish", table.ErrUsage)
			}
			return printText(u.stdout, script, err)
		},
	}
}

func manCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		UsageText:   "yhat man",
		Description: "yhat man > ~/.local/share/man/man1/yhat.1\nyhat man | man -l -",
		Action: func(c *cli.Context) error {
			page, err := c.App.ToManWithSection(1)
			return printText(u.stdout, page, err)
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
