package main

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"yhat/pipeline"
)

// finish writes the manifest, and the mark if all is done. What stopped the run
// goes before what goes wrong here.
func (f *folder) finish(err error, pending int) error {
	entries := maps.Clone(f.done)
	for name, e := range f.told {
		if _, ok := entries[name]; !ok && (e.SHA256 == "" || exists(f.dir+name)) {
			entries[name] = e // of an input that was not asked for this time
		}
	}
	text, kept := manifestText(entries)
	if kept == nil {
		kept = f.publishIfNew(f.dir+manifestName, text)
	}
	if err == nil && kept == nil {
		if err = f.judge(text); err != nil {
			kept = f.removeMark()
		}
	}
	if err == nil && kept == nil {
		err = f.publishIfNew(f.dir+successName, nil)
	}
	if err == nil && kept == nil {
		f.tellFolder(pending)
	}
	if kept == nil { // else the journal is for the next run
		kept = f.journal.Remove()
	}
	if err == nil {
		err = kept
	}
	return err
}

// judge decides whether the folder is complete.
func (f *folder) judge(manifest []byte) error {
	if failed := f.report.Files.Failed; failed > 0 {
		return &inputsFailed{failed, f.report.Files.Total(), f.firstErr}
	}
	out := &pipeline.ReportOutput{Path: f.dir, Format: "folder", SHA256: sumOf(manifest)}
	read, written := int64(0), 0
	for _, e := range f.done {
		read += e.Rows.Read
		out.Rows, out.Bytes = out.Rows+e.Rows.Scored+e.Rows.Null, out.Bytes+e.Bytes
		if e.SHA256 != "" {
			written++
		}
	}
	if err := f.judgeRows(read); err != nil {
		return err
	}
	if written == 0 {
		return pipeline.ErrNothing
	}
	f.report.Output = out
	return nil
}

// inputsFailed is the end of a run that could not score all its inputs. Each of
// them has been told of; the code is the first one's.
type inputsFailed struct {
	failed, of int
	first      error
}

func (e *inputsFailed) Error() string {
	return fmt.Sprintf("%d of %d inputs could not be scored; the others are done, and a further run scores the rest", e.failed, e.of)
}

func (e *inputsFailed) Unwrap() error { return e.first }

// publishIfNew publishes a small file unless it says so already.
func (f *folder) publishIfNew(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(text) {
		return nil
	}
	return f.publish(path, text)
}

// exists reports whether there is a file of that name.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// tellFolder says to a person who watches what was done.
func (f *folder) tellFolder(pending int) {
	if !f.ui.chatty() {
		return
	}
	files := f.report.Files
	if pending == 0 {
		f.ui.log.Info(fmt.Sprintf("%s: all %s files were done already; --force does them again", f.dir, count(int64(files.DoneBefore))))
		return
	}
	parts := []string{count(int64(files.Scored)) + " files scored"}
	if files.DoneBefore > 0 {
		parts = append(parts, count(int64(files.DoneBefore))+" were done already")
	}
	if files.Skipped > 0 {
		parts = append(parts, count(int64(files.Skipped))+" without rows")
	}
	f.ui.log.Info(f.dir + ": " + strings.Join(parts, ", "))
}
