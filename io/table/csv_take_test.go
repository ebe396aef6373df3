package table

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestWordKeys: words of up to fifteen bytes have the same key only if they
// are the same, whatever follows them; longer ones have none.
func TestWordKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 0xff}), 0, 17)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		text := append(bytes.Clone(a), "followed by others"...)
		x, y := keyOf(text[:len(a)]), keyOf(append(bytes.Clone(b), make([]byte, 16)...)[:len(b)])
		if (x.high != 0) != (len(a) <= 15) {
			t.Fatalf("%q has key %x", a, x)
		}
		if x.high != 0 && y.high != 0 && (x == y) != bytes.Equal(a, b) {
			t.Fatalf("%q has key %x, %q has %x", a, x, b, y)
		}
	})
}
