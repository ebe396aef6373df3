package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"yhat/io/table"
	"yhat/pipeline"
)

// outputs are the files a job writes, and how.
type outputs struct {
	path, rejects, report string
	metrics               string
	summary, wait         bool
	folder, force         bool         // path is a folder: one output for each input
	format                table.Format // "": chosen by the first input
	zip                   string
	opt                   table.WriteOptions
	first                 table.Format // of the first input, once it is open
}

// readOutputs reads the flags that say what is written where.
func readOutputs(u *ui, s *settings, workers int) *outputs {
	o := &outputs{path: s.textOr("output", "-"), rejects: s.text("rejects"), report: s.text("report"),
		metrics: s.text("metrics"), summary: s.yes("summary", false), wait: s.yes("wait", false), force: s.yes("force", false)}
	o.folder = isFolder(o.path)
	o.opt = table.WriteOptions{
		Delimiter: s.separator("output-delimiter"), NoHeader: !s.yes("output-header", true),
		EscapeFormulas: s.yes("escape-formulas", false), FloatFixed: readFloatFormat(s), Workers: workers, Parallel: parallel(workers),
		Memory: s.memory, Alloc: u.room,
	}
	for _, path := range []*string{&o.path, &o.rejects, &o.report, &o.metrics} {
		if slices.Contains([]string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}, *path) {
			*path = "-"
		}
	}
	byName, zip, known := table.FormatOf(o.path)
	o.format, o.zip = s.format("output-format"), zip
	if o.format == "" && known {
		o.format = byName
	}
	for _, name := range []string{"output", "rejects", "report", "metrics"} {
		if s.has(name) && s.text(name) == "" {
			s.refuse(name, "an empty name")
		}
	}
	if s.has("escape-formulas") && o.format != "" && !o.format.Delimited() {
		s.refuseUse("--escape-formulas is for csv and tsv; the output is %s", o.format)
	}
	if !o.format.Text() && o.format != "" {
		o.checkTyped(u, s)
	}
	if o.folder != isFolder(o.rejects) && o.rejects != "" {
		s.refuseUse("-o DIR/ and --rejects DIR/ go together: the rejects of each output are a file of their own")
	}
	o.checkPaths(u, s)
	if ext := strings.ToLower(filepath.Ext(o.path)); o.format == "" && slices.Contains(notWritten, ext) {
		s.refuseUse("-o %s: no output is %s; --output-format says what to write under that name (%s)", o.path, ext, strings.Join(formatNames(), ", "))
	}
	return o
}

// notWritten are names that promise what is not written: text under them would
// be taken for what it is not.
var notWritten = []string{".json", ".xlsx", ".xls", ".ods", ".xml", ".avro", ".orc"}

// isFolder reports whether a path is written as that of a folder.
func isFolder(path string) bool { return strings.HasSuffix(path, "/") }

// checkTyped refuses what makes no sense for Parquet and Arrow.
func (o *outputs) checkTyped(u *ui, s *settings) {
	if o.path == "-" && u.stdoutTerminal {
		s.refuseUse("%s is not for a screen: write it to a file with -o", o.format)
	}
	if o.zip != "" && o.format != table.ArrowStream {
		s.refuseUse("%s: %s is not compressed as a whole, its pages and batches are: leave out .%s", o.path, o.format, o.zip)
	}
	for _, name := range []string{"output-delimiter", "output-header", "float-format"} {
		if s.has(name) {
			s.refuseUse("--%s is for text; the output is %s", name, o.format)
		}
	}
}

// checkPaths refuses two outputs in one place, and outputs that are read.
func (o *outputs) checkPaths(u *ui, s *settings) {
	names := []string{"output", "rejects", "report", "metrics"}
	paths := []string{o.path, o.rejects, o.report, o.metrics}
	if o.summary && slices.Contains(paths, "-") {
		s.refuseUse("--summary goes to stdout, which must be free: give -o FILE")
	}
	for i, a := range paths {
		for j, b := range paths[:i] {
			if a != "" && b != "" && samePath(a, b) {
				s.refuseUse("--%s and --%s both go to %s", names[j], names[i], placeName(a))
			}
		}
		s.spare(names[i], a)
	}
}

// spare refuses a path of the flag that is a file which the run reads beside
// its tables.
func (s *settings) spare(flag, path string) {
	if path == "" || path == "-" {
		return
	}
	for _, read := range [][2]string{{"model", "the model"}, {"config", "the job file"}, {"files-from", "the list of inputs"},
		{"profile", "the profile"}, {"with-profile", "the profile"}, {"layers", "the layers"}} {
		if s.has(read[0]) && samePath(path, s.text(read[0])) {
			s.refuseUse("--%s would write over %s", flag, read[1])
		}
	}
}

