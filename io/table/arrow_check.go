package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
)

// flatCheck walks the metadata of Arrow files, which are FlatBuffers, before
// the library reads it: the library makes room for as many fields, keys and
// union members as a vector says it has, and a damaged length can ask for more
// memory than there is. Positions outside the buffer panic here, which guard
// catches.
type flatCheck struct {
	left int // tables that may still be visited
}

var errBadMetadata = errors.New("its metadata is damaged")

// Slots of the tables Message, Schema, Field, Union and Footer (Arrow columnar
// format, Message.fbs, Schema.fbs and File.fbs).
const (
	messageHeaderType  = 6
	messageHeader      = 8
	messageBody        = 10
	messageMetadata    = 12
	batchLength        = 4
	batchNodes         = 6
	dictionaryBatch    = 6
	schemaFields       = 6
	schemaMetadata     = 8
	fieldTypeType      = 8
	fieldType          = 10
	fieldChildren      = 14
	fieldMetadata      = 16
	unionIDs           = 6
	footerSchema       = 6
	footerDictionaries = 8
	footerBatches      = 10
	footerMetadata     = 12
	blockSize          = 24 // of the struct Block
	nodeSize           = 16 // of the struct FieldNode
	schemaMessage      = 1
	unionType          = 14
)

func newFlatCheck(buf []byte) (flatCheck, flatbuffers.Table) {
	return flatCheck{left: len(buf)}, flatbuffers.Table{Bytes: buf, Pos: flatbuffers.GetUOffsetT(buf)}
}

// checkMessage checks the metadata of a message.
func checkMessage(buf []byte) error {
	c, t := newFlatCheck(buf)
	if err := c.vector(t, messageMetadata, 4, nil); err != nil {
		return err
	}
	header, ok := c.table(t, messageHeader)
	if !ok {
		return errBadMetadata
	}
	body := t.GetInt64Slot(messageBody, 0)
	switch t.GetByteSlot(messageHeaderType, 0) {
	case schemaMessage:
		return c.schema(header)
	case batchMessage:
		return c.batch(header, body)
	case dictionaryMessage:
		if header, ok = c.table(header, dictionaryBatch); !ok {
			return errBadMetadata
		}
		return c.batch(header, body)
	}
	return nil
}

// Of a column whose bytes are not there the library makes as many zeros as a
// batch says it has rows. Beyond manyRows a body must hold a byte for each
// rowsOfByte, which constant columns do, compressed.
const (
	manyRows   = 1 << 20
	rowsOfByte = 2000
)

// batch checks the lengths of a batch and of its columns against its body.
func (c *flatCheck) batch(t flatbuffers.Table, body int64) error {
	most := max(manyRows, body*rowsOfByte)
	if body < 0 || body > 1<<48 || t.GetInt64Slot(batchLength, 0) > most {
		return errBadMetadata
	}
	if err := c.vector(t, batchNodes, nodeSize, nil); err != nil {
		return err
	}
	o := t.Offset(batchNodes)
	if o == 0 {
		return nil
	}
	n, start := t.VectorLen(flatbuffers.UOffsetT(o)), t.Vector(flatbuffers.UOffsetT(o))
	for i := range n {
		if t.GetInt64(start+flatbuffers.UOffsetT(i*nodeSize)) > most {
			return errBadMetadata
		}
	}
	return nil
}

// checkArrowFooter checks a file's footer.
func checkArrowFooter(buf []byte) error {
	c, t := newFlatCheck(buf)
	if err := c.vector(t, footerMetadata, 4, nil); err != nil {
		return err
	}
	schema, ok := c.table(t, footerSchema)
	if !ok {
		return errBadMetadata
	}
	return c.schema(schema)
}

// table is the table that a slot points to.
func (c *flatCheck) table(t flatbuffers.Table, slot flatbuffers.VOffsetT) (flatbuffers.Table, bool) {
	o := t.Offset(slot)
	if o == 0 {
		return flatbuffers.Table{}, false
	}
	return flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(t.Pos + flatbuffers.UOffsetT(o))}, true
}

