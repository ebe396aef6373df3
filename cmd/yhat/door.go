package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
	"yhat/pipeline"
)

// tidyArgs puts the arguments of a subcommand into the order that urfave/cli
// reads, flags first, then "--", then inputs, and refuses what it would not
// explain well: unknown commands, unknown flags, flags without their value.
func tidyArgs(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 || isCompletion(args) {
		return args, nil
	}
	switch args[0] {
	case "-h", "--help", "-help":
		return []string{"--help"}, nil
	case "help":
		return helpArgs(app, args[1:])
	case "--version", "-v":
		return []string{"version"}, nil
	}
	for _, c := range app.Commands {
		if c.HasName(args[0]) {
			app.Commands = []*cli.Command{c} // cli makes each ready, which takes longer than a small job
			rest, err := reorder(c, args[1:])
			return append([]string{c.Name}, rest...), err
		}
	}
	return nil, unknownCommand(app, args[0])
}

// isCompletion reports whether a shell asks for completions.
func isCompletion(args []string) bool { return args[len(args)-1] == "--generate-bash-completion" }

// helpArgs turns "help score" into "score --help".
func helpArgs(app *cli.App, topics []string) ([]string, error) {
	if len(topics) == 0 {
		return []string{"--help"}, nil
	}
	c := app.Command(topics[0])
	if c == nil {
		return nil, unknownCommand(app, topics[0])
	}
	return append([]string{c.Name}, askHelp(c)...), nil
}

// askHelp is what follows a command to get its help, which is written only now.
func askHelp(c *cli.Command) []string {
	c.CustomHelpTemplate = commandHelp(c)
	return []string{"--help"}
}

// unknownCommand names the nearest command, or says that commands come first.
func unknownCommand(app *cli.App, name string) error {
	if strings.HasPrefix(name, "-") {
		return fmt.Errorf("%w: the command comes before its flags: yhat score %s …", table.ErrUsage, name)
	}
	var names []string
	for _, c := range app.Commands {
		names = append(names, c.Name)
	}
	if n := pipeline.Nearest(name, names); n != "" {
		return fmt.Errorf("%w: no command %q; the nearest is %q", table.ErrUsage, name, n)
	}
	return fmt.Errorf("%w: no command %q; the commands are %s", table.ErrUsage, name, strings.Join(names, ", "))
}

// reorder puts the flags of command c before its inputs. "--" ends the flags,
// "-" is an input, and every flag gets its value by "=".
func reorder(c *cli.Command, args []string) ([]string, error) {
	var flags, inputs []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			inputs = append(inputs, args[i+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			inputs = append(inputs, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		f := findFlag(c, name)
		switch {
		case f == nil:
			return nil, unknownFlag(c, arg, name)
		case f == cli.HelpFlag:
			return askHelp(c), nil // alone: cli takes an input for a topic
		case hasValue:
			arg = "--" + f.Names()[0] + "=" + value
		case takesValue(f):
			if i++; i == len(args) || looksLikeFlag(c, args[i]) {
				return nil, fmt.Errorf("%w: --%s needs a value", table.ErrUsage, f.Names()[0])
			}
			arg = "--" + f.Names()[0] + "=" + args[i]
		default:
			arg = "--" + f.Names()[0]
		}
		flags = append(flags, arg)
	}
	return append(append(flags, "--"), inputs...), nil
}

// findFlag finds a flag of c by name or alias; every command has --help.
func findFlag(c *cli.Command, name string) cli.Flag {
	for _, f := range append(slices.Clip(c.Flags), cli.HelpFlag) {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// takesValue reports whether a flag is followed by a value.
func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// looksLikeFlag reports whether what stands where a value should is a flag.
func looksLikeFlag(c *cli.Command, arg string) bool {
	if !strings.HasPrefix(arg, "--") {
		return false
	}
	name, _, _ := strings.Cut(arg[2:], "=")
	return name == "" || findFlag(c, name) != nil
}

// unknownFlag names the flag that is nearest to what was written.
func unknownFlag(c *cli.Command, arg, name string) error {
	arg, _, _ = strings.Cut(arg, "=")
	if n := pipeline.Nearest(name, longNames(c)); n != "" {
		return fmt.Errorf("%w: yhat %s has no flag %s; the nearest is --%s", table.ErrUsage, c.Name, arg, n)
	}
	return fmt.Errorf("%w: yhat %s has no flag %s; see yhat %s --help (an input that starts with - stands behind --)", table.ErrUsage, c.Name, arg, c.Name)
}

// longNames are the names of c's flags, without one-letter aliases.
func longNames(c *cli.Command) []string {
	var names []string
	for _, f := range c.Flags {
		names = append(names, f.Names()[0])
	}
	return names
}

// usageError makes what urfave/cli says about flags one of our errors.
func usageError(_ *cli.Context, err error, _ bool) error {
	return fmt.Errorf("%w: %s", table.ErrUsage, strings.Replace(err.Error(), "for -", "for --", 1))
}
