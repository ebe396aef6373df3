package pipeline

import (
	"encoding/csv"
	"strconv"

	"yhat/io/table"
)

// rejects writes the bad rows down: one CSV line each, without a cell's value
// unless the raw record is asked for.
type rejects struct {
	csv *csv.Writer
	raw bool
}

func newRejects(job *Job) *rejects {
	if job.Bad.Rejects == nil {
		return &rejects{}
	}
	return &rejects{csv.NewWriter(job.Bad.Rejects), job.Bad.Raw}
}

// header writes the names of the columns.
func (r *rejects) header() error {
	names := []string{"file", "row", "line", "byte_offset", "column", "reason"}
	if r.raw {
		names = append(names, "raw")
	}
	return r.write(names)
}

// add writes one bad row.
func (r *rejects) add(p table.Place, reason table.Reason, t rawRecords, row int) error {
	if r.csv == nil {
		return nil
	}
	line := []string{p.File, strconv.FormatInt(p.Row, 10), known(p.Line, 1), known(p.Offset, 0), p.Column, reason.String()}
	if r.raw && reason == table.TooLong {
		line = append(line, "") // not all of it may be there
	} else if r.raw {
		line = append(line, string(t.record(row)))
	}
	return r.write(line)
}

// rawRecords gives a row as it was written.
type rawRecords interface{ record(row int) []byte }

func (t *trip[T]) record(row int) []byte { return t.rows.Record(row) }

func (r *rejects) write(line []string) error {
	if r.csv == nil {
		return nil
	}
	if err := r.csv.Write(line); err != nil {
		return err
	}
	r.csv.Flush()
	return r.csv.Error()
}

// known is a number as text, empty below least: not known.
func known(n, least int64) string {
	if n < least {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// placer turns the bad rows of a block, in order, into places in the file.
type placer struct {
	rows *table.Rows
	from *input
	seek table.Seeker
}

func (p *placer) of(b badRow) table.Place {
	lines, offset := p.seek.Place(p.rows, b.row)
	place := table.Place{File: p.from.info.Path, Row: p.from.rows + int64(b.row) + 1, Offset: -1, Column: b.column}
	if offset >= 0 {
		place.Line, place.Offset = p.from.lines+lines+1, p.from.bytes+offset
	}
	return place
}