// vector checks that the elements of a vector lie in the buffer, and then each
// of them, where they are tables.
func (c *flatCheck) vector(t flatbuffers.Table, slot flatbuffers.VOffsetT, size int, each func(flatbuffers.Table) error) error {
	o := t.Offset(slot)
	if o == 0 {
		return nil
	}
	n, start := t.VectorLen(flatbuffers.UOffsetT(o)), t.Vector(flatbuffers.UOffsetT(o))
	if n < 0 || int(start)+n*size > len(t.Bytes) {
		return errBadMetadata
	}
	for i := range n {
		if c.left--; c.left < 0 {
			return errBadMetadata
		}
		if each == nil {
			continue
		}
		at := t.Indirect(start + flatbuffers.UOffsetT(i*size))
		if err := each(flatbuffers.Table{Bytes: t.Bytes, Pos: at}); err != nil {
			return err
		}
	}
	return nil
}

func (c *flatCheck) schema(t flatbuffers.Table) error {
	if err := c.vector(t, schemaMetadata, 4, nil); err != nil {
		return err
	}
	return c.vector(t, schemaFields, 4, func(f flatbuffers.Table) error { return c.field(f, 0) })
}

// field checks a field and its children.
func (c *flatCheck) field(t flatbuffers.Table, depth int) error {
	if depth > 64 {
		return errBadMetadata
	}
	if err := c.vector(t, fieldMetadata, 4, nil); err != nil {
		return err
	}
	if t.GetByteSlot(fieldTypeType, 0) == unionType {
		if u, ok := c.table(t, fieldType); ok {
			if err := c.vector(u, unionIDs, 4, nil); err != nil {
				return err
			}
		}
	}
	return c.vector(t, fieldChildren, 4, func(f flatbuffers.Table) error { return c.field(f, depth+1) })
}

// checkFile checks an Arrow file's footer before the library reads it.
func (s *arrowSource) checkFile() error {
	tail := make([]byte, 4+len(arrowMagic))
	if s.in.size < int64(2*len(tail)) {
		return errors.New("it is too short to be an Arrow file")
	}
	if _, err := s.in.ReadAt(tail, s.in.size-int64(len(tail))); err != nil {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(tail))
	if string(tail[4:]) != arrowMagic || size > s.in.size-int64(2*len(tail)) {
		return errors.New("it does not end as an Arrow file")
	}
	footer := make([]byte, size)
	if _, err := s.in.ReadAt(footer, s.in.size-int64(len(tail))-size); err != nil {
		return err
	}
	if err := checkArrowFooter(footer); err != nil {
		return err
	}
	t := flatbuffers.Table{Bytes: footer, Pos: flatbuffers.GetUOffsetT(footer)}
	dictionaries, err := footerMessages(t, footerDictionaries)
	if err != nil {
		return err
	}
	for i, d := range dictionaries {
		if err := s.checkFileMessage(d); err != nil {
			return fmt.Errorf("dictionary %d: %w", i, err)
		}
	}
	s.batches, err = footerMessages(t, footerBatches)
	return err
}

// fileMessage says where a message's metadata lie in a file.
type fileMessage struct{ at, size int64 }

// footerMessages are the messages that a footer lists in a slot.
func footerMessages(t flatbuffers.Table, slot flatbuffers.VOffsetT) ([]fileMessage, error) {
	c := flatCheck{left: len(t.Bytes)}
	o := t.Offset(slot)
	if err := c.vector(t, slot, blockSize, nil); err != nil || o == 0 {
		return nil, err
	}
	start := t.Vector(flatbuffers.UOffsetT(o))
	list := make([]fileMessage, t.VectorLen(flatbuffers.UOffsetT(o)))
	for i := range list {
		block := t.Bytes[int(start)+i*blockSize:]
		list[i] = fileMessage{int64(binary.LittleEndian.Uint64(block)), int64(binary.LittleEndian.Uint32(block[8:]))}
	}
	return list, nil
}

// checkFileMessage checks a message before the library reads it.
func (s *arrowSource) checkFileMessage(m fileMessage) error {
	if m.at < 0 || m.size < 8 || m.size > maxMetadata || m.at > s.in.size-m.size {
		return errors.New("it lies outside the file")
	}
	meta := make([]byte, m.size)
	if _, err := s.in.ReadAt(meta, m.at); err != nil {
		return err
	}
	skip := 4 // the length, behind a mark in all but the oldest files
	if binary.LittleEndian.Uint32(meta) == continuation {
		skip = 8
	}
	if err := checkMessage(meta[skip:]); err != nil {
		return err
	}
	size, start := bodyLength(meta[skip:]), m.at+m.size
	if size > s.in.size-start {
		return errors.New("it lies outside the file")
	}
	return checkPacked(meta[skip:], io.NewSectionReader(s.in, start, size), size)
}
