package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// ndjsonSource reads JSON objects, one a line. A JSON string cannot hold a raw
// line feed, so that every line feed ends a record and blocks can be cut there;
// they decode themselves in ndjson_decode.go.
type ndjsonSource struct {
	in   csvSource // the bytes, read ahead of the cutting
	info func() Info
	head int64 // bytes before the first record
	keys *ndjsonKeys
	plan *csvPlan
}

// ndjsonLookAhead is how many records tell the columns.
const ndjsonLookAhead = 100

// newNDJSON opens a table whose decompressed bytes r gives. The columns are
// the keys of the first 100 records (or of the first MaxRecord bytes, if that
// is less), in the order in which they first appear. Errors wrap ErrData where
// there is no record, and ErrIO.
func newNDJSON(r io.Reader, info func() Info, o ReadOptions) (Source, error) {
	s := &ndjsonSource{info: info}
	s.in = csvSource{r: r, opt: csvDefaults(o)}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// open reads the first records and takes the columns from them.
func (s *ndjsonSource) open() error {
	size := 64 << 10
	for {
		s.in.tail = s.in.fill(s.in.tail, size)
		if s.in.end != nil || bytes.Count(s.in.tail, []byte{'\n'}) >= ndjsonLookAhead {
			if s.columns() {
				break
			}
		}
		if size >= min(s.in.opt.MaxRecord, s.in.opt.record()) {
			break
		}
		size *= 2
	}
	if s.in.end != nil && s.in.end != io.EOF {
		return s.in.end
	}
	s.columns()
	if err := s.in.opt.checkColumns(len(s.keys.fields)); err != nil {
		return err
	}
	if len(s.keys.fields) == 0 {
		return fmt.Errorf("%w: none of the first records is a JSON object with keys, so the table has no columns (one object a line, not an array of them)", ErrData)
	}
	s.in.fields = s.keys.fields
	s.in.opt.BlockSize = s.in.opt.blockFor(len(s.in.fields), bytesOfPair)
	if bytes.HasPrefix(s.in.tail, utf8BOM) {
		s.head = int64(len(utf8BOM))
		s.in.off = len(utf8BOM)
	}
	return nil
}

// columns takes the keys of the records read so far. It reports whether these
// were as many as it takes, or all there are.
func (s *ndjsonSource) columns() bool {
	s.keys = newNDJSONKeys(s.in.opt.columns())
	var line ndjsonLine
	records := 0
	rest := bytes.TrimPrefix(s.in.tail, utf8BOM)
	for records < ndjsonLookAhead && len(rest) > 0 && len(s.keys.fields) <= s.keys.most {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			if s.in.end == nil {
				return false
			}
			end = len(rest) - 1
		}
		if record := rest[:end+1]; !blank(record) {
			records++
			line.parse(record, s.keys, true)
		}
		rest = rest[end+1:]
	}
	return records == ndjsonLookAhead || s.in.end != nil
}

// Info implements Source.
func (s *ndjsonSource) Info() Info {
	i := s.info()
	i.HeadBytes = s.head
	return i
}

// Fields implements Source.
func (s *ndjsonSource) Fields() []Field { return s.keys.fields }

// Start implements Source.
func (s *ndjsonSource) Start(q Request) error {
	p, err := newCSVPlan(&s.in, q)
	if err != nil {
		return err
	}
	if p.whole { // a record's values are always written one by one
		p.whole = false
		for slot, k := range q.Keep {
			if err := p.use(k.Column, csvOp{opSpan, slot}); err != nil {
				return err
			}
		}
	}
	s.plan = p
	return nil
}

// Close implements Source. The reader belongs to whoever opened it.
func (s *ndjsonSource) Close() error { return nil }

// ndjsonSkip is the state of a block that stands for one record which is too
// long to be held.
type ndjsonSkip struct {
	bytes int64
	ended bool // by a line feed
}

// ndjsonNoRoom is the state of a block that is the beginning of a record which
// there is no memory for.
type ndjsonNoRoom struct{}

// Next implements Source.
func (s *ndjsonSource) Next(b *Block) error {
	b.source, b.state = s, nil
	limit := min(s.in.opt.MaxRecord, s.in.opt.record()) + 2 // the line end may be two bytes
	data := b.Data[:0]
	for target := s.in.opt.BlockSize; ; target = min(2*target, limit) {
		data = s.in.fill(data, target)
		if end := bytes.LastIndexByte(data, '\n'); end >= 0 {
			s.in.unread(data[end+1:])
			b.Data = data[:end+1]
			return nil
		}
		if len(data) >= limit || len(data) < target {
			break
		}
	}
	switch {
	case len(data) >= limit && limit < s.in.opt.MaxRecord:
		b.Data, b.state = data, ndjsonNoRoom{}
		s.in.end, s.in.off, s.in.tail = io.EOF, 0, nil // nothing comes after it
		return nil
	case len(data) >= limit:
		return s.skip(b, data)
	case s.in.end != io.EOF:
		return s.in.end
	case len(data) == 0:
		return io.EOF
	}
	b.Data = data
	return nil
}

