package table

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	flatbuffers "github.com/google/flatbuffers/go"
)

// batchRows is how long the batches of an Arrow output are, save the last,
// unless they keep the input's edges.
const batchRows = 65536

// arrowSink writes an Arrow IPC file or stream.
type arrowSink struct {
	*typedEncoder
	keepEdges bool
	cut       *recutter
	books     []*dictionaryBook // for each column; nil without dictionaries
	out       *messageWriter
	w         *ipc.Writer
}

// newArrowSink starts an Arrow file, or a stream if f is ArrowStream.
func newArrowSink(w io.Writer, l Layout, f Format, o WriteOptions) (Sink, error) {
	e, err := newTypedEncoder(l, o.Alloc)
	if err != nil {
		return nil, err
	}
	s := &arrowSink{typedEncoder: e, keepEdges: o.KeepEdges, out: &messageWriter{w: w}}
	s.cut = &recutter{mem: e.mem, step: batchRows, emit: s.batch, fresh: true}
	if s.keepEdges {
		s.cut.step = math.MaxInt64
	}
	for _, field := range e.schema.Fields() {
		s.books = append(s.books, newDictionaryBook(field.Type, s.keepEdges, e.mem))
	}
	if f == Arrow {
		if s.out.footer, err = schemaFooter(e.schema); err != nil {
			return nil, fmt.Errorf("%w: the table's types do not fit Arrow: %w", ErrData, err)
		}
		if _, err := s.out.Write([]byte(arrowMagic + "\x00\x00")); err != nil {
			return nil, err
		}
	}
	// A dictionary that grows is written again in a stream, which more readers
	// understand than additions; in a file only additions are allowed.
	s.w = ipc.NewWriterWithPayloadWriter(s.out, ipc.WithSchema(e.schema), ipc.WithAllocator(e.mem), ipc.WithDictionaryDeltas(f == Arrow))
	return s, nil
}

// Write adds a part's rows to the batch, and ends it where it must end.
func (s *arrowSink) Write(p *Part) error {
	for _, b := range p.Batches {
		if err := s.cut.push(b); err != nil {
			return err
		}
	}
	if s.keepEdges && p.Edge {
		return s.cut.flush()
	}
	return nil
}

// batch writes a batch, its dictionaries' indices renumbered.
func (s *arrowSink) batch(b arrow.RecordBatch) error {
	for _, c := range b.Columns() {
		zeroNulls(c.Data())
	}
	b, err := s.compact(b)
	if err != nil {
		return err
	}
	defer b.Release()
	return s.w.Write(b)
}

// Close writes the last batch and what ends the file.
func (s *arrowSink) Close() error {
	defer s.typedEncoder.close()
	defer s.release()
	err := s.cut.flush()
	if closed := s.w.Close(); err == nil {
		err = closed
	}
	return err
}

func (s *arrowSink) release() {
	s.cut.release()
	for _, b := range s.books {
		b.release()
	}
}

// messageWriter writes messages one after the other, and for a file notes
// where they are and ends with a footer that says so.
type messageWriter struct {
	w       io.Writer
	at      int64
	footer  []byte // of a file without messages; nil for a stream
	dicts   []byte // encoded blocks
	batches []byte
}

func (m *messageWriter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.at += int64(n)
	return n, err
}

// Start is called by nobody; the file's head is written when it is made.
func (m *messageWriter) Start() error { return nil }

// Message header types (Arrow columnar format, Message.fbs).
const (
	dictionaryMessage = 2
	batchMessage      = 3
)

func (m *messageWriter) WritePayload(p ipc.Payload) error {
	start := m.at
	meta, err := p.WritePayload(m)
	if err != nil || m.footer == nil {
		return err
	}
	header := p.Meta()
	defer header.Release()
	t := flatbuffers.Table{Bytes: header.Bytes(), Pos: flatbuffers.GetUOffsetT(header.Bytes())}
	switch t.GetByteSlot(messageHeaderType, 0) {
	case dictionaryMessage:
		m.dicts = appendBlock(m.dicts, start, meta, m.at-start-int64(meta))
	case batchMessage:
		m.batches = appendBlock(m.batches, start, meta, m.at-start-int64(meta))
	}
	return nil
}

// appendBlock encodes the struct Block (File.fbs).
func appendBlock(b []byte, offset int64, meta int, body int64) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(offset))
	b = binary.LittleEndian.AppendUint64(b, uint64(uint32(meta)))
	return binary.LittleEndian.AppendUint64(b, uint64(body))
}

// Close writes the mark that ends the messages, and a file's footer.
func (m *messageWriter) Close() error {
	end := []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	if m.footer != nil {
		footer := withBlocks(m.footer, footerDictionaries, m.dicts)
		footer = withBlocks(footer, footerBatches, m.batches)
		end = append(end, footer...)
		end = binary.LittleEndian.AppendUint32(end, uint32(len(footer)))
		end = append(end, arrowMagic...)
	}
	_, err := m.Write(end)
	return err
}

// schemaFooter is the footer of a file of no batches. The library's file
// writer makes it; it cannot be used to write the batches, as it knows no
// dictionaries that grow.
func schemaFooter(schema *arrow.Schema) ([]byte, error) {
	var buf bytes.Buffer
	w, err := ipc.NewFileWriter(&buf, ipc.WithSchema(schema))
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b := buf.Bytes()
	tail := len(b) - len(arrowMagic) - 4
	size := int(binary.LittleEndian.Uint32(b[tail:]))
	return b[tail-size : tail], nil
}

// withBlocks returns a footer with blocks in the vector of the given field of
// the table Footer: the vector is appended, and the field made to point at it.
func withBlocks(footer []byte, field flatbuffers.VOffsetT, blocks []byte) []byte {
	footer = bytes.Clone(footer)
	t := flatbuffers.Table{Bytes: footer, Pos: flatbuffers.GetUOffsetT(footer)}
	slot := int(t.Pos) + int(t.Offset(field))
	for len(footer)%8 != 4 { // so that the structs behind the length are aligned
		footer = append(footer, 0)
	}
	binary.LittleEndian.PutUint32(footer[slot:], uint32(len(footer)-slot))
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(blocks)/blockSize))
	return append(footer, blocks...)
}
