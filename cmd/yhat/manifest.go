package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"yhat/io/table"
	"yhat/pipeline"
)

// manifestFormat names the way a manifest is written.
const manifestFormat = "yhat-folder/1"

// entry is one output of a folder, with all that decided its bytes. It holds no
// time of a run, so that a run that was interrupted leaves the same bytes as one
// that was not.
type entry struct {
	Output      string              `json:"output"` // its name in the folder
	fileSum                         // of the output; empty for an input without rows under --empty=skip
	Rejects     *fileSum            `json:"rejects,omitempty"`
	Input       inputSum            `json:"input"`
	ModelSHA256 string              `json:"model_sha256"`
	FlagsSHA256 string              `json:"flags_sha256"`
	Version     string              `json:"version"`
	Rows        pipeline.ReportRows `json:"rows"`
	Reasons     map[string]int64    `json:"reasons"`
}

// fileSum is a file that was written.
type fileSum struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// inputSum is an input as it was read.
type inputSum struct {
	Path     string    `json:"path"`
	Modified time.Time `json:"modified"`
	fileSum
}

// manifest is what a folder holds.
type manifest struct {
	Format string            `json:"format"`
	Files  []json.RawMessage `json:"files"`
}

// readManifest adds what a manifest tells to the entries. One that cannot be
// read tells nothing, so that everything is done anew.
func readManifest(path string, into map[string]entry) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", table.ErrIO, err)
	}
	var m manifest
	if json.Unmarshal(text, &m) == nil && m.Format == manifestFormat {
		addEntries(into, m.Files)
	}
	return nil
}

// addEntries adds entries up to the first that is none.
func addEntries[T ~[]byte](into map[string]entry, lines []T) {
	for _, line := range lines {
		var e entry
		if json.Unmarshal(line, &e) != nil || e.Output == "" {
			return
		}
		into[e.Output] = e
	}
}

// manifestText writes entries down, one a line, by the names of the outputs.
func manifestText(entries map[string]entry) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"format\":%q,\"files\":[", manifestFormat)
	for i, name := range sortedKeys(entries) {
		line, err := json.Marshal(entries[name])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

// sumInput reads an input through to know it again.
func sumInput(ctx context.Context, path string) (inputSum, error) {
	f, err := os.Open(path)
	if err != nil {
		return inputSum{}, fmt.Errorf("input: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return inputSum{}, fmt.Errorf("%w: %w", table.ErrIO, err)
	}
	sum := sha256.New()
	n, err := io.Copy(sum, untilDone{ctx, f})
	if err != nil {
		return inputSum{}, err
	}
	s := inputSum{path, info.ModTime().UTC(), fileSum{n, hex.EncodeToString(sum.Sum(nil))}}
	return s, s.unchanged()
}

// unchanged reports, with an ErrData, that the file at the path is another one
// by now.
func (s *inputSum) unchanged() error {
	info, err := os.Stat(s.Path)
	if err == nil && info.Size() == s.Bytes && info.ModTime().Equal(s.Modified) {
		return nil
	}
	return fmt.Errorf("%w: %s changed while it was read; try again when it is complete", table.ErrData, s.Path)
}

// untilDone is a reader that ends with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", table.ErrIO, err)
	}
	return n, err
}

// holds reports whether the file at path is the one that was written.
func (s *fileSum) holds(ctx context.Context, path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, nil // it is written again, and that will say what is wrong
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != s.Bytes {
		return false, nil
	}
	sum := sha256.New()
	_, err = io.Copy(sum, untilDone{ctx, f})
	return err == nil && hex.EncodeToString(sum.Sum(nil)) == s.SHA256, err
}

// silent are the flags that do not decide which bytes are written.
var silent = []string{"model", "config", "output", "rejects", "files-from", "report", "metrics", "summary", "progress", "quiet", "log-format",
	"show-values", "workers", "block-size", "memory", "tmp-dir", "max-duration", "wait", "force", "expect-rows"}

// digest sums up the flags that decide which bytes are written.
func (s *settings) digest() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "rejects %v\n", s.has("rejects"))
	for _, name := range sortedKeys(s.of) {
		if !slices.Contains(silent, name) {
			fmt.Fprintf(sum, "%s %q\n", name, s.of[name].values)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sumOf is the digest of a text.
func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
