package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// The groups of flags, in the order help shows them.
const (
	reading = "Reading"
	writing = "Writing"
	badRows = "Bad rows"
	running = "Running"
	telling = "Telling"
)

const appDescription = `yhat streams the rows of a table through a feed-forward network and writes
them back with their predictions. It reads and writes csv, tsv, ndjson,
parquet, arrow (IPC file) and arrows (IPC stream), .gz and .zst of text and
arrows, from files, folders, globs and pipes.`

const appHelp = `yhat: score tables with neural networks

` + appDescription + `

Usage: yhat COMMAND [FLAGS] [INPUT ...]

Start here:
  yhat inspect patients.csv                      what is in my table?
  yhat inspect heart.json                        what does the model want?
  yhat score -m heart.json patients.csv          rows and predictions to the screen
  yhat score -m heart.json patients.csv -o scored.parquet

Commands:
  score        rows in, rows with predictions out
  inspect      describe a model, or a table
  verify       compute stored predictions again, and compare
  convert      write a model in another format
  train        learn a network from a table
  eval         judge predictions against what was true
  draw         draw layers, network, boundary, weights or curves
  version      version, commit, Go and the kernel in use
  completion   completion for bash, zsh or fish
  man          the manual page

yhat COMMAND --help tells all about one of them.

` + exitCodes

const exitCodes = `Exit codes:
  0   complete output published          70  internal error
  1   anything not listed                73  cannot create the output
  64  bad usage; input = output          74  I/O error, disk or quota full
  65  bad data; the table does not fit   75  try again later (output locked)
      the model; too many bad rows       77  no permission on an input or model
  66  input or model not found           78  bad config or model
  99  nothing to do (--empty=skip)      130  interrupted (143 terminated, 129 hung up)
 141  the reader of stdout went away
`

// commandHelp is the help of one command: what it is, examples, flags by
// group, and what holds for all commands.
func commandHelp(c *cli.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "yhat %s: %s\n\nUsage: %s\n\nExamples:\n", c.Name, c.Usage, c.UsageText)
	for line := range strings.Lines(c.Description) {
		b.WriteString("  " + line)
	}
	for _, group := range groups() {
		writeGroup(&b, group, c.Flags)
	}
	switch {
	case findFlag(c, "block-size") != nil:
		fmt.Fprintf(&b, flagsHelp+tablesHelp, envName(c.Name, "block-size")+"=1MiB", c.Name)
	case findFlag(c, "config") != nil:
		fmt.Fprintf(&b, flagsHelp, envName(c.Name, "output")+"=new.onnx", c.Name)
	}
	b.WriteString("\n" + exitCodes)
	return strings.ReplaceAll(b.String(), "{{", `{{"{{"}}`)
}

const flagsHelp = `
Flags stand before or after the inputs. Each can also come from the environment
(%s) and from a job file (yhat %s --config job.yaml, whose
keys are the long names of the flags, and inputs). A flag beats the environment,
which beats the file. Lists are written a,b,c; a name that holds a comma stands
in double quotes.
`

const tablesHelp = `
Formats: csv tsv ndjson parquet arrow arrows; .gz and .zst of text and arrows.
An INPUT is a file, a folder, a glob, or - for stdin; none is stdin too.
`

// groups are all groups of flags, in the order they are shown.
func groups() []string {
	return []string{reading, networkGroup, learningGroup, writing, badRows, running, telling}
}

// flagsOf are the flags of one group.
func flagsOf(group string, flags []cli.Flag) (list []cli.DocGenerationFlag) {
	for _, f := range flags {
		d := f.(interface {
			cli.DocGenerationFlag
			cli.CategorizableFlag
		})
		if d.GetCategory() == group {
			list = append(list, d)
		}
	}
	return list
}

// writeGroup writes the flags of one group, names on the left.
func writeGroup(b *strings.Builder, group string, flags []cli.Flag) {
	const left = 29
	for i, d := range flagsOf(group, flags) {
		if i == 0 {
			fmt.Fprintf(b, "\n%s:\n", group)
		}
		names, usage := describe(d)
		if len(names) >= left {
			names += "\n" + strings.Repeat(" ", left+2)
		}
		fmt.Fprintf(b, "  %-*s%s\n", left, names, strings.Join(wrapWords(usage, 76-left), "\n"+strings.Repeat(" ", left+2)))
	}
}

// describe is a flag's names with the word for its value, and its usage.
func describe(f cli.DocGenerationFlag) (names, usage string) {
	usage, value := f.GetUsage(), ""
	if parts := strings.SplitN(usage, "`", 3); len(parts) == 3 {
		value, usage = parts[1], strings.Join(parts, "")
	}
	var all []string
	for _, n := range f.Names() {
		all = append(all, strings.Repeat("-", min(2, len(n)))+n)
	}
	slices.Reverse(all) // -m, --model
	names = strings.Join(all, ", ")
	if f.TakesValue() {
		names += " " + value
	}
	return names, usage
}

// wrapWords breaks a text into lines of at most width bytes.
func wrapWords(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
