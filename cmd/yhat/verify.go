package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
	"yhat/pipeline"
)

const verifyExamples = `yhat verify -m heart.json scored.csv
yhat verify -m heart.json scored.parquet --tolerance 1e-5
yhat verify -m heart.json --output-prefix new_ scored.csv --json
`

func verifyCommand(u *ui) *cli.Command {
	flags := append([]cli.Flag{modelFlag()}, readFlags()...)
	flags = append(flags, cellFlags()...)
	flags = append(flags, featuresFlag(),
		one(reading, "limit", "compare only the first `N` rows"),
		one(reading, "files-from", "read the names of the inputs, one a line, from `FILE`, or - for stdin"),
		one(reading, "output-prefix", "`P` stands before the names of the stored predictions"),
		one(telling, "tolerance", "the largest difference that is no failure: `D` (default 1e-6)"),
		truth(telling, "json", "print JSON"))
	return &cli.Command{
		Name:        "verify",
		Usage:       "compute stored predictions again, and report the largest difference",
		UsageText:   "yhat verify -m MODEL [FLAGS] DATA",
		Description: verifyExamples,
		Flags:       append(append(append(flags, memoryFlag()), runFlags()...), tellFlags()...),
		Action:      u.begins(verify),
	}
}

// tolerance is the largest difference that is no failure.
func (s *settings) tolerance() float64 {
	d := s.number("tolerance", 1e-6)
	if d < 0 {
		s.refuse("tolerance", "%q is below 0", s.text("tolerance"))
	}
	return d
}

// verify compares, tells, and fails past the tolerance.
func verify(ctx context.Context, u *ui, s *settings) error {
	tolerance, asJSON := s.tolerance(), s.yes("json", false)
	when := s.choice("progress", "auto", "auto", "always", "never")
	job := readJob(u, s)
	in := readInputs(ctx, u, s, job.Workers)
	if s.err != nil {
		return s.err
	}
	var err error
	if job.Kernel, err = chooseKernel(); err != nil {
		return err
	}
	if _, err = loadModel(job); err != nil {
		return err
	}
	if err = in.find(); err != nil {
		return err
	}
	job.Inputs, job.Open = in.paths, in.open
	bar := u.newProgress(when, in.paths, true)
	job.Progress = bar.show
	found, _, err := pipeline.Verify(ctx, job)
	bar.done()
	if err != nil {
		return err
	}
	if asJSON {
		err = printJSON(u.stdout, verdictOf(found, tolerance))
	} else {
		err = printVerdict(u.stdout, found, tolerance)
	}
	if err == nil && !(found.Largest <= tolerance) {
		err = fmt.Errorf("%w: stored predictions differ by more than %g", table.ErrData, tolerance)
	}
	return err
}

// verdict is what verify --json prints. Largest is null where a row has its
// prediction on one side only.
type verdict struct {
	Rows      int64    `json:"rows"`
	Largest   *float64 `json:"largest"`
	Column    string   `json:"column"`
	File      string   `json:"file"`
	Row       int64    `json:"row"`
	Unmatched int64    `json:"unmatched"`
	Unshown   int64    `json:"unshown"`
	Tolerance float64  `json:"tolerance"`
	OK        bool     `json:"ok"`
}

func verdictOf(d pipeline.Difference, tolerance float64) verdict {
	v := verdict{Rows: d.Rows, Largest: &d.Largest, Column: d.Column, File: d.File, Row: d.Row,
		Unmatched: d.Unmatched, Unshown: d.Unshown, Tolerance: tolerance, OK: d.Largest <= tolerance}
	if math.IsInf(d.Largest, 0) || math.IsNaN(d.Largest) {
		v.Largest = nil
	}
	return v
}

// printVerdict writes the comparison for people.
func printVerdict(w io.Writer, d pipeline.Difference, tolerance float64) error {
	unshown := ""
	if d.Unshown > 0 {
		unshown = fmt.Sprintf("; %s more have no prediction for a y_hat_error that their cells no longer show", count(d.Unshown))
	}
	if d.Rows == 0 {
		_, err := fmt.Fprintf(w, "no rows to compare%s\n", unshown)
		return err
	}
	where := fmt.Sprintf("%s, row %d, column %q", d.File, d.Row, d.Column)
	if d.Unmatched > 0 {
		_, err := fmt.Fprintf(w, "%s rows compared; %s have a prediction on one side only, first %s%s\n", count(d.Rows), count(d.Unmatched), where, unshown)
		return err
	}
	_, err := fmt.Fprintf(w, "%s rows compared; the largest difference is %g (%s); tolerance %g%s\n", count(d.Rows), d.Largest, where, tolerance, unshown)
	return err
}
