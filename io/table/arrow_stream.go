package table

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"
)

// messages reads the messages of an Arrow IPC stream. Unlike the library's own
// reader it takes memory for a message's body as the bytes arrive, so that a
// damaged length cannot ask for more than the stream holds.
type messages struct {
	in    *bufio.Reader
	mem   memory.Allocator
	whole bool // the stream is a file: it must end with a mark and a footer
	ended bool // the mark was read
	msg   *ipc.Message
	refs  atomic.Int64
}

// Lengths of a message's parts.
const (
	continuation = 0xFFFFFFFF
	maxMetadata  = 64 << 20
	firstRead    = 1 << 20 // of a body
)

func (m *messages) Retain() { m.refs.Add(1) }

// Release lets go of the current message. The reader that was given m calls
// it once.
func (m *messages) Release() {
	if m.msg != nil {
		m.msg.Release()
		m.msg = nil
	}
}

// Message returns the next message, valid until the next call, and io.EOF
// after the last.
func (m *messages) Message() (*ipc.Message, error) {
	size, err := m.length()
	if err != nil {
		return nil, err
	}
	if size < 8 || size > maxMetadata {
		return nil, fmt.Errorf("a message's metadata of %d bytes", size)
	}
	meta := make([]byte, size)
	if err := readFull(m.in, meta); err != nil {
		return nil, err
	}
	if err := checkMessage(meta); err != nil {
		return nil, err
	}
	body, err := m.body(bodyLength(meta))
	if err != nil {
		return nil, err
	}
	defer body.Release()
	if err := checkPacked(meta, bytes.NewReader(body.Bytes()), int64(body.Len())); err != nil {
		return nil, err
	}
	m.Release()
	m.msg = ipc.NewMessage(memory.NewBufferBytes(meta), body)
	return m.msg, nil
}

// length reads the length of a message's metadata.
func (m *messages) length() (int64, error) {
	var word [4]byte
	if _, err := io.ReadFull(m.in, word[:]); err != nil {
		if err == io.EOF && m.whole {
			return 0, errors.New("it ends before its footer")
		}
		return 0, err // io.EOF: a stream may end so
	}
	size := binary.LittleEndian.Uint32(word[:])
	if size == continuation {
		if err := readFull(m.in, word[:]); err != nil {
			return 0, err
		}
		size = binary.LittleEndian.Uint32(word[:])
	}
	if size == 0 {
		m.ended = true
		return 0, io.EOF
	}
	return int64(int32(size)), nil
}

// body reads a message's body into memory that grows with it.
func (m *messages) body(size int64) (*memory.Buffer, error) {
	if size < 0 || size > maxBuffer {
		return nil, fmt.Errorf("a message's body of %d bytes", size)
	}
	buf := memory.NewResizableBuffer(m.mem)
	for have := int64(0); have < size; {
		next := min(size, max(firstRead, 2*have))
		buf.Resize(int(next))
		if err := readFull(m.in, buf.Bytes()[have:]); err != nil {
			buf.Release()
			return nil, err
		}
		have = next
	}
	return buf, nil
}

// readFull fills p; a stream that ends before is damaged.
func readFull(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bodyLength is the field bodyLength, the fourth of the table Message (Arrow
// columnar format, Message.fbs).
func bodyLength(meta []byte) int64 {
	t := flatbuffers.Table{Bytes: meta, Pos: flatbuffers.GetUOffsetT(meta)}
	return t.GetInt64Slot(10, 0)
}

// finish is called after the last message: it reads over a file's footer and
// refuses bytes after a stream's end. It returns io.EOF if all is well.
func (m *messages) finish() error {
	if m.whole {
		return m.footer()
	}
	if m.ended {
		// To the very end: a compressed stream is whole only then.
		switch _, err := m.in.Peek(1); {
		case err == nil:
			return errors.New("bytes follow the end of the stream")
		case err != io.EOF:
			return err
		}
	}
	return io.EOF
}

// footer reads a file's footer to its end, so that whoever writes the pipe can
// finish, and checks that it is all there.
func (m *messages) footer() error {
	var tail []byte
	buf := make([]byte, 4096)
	for {
		n, err := m.in.Read(buf)
		tail = append(tail, buf[:n]...)
		if len(tail) > len(arrowMagic) {
			tail = append(tail[:0], tail[len(tail)-len(arrowMagic):]...)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if string(tail) != arrowMagic {
		return errors.New("it ends before its footer does")
	}
	return io.EOF
}
