package table

import (
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// wordReader reads text cells of typed columns as CSV cells are read: trimmed,
// with missing tokens, numbers by the same grammar.
type wordReader struct {
	missing map[string]bool
	decimal byte
}

func newWordReader(o ReadOptions) *wordReader {
	tokens := o.Missing
	if tokens == nil {
		tokens = DefaultMissing
	}
	w := &wordReader{missing: make(map[string]bool, len(tokens)), decimal: o.Decimal}
	for _, t := range tokens {
		w.missing[string(trimBlanks([]byte(t)))] = true
	}
	if w.decimal == 0 {
		w.decimal = '.'
	}
	return w
}

// word is what a cell of text was read as: a number or a code, or a reason why
// it is neither. Missing cells have the reason Missing.
type word struct {
	x      float64
	code   int32
	reason Reason
}

// read reads a cell, as a category of dict or, without one, as a number.
func (w *wordReader) read(cell []byte, dict *Dictionary) word {
	cell = trimBlanks(cell)
	if dict != nil {
		return w.category(cell, dict)
	}
	if w.missing[string(cell)] {
		return word{reason: Missing}
	}
	x, ok := parseNumber(cell, w.decimal)
	if !ok {
		return word{reason: NotANumber}
	}
	return word{x: x}
}

// category looks a trimmed cell up. A category that is spelled like a missing
// token is a category.
func (w *wordReader) category(cell []byte, dict *Dictionary) word {
	code := dict.Code(cell)
	switch {
	case code >= 0:
		return word{code: code}
	case w.missing[string(cell)]:
		return word{code: CodeMissing, reason: Missing}
	case !utf8.Valid(cell):
		return word{code: CodeUnknown, reason: BadUTF8}
	}
	return word{code: CodeUnknown}
}

// texts is an array whose values are text.
type texts interface {
	arrow.Array
	Value(int) string
}

// cells is how the values of an array are spelled: text as it is, integers in
// decimal, booleans as true and false. ok is false for other types.
func cells(a arrow.Array) (cell func(i int, buf []byte) []byte, ok bool) {
	switch a := a.(type) {
	case *array.String, *array.LargeString, *array.StringView:
		t := a.(texts)
		return func(i int, buf []byte) []byte { return append(buf, t.Value(i)...) }, true
	case *array.Boolean:
		return func(i int, buf []byte) []byte { return strconv.AppendBool(buf, a.Value(i)) }, true
	case *array.Int64:
		return signedCells(a.Int64Values()), true
	case *array.Int32:
		return signedCells(a.Int32Values()), true
	case *array.Int16:
		return signedCells(a.Int16Values()), true
	case *array.Int8:
		return signedCells(a.Int8Values()), true
	case *array.Uint64:
		v := a.Uint64Values()
		return func(i int, buf []byte) []byte { return strconv.AppendUint(buf, v[i], 10) }, true
	case *array.Uint32:
		return signedCells(a.Uint32Values()), true
	case *array.Uint16:
		return signedCells(a.Uint16Values()), true
	case *array.Uint8:
		return signedCells(a.Uint8Values()), true
	}
	return nil, false
}

// signedCells spells integers that fit int64.
func signedCells[T integer](v []T) func(int, []byte) []byte {
	return func(i int, buf []byte) []byte { return strconv.AppendInt(buf, int64(v[i]), 10) }
}

// readWord reads value i of an array. A boolean is looked up as true or false
// and then, for models whose categories are 1 and 0, as those.
func (d *featureDecoder) readWord(a arrow.Array, cell func(int, []byte) []byte, i int, buf []byte) (word, []byte) {
	buf = cell(i, buf[:0])
	w := d.words.read(buf, d.dict)
	if b, ok := a.(*array.Boolean); ok && w.code == CodeUnknown {
		digit := []byte{'0'}
		if b.Value(i) {
			digit[0] = '1'
		}
		w = d.words.read(digit, d.dict)
	}
	return w, buf
}

// eachWord reads an array cell by cell.
func (d *featureDecoder) eachWord(a arrow.Array) {
	cell, ok := cells(a)
	if !ok {
		panic("a column of type " + a.DataType().String() + " was bound as a feature")
	}
	n := a.Len()
	d.start(n)
	var buf []byte
	var w word
	for i := range n {
		if a.IsNull(i) {
			d.set(i, word{code: CodeMissing, reason: Missing})
			continue
		}
		w, buf = d.readWord(a, cell, i, buf)
		d.set(i, w)
	}
}

// start makes room for n words.
func (d *featureDecoder) start(n int) {
	if d.dict != nil {
		d.out.Codes = d.codes(n)
		return
	}
	d.out.F64 = d.numbers(n)
	d.out.Valid = d.noneValid(n)
}

// set gives row i a word.
func (d *featureDecoder) set(i int, w word) {
	if d.dict != nil {
		d.out.Codes[i] = w.code
	} else {
		d.out.F64[i] = w.x
		if w.reason == Good {
			bitutil.SetBit(d.out.Valid, i)
		}
	}
	if w.reason != Good && w.reason != Missing {
		d.bad = append(d.bad, Bad{Row: int32(i), Slot: d.slot, Column: d.field, Reason: w.reason})
	}
}

// wordTable is a dictionary read once, so that rows need only look up.
type wordTable struct {
	words []word
}

// newWordTable reads the values of a dictionary.
func (d *featureDecoder) newWordTable(values arrow.Array) *wordTable {
	n := values.Len()
	t := &wordTable{words: make([]word, n)}
	if d.dict == nil {
		if _, isText := values.(texts); !isText {
			d.numberTable(values, t.words)
			return t
		}
	}
	cell, ok := cells(values)
	if !ok {
		panic("a dictionary of " + values.DataType().String() + " was bound as a feature")
	}
	var buf []byte
	for i := range n {
		if values.IsNull(i) {
			t.words[i] = word{code: CodeMissing, reason: Missing}
			continue
		}
		t.words[i], buf = d.readWord(values, cell, i, buf)
	}
	return t
}

// numberTable reads a dictionary of numbers.
func (d *featureDecoder) numberTable(values arrow.Array, words []word) {
	var f Feature
	sub := featureDecoder{words: d.words, own: &typedColumn{}, out: &f}
	sub.decodeNumbers(values)
	for i := range words {
		switch {
		case f.Missing(i):
			words[i].reason = Missing
		case f.F32 != nil:
			words[i].x = float64(f.F32[i])
		default:
			words[i].x = f.F64[i]
		}
	}
}

// decodeDictionary looks each row's word up.
func (d *featureDecoder) decodeDictionary(a *array.Dictionary) {
	if d.table == nil {
		d.table = d.newWordTable(a.Dictionary())
	}
	n := a.Len()
	d.start(n)
	words := d.table.words
	for i := range n {
		if a.IsNull(i) {
			d.set(i, word{code: CodeMissing, reason: Missing})
			continue
		}
		d.set(i, words[a.GetValueIndex(i)])
	}
}
