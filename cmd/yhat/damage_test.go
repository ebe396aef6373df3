package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// soundTable is a table that damage is done to.
type soundTable struct {
	name   string // its extension says the format
	data   []byte
	sealed bool // cut short, it must be refused
	summed bool // what is wrong with its bytes shows in a checksum
}

// Damaged tables, of every format, are read or refused: no panic, no endless
// run, no memory that their size does not account for; and of those that are
// cut short or carry checksums, none is taken for a whole one. YHAT_DAMAGE says
// how many, YHAT_SOAK_SEED which is the first.
func TestDamage(t *testing.T) {
	cases, seed := 300, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("YHAT_DAMAGE")); err == nil {
		cases = n
	} else if testing.Short() {
		cases = 50
	}
	if n, err := strconv.ParseUint(os.Getenv("YHAT_SOAK_SEED"), 10, 64); err == nil {
		seed = n
	}
	dir := t.TempDir()
	tally := map[string]int{}
	for i := range cases {
		if err := damageOnce(seed+uint64(i), dir, tally); err != nil {
			t.Errorf("case %d: %v\nrepeat it by: YHAT_DAMAGE=1 YHAT_SOAK_SEED=%d go test ./cmd/yhat -run TestDamage", i, err, seed+uint64(i))
		}
	}
	t.Logf("%d damaged tables: %v", cases, tally)
}

// damageOnce draws a sound table, damages it and runs the command on it.
func damageOnce(seed uint64, dir string, tally map[string]int) error {
	r := rand.New(rand.NewPCG(seed, 0xda))
	sound := drawSound(r)
	data, how := damage(r, sound.data)
	path := filepath.Join(dir, "t."+sound.name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return err
	}
	model, _ := corpusModel(path)
	modelPath, out := filepath.Join(dir, "model.json"), filepath.Join(dir, "out."+pick(r, "csv", "parquet", "arrow"))
	if err := os.WriteFile(modelPath, model, 0o666); err != nil {
		return err
	}
	args := []string{"score", "-m", modelPath, path, "-o", out, "--on-bad-row", "null", "--output-prefix", "of yhat ",
		"--workers", strconv.Itoa(1 + r.IntN(3)), "--input-format", strings.Split(sound.name, ".")[0], "--max-record", "100000"}
	code, words, fault := watched(path, args)
	tally[fmt.Sprintf("%s exit %d", strings.Split(sound.name, ".")[0], code)]++
	switch {
	case fault != "":
		return fmt.Errorf("%s, %s: %s: %s", sound.name, how, fault, words)
	case code != 0 && code != 65 && code != 64:
		return fmt.Errorf("%s, %s: exit code %d: %s", sound.name, how, code, words)
	case code == 0 && sound.sealed && how == "cut" && !wholeMembers(sound, data):
		return fmt.Errorf("%s, cut to %d of %d bytes: read as a whole table", sound.name, len(data), len(sound.data))
	case code == 0 && sound.summed && !bytes.Equal(data, sound.data) && bytes.Equal(data[:4], sound.data[:4]):
		return checkSummed(sound, data, how)
	}
	return nil
}

// wholeMembers reports whether a compressed table was cut between two members:
// what is left cannot be told from a whole one.
func wholeMembers(sound soundTable, data []byte) bool {
	_, err := unzipped(data, sound.name[strings.LastIndexByte(sound.name, '.')+1:])
	return sound.summed && err == nil
}

// checkSummed lets damage pass that did not change what is packed.
func checkSummed(sound soundTable, data []byte, how string) error {
	zip := sound.name[strings.LastIndexByte(sound.name, '.')+1:]
	want, err := unzipped(sound.data, zip)
	if err != nil {
		return err
	}
	got, err := unzipped(data, zip)
	if err == nil && how != "bits" && how != "bytes" {
		return nil // members left out, doubled or put elsewhere
	}
	if err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("%s, %s: read without a word (%v)", sound.name, how, err)
	}
	return nil
}

// drawSound draws a small table of any format.
func drawSound(r *rand.Rand) soundTable {
	j := &soakJob{delim: ',', decimal: '.', header: true, spoil: pick(r, 0, 20)}
	columns := soakColumns(r)
	rows := pick(r, 1, 5, 40)
	format := pick(r, "csv", "ndjson", "parquet", "parquet", "parquet", "arrow", "arrow", "arrows", "arrows")
	j.inFormat = format
	var data []byte
	switch format {
	case "csv":
		data = csvTable(r, j, columns, rows)
	case "ndjson":
		data = ndjsonTable(r, j, columns, rows)
	default:
		data, _ = typedTable(r, j, columns, drawSoakTypes(r, columns, format == "arrows"), rows)
		if format != "arrows" || chance(r, 60) {
			return soundTable{name: format, data: data, sealed: format != "arrows"}
		}
	}
	zip := pick(r, "", "gz", "zst")
	if zip == "" {
		return soundTable{name: format, data: data}
	}
	return soundTable{name: format + "." + zip, data: zipped(r, data, zip), sealed: true, summed: true}
}

// damage changes a table's bytes, and says how.
func damage(r *rand.Rand, sound []byte) (data []byte, how string) {
	data = slices.Clone(sound)
	n := len(data)
	if n < 16 {
		return data[:r.IntN(n+1)], "short"
	}
	end := n // most of what steers a reader stands at the end
	from := pick(r, 0, 0, n/2, max(0, n-200))
	at := func() int { return from + r.IntN(end-from) }
	switch r.IntN(7) {
	case 0:
		cut := 1 + r.IntN(n-1)
		return data[:cut], "cut"
	case 1:
		for range 1 + r.IntN(3) {
			data[at()] ^= 1 << r.IntN(8)
		}
		return data, "bits"
	case 2:
		for range 1 + r.IntN(4) {
			data[at()] = byte(r.IntN(256))
		}
		return data, "bytes"
	case 3:
		p := min(at(), n-8)
		binary.LittleEndian.PutUint32(data[p:], pick(r, 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, uint32(n), 0x00ffffff, uint32(r.Uint64())))
		return data, "sizes"
	case 4:
		p := at()
		for k := p; k < min(p+10, n); k++ { // an endless number of Thrift
			data[k] = 0xff
		}
		return data, "numbers"
	case 5:
		a, b, size := r.IntN(n), r.IntN(n), 1+r.IntN(n/2)
		copy(data[a:], slices.Clone(data[b:min(b+size, n)]))
		return data, "splice"
	}
	p := at()
	q := min(n, p+1+r.IntN(40))
	if chance(r, 50) {
		return slices.Delete(data, p, q), "left out"
	}
	return slices.Insert(data, p, data[p:q]...), "twice"
}
