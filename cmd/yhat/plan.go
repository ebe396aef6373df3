package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"yhat/io/table"
	"yhat/pipeline"
)

// planned is what --plan prints: the job's plan, and what the command adds.
type planned struct {
	*pipeline.Plan
	Output       string `json:"output"`
	OutputFormat string `json:"output_format"`
	OnBadRow     string `json:"on_bad_row"`
	Memory       int64  `json:"memory_bytes"` // the peak of this look
}

// printPlan prints what the run would do, into a folder of outputs with the first
// of its inputs. It writes no output, and no report.
func (r *scoring) printPlan(ctx context.Context, asJSON bool) error {
	if err := r.prepare(emptyReport(r.job)); err != nil {
		return err
	}
	w := &writer{out: io.Discard}
	r.job.Inputs, r.job.Open, r.job.Raw, r.job.Words = r.in.paths, r.in.open, r.out.raw, r.out.words
	if r.out.folder { // each input is a job of its own
		r.job.Inputs = r.job.Inputs[:1]
	}
	r.job.Create = func(l table.Layout, first table.Source) (table.Sink, error) {
		var err error
		if r.sink, err = r.out.sink(w, l, first); err != nil {
			return nil, err
		}
		return r.sink, nil
	}
	made, err := pipeline.MakePlan(ctx, r.job)
	if r.sink != nil {
		r.sink.Close()
	}
	if err != nil {
		return err
	}
	p := &planned{made, r.out.path, string(r.out.choose(r.out.first)), string(r.job.Bad.Policy), peakMemory()}
	if asJSON {
		return printJSON(r.ui.stdout, p)
	}
	return p.print(r.ui.stdout)
}

// peakMemory is the most memory that this process has had, in bytes.
func peakMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}

// print writes the plan for people.
func (p *planned) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	looked := "all " + count(p.Rows) + " rows"
	if !p.All {
		looked = "the first " + count(p.Rows) + " rows (--limit looks at more or fewer)"
	}
	fmt.Fprintf(w, "model\t%s (%s)\ninputs\t%s (%s)\nlooked at\t%s\n\n", p.Model.Path, dash(p.Model.Name), inputNames(p.Inputs), p.Format, looked)
	fmt.Fprint(w, "FEATURE\tFROM\tTYPE\tREAD AS\tMISSING\tUNKNOWN\n")
	for i := range p.Features {
		f := &p.Features[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", dash(f.Name), dash(f.From()), f.Type, f.ReadAs, percent(f.Missing), percent(f.Unknown))
	}
	fmt.Fprint(w, "\nCOLUMN OUT\tIS\tTYPE\n")
	for _, c := range p.Columns {
		is := "kept"
		if c.Computed {
			is = "computed"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", dash(c.Name), is, c.Type)
	}
	fmt.Fprintf(w, "\nbad rows\t%s\noutput\t%s to %s\nkernel\t%s, %d bits\nworkers\t%d, blocks of %s bytes\nmemory\t%s MiB at most in this look\n",
		p.badRows(), p.OutputFormat, placeName(p.Output), p.Kernel, p.Precision, p.Workers, count(int64(p.BlockSize)), count(p.Memory>>20))
	return w.Flush()
}

// badRows says how many rows are bad, why, and what would become of them.
func (p *planned) badRows() string {
	if p.BadRows == 0 {
		return "none"
	}
	var reasons []string
	for _, reason := range sortedKeys(p.Reasons) {
		reasons = append(reasons, reason+" "+count(p.Reasons[reason]))
	}
	becomes := map[string]string{"fail": "the first would stop the run (65)", "reject": "left out", "null": "kept without a prediction"}[p.OnBadRow]
	return fmt.Sprintf("%s: %s; %s", count(p.BadRows), strings.Join(reasons, ", "), becomes)
}

// inputNames are the inputs, as far as a line holds them.
func inputNames(paths []string) string {
	const most = 3
	names := make([]string, 0, most+1)
	for _, path := range paths[:min(most, len(paths))] {
		if path == "-" {
			path = "stdin"
		}
		names = append(names, oneLine(path))
	}
	if more := len(paths) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(slices.Clip(names), ", ")
}

// percent is a share for people, where there is one.
func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g%%", 100**share)
}
