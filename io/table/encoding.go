package table

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encoding is a way in which text is written as bytes. Text is read as UTF-8,
// and always written as such.
type Encoding string

// UTF8 is the encoding that needs no conversion.
const UTF8 Encoding = "utf-8"

// Encodings lists every encoding, in the order help shows them.
var Encodings = []Encoding{UTF8, "latin1", "latin9", "windows-1250", "windows-1251", "windows-1252", "utf-16", "utf-16le", "utf-16be"}

// ParseEncoding reads a name of --encoding.
func ParseEncoding(name string) (Encoding, bool) {
	e := Encoding(strings.ToLower(name))
	switch e {
	case "utf8":
		e = UTF8
	case "iso-8859-1", "latin-1":
		e = "latin1"
	case "iso-8859-15", "latin-9":
		e = "latin9"
	case "cp1250", "cp1251", "cp1252":
		e = "windows-" + e[2:]
	case "utf16":
		e = "utf-16"
	}
	return e, slices.Contains(Encodings, e)
}

// decoder is the library's decoder; nil for UTF-8.
func (e Encoding) decoder() *encoding.Decoder {
	known := map[Encoding]encoding.Encoding{
		"latin1": charmap.ISO8859_1, "latin9": charmap.ISO8859_15,
		"windows-1250": charmap.Windows1250, "windows-1251": charmap.Windows1251, "windows-1252": charmap.Windows1252,
		"utf-16":   unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"utf-16be": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	}
	if found, ok := known[e]; ok {
		return found.NewDecoder()
	}
	return nil
}

// decoded reads text of an encoding as UTF-8.
func (e Encoding) decoded(r io.Reader) io.Reader {
	d := e.decoder()
	if d == nil {
		return r
	}
	return &converted{r: transform.NewReader(r, d), from: e}
}

// converted refuses what stands for no character: the library's decoders put
// U+FFFD in its place, and a cell would be changed without a word.
type converted struct {
	r    io.Reader
	from Encoding
	at   int64
	edge []byte // the last bytes read and the next, where the mark may be cut
}

var replacement = []byte(string(utf8.RuneError))

func (c *converted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.edge = append(c.edge, p[:min(n, len(replacement)-1)]...)
	at := bytes.Index(p[:n], replacement)
	if i := bytes.Index(c.edge, replacement); i >= 0 {
		at = 0
	}
	if at >= 0 {
		return 0, fmt.Errorf("%w: no character of %s near byte %d of the text as UTF-8: see --encoding", ErrData, c.from, c.at+int64(at))
	}
	c.at += int64(n)
	c.edge = append(c.edge[:0], p[max(0, n-len(replacement)+1):n]...)
	return n, err
}

// checkEncoding refuses text that is UTF-16 or UTF-32 by its first bytes: a
// byte order mark, or every other byte NUL.
func checkEncoding(head []byte) error {
	kind := wideText(head)
	switch kind {
	case "":
		return nil
	case "utf-32":
		return fmt.Errorf("%w: the text is UTF-32; convert it with: iconv -f UTF-32 -t UTF-8", ErrData)
	}
	return fmt.Errorf("%w: the text is UTF-16: use --encoding %s, or convert it with: iconv -f UTF-16 -t UTF-8", ErrData, kind)
}

// wideText tells UTF-16 and UTF-32 by the first bytes.
func wideText(head []byte) string {
	zero := func(i int) bool { return i < len(head) && head[i] == 0 }
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}):
		return "utf-32"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "utf-16"
	case zero(1) && zero(3) && !zero(0) && !zero(2):
		return "utf-16le"
	case zero(0) && zero(2) && !zero(1) && len(head) > 3 && !zero(3):
		return "utf-16be"
	}
	return ""
}

// Advice is what the first bytes of a text say about how to read it.
type Advice struct {
	Encoding  string // "utf-8", "utf-8 with a byte order mark", or what is not UTF-8 looks like
	Delimiter byte   // that separates cells, where the one in use does not; else 0
}

// Advise looks at the beginning of a text that a source of the CSV family or
// NDJSON has opened, before Start. There is nothing to say of other formats.
func Advise(s Source) (a Advice) {
	switch src := formatOf(s).(type) {
	case *csvSource:
		a = src.opt.advise(src.tail)
		if len(src.fields) == 1 && src.header != nil {
			a.Delimiter = otherDelimiter(src.tail, src.delim)
		}
	case *ndjsonSource:
		a = src.in.opt.advise(src.in.tail)
	}
	return a
}

func (o *ReadOptions) advise(text []byte) Advice {
	if e := o.Encoding; e != "" && e != UTF8 {
		return Advice{Encoding: string(e)}
	}
	if bytes.HasPrefix(text, utf8BOM) {
		return Advice{Encoding: "utf-8 with a byte order mark"}
	}
	whole := text
	for range utf8.UTFMax - 1 { // the end of what was read may cut a character
		if r, _ := utf8.DecodeLastRune(whole); r == utf8.RuneError && len(whole) > 0 {
			whole = whole[:len(whole)-1]
		}
	}
	if !utf8.Valid(whole) {
		return Advice{Encoding: narrowText(text)}
	}
	return Advice{Encoding: string(UTF8)}
}

// narrowText tells what text that is not UTF-8 looks like: Latin-1 has no
// characters where Windows has quotes and dashes.
func narrowText(text []byte) string {
	for _, b := range text {
		if b >= 0x80 && b < 0xa0 {
			return "windows-1252"
		}
	}
	return "latin1"
}

// otherDelimiter is what separates the cells of a header that is one cell.
func otherDelimiter(text []byte, used byte) byte {
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	best, most := byte(0), 0
	for _, c := range []byte(";\t|,") {
		if n := bytes.Count(line, []byte{c}); c != used && n > most {
			best, most = c, n
		}
	}
	return best
}
