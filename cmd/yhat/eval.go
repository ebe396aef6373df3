package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
	"yhat/pipeline"
)

const evalExamples = `yhat eval scored.csv --target heart_disease
yhat eval scored.csv --target heart_disease --by sex --threshold 0.1
yhat eval scored.parquet --target cost --json
yhat eval scored.csv --target species --prediction y_hat_a,y_hat_b,y_hat_c
yhat score -m heart.json patients.csv | yhat eval - --target heart_disease
`

func evalCommand(u *ui) *cli.Command {
	flags := append(readFlags(),
		many(reading, "missing-values", "`LIST` of cells that stand for no value (default: the empty cell, NA, N/A, NaN, nan, null, NULL)"),
		one(reading, "decimal", "`CHAR` before the decimals of a number: . or , (default .)"),
		one(reading, "files-from", "read the names of the inputs, one a line, from `FILE`, or - for stdin"),
		one(reading, "target", "the `NAME` of the column that holds what was true (required)"),
		many(reading, "prediction", "`NAME` of the column of predictions; a list for several classes (default: y_hat, or those that begin with y_hat_)"),
		one(reading, "weight-column", "`NAME` of a column that weighs the rows"),
		one(reading, "task", "`WHAT` was predicted: binary, multiclass or regression (default: by target and predictions)"),
		one(reading, "positive", "the `LABEL` that the prediction is the probability of (default: the last of the two in order)"),
		one(reading, "by", "also judge each group: `NAME` of the column whose values are the groups"),
		one(reading, "threshold", "at `T` and above a prediction counts as the second label (default 0.5)"),
		one(running, "bootstrap", "`N` draws behind the 95 % intervals (default 200; 0: no intervals)"),
		one(running, "seed", "`N` behind the draws (default 1)"),
		one(writing, "picture", "draw into `FILE` (.svg, .png or .pdf) what fits the task: ROC, precision and recall, calibration and predictions or confusion of classes; true against predicted numbers and residuals"),
		truth(telling, "json", "print JSON"))
	return &cli.Command{
		Name:        "eval",
		Usage:       "judge predictions against what was true",
		UsageText:   "yhat eval SCORED --target NAME [FLAGS]",
		Description: evalExamples,
		Flags:       append(append(append(flags, memoryFlag()), runFlags()...), tellFlags()...),
		Action:      u.begins(evaluate),
	}
}

// readEval reads the flags of yhat eval.
func readEval(s *settings) *pipeline.EvalJob {
	job := &pipeline.EvalJob{Workers: s.workers(), Target: s.text("target"), WeightColumn: s.text("weight-column"),
		By: s.text("by"), Positive: s.text("positive"), Threshold: s.number("threshold", 0.5),
		Draws: s.wholeTo("bootstrap", 200, 0, 100_000), Seed: uint64(s.whole("seed", 1, 0))}
	job.Task = pipeline.Task(s.choice("task", "", "binary", "multiclass", "regression"))
	if s.has("prediction") {
		job.Predictions = s.list("prediction")
	}
	if job.Target == "" {
		s.refuseUse("yhat eval needs --target NAME, the column that holds what was true")
	}
	return job
}

// evaluate reads, measures and tells.
func evaluate(ctx context.Context, u *ui, s *settings) error {
	job, asJSON, picture := readEval(s), s.yes("json", false), s.text("picture")
	when := s.choice("progress", "auto", "auto", "always", "never")
	in := readInputs(ctx, u, s, job.Workers)
	if picture != "" {
		checkPicture(s, "picture", picture, stills)
		s.spare("picture", picture)
	}
	if s.err != nil {
		return s.err
	}
	if err := in.find(picture); err != nil {
		return err
	}
	if err := table.CheckDistinct(in.paths, picture); err != nil {
		return err
	}
	room := &room{folder: in.opt.TempDir}
	defer room.close()
	if len(job.Predictions) == 0 { // the header is read twice
		if err := room.spoolStdin(in); err != nil {
			return err
		}
	}
	job.Inputs, job.Open = in.paths, in.open
	bar := u.newProgress(when, in.paths, true)
	job.Progress = bar.show
	found, err := pipeline.Evaluate(ctx, job)
	bar.done()
	if err != nil {
		return err
	}
	if picture != "" {
		if err := drawEvaluation(u, found, picture); err != nil {
			return err
		}
	}
	if asJSON {
		return printJSON(u.stdout, found)
	}
	return printEvaluation(u.stdout, found)
}

