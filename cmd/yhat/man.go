package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

func manCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		UsageText:   "yhat man",
		Description: "yhat man > ~/.local/share/man/man1/yhat.1\nyhat man | man -l -",
		Action: func(*cli.Context) error {
			return printText(u.stdout, manual(newApp(u)), nil)
		},
	}
}

// manual is the manual page, in the macros of man(7). (urfave/cli would write
// one through Markdown, whose reader makes every start of the program longer.)
func manual(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH yhat 1 \"\" \"yhat %s\"\n", release)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", app.Name, roff(app.Usage))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", roff(app.UsageText))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff(app.Description))
	b.WriteString(".SH COMMANDS\n")
	for _, c := range app.Commands {
		manualOf(&b, c)
	}
	b.WriteString(".SH ENVIRONMENT\n" + roff("Every flag can be given as YHAT_COMMAND_FLAG, such as YHAT_SCORE_BLOCK_SIZE.\n"+
		"YHAT_KERNEL chooses the network's inner loops, such as generic.\n"))
	b.WriteString(".SH EXIT STATUS\n.EX\n" + roff(exitCodes) + ".EE\n")
	return b.String()
}

// manualOf is what the page tells of one command: what it is for, examples, and
// its flags by group.
func manualOf(b *strings.Builder, c *cli.Command) {
	fmt.Fprintf(b, ".SS %s\n%s.\n.PP\n%s\n", c.Name, roff(c.Usage), roff(c.UsageText))
	fmt.Fprintf(b, ".PP\nExamples:\n.PP\n.RS\n.EX\n%s\n.EE\n.RE\n", roff(strings.TrimSpace(c.Description)))
	for _, group := range groups() {
		for i, f := range flagsOf(group, c.Flags) {
			if i == 0 {
				fmt.Fprintf(b, ".PP\n%s:\n", group)
			}
			names, usage := describe(f)
			fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(names), roff(usage))
		}
	}
}

// roff is plain text as roff reads it: backslashes and minus signs by their
// names, and no line that begins with a dot or an apostrophe, which is a macro.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n.", "\n\\&.", "\n'", "\n\\&'").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
