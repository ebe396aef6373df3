package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// typedPlan turns batches of a typed source into Rows: which of the batch's
// columns become features, and how, and which are handed on as they are.
type typedPlan struct {
	columns  []int // fields of the source that the batch holds, in its order
	features []typedFeature
	keep     []typedKeep
	words    *wordReader
	mem      memory.Allocator
}

// typedKeep is a column that is handed on, as it is or made to fit.
type typedKeep struct {
	column int // index into the batch
	field  int // index into the source's fields
	fit    fit // nil: as it is
}

// typedFeature is a feature read from a column of a batch.
type typedFeature struct {
	field  int // index into the source's fields
	column int // index into the batch
	dict   *Dictionary
}

// newTypedPlan checks the request against the fields and lists the columns to
// read, each once, in file order.
func newTypedPlan(fields []Field, req Request, o ReadOptions) (*typedPlan, error) {
	p := &typedPlan{words: newWordReader(o), mem: o.Alloc}
	if p.mem == nil {
		p.mem = memory.DefaultAllocator
	}
	for _, f := range req.Features {
		if err := checkFeature(fields[f.Column], f.Dict != nil); err != nil {
			return nil, err
		}
		p.columns = append(p.columns, f.Column)
	}
	for _, k := range req.Keep {
		p.columns = append(p.columns, k.Column)
	}
	slices.Sort(p.columns)
	p.columns = slices.Compact(p.columns)
	for _, f := range req.Features {
		at, _ := slices.BinarySearch(p.columns, f.Column)
		p.features = append(p.features, typedFeature{f.Column, at, f.Dict})
	}
	for _, k := range req.Keep {
		at, _ := slices.BinarySearch(p.columns, k.Column)
		keep := typedKeep{column: at, field: k.Column}
		if f := fields[k.Column]; k.Type != nil && !arrow.TypeEqual(f.Type, k.Type) {
			if keep.fit = fitting(f.Type, k.Type); keep.fit == nil {
				return nil, fmt.Errorf("%w: column %q is of type %s, which does not become %s", ErrData, f.Name, f.Type, k.Type)
			}
		}
		p.keep = append(p.keep, keep)
	}
	return p, nil
}

// kept reports whether a column of the batch is handed on.
func (p *typedPlan) kept(column int) bool {
	return slices.ContainsFunc(p.keep, func(k typedKeep) bool { return k.column == column })
}

// checkFeature refuses columns whose type cannot be read as a feature.
func checkFeature(f Field, category bool) error {
	t := f.Type
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	kind := kindOf(t)
	if kind == notAFeature {
		return fmt.Errorf("%w: column %q is of type %s, which is no number and no text", ErrData, f.Name, f.Type)
	}
	if category && kind != textKind && kind != integerKind && kind != boolKind && kind != nullKind {
		return fmt.Errorf("%w: column %q is of type %s: categories are read from text, integers or booleans",
			ErrData, f.Name, f.Type)
	}
	return nil
}

// featureKind groups the Arrow types that can be features.
type featureKind int

const (
	notAFeature featureKind = iota
	integerKind
	floatKind
	decimalKind
	boolKind
	textKind
	nullKind
)

// kindOf is the kind of values of type t, an extension being read as what it
// is stored as.
func kindOf(t arrow.DataType) featureKind {
	if e, ok := t.(arrow.ExtensionType); ok {
		return kindOf(e.StorageType())
	}
	switch id := t.ID(); {
	case arrow.IsInteger(id):
		return integerKind
	case arrow.IsFloating(id):
		return floatKind
	case arrow.IsDecimal(id):
		return decimalKind
	case id == arrow.BOOL:
		return boolKind
	case id == arrow.STRING, id == arrow.LARGE_STRING, id == arrow.STRING_VIEW:
		return textKind
	case id == arrow.NULL:
		return nullKind
	}
	return notAFeature
}

// typedScratch is what the decoder of typed sources keeps from block to block.
type typedScratch struct {
	held    []arrow.Array // whose memory the features show
	columns []typedColumn // one for each feature
	rows    *Rows
	pages   pageScratch
}

// typedScratchOf is the rows' scratch, made new if they were last used by a
// source of another kind.
func typedScratchOf(r *Rows) *typedScratch {
	s, ok := r.scratch.(*typedScratch)
	if !ok {
		s = &typedScratch{rows: r}
		r.scratch, r.Features = s, nil
	}
	return s
}

// typedColumn is the memory of one feature's own values.
type typedColumn struct {
	f64   []float64
	codes []int32
	valid []byte
}

// release lets go of the arrays, and of the slices into them, so that nobody
// writes into memory that is not the rows' own.
func (s *typedScratch) release() {
	for _, a := range s.held {
		a.Release()
	}
	s.held = s.held[:0]
	clear(s.rows.Features)
	s.rows.Features = s.rows.Features[:0]
}

// decode fills r from n rows of the plan's columns. tables has for each feature
// whose column is of a dictionary that dictionary read, if that has been done.
func (p *typedPlan) decode(columns []arrow.Array, n int, tables []*wordTable, r *Rows) error {
	s := typedScratchOf(r)
	r.N, r.starts = n, nil
	s.columns = append(s.columns, make([]typedColumn, max(0, len(p.features)-len(s.columns)))...)
	for i := range p.features {
		f := &p.features[i]
		col := columns[f.column]
		r.Features = append(r.Features, Feature{})
		d := featureDecoder{
			words: p.words, slot: int32(i), field: int32(f.field), dict: f.dict,
			own: &s.columns[i], out: &r.Features[i], bad: r.Bad,
		}
		if tables != nil {
			d.table = tables[i]
		}
		borrowed, err := d.decode(col)
		if err != nil {
			return err
		}
		if borrowed {
			col.Retain()
			s.held = append(s.held, col)
		}
		r.Bad = d.bad
	}
	for i := range p.keep {
		col, err := p.keep[i].array(columns, p.mem, SlotKept+int32(i), r)
		if err != nil {
			return err
		}
		r.Kept = append(r.Kept, col)
	}
	sortBad(r.Bad)
	return nil
}

// array is the column as it is to be handed on, the caller's to release.
func (k *typedKeep) array(columns []arrow.Array, mem memory.Allocator, slot int32, r *Rows) (arrow.Array, error) {
	col := columns[k.column]
	if k.fit == nil {
		col.Retain()
		return col, nil
	}
	return k.fit(col, mem, func(row int) {
		r.Bad = append(r.Bad, Bad{Row: int32(row), Slot: slot, Column: int32(k.field), Reason: BadType})
	})
}

// sortBad puts what was found column by column into row order, the first
// feature of the request first.
func sortBad(bad []Bad) {
	slices.SortStableFunc(bad, func(a, b Bad) int { return int(a.Row - b.Row) })
}

// guard runs f, which calls into the Arrow library on bytes from outside, and
// turns a panic into an error: the library's readers panic on some damaged
// files.
func guard(f func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *roomError:
			err = p
		default:
			err = damaged(fmt.Errorf("%v", p))
		}
	}()
	return f()
}

// damaged says that what was read is not a well-formed file.
func damaged(err error) error {
	text := strings.TrimSpace(strings.SplitN(err.Error(), "\n", 2)[0])
	return fmt.Errorf("%w: the file is damaged or not supported: %s", ErrData, text)
}
