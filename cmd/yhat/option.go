package main

import "github.com/urfave/cli/v2"

// A flag of urfave/cli finds its names by a regular expression whenever it is
// asked, and is asked thousands of times a run: a fifth of a small job. So ours
// have them at hand.
type (
	textFlag struct {
		*cli.StringFlag
		names []string
	}
	listFlag struct {
		*cli.StringSliceFlag
		names []string
	}
	truthFlag struct {
		*cli.BoolFlag
		names []string
	}
)

func (f *textFlag) Names() []string  { return f.names }
func (f *listFlag) Names() []string  { return f.names }
func (f *truthFlag) Names() []string { return f.names }

// one is a flag with one value. In usage, `NAME` between backquotes stands for
// the value.
func one(group, name, usage string, aliases ...string) cli.Flag {
	f := &cli.StringFlag{Category: group, Name: name, Usage: usage, Aliases: aliases}
	return &textFlag{f, append([]string{name}, aliases...)}
}

// file is a flag whose value is a path: shells complete it.
func file(group, name, usage string, aliases ...string) cli.Flag {
	f := &cli.StringFlag{Category: group, Name: name, Usage: usage, Aliases: aliases, TakesFile: true}
	return &textFlag{f, append([]string{name}, aliases...)}
}

// many is a flag that may be repeated, or takes a list.
func many(group, name, usage string) cli.Flag {
	return &listFlag{&cli.StringSliceFlag{Category: group, Name: name, Usage: usage}, []string{name}}
}

// truth is a flag that is true or false.
func truth(group, name, usage string) cli.Flag {
	return &truthFlag{&cli.BoolFlag{Category: group, Name: name, Usage: usage, DisableDefaultText: true}, []string{name}}
}
