package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"yhat/io/table"
)

// A folder of outputs holds, beside them, what has been done and a mark that
// all of it is: names that no folder of inputs gives. The journal is the lock,
// and what has been done since the manifest was written.
const (
	manifestName = "_manifest.json"
	successName  = "_SUCCESS"
	journalName  = ".yhat-journal"
)

// task is one input and the output it becomes.
type task struct {
	input  string
	name   string // of the output in its folder
	format table.Format
	zip    string
	err    error // why the input cannot be looked at
}

// plan gives each input its output. Errors are of usage: two inputs for one
// output, or inputs where outputs go.
func (r *scoring) plan() ([]task, error) {
	tasks := make([]task, 0, len(r.in.paths))
	owner := map[string]string{}
	for _, path := range r.in.paths {
		if path == "-" {
			return nil, fmt.Errorf("%w: %s takes its names from the inputs, and stdin has none", table.ErrUsage, r.out.path)
		}
		t := r.taskOf(path)
		if errors.Is(t.err, table.ErrUsage) {
			return nil, t.err
		}
		if other, ok := owner[t.name]; ok {
			return nil, fmt.Errorf("%w: %s and %s would both become %s%s: give them folders of their own", table.ErrUsage, other, path, r.out.path, t.name)
		}
		owner[t.name] = path
		tasks = append(tasks, t)
	}
	return tasks, r.checkFolders(tasks)
}

// taskOf chooses format and name of an input's output: those of the input, but
// for --output-format.
func (r *scoring) taskOf(path string) task {
	t := task{input: path, name: filepath.Base(path)}
	t.format, t.zip, t.err = table.Identify(path, r.in.opt)
	if t.err != nil {
		return t
	}
	if r.out.format != "" {
		t.format = r.out.format
	}
	if !t.format.Text() && t.format != table.ArrowStream {
		t.zip = ""
	}
	t.name = table.OutputName(path, t.format, t.zip)
	return t
}

// checkFolders refuses folders of outputs that hold inputs, through links too,
// and files of the run that stand where an output goes.
func (r *scoring) checkFolders(tasks []task) error {
	for _, dir := range []string{r.out.path, r.out.rejects} {
		for _, t := range tasks {
			if dir != "" && (isSameFolder(filepath.Dir(t.input), dir) || isSameFolder(folderOf(t.input), dir)) {
				return fmt.Errorf("%w: %s holds the input %s: outputs need a folder of their own", table.ErrUsage, dir, t.input)
			}
		}
	}
	if r.out.rejects != "" && (samePath(r.out.rejects, r.out.path) || isSameFolder(r.out.rejects, r.out.path)) {
		return fmt.Errorf("%w: rejects in the folder of outputs would be taken for outputs", table.ErrUsage)
	}
	for _, t := range tasks {
		if err := r.checkTask(t); err != nil {
			return err
		}
	}
	return nil
}

// checkTask refuses an output that is an input, by a link, or a file of the run.
func (r *scoring) checkTask(t task) error {
	out := r.out.path + t.name
	if err := table.CheckDistinct(r.in.paths, out); err != nil {
		return err
	}
	for _, path := range []string{r.out.report, r.out.metrics, r.job.About.ModelPath} {
		if path != "" && samePath(path, out) {
			return fmt.Errorf("%w: %s would be written twice, or over the model", table.ErrUsage, out)
		}
	}
	return nil
}

// folderOf is the folder that a path leads to, links followed.
func folderOf(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Dir(path)
}

// isSameFolder reports whether two paths are one folder that exists.
func isSameFolder(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
