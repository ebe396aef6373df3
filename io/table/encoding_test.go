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
