package pipeline

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"yhat/io/table"
	"yhat/pipeline/flow"
)

// wanted is one column that a scan reads: as numbers or codes, as text, or
// both.
type wanted struct {
	column   string
	number   bool
	computed bool              // by score, which writes points whatever the table does
	dict     *table.Dictionary // codes; number is then false
	text     bool
}

// scan reads all inputs from end to end. Every block is decoded and worked on
// by any worker; take gets them in order.
type scan struct {
	ctx      context.Context
	inputs   []string
	open     func(path string) (table.Source, error)
	workers  int
	columns  []wanted
	progress func(Progress)
	work     func(worker int, b *scanned) error // may be nil
	take     func(b *scanned) error

	source table.Source
	at     int // index of the open input
	done   int64
	from   *scanInput
	first  []table.Field
}

// scanInput is one input with its running totals, which belong to take.
type scanInput struct {
	info        table.Info
	columns     []string // of the slots
	slots       []int    // of each wanted column among the features; -1
	texts       []int    // and among the kept columns; -1
	rows, lines int64
}

// scanned is one block on its way.
type scanned struct {
	block table.Block
	rows  table.Rows
	from  *scanInput
	read  int64
	note  any // what work leaves for take
}

// number is wanted column i as numbers or codes.
func (b *scanned) number(i int) *table.Feature { return &b.rows.Features[b.from.slots[i]] }

// text is wanted column i as text; ok is false for null.
func (b *scanned) text(i, row int) (string, bool) {
	column := b.rows.Kept[b.from.texts[i]]
	if column.IsNull(row) {
		return "", false
	}
	if words, ok := column.(interface{ Value(int) string }); ok {
		return words.Value(row), true
	}
	return column.ValueStr(row), true
}

// run reads everything.
func (s *scan) run() error {
	if len(s.inputs) == 0 {
		return fmt.Errorf("%w: no input", table.ErrUsage)
	}
	if err := s.next(0); err != nil {
		return err
	}
	tickets := make([]*scanned, s.workers+2)
	for i := range tickets {
		tickets[i] = &scanned{}
	}
	err := flow.Map(s.ctx, s.workers, tickets, flow.Steps[scanned]{Fill: s.fill, Work: s.decode, Drain: s.drain, Stop: s.close})
	for _, t := range tickets {
		t.block.Release()
		t.rows.Reset()
	}
	return err
}

// next opens input i.
func (s *scan) next(i int) error {
	var err error
	if s.source, err = s.open(s.inputs[i]); err != nil {
		return err
	}
	s.at = i
	request, err := s.bind()
	if err == nil {
		err = s.source.Start(request)
	}
	if err != nil {
		s.close()
	}
	return err
}

// bind finds the wanted columns by name.
func (s *scan) bind() (table.Request, error) {
	info, fields := s.source.Info(), s.source.Fields()
	if s.first == nil {
		s.first = fields
	}
	in := &scanInput{info: info, lines: info.HeadLines}
	var r table.Request
	for _, w := range s.columns {
		at, err := find(info.Path, fields, w.column)
		if err != nil {
			return r, err
		}
		slot, text := -1, -1
		if w.number || w.dict != nil {
			slot = len(r.Features)
			r.Features = append(r.Features, table.FeatureRequest{Column: at, Dict: w.dict, Point: w.computed})
			in.columns = append(in.columns, w.column)
		}
		if w.text {
			text = len(r.Keep)
			keep := table.KeepRequest{Column: at, Type: fields[at].Type}
			if keep.Type == nil {
				keep.Type = arrow.BinaryTypes.String
			}
			r.Keep = append(r.Keep, keep)
		}
		in.slots, in.texts = append(in.slots, slot), append(in.texts, text)
	}
	s.from = in
	return r, nil
}

// fill cuts the next block of this input or the one after it.
func (s *scan) fill(b *scanned) error {
	b.block.Release()
	for {
		err := s.source.Next(&b.block)
		b.from, b.read, b.note = s.from, s.done+s.source.Info().Bytes, nil
		if err != io.EOF {
			return err
		}
		s.done = b.read
		s.close()
		if s.at+1 == len(s.inputs) {
			return io.EOF
		}
		if err := s.next(s.at + 1); err != nil {
			return err
		}
	}
}

func (s *scan) decode(worker int, b *scanned) error {
	if err := b.block.Decode(&b.rows); err != nil || s.work == nil {
		return err
	}
	return s.work(worker, b)
}

// drain passes the block on and adds it to the totals.
func (s *scan) drain(b *scanned) error {
	if err := s.take(b); err != nil {
		return err
	}
	b.from.rows += int64(b.rows.N)
	b.from.lines += b.rows.Lines
	if s.progress != nil {
		s.progress(Progress{Rows: b.from.rows, Bytes: b.read})
	}
	return nil
}

func (s *scan) close() {
	if s.source != nil {
		s.source.Close()
		s.source = nil
	}
}

// rowError is a bad row with its place.
func (b *scanned) rowError(row int, reason table.Reason, column, hint string) error {
	var seek table.Seeker
	place := table.Place{File: b.from.info.Path, Row: b.from.rows + int64(row) + 1, Offset: -1, Column: column}
	if lines, _ := seek.Place(&b.rows, row); lines >= 0 {
		place.Line = b.from.lines + lines + 1
	}
	return &table.RowError{Place: place, Reason: reason, Hint: hint}
}
