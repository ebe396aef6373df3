package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
)

// errConfig is a job file that cannot be used.
var errConfig = errors.New("bad config")

// setting is what was asked of one flag, and where.
type setting struct {
	values []string
	origin string // "--workers", "YHAT_SCORE_WORKERS" or "job.yaml:7: workers"
	kind   error  // ErrUsage, or errConfig for a job file
	rank   int    // flag 3, environment 2, file 1
	exact  bool   // the values are a list already: none is cut at commas
}

// settings are the flags of one command with their values: a flag beats the
// environment, which beats the job file. Its readers remember the first error
// in err and go on, so that a command reads all it needs and asks once.
type settings struct {
	command string
	of      map[string]setting
	inputs  []string
	memory  int64 // that the run may take
	err     error
}

// begins is the action of a command that does its work once its flags are read.
func (u *ui) begins(do func(ctx context.Context, u *ui, s *settings) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		s, err := gather(c)
		if err != nil {
			return err
		}
		u.configure(s)
		return do(c.Context, u, s)
	}
}

// gather reads the flags of the running command, the environment and --config.
// Where the job file cannot be used, the settings are what the others say.
func gather(c *cli.Context) (*settings, error) {
	s := &settings{command: c.Command.Name, of: map[string]setting{}, inputs: c.Args().Slice()}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if variable := envName(c.Command.Name, name); c.IsSet(name) {
			s.of[name] = setting{flagValues(c, f), "--" + name, table.ErrUsage, 3, false}
		} else if value := os.Getenv(variable); value != "" {
			s.of[name] = setting{[]string{value}, variable, table.ErrUsage, 2, false}
		}
	}
	var err error
	if path := s.text("config"); path != "" {
		err = s.addFile(path, c.Command)
	}
	s.memory = s.readMemory()
	return s, err
}

// envName is the environment variable of a flag: YHAT_SCORE_MAX_BAD.
func envName(command, flag string) string {
	return "YHAT_" + strings.ToUpper(command) + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagValues are the values given on the command line.
func flagValues(c *cli.Context, f cli.Flag) []string {
	name := f.Names()[0]
	switch f.(type) {
	case *truthFlag:
		return []string{strconv.FormatBool(c.Bool(name))}
	case *listFlag:
		return c.StringSlice(name)
	}
	return []string{c.String(name)}
}

// addFile takes from a job file what neither flags nor environment say.
func (s *settings) addFile(path string, c *cli.Command) error {
	found, inputs, err := readConfig(path, c)
	if err != nil {
		return err
	}
	for name, value := range found {
		if _, ok := s.of[name]; !ok {
			s.of[name] = value
		}
	}
	if len(s.inputs) == 0 && s.of["files-from"].rank < 2 {
		s.inputs = inputs
	}
	return nil
}

// has reports whether a flag was given in any way.
func (s *settings) has(name string) bool { return s.of[name].rank > 0 }

// refuse remembers an error about a flag's value.
func (s *settings) refuse(name, format string, args ...any) {
	if s.err == nil {
		set := s.of[name]
		s.err = fmt.Errorf("%w: %s: %s", set.kind, set.origin, fmt.Sprintf(format, args...))
	}
}

// refuseUse remembers an error about flags that do not go together.
func (s *settings) refuseUse(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s", table.ErrUsage, fmt.Sprintf(format, args...))
	}
}

// text is the value of a flag, "" when it was not given.
func (s *settings) text(name string) string {
	if set := s.of[name]; len(set.values) > 0 {
		return set.values[len(set.values)-1]
	}
	return ""
}

// textOr is the value of a flag, or a default.
func (s *settings) textOr(name, otherwise string) string {
	if v := s.text(name); v != "" || s.has(name) {
		return v
	}
	return otherwise
}

// yes is the value of a boolean flag.
func (s *settings) yes(name string, otherwise bool) bool {
	if !s.has(name) {
		return otherwise
	}
	v, err := strconv.ParseBool(s.text(name))
	if err != nil {
		s.refuse(name, "%q is neither true nor false", s.text(name))
	}
	return v
}

// header is --header, which --no-header turns round: the one given nearer to
// the command line counts.
func (s *settings) header() bool {
	header, none := s.yes("header", true), s.yes("no-header", false)
	switch h, n := s.of["header"].rank, s.of["no-header"].rank; {
	case n > h:
		return !none
	case n == h && n > 0 && header == none:
		s.refuse("no-header", "contradicts --header")
	}
	return header
}

// choice is one of a few words.
func (s *settings) choice(name, otherwise string, words ...string) string {
	v := s.textOr(name, otherwise)
	if !slices.Contains(words, v) && v != otherwise {
		s.refuse(name, "%q is none of %s", v, strings.Join(words, ", "))
	}
	return v
}

// whole is a whole number of at least low.
func (s *settings) whole(name string, otherwise, low int64) int64 {
	if !s.has(name) {
		return otherwise
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s.text(name)), 10, 64)
	if err != nil || n < low {
		s.refuse(name, "%q is no whole number of at least %d", s.text(name), low)
	}
	return n
}

