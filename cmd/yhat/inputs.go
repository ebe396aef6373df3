package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"yhat/io/table"
)

// inputs are the tables to read and how.
type inputs struct {
	args      []string // as given: files, folders, globs, "-"
	filesFrom string
	stdin     io.Reader
	opt       table.ReadOptions
	paths     []string     // what they turn out to be
	advice    table.Advice // about the table that was looked at
}

// readInputs reads the flags that say what is read and how.
func readInputs(ctx context.Context, u *ui, s *settings, workers int) *inputs {
	in := &inputs{args: s.inputs, filesFrom: s.text("files-from"), stdin: u.stdin, opt: readOptions(u, s, workers)}
	in.opt.Context = ctx
	stdin := countWord(in.args, "-")
	switch {
	case in.filesFrom != "" && len(in.args) > 0:
		s.refuseUse("give either inputs or --files-from, not both")
	case in.filesFrom == "" && len(in.args) == 0 && u.stdinTerminal:
		s.refuseUse("no input: name a file, a folder or a pattern, or pipe a table in (- is the terminal itself)")
	case slices.Contains(in.args, ""):
		s.refuseUse("an input has an empty name (an unset variable?)")
	case stdin > 1:
		s.refuseUse("stdin (-) is given as an input %d times", stdin)
	case in.filesFrom == "" && len(in.args) == 0:
		in.args = []string{"-"}
	}
	return in
}

// countWord counts the words of a list that are one word.
func countWord(list []string, word string) int {
	n := 0
	for _, w := range list {
		if w == word {
			n++
		}
	}
	return n
}

// readOptions are the flags about reading that every command shares.
func readOptions(u *ui, s *settings, workers int) table.ReadOptions {
	o := table.ReadOptions{
		Format: s.format("input-format"), Delimiter: s.separator("delimiter"), NoHeader: !s.header(),
		BlockSize: s.textBlock(workers), MaxRecord: s.bytes("max-record", table.DefaultMaxRecord),
		FinalNewline: s.yes("require-final-newline", false), TempDir: s.text("tmp-dir"), Stdin: u.stdin, Parallel: parallel(workers),
		Memory: s.memory, Workers: workers, Alloc: u.room,
	}
	if s.has("encoding") {
		var ok bool
		if o.Encoding, ok = table.ParseEncoding(s.text("encoding")); !ok {
			s.refuse("encoding", "%q is none of %s", s.text("encoding"), joinEncodings())
		}
	}
	if s.has("columns") {
		o.Columns = s.list("columns")
	}
	if o.NoHeader != s.has("columns") {
		s.refuseUse("--header=false and --columns go together: a table without a header needs names for its columns")
	}
	if s.has("missing-values") {
		o.Missing = s.list("missing-values")
	}
	if decimal := s.choice("decimal", ".", ".", ","); decimal != "" {
		o.Decimal = decimal[0]
	}
	if o.Decimal == ',' && s.has("delimiter") && o.Delimiter == ',' {
		s.refuseUse("--decimal , and --delimiter , cannot both be")
	}
	return o
}

// joinEncodings lists the names of --encoding.
func joinEncodings() string {
	var names []string
	for _, e := range table.Encodings {
		names = append(names, string(e))
	}
	return strings.Join(names, ", ")
}

// format is a flag that names a format.
func (s *settings) format(name string) table.Format {
	return table.Format(s.choice(name, "", formatNames()...))
}

// formatNames are the names of the formats of tables.
func formatNames() []string {
	var words []string
	for _, f := range table.Formats {
		words = append(words, string(f))
	}
	return words
}

// find turns the arguments into paths. Outputs in a folder or under a glob are
// no inputs.
func (in *inputs) find(outputs ...string) error {
	args := in.args
	if in.filesFrom != "" {
		var err error
		if args, err = in.readList(); err != nil {
			return err
		}
	}
	paths, err := table.Expand(args, outputs...)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if in.filesFrom == "-" && slices.Contains(paths, "-") {
		return fmt.Errorf("%w: --files-from - has read stdin, so - can be no input", table.ErrUsage)
	}
	in.paths = paths
	return nil
}

// readList reads --files-from.
func (in *inputs) readList() ([]string, error) {
	list := in.stdin
	if in.filesFrom != "-" {
		f, err := os.Open(in.filesFrom)
		if err != nil {
			return nil, fmt.Errorf("--files-from: %w", err)
		}
		defer f.Close()
		list = f
	}
	paths, err := table.ReadList(list)
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("--files-from: no input is listed: %w", fs.ErrNotExist)
	}
	return paths, err
}

// open opens one of the paths.
func (in *inputs) open(path string) (table.Source, error) { return table.Open(path, in.opt) }
