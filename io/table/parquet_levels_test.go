package table

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
)

// encodeHybrid encodes values in runs and packed groups, as drawn.
func encodeHybrid(t *rapid.T, values []uint32, width int) (b []byte) {
	for at := 0; at < len(values); {
		run := 1
		for at+run < len(values) && values[at+run] == values[at] {
			run++
		}
		if rapid.Bool().Draw(t, "run") {
			b = binary.AppendUvarint(b, uint64(run)<<1)
			b = append(b, binary.LittleEndian.AppendUint32(nil, values[at])[:(width+7)/8]...)
			at += run
			continue
		}
		groups := rapid.IntRange(1, 5).Draw(t, "groups")
		if !rapid.Bool().Draw(t, "past the end") {
			groups = min(groups, (len(values)-at+7)/8)
		}
		b = binary.AppendUvarint(b, uint64(groups)<<1|1)
		packed := make([]byte, groups*width)
		for i := range min(8*groups, len(values)-at) {
			for bit := range width {
				bitutil.SetBitTo(packed, i*width+bit, values[at+i]>>bit&1 == 1)
			}
		}
		b = append(b, packed...)
		at = min(at+8*groups, len(values))
	}
	return b
}

func TestParquetLookUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(0, 20).Draw(t, "width")
		dict := make([]uint64, 1<<width)
		for i := range dict {
			dict[i] = uint64(i) * 3
		}
		values := rapid.SliceOfN(rapid.Uint32Range(0, uint32(len(dict)-1)), 0, 100).Draw(t, "values")
		for range rapid.IntRange(0, 3).Draw(t, "runs") {
			v := rapid.Uint32Range(0, uint32(len(dict)-1)).Draw(t, "value")
			values = append(values, slices.Repeat([]uint32{v}, rapid.IntRange(1, 50).Draw(t, "times"))...)
		}
		b := append([]byte{byte(width)}, encodeHybrid(t, values, width)...)
		got := make([]uint64, len(values))
		if err := lookUp(got, dict, b); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if got[i] != uint64(v)*3 {
				t.Fatalf("value %d is %d, want %d", i, got[i], v*3)
			}
		}
		if len(values) > 0 {
			top := slices.Max(values)
			if err := lookUp(got, dict[:top], b); err == nil {
				t.Fatal("an index past the dictionary was taken")
			}
			if err := lookUp(make([]uint64, len(values)+64), dict, b); err == nil {
				t.Fatal("more values were read than there are")
			}
		}
	})
}

func TestParquetDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levels := rapid.SliceOfN(rapid.Uint32Range(0, 1), 1, 200).Draw(t, "levels")
		if rapid.Bool().Draw(t, "all there") {
			levels = slices.Repeat([]uint32{1}, len(levels))
		}
		var bits []byte
		nulls, err := definitions(encodeHybrid(t, levels, 1), len(levels), func() []byte {
			bits = make([]byte, (len(levels)+7)/8)
			return bits
		})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for i, v := range levels {
			want += int(1 - v)
			if bits != nil && bitutil.BitIsSet(bits, i) != (v == 1) {
				t.Fatalf("bit %d is wrong", i)
			}
		}
		if nulls != want || bits == nil && want > 0 {
			t.Fatalf("%d nulls, want %d", nulls, want)
		}
		// Values move to where the bits are.
		if bits == nil {
			return
		}
		dense := make([]uint64, len(levels))
		for i := range len(levels) - nulls {
			dense[i] = uint64(i + 1)
		}
		spread(dense, bits, len(levels)-nulls)
		next := uint64(1)
		for i, v := range levels {
			if v == 0 && dense[i] != 0 || v == 1 && dense[i] != next {
				t.Fatalf("value %d is %d", i, dense[i])
			}
			next += uint64(v)
		}
	})
}

// What was freed is given out again, cleared where it must be, and given back
// in the end.
func TestRecycler(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	for _, zero := range []bool{false, true} {
		r := newRecycler(mem, zero)
		rng := rand.New(rand.NewPCG(1, 2))
		var out [][]byte
		for range 2000 {
			if len(out) > 8 || len(out) > 0 && rng.IntN(2) == 0 {
				i := rng.IntN(len(out))
				r.Free(out[i])
				out = slices.Delete(out, i, i+1)
				continue
			}
			n := 1 + rng.IntN(1<<15)
			b := r.Allocate(n)
			if len(b) != n || zero && slices.Max(b) != 0 {
				t.Fatalf("%d bytes asked for, %d given", n, len(b))
			}
			for i := range b {
				b[i] = 1
			}
			if rng.IntN(4) == 0 {
				b = r.Reallocate(2*n, b)
				if slices.Min(b[:n]) != 1 {
					t.Fatal("a buffer that grew lost its contents")
				}
			}
			out = append(out, b)
		}
		if mem.CurrentAlloc() > 40<<16 {
			t.Errorf("%d bytes held", mem.CurrentAlloc())
		}
		r.close()
		for _, b := range out {
			r.Free(b)
		}
	}
}
