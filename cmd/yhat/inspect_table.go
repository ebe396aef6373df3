package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"yhat/io/table"
	"yhat/pipeline"
)

// inspectTable reads a table from end to end and tells what is in it.
func inspectTable(ctx context.Context, u *ui, s *settings, path string) error {
	workers, asJSON, values := s.workers(), s.yes("json", false), s.yes("show-values", false)
	in := readInputs(ctx, u, s, workers)
	when := s.choice("progress", "auto", "auto", "always", "never")
	if s.err != nil {
		return s.err
	}
	found, err := lookAtTable(ctx, u, in, path, when, pipeline.Inspection{Workers: workers})
	if err != nil {
		return err
	}
	d := describeTable(found, values)
	d.advise(in.advice)
	if asJSON {
		return printJSON(u.stdout, d)
	}
	return d.print(u.stdout, values)
}

// lookAtTable reads a table from end to end.
func lookAtTable(ctx context.Context, u *ui, in *inputs, path, when string, look pipeline.Inspection) (*pipeline.TableSummary, error) {
	var err error
	if look.Source, err = in.open(path); err != nil {
		return nil, err
	}
	in.advice = table.Advise(look.Source)
	if look.Missing = in.opt.Missing; look.Missing == nil {
		look.Missing = table.DefaultMissing
	}
	bar := u.newProgress(when, []string{path}, true)
	defer bar.done()
	look.Progress = bar.show
	return pipeline.InspectTable(ctx, look)
}

// tableDescription is what inspect tells about a table.
type tableDescription struct {
	Path      string              `json:"path"`
	Format    string              `json:"format"`
	Delimiter string              `json:"delimiter,omitempty"`
	LooksLike string              `json:"delimiter_looks_like,omitempty"`
	Encoding  string              `json:"encoding,omitempty"`
	Bytes     *int64              `json:"bytes"` // null where not known
	Rows      int64               `json:"rows"`
	BadRows   int64               `json:"bad_rows"`
	Columns   []columnDescription `json:"columns"`
}

// columnDescription is one column.
type columnDescription struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Missing int64  `json:"missing"`
	Min     string `json:"min,omitempty"`
	Max     string `json:"max,omitempty"`
}

func describeTable(found *pipeline.TableSummary, values bool) *tableDescription {
	info := found.Info
	d := &tableDescription{Path: info.Path, Format: string(info.Format), Rows: found.Rows, BadRows: found.Bad, Columns: []columnDescription{}}
	if info.Format.Delimited() {
		d.Delimiter = string(info.Delim)
	}
	if info.Size >= 0 {
		d.Bytes = &info.Size
	}
	for _, c := range found.Columns {
		column := columnDescription{Name: c.Name, Type: c.Type, Missing: c.Missing}
		if values {
			column.Min, column.Max = c.Min, c.Max
		}
		d.Columns = append(d.Columns, column)
	}
	return d
}

// advise adds what the first bytes look like.
func (d *tableDescription) advise(a table.Advice) {
	d.Encoding = a.Encoding
	if a.Delimiter != 0 {
		d.LooksLike = string(a.Delimiter)
	}
}

// encodingNote says how to read text that is not UTF-8.
func (d *tableDescription) encodingNote() string {
	if e, ok := table.ParseEncoding(d.Encoding); ok && e != table.UTF8 && d.BadRows > 0 {
		return d.Encoding + ", as it looks: use --encoding " + d.Encoding
	}
	return d.Encoding
}

// delimiterNote says which delimiter the header looks like.
func (d *tableDescription) delimiterNote() string {
	note := strconv.Quote(d.Delimiter)
	switch d.LooksLike {
	case "":
		return note
	case "\t":
		return note + ", but it looks like a tab: use --delimiter tab"
	}
	return fmt.Sprintf("%s, but it looks like '%s': use --delimiter '%s'", note, d.LooksLike, d.LooksLike)
}

// print writes the description for people.
func (d *tableDescription) print(out io.Writer, values bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "file\t%s\nformat\t%s\n", d.Path, d.Format)
	if d.Delimiter != "" {
		fmt.Fprintf(w, "delimiter\t%s\n", d.delimiterNote())
	}
	if d.Encoding != "" {
		fmt.Fprintf(w, "encoding\t%s\n", d.encodingNote())
	}
	if d.Bytes != nil {
		fmt.Fprintf(w, "bytes\t%s\n", count(*d.Bytes))
	}
	fmt.Fprintf(w, "rows\t%s\n", count(d.Rows))
	if d.BadRows > 0 {
		fmt.Fprintf(w, "bad rows\t%s\n", count(d.BadRows))
	}
	fmt.Fprintf(w, "columns\t%d\n\n", len(d.Columns))
	head := "COLUMN\tTYPE\tMISSING"
	if values {
		head += "\tMIN\tMAX"
	}
	fmt.Fprintln(w, head)
	for _, c := range d.Columns {
		fmt.Fprintf(w, "%s\t%s\t%s", dash(c.Name), c.Type, count(c.Missing))
		if values {
			fmt.Fprintf(w, "\t%s\t%s", dash(c.Min), dash(c.Max))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
