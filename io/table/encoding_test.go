package table

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Converted text is what it is character by character, however it is read.
func TestTextIsConvertedAsItIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		var want strings.Builder
		for _, b := range text {
			want.WriteRune(rune(b)) // Latin-1 is the first 256 characters
		}
		got, err := io.ReadAll(Encoding("latin1").decoded(iotest.HalfReader(bytes.NewReader(text))))
		if err != nil || string(got) != want.String() {
			t.Fatalf("%q, %v; want %q", got, err, want.String())
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := strings.ReplaceAll(rapid.String().Draw(t, "text"), string(utf8.RuneError), "")
		want = strings.TrimPrefix(want, "\ufeff")
		var text []byte
		for _, u := range utf16.Encode([]rune(want)) {
			text = append(text, byte(u), byte(u>>8))
		}
		got, err := io.ReadAll(Encoding("utf-16le").decoded(iotest.OneByteReader(bytes.NewReader(text))))
		if err != nil || string(got) != want {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
	})
}

// What is no character is refused wherever a read ends.
func TestWhatIsNoCharacterIsRefused(t *testing.T) {
	for n := range 5000 {
		text := bytes.Repeat([]byte{'a'}, 5000)
		text[n] = 0x81
		r := Encoding("windows-1252").decoded(bytes.NewReader(text))
		buf := make([]byte, 7)
		var err error
		for err == nil {
			_, err = r.Read(buf)
		}
		if !errors.Is(err, ErrData) {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
}

func TestFirstBytesOfWideText(t *testing.T) {
	for head, want := range map[string]string{
		"": "", "a": "", "x,y\n1,2\n": "", "\xff\xfe": "utf-16", "\xfe\xff\x00x": "utf-16", "\xff\xfe\x00\x00": "utf-32",
		"x\x00,\x00": "utf-16le", "\x00x\x00,": "utf-16be", "\x00\x00\x00\x00": "", "x\x00\x00\x00": "", "\xef\xbb\xbfx": "",
	} {
		if got := wideText([]byte(head)); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}

// Any bytes become UTF-8, the same however they are read, or are refused.
func FuzzEncoding(f *testing.F) {
	names := []string{"latin1", "latin9", "windows-1250", "windows-1251", "windows-1252", "utf-16", "utf-16le", "utf-16be"}
	for i := range names {
		f.Add([]byte("x,y\n\xe9,2\n"), byte(i))
		f.Add([]byte("\xff\xfex\x00\n\x00\x00\xd8"), byte(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, which byte) {
		name := names[int(which)%len(names)]
		e, ok := ParseEncoding(name)
		if !ok {
			t.Fatalf("%s is no encoding", name)
		}
		whole, err := io.ReadAll(e.decoded(bytes.NewReader(text)))
		pieces, again := io.ReadAll(e.decoded(iotest.OneByteReader(bytes.NewReader(text))))
		if err == nil && !bytes.Equal(whole, pieces) || (err == nil) != (again == nil) {
			t.Errorf("%s: %q, %v at once; %q, %v byte by byte", name, whole, err, pieces, again)
		}
		if err != nil && !errors.Is(err, ErrData) || !utf8.Valid(whole) {
			t.Errorf("%s: %q, %v", name, whole, err)
		}
	})
}
