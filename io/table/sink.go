package table

import (
	"bufio"
	"fmt"
	"io"
)

// NewSink makes the sink of a format on w. compression is "", "gz" or "zst".
// first is the first input: text of its own format takes over its delimiter
// and line end where o names none, and its header cells as they are written.
//
// Close must be called in the end, whatever failed before: it ends the
// goroutines of the compressors.
func NewSink(w io.Writer, f Format, compression string, l Layout, first Source, o WriteOptions) (Sink, error) {
	if compression != "" && !f.zips() {
		return nil, fmt.Errorf("%w: %s is not compressed as a whole: its pages and batches are", ErrUsage, f)
	}
	if compression == "" {
		return newPlainSink(w, f, l, first, o)
	}
	z, err := compress(w, compression, o.Workers)
	if err != nil {
		return nil, err
	}
	s, err := newPlainSink(z, f, l, first, o)
	if err != nil {
		z.Close()
		return nil, err
	}
	return &zippedSink{s, z}, nil
}

func newPlainSink(w io.Writer, f Format, l Layout, first Source, o WriteOptions) (Sink, error) {
	if err := o.checkColumns(f, l); err != nil {
		return nil, err
	}
	if o.LineEnd == "" {
		o.LineEnd = lineEndOf(first)
	}
	switch f {
	case CSV, TSV:
		if o.Delimiter == 0 {
			o.Delimiter = delimiterFor(f, first)
		}
		return newCSVSink(w, f, l, rawHeader(l, first), o), nil
	case NDJSON:
		return newNDJSONSink(w, l, o), nil
	}
	// Their writers make many small writes.
	buf := bufio.NewWriterSize(w, 256<<10)
	var s Sink
	var err error
	switch f {
	case Parquet:
		s, err = newParquetSink(buf, l, o)
	case Arrow, ArrowStream:
		s, err = newArrowSink(buf, l, f, o)
	default:
		err = fmt.Errorf("%w: no such format: %q", ErrUsage, f)
	}
	if err != nil {
		return nil, err
	}
	return &bufferedSink{s, buf}, nil
}

// zippedSink ends the compressed stream behind the table.
type zippedSink struct {
	Sink
	z io.Closer
}

func (s *zippedSink) Close() error {
	err := s.Sink.Close()
	if zipped := s.z.Close(); err == nil {
		err = zipped
	}
	return err
}

// bufferedSink flushes behind the table.
type bufferedSink struct {
	Sink
	buf *bufio.Writer
}

func (s *bufferedSink) Close() error {
	if err := s.Sink.Close(); err != nil {
		return err
	}
	return s.buf.Flush()
}

// formatOf is the source of the format itself.
func formatOf(s Source) Source {
	for {
		u, ok := s.(interface{ Unwrap() Source })
		if !ok {
			return s
		}
		s = u.Unwrap()
	}
}

func lineEndOf(first Source) string {
	if first == nil {
		return ""
	}
	if s, ok := formatOf(first).(interface{ LineEnd() string }); ok {
		return s.LineEnd()
	}
	return ""
}

// delimiterFor is the first input's delimiter where it is of the same format,
// else the format's own: a TSV made into a CSV is no longer a TSV.
func delimiterFor(f Format, first Source) byte {
	if first != nil {
		if i := first.Info(); i.Format == f && i.Delim != 0 {
			return i.Delim
		}
	}
	return delimiterOf(f)
}

// rawHeader gives, for each kept column, its header cell as it stands in the
// first input; nil unless all of them have one. Columns of the same name are
// kept in the table's order.
func rawHeader(l Layout, first Source) [][]byte {
	if first == nil {
		return nil
	}
	s, ok := formatOf(first).(interface{ RawHeader(int) []byte })
	if !ok {
		return nil
	}
	columns := map[string][]int{}
	for i, f := range first.Fields() {
		columns[f.Name] = append(columns[f.Name], i)
	}
	header := make([][]byte, len(l.Kept))
	for i, f := range l.Kept {
		at := columns[f.Name]
		if len(at) == 0 || f.Type != nil {
			return nil
		}
		if header[i] = s.RawHeader(at[0]); header[i] == nil {
			return nil
		}
		columns[f.Name] = at[1:]
	}
	return header
}