// skip passes over a record that is too long, of which data is the beginning,
// in bounded memory.
func (s *ndjsonSource) skip(b *Block, data []byte) error {
	room, skip := len(data), ndjsonSkip{bytes: int64(len(data))}
	for !skip.ended {
		data = s.in.fill(data[:0], room)
		if len(data) == 0 {
			break
		}
		if end := bytes.IndexByte(data, '\n'); end >= 0 {
			skip.ended = true
			s.in.unread(data[end+1:])
			data = data[:end+1]
		}
		skip.bytes += int64(len(data))
	}
	if !skip.ended && s.in.end != io.EOF {
		return s.in.end
	}
	b.Data, b.state = data[:0], &skip
	return nil
}

// blank reports whether a line holds no record.
func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// ndjsonKeys finds the column of a key. It does not change once the columns
// are known.
type ndjsonKeys struct {
	fields []Field
	quoted [][]byte // the keys as their first record writes them
	column map[string]int
	most   int // columns a table may have
}

func newNDJSONKeys(most int) *ndjsonKeys {
	return &ndjsonKeys{column: map[string]int{}, most: most}
}

// find is the column of a key as it is written, or -1. Records mostly have
// their keys in one order, so that the column guessed is the one.
func (k *ndjsonKeys) find(quoted []byte, guess int) int {
	if guess < len(k.quoted) && bytes.Equal(quoted, k.quoted[guess]) {
		return guess
	}
	if column, ok := k.column[string(unquoted(quoted, nil))]; ok {
		return column
	}
	return -1
}

// add makes a new column of a key.
func (k *ndjsonKeys) add(quoted []byte) int {
	name := string(unquoted(quoted, nil))
	column := len(k.fields)
	k.fields = append(k.fields, Field{Name: name})
	k.quoted = append(k.quoted, bytes.Clone(quoted))
	k.column[name] = column
	return column
}

// unquoted is what a JSON string says. Strings with escapes are put together
// in scratch.
func unquoted(quoted, scratch []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	// The decoder has checked the string.
	text, _ := jsontext.AppendUnquote(scratch[:0], quoted)
	return text
}

// ndjsonLine takes one record apart.
type ndjsonLine struct {
	dec     *jsontext.Decoder
	options []jsontext.Options
	text    bytes.Buffer
	ragged  bool    // a key is not known, or comes twice
	start   []int32 // of each column's value in the line, -1 where there is none
	end     []int32
}

// parse finds the values of a record. Keys that are not known are added as
// columns if grow is set. The values found stay good where the reason is
// Ragged: a key that is not known, or one that comes twice.
func (l *ndjsonLine) parse(record []byte, keys *ndjsonKeys, grow bool) Reason {
	l.start, l.end = resize(l.start, len(keys.fields)), resize(l.end, len(keys.fields))
	for i := range l.start {
		l.start[i] = -1
	}
	l.text = *bytes.NewBuffer(record)
	if l.dec == nil {
		// Names that come twice are noticed by their columns.
		l.options = []jsontext.Options{jsontext.AllowDuplicateNames(true)}
		l.dec = jsontext.NewDecoder(&l.text, l.options...)
	} else {
		l.dec.Reset(&l.text, l.options...)
	}
	err := l.object(keys, grow)
	if err == nil && !blank(record[l.dec.InputOffset():]) {
		err = errNoObject
	}
	switch {
	case err == nil && l.ragged:
		return Ragged
	case err == nil:
		return Good
	case !utf8.Valid(record):
		return BadUTF8
	}
	return BadType
}

// object reads the object that the whole record must be.
func (l *ndjsonLine) object(keys *ndjsonKeys, grow bool) error {
	open, err := l.dec.ReadToken()
	if err != nil || open.Kind() != '{' {
		return errors.Join(err, errNoObject)
	}
	ragged := false
	for guess := 0; l.dec.PeekKind() == '"'; guess++ {
		key, err := l.dec.ReadValue()
		if err != nil {
			return err
		}
		column := keys.find(key, guess)
		if column < 0 && grow && len(keys.fields) > keys.most {
			return errNoObject // open will say that there are too many
		}
		if column < 0 && grow {
			column = keys.add(key)
			l.start, l.end = append(l.start, -1), append(l.end, -1)
		}
		value, err := l.dec.ReadValue()
		if err != nil {
			return err
		}
		if column < 0 || l.start[column] >= 0 {
			ragged = true
			continue
		}
		end := l.dec.InputOffset()
		l.start[column], l.end[column] = int32(end)-int32(len(value)), int32(end)
		guess = column
	}
	_, err = l.dec.ReadToken() // the closing brace
	l.ragged = ragged
	return err
}

var errNoObject = errors.New("the line is not one JSON object")