// printEvaluation writes the measures for people.
func printEvaluation(out io.Writer, e *pipeline.Evaluation) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "target\t%s (%s)\npredictions\t%s\nrows\t%s judged of %s", oneLine(e.Target), e.Task, oneLine(strings.Join(e.Predictions, ", ")), count(e.Rows.Used), count(e.Rows.Read))
	if e.Rows.NoTarget > 0 {
		fmt.Fprintf(w, "; %s without a target", count(e.Rows.NoTarget))
	}
	if e.Rows.NoPrediction > 0 {
		fmt.Fprintf(w, "; %s without a prediction", count(e.Rows.NoPrediction))
	}
	fmt.Fprintln(w)
	if e.All.Positives != nil {
		fmt.Fprintf(w, "positives\t%s (%s)\n", count(int64(*e.All.Positives)), oneLine(e.Target+" = "+e.Labels[1]))
	}
	fmt.Fprintln(w, "\nMEASURE\tVALUE\t95 % INTERVAL")
	for _, m := range e.All.Measures {
		fmt.Fprintf(w, "%s\t%s\t%s\n", measureWords[m.Name], figure(m.Value), span(m))
	}
	printConfusion(w, e)
	if len(e.All.Reliability) > 0 {
		fmt.Fprintln(w, "\nPREDICTION\tROWS\tMEAN\tSHARE OF "+oneLine(e.Labels[1]))
		for _, b := range e.All.Reliability {
			fmt.Fprintf(w, "%.1f to %.1f\t%s\t%.4f\t%.4f\n", b.From, b.To, weighed(b.Rows), b.Mean, b.Share)
		}
	}
	if len(e.All.Lift) > 0 {
		fmt.Fprintln(w, "\nHIGHEST\tLIFT\tHOLD OF ALL "+oneLine(e.Labels[1]))
		for _, l := range e.All.Lift {
			fmt.Fprintf(w, "%g %%\t%.2f\t%.1f %%\n", 100*l.Top, l.Lift, 100*l.Captured)
		}
	}
	printGroups(w, e)
	return w.Flush()
}

// measureWords are the names of measures in the field.
var measureWords = map[string]string{"auc": "ROC AUC", "pr_auc": "PR AUC", "log_loss": "log loss", "brier": "Brier", "accuracy": "accuracy",
	"precision": "precision", "recall": "recall", "f1": "F1", "ece": "calibration error", "macro_f1": "macro F1",
	"rmse": "RMSE", "mae": "MAE", "r2": "R²", "bias": "mean error"}

// figure is a measure with four decimals, or five digits.
func figure(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v > -10 && *v < 10:
		return strconv.FormatFloat(*v, 'f', 4, 64)
	}
	return strconv.FormatFloat(*v, 'g', 6, 64)
}

func span(m pipeline.Measure) string {
	if m.Low == nil || m.High == nil {
		return "-"
	}
	return figure(m.Low) + " to " + figure(m.High)
}

// weighed is a number of rows that may be a sum of weights.
func weighed(v float64) string {
	if v == float64(int64(v)) {
		return count(int64(v))
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// printConfusion writes true labels down and predicted ones across.
func printConfusion(w io.Writer, e *pipeline.Evaluation) {
	if len(e.All.Confusion) == 0 {
		return
	}
	title := "\nTRUE \\ PREDICTED"
	if e.Threshold != nil {
		title = fmt.Sprintf("\nTRUE \\ ŷ ≥ %g", *e.Threshold)
	}
	fmt.Fprint(w, title)
	for _, l := range e.Labels {
		fmt.Fprintf(w, "\t%s", oneLine(l))
	}
	for i, row := range e.All.Confusion {
		fmt.Fprintf(w, "\n%s", oneLine(e.Labels[i]))
		for _, v := range row {
			fmt.Fprintf(w, "\t%s", weighed(v))
		}
	}
	fmt.Fprintln(w)
}

// printGroups writes a line for each group.
func printGroups(w io.Writer, e *pipeline.Evaluation) {
	if len(e.Groups) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tROWS", oneLine(e.By))
	for _, m := range e.All.Measures {
		fmt.Fprintf(w, "\t%s", measureWords[m.Name])
	}
	for _, g := range e.Groups {
		fmt.Fprintf(w, "\n%s\t%s", dash(g.Value), count(int64(g.Rows)))
		for _, m := range g.Measures {
			fmt.Fprintf(w, "\t%s", figure(m.Value))
		}
	}
	fmt.Fprintln(w)
}
