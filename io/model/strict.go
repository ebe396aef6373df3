package model

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// strict reads JSON where every key is known and every value has the type that
// is wanted. jsontext refuses duplicate keys, invalid UTF-8 and depths beyond
// 10,000; the places of faults come from its own position.
type strict struct {
	text []byte
	dec  *jsontext.Decoder
}

func newStrict(text []byte) *strict {
	return &strict{text, jsontext.NewDecoder(bytes.NewBuffer(text))}
}

// object reads an object; each is called with every key and reads its value.
// known lists the keys for the message that refuses another.
func (s *strict) object(known string, each func(key string) error) error {
	if err := s.begin(jsontext.KindBeginObject); err != nil {
		return err
	}
	for s.dec.PeekKind() != jsontext.KindEndObject {
		token, err := s.dec.ReadToken()
		if err != nil {
			return s.syntax(err)
		}
		key := token.String()
		if known != "" && !contains(known, key) {
			return faultf(place(s.dec.StackPointer().Parent()), "unknown key %.40q (known: %s)", key, known)
		}
		if err := each(key); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return s.syntax(err)
}

func contains(list, word string) bool {
	for w := range strings.SplitSeq(list, ", ") {
		if w == word {
			return true
		}
	}
	return false
}

// array reads an array; each reads element i.
func (s *strict) array(each func(i int) error) error {
	if err := s.begin(jsontext.KindBeginArray); err != nil {
		return err
	}
	for i := 0; s.dec.PeekKind() != jsontext.KindEndArray; i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return s.syntax(err)
}

func (s *strict) begin(want jsontext.Kind) error {
	token, err := s.dec.ReadToken()
	if err != nil {
		return s.syntax(err)
	}
	if token.Kind() != want {
		return s.mistyped(want, token.Kind())
	}
	return nil
}

func (s *strict) word() (string, error) {
	token, err := s.dec.ReadToken()
	if err != nil {
		return "", s.syntax(err)
	}
	if token.Kind() != jsontext.KindString {
		return "", s.mistyped(jsontext.KindString, token.Kind())
	}
	return token.String(), nil
}

func (s *strict) words() ([]string, error) {
	list := []string{}
	err := s.array(func(int) error {
		w, err := s.word()
		list = append(list, w)
		return err
	})
	return list, err
}

func (s *strict) number() (float64, error) {
	token, err := s.dec.ReadToken()
	if err != nil {
		return 0, s.syntax(err)
	}
	if token.Kind() != jsontext.KindNumber {
		return 0, s.mistyped(jsontext.KindNumber, token.Kind())
	}
	x, err := strconv.ParseFloat(token.String(), 64)
	if err != nil {
		return 0, s.fault("", "number beyond float64")
	}
	return x, nil
}

// numbers appends an array of numbers to list. The array is checked as a
// whole by jsontext and then cut here, which is several times faster than
// token by token.
func (s *strict) numbers(list []float64) ([]float64, error) {
	if s.dec.PeekKind() != jsontext.KindBeginArray {
		token, err := s.dec.ReadToken()
		if err != nil {
			return list, s.syntax(err)
		}
		return list, s.mistyped(jsontext.KindBeginArray, token.Kind())
	}
	value, err := s.dec.ReadValue()
	if err != nil {
		return list, s.syntax(err)
	}
	for i, rest := 0, value[1:]; ; i++ {
		rest = bytes.TrimLeft(rest, " \t\r\n,")
		if rest[0] == ']' {
			return list, nil
		}
		if rest[0] != '-' && (rest[0] < '0' || rest[0] > '9') {
			return list, s.fault(index(i), "want a number, got %s", kindName(jsontext.Value(rest[:1]).Kind()))
		}
		end := numberEnd(rest)
		x, err := strconv.ParseFloat(string(rest[:end]), 64)
		if err != nil {
			return list, s.fault(index(i), "number beyond float64")
		}
		list, rest = append(list, x), rest[end:]
	}
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// numberEnd is the length of the JSON number that b starts with. Something
// follows it: the array's end at the latest.
func numberEnd(b []byte) int {
	i := 0
	for b[i] >= '+' && b[i] != ',' && b[i] != ']' {
		i++
	}
	return i
}

// end makes sure that nothing but blanks is left.
func (s *strict) end() error {
	rest := s.text[s.dec.InputOffset():]
	_, err := s.dec.ReadToken()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return s.syntax(err)
	}
	fault := &Error{Err: errors.New("data after the end of the object")}
	fault.Line, fault.Column = s.position(len(s.text) - len(bytes.TrimLeft(rest, " \t\r\n")))
	return fault
}

// fault is a fault at the value just read, or at a place under it.
func (s *strict) fault(under, format string, args ...any) *Error {
	return faultf(place(s.dec.StackPointer())+under, format, args...)
}

func (s *strict) mistyped(want, got jsontext.Kind) *Error {
	return s.fault("", "want %s, got %s", kindName(want), kindName(got))
}

func kindName(k jsontext.Kind) string {
	switch k {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "true or false"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginArray, jsontext.KindEndArray:
		return "an array"
	}
	return "an object"
}

// syntax gives a fault of the JSON text its line and column.
func (s *strict) syntax(err error) error {
	if err == nil {
		return nil
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		if err == io.EOF {
			err = errors.New("empty file")
		}
		return &Error{Err: err}
	}
	fault := &Error{Place: place(syntax.JSONPointer), Err: syntax.Err}
	fault.Line, fault.Column = s.position(int(syntax.ByteOffset))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		fault.Err = errors.New("the file ends in the middle")
	}
	return fault
}

// position turns a byte offset into a line and a column of characters.
func (s *strict) position(offset int) (line, column int) {
	before := s.text[:min(offset, len(s.text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[start:]) + 1
}

// place writes a JSON pointer the way people write it: layers[1].weights[3].
func place(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case isIndex(token):
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

func isIndex(token string) bool {
	for _, c := range token {
		if c < '0' || c > '9' {
			return false
		}
	}
	return token != ""
}
