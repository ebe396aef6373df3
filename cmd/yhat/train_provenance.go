package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
)

// provenance is what a model says of its training: all that it follows from,
// and how well it did. It holds no time and no folder, so the same run gives the
// same bytes.
func (l *learning) provenance(r *pipeline.TrainReport) ([]nn.Note, error) {
	names, digests, err := l.inputDigests()
	if err != nil {
		return nil, err
	}
	notes := []nn.Note{
		{Key: "by", Value: "yhat " + release + " train"},
		{Key: "data", Value: strings.Join(names, ", ")},
		{Key: "data_sha256", Value: strings.Join(digests, ", ")},
		{Key: "target", Value: strings.Join(r.Targets, ", ")},
		{Key: "rows", Value: rowWords(r)},
		{Key: "split", Value: l.splitWords()},
		{Key: "choices", Value: l.choiceWords(r)},
		{Key: "seed", Value: fmt.Sprint(r.Seed)},
		{Key: "best_epoch", Value: fmt.Sprintf("%d of %d", r.BestEpoch, len(r.Epochs))},
		{Key: "arithmetic", Value: arithmetic(l.job.Kernel)},
	}
	for _, part := range []struct {
		name string
		m    *pipeline.Measures
	}{{"training", r.Training}, {"validation", r.Validation}, {"test", r.Test}} {
		if part.m != nil {
			notes = append(notes, nn.Note{Key: part.name, Value: part.m.Short()})
		}
	}
	return notes, nil
}

// inputDigests are the names of the inputs without folders, and the SHA-256 of
// their bytes as they lie there.
func (l *learning) inputDigests() (names, digests []string, err error) {
	for i, path := range l.in.paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", table.ErrIO, err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %s: %w", table.ErrIO, path, err)
		}
		name := filepath.Base(path)
		if l.stdin[i] {
			name = "stdin"
		}
		names, digests = append(names, name), append(digests, hex.EncodeToString(h.Sum(nil)))
	}
	return names, digests, nil
}

// rowWords counts the rows of each part and those left out.
func rowWords(r *pipeline.TrainReport) string {
	s := fmt.Sprintf("%d trained", r.Rows.Training)
	for _, part := range []struct {
		word string
		n    int64
	}{{"validated", r.Rows.Validation}, {"tested", r.Rows.Test}, {"without a target", r.Rows.NoTarget}, {"rejected", r.Rows.Rejected}} {
		if part.n > 0 {
			s += fmt.Sprintf(", %d %s", part.n, part.word)
		}
	}
	return s
}

// splitWords says how the rows were parted.
func (l *learning) splitWords() string {
	sp, words := &l.job.Split, []string(nil)
	add := func(flag string, share float64, where []pipeline.Where) {
		if share > 0 {
			words = append(words, fmt.Sprintf("%s %g", flag, share))
		}
		for _, w := range where {
			words = append(words, fmt.Sprintf("%s-where %s=%s", flag, w.Column, w.Value))
		}
	}
	add("validate", sp.Validate, sp.ValidateWhere)
	add("test", sp.Test, sp.TestWhere)
	if len(words) == 0 {
		return "none"
	}
	if sp.Validate+sp.Test > 0 {
		words = append(words, string(sp.Draw))
	}
	return strings.Join(words, ", ")
}

// choiceWords are the choices of learning, by the names of their flags.
func (l *learning) choiceWords(r *pipeline.TrainReport) string {
	o := r.Fit
	batch := fmt.Sprint(o.Batch)
	if o.Batch == 0 {
		batch = "all"
	}
	s := fmt.Sprintf("optimizer %s, loss %s, epochs %d, patience %d, l2 %g", o.Optimizer, r.Network.Loss, o.Epochs, o.Patience, o.L2)
	if o.Optimizer != "lbfgs" {
		s += fmt.Sprintf(", learning-rate %g, schedule %s, batch %s, dropout %g", o.Rate, o.Schedule, batch, o.Dropout)
	}
	if l.job.Balanced {
		s += ", class-weights balanced"
	} else if len(l.job.ClassWeights) > 0 {
		s += ", class-weights by label"
	}
	if l.job.WeightColumn != "" {
		s += ", weight-column " + l.job.WeightColumn
	}
	if o.Precision == 64 {
		s += ", precision 64"
	}
	return s
}

// arithmetic is the kind of kernel: those of one kind learn the same bits.
func arithmetic(k nn.Kernel) string {
	if k.Name() == "generic" {
		return "generic"
	}
	return "vector"
}