// placeName is a path as people call it.
func placeName(path string) string {
	if path == "-" {
		return "stdout"
	}
	return path
}

// samePath reports whether two paths are one file, existing or not.
func samePath(a, b string) bool {
	if a == b {
		return true
	}
	if a == "-" || b == "-" || b == "" {
		return false
	}
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y || table.SameFile(a, b)
}

// checkInputs refuses an output that is an input as well, stdout too: reading
// what one writes would never end. Nor are weights beside the model outputs.
func (o *outputs) checkInputs(paths, weights []string) error {
	for _, out := range []string{o.path, o.rejects, o.report, o.metrics} {
		if slices.ContainsFunc(weights, func(path string) bool { return samePath(out, path) }) {
			return fmt.Errorf("%w: %s holds weights of the model and would be written over", table.ErrUsage, out)
		}
		if err := table.CheckDistinct(paths, out); err != nil {
			return err
		}
		if slices.Contains(paths, "-") && isStream(os.Stdin, out) {
			return fmt.Errorf("%w: stdin comes from %s, which is the output at once", table.ErrUsage, placeName(out))
		}
	}
	for _, in := range paths {
		if o.path == "-" && in != "-" && isStream(os.Stdout, in) {
			return fmt.Errorf("%w: %s is an input, and stdout goes to it", table.ErrUsage, in)
		}
	}
	return nil
}

// readFloatFormat reads --float-format: decimals, or -1 for the shortest.
func readFloatFormat(s *settings) int {
	v := s.textOr("float-format", "shortest")
	if v == "shortest" {
		return -1
	}
	digits, ok := strings.CutPrefix(v, "fixed:")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || n > 30 {
		s.refuse("float-format", "%q is neither shortest nor fixed:N with N from 0 to 30", v)
	}
	return n
}

// choose is the output's format: by flag or name; else that of a text input,
// else csv.
func (o *outputs) choose(first table.Format) table.Format {
	switch {
	case o.format != "":
		return o.format
	case first.Text():
		return first
	}
	return table.CSV
}

// raw reports whether cells of an input of format f are copied as they are
// written. It is asked of the first input first.
func (o *outputs) raw(f table.Format) bool {
	if o.first == "" {
		o.first = f
	}
	out := o.choose(o.first)
	return out.Delimited() && f.Delimited() || out == table.NDJSON && f == table.NDJSON
}

// words reports whether cells of an input of format f that are not copied raw
// stay the words they are: a number of NDJSON in a CSV keeps its digits.
func (o *outputs) words(f table.Format) bool {
	return f.Text() && o.choose(f).Delimited()
}

// writer is the way from the sink to the output. Shut, it swallows what a sink
// still writes when it is closed after a failure: no footer may make half a
// table look whole.
type writer struct {
	out  io.Writer
	shut bool
}

func (w *writer) Write(b []byte) (int, error) {
	if w.shut {
		return len(b), nil
	}
	return w.out.Write(b)
}

// closeOnce is a sink that the job closes when all is well, and its owner in
// any case.
type closeOnce struct {
	table.Sink
	closed bool
}

func (c *closeOnce) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	return c.Sink.Close()
}

// sink makes the sink once the columns are known.
func (o *outputs) sink(w io.Writer, l table.Layout, first table.Source) (*closeOnce, error) {
	in := first.Info().Format
	out, opt := o.choose(in), o.opt
	opt.KeepEdges = isArrow(in) && isArrow(out)
	s, err := table.NewSink(w, out, o.zip, l, first, opt)
	if err != nil {
		return nil, err
	}
	return &closeOnce{Sink: s}, nil
}

func isArrow(f table.Format) bool { return f == table.Arrow || f == table.ArrowStream }

// told is what the report says about a published output.
func (o *outputs) told(out *table.Output, rows pipeline.ReportRows) *pipeline.ReportOutput {
	return &pipeline.ReportOutput{Path: out.Path(), Format: string(o.choose(o.first)), Bytes: out.Bytes(),
		Rows: rows.Scored + rows.Null, SHA256: out.SHA256()}
}

// isStream reports whether a path, or stdout by "-", is the regular file that
// a standard stream comes from or goes to.
func isStream(stream *os.File, path string) bool {
	open, err := stream.Stat()
	if err != nil || !open.Mode().IsRegular() {
		return false
	}
	stat := func() (os.FileInfo, error) { return os.Stat(path) }
	if path == "-" {
		stat = os.Stdout.Stat
	}
	named, err := stat()
	return err == nil && os.SameFile(named, open)
}