// wholeTo is a whole number from low to high.
func (s *settings) wholeTo(name string, otherwise, low, high int) int {
	n := s.whole(name, int64(otherwise), int64(low))
	if n > int64(high) {
		s.refuse(name, "%d is more than %d", n, high)
	}
	return int(min(n, int64(high)))
}

// number is a finite number.
func (s *settings) number(name string, otherwise float64) float64 {
	if !s.has(name) {
		return otherwise
	}
	v, ok := parseNumber(s.text(name))
	if !ok {
		s.refuse(name, "%q is no number", s.text(name))
	}
	return v
}

// parseNumber reads a finite decimal number.
func parseNumber(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v) && !strings.ContainsAny(text, "xX_pP")
}

// maxBytes bounds --block-size and --max-record: places in a block are int32.
const maxBytes = 1 << 30

// bytes is a size such as 65536, 64KiB or 1MB.
func (s *settings) bytes(name string, otherwise int) int {
	if !s.has(name) {
		return otherwise
	}
	n, ok := parseBytes(s.text(name))
	if !ok || n < 1 || n > maxBytes {
		s.refuse(name, "%q is no size from 1 byte to 1 GiB, such as 64KiB, 1MB or 65536", s.text(name))
	}
	return int(n)
}

// parseBytes reads a size. KB is 1000 bytes; KiB and K are 1024.
func parseBytes(text string) (int64, bool) {
	digits := strings.TrimRight(strings.TrimSpace(text), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit := strings.ToLower(strings.TrimSpace(strings.TrimSpace(text)[len(digits):]))
	scale, ok := map[string]int64{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "k": 1 << 10, "kib": 1 << 10,
		"m": 1 << 20, "mib": 1 << 20, "g": 1 << 30, "gib": 1 << 30}[unit]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > math.MaxInt64/scale {
		return 0, false
	}
	return n * scale, true
}

// separator is a delimiter: one byte, or the word tab.
func (s *settings) separator(name string) byte {
	v := s.text(name)
	switch {
	case !s.has(name):
		return 0
	case v == "tab" || v == `\t`:
		return '\t'
	case len(v) != 1 || v[0] >= 0x80 || strings.ContainsAny(v, "\"\r\n\x00"):
		s.refuse(name, "%q cannot separate cells: give one ASCII character, or tab", v)
		return 0
	}
	return v[0]
}

// list is a list of words: "a,b", with quotes where a word holds a comma.
func (s *settings) list(name string) []string {
	if s.of[name].exact {
		return s.of[name].values
	}
	words := []string{}
	for _, v := range s.of[name].values {
		words = append(words, s.splitList(name, v)...)
	}
	return words
}

// splitList reads one record of CSV. The empty text is one empty word.
func (s *settings) splitList(name, text string) []string {
	if text == "" {
		return []string{""}
	}
	r := csv.NewReader(strings.NewReader(text))
	words, err := r.Read()
	if err != nil || r.InputOffset() != int64(len(text)) {
		s.refuse(name, "%q is no list such as a,b,c", text)
	}
	return words
}

// pair is one NAME=VALUE.
type pair struct{ name, value string }

// pairs is a list of NAME=VALUE, whose values may hold commas: they separate
// pairs only before another "=".
func (s *settings) pairs(name, example string) []pair {
	return s.cutPairs(name, example, splitPairs)
}

// namedWords is a list of NAME=WORD, whose names may hold commas.
func (s *settings) namedWords(name, example string) []pair {
	return s.cutPairs(name, example, splitNamed)
}

func (s *settings) cutPairs(name, example string, split func(string) []string) []pair {
	var all []pair
	for _, v := range s.of[name].values {
		texts := []string{v}
		if !s.of[name].exact {
			texts = split(v)
		}
		for _, text := range texts {
			all = append(all, s.onePair(name, text, example)...)
		}
	}
	return all
}

// onePair reads NAME=VALUE, of which neither may be empty.
func (s *settings) onePair(name, text, example string) []pair {
	left, right, ok := strings.Cut(text, "=")
	if left = strings.TrimSpace(left); !ok || left == "" || right == "" {
		s.refuse(name, "%q is not of the form %s", text, example)
		return nil
	}
	return []pair{{left, right}}
}

// splitPairs cuts at the commas that another NAME= follows.
func splitPairs(text string) []string {
	var parts []string
	for _, piece := range strings.Split(text, ",") {
		if len(parts) > 0 && !strings.Contains(piece, "=") {
			parts[len(parts)-1] += "," + piece
			continue
		}
		parts = append(parts, piece)
	}
	return parts
}

// splitNamed cuts at the first comma behind each "=".
func splitNamed(text string) (parts []string) {
	for {
		at := strings.IndexByte(text, '=')
		comma := strings.IndexByte(text[max(at, 0):], ',')
		if at < 0 || comma < 0 {
			return append(parts, text)
		}
		parts = append(parts, text[:at+comma])
		text = text[at+comma+1:]
	}
}
