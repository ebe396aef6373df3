package table

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// shredded is what is written of a leaf column: which of an array's values,
// and the levels that tell where in nested ones they belong (Melnik et al.,
// Dremel, 2010).
type shredded struct {
	values     arrow.Array
	present    []int // of values
	all        bool  // of values, from the first to the last: present is not filled
	definition []int16
	repetition []int16 // nil without lists
}

func (s *shredded) put(definition, repetition int16) {
	s.definition = append(s.definition, definition)
	s.repetition = append(s.repetition, repetition)
}

// reset makes room for an array's values.
func (s *shredded) reset(a arrow.Array) {
	s.values, s.present, s.all = a, s.present[:0], false
	s.definition, s.repetition = s.definition[:0], s.repetition[:0]
}

// shred fills the leaf columns of an array, which list has one for each of.
func shred(list []shredded, a arrow.Array, nullable bool) {
	if flatType(a.DataType()) {
		list[0].flat(a, nullable)
		return
	}
	node, _ := newShredder(list, a, nullable, 0)
	for i := range a.Len() {
		node.add(i, 0, 0)
	}
}

// flat fills a column that is not nested.
func (s *shredded) flat(a arrow.Array, nullable bool) {
	s.reset(a)
	s.definition = slices.Grow(s.definition, a.Len())[:a.Len()]
	definitionLevels(s.definition, a)
	s.all = !nullable || a.NullN() == 0 && a.DataType().ID() != arrow.NULL
	s.repetition = nil
	for i, d := range s.definition {
		if !s.all && d > 0 {
			s.present = append(s.present, i)
		}
	}
}

// shredder adds the values of an array, one after the other.
type shredder interface {
	// add adds value i, where everything around it is defined up to a level.
	add(i int, definition, repetition int16)
	// absent adds that there is no value.
	absent(definition, repetition int16)
}

// newShredder takes as many columns of the list as the array has leaves, and
// returns the rest. lists is how many there are around it.
func newShredder(list []shredded, a arrow.Array, nullable bool, lists int16) (shredder, []shredded) {
	o := optional{a, nullable}
	switch a := a.(type) {
	case array.ExtensionArray:
		return newShredder(list, a.Storage(), nullable, lists)
	case *array.Struct:
		s := &structShredder{optional: o}
		for i, f := range a.DataType().(*arrow.StructType).Fields() {
			var child shredder
			child, list = newShredder(list, a.Field(i), f.Nullable, lists)
			s.children = append(s.children, child)
		}
		return s, list
	case array.ListLike:
		element := a.DataType().(arrow.ListLikeType).ElemField()
		child, rest := newShredder(list, a.ListValues(), element.Nullable, lists+1)
		return &listShredder{o, a, child, lists + 1}, rest
	}
	list[0].reset(a)
	return &leafShredder{o, &list[0]}, list[1:]
}

// optional is an array whose values may be null.
type optional struct {
	values   arrow.Array
	nullable bool
}

// defined is the level of value i, and whether it is there.
func (o *optional) defined(i int, definition int16) (int16, bool) {
	if !o.nullable {
		return definition, true
	}
	if o.values.DataType().ID() == arrow.NULL || o.values.IsNull(i) {
		return definition, false
	}
	return definition + 1, true
}

type leafShredder struct {
	optional
	to *shredded
}

func (s *leafShredder) add(i int, definition, repetition int16) {
	definition, there := s.defined(i, definition)
	s.to.put(definition, repetition)
	if there {
		s.to.present = append(s.to.present, i)
	}
}

func (s *leafShredder) absent(definition, repetition int16) { s.to.put(definition, repetition) }

type structShredder struct {
	optional
	children []shredder
}

func (s *structShredder) add(i int, definition, repetition int16) {
	definition, there := s.defined(i, definition)
	if !there {
		s.absent(definition, repetition)
		return
	}
	for _, c := range s.children {
		c.add(i, definition, repetition)
	}
}

func (s *structShredder) absent(definition, repetition int16) {
	for _, c := range s.children {
		c.absent(definition, repetition)
	}
}

type listShredder struct {
	optional
	lists   array.ListLike
	element shredder
	level   int16 // of repetition, of all but a list's first element
}

func (s *listShredder) add(i int, definition, repetition int16) {
	definition, there := s.defined(i, definition)
	from, to := int64(0), int64(0)
	if there {
		from, to = s.lists.ValueOffsets(i)
	}
	if from == to {
		s.element.absent(definition, repetition)
	}
	for k := from; k < to; k++ {
		s.element.add(int(k), definition+1, repetition)
		repetition = s.level
	}
}

func (s *listShredder) absent(definition, repetition int16) { s.element.absent(definition, repetition) }

// definitionLevels are 1 for values that are there and 0 for nulls.
func definitionLevels(levels []int16, a arrow.Array) {
	if a.NullN() == a.Len() { // of the null type too, which has no bitmap
		clear(levels)
		return
	}
	for i := range levels {
		levels[i] = 1
	}
	if a.NullN() == 0 {
		return
	}
	for i := range levels {
		if a.IsNull(i) {
			levels[i] = 0
		}
	}
}

// leafCount is how many leaf columns a type has.
func leafCount(t arrow.DataType) int {
	t = storageOf(t)
	if flatType(t) {
		return 1
	}
	n := 0
	for _, f := range t.(arrow.NestedType).Fields() {
		n += leafCount(f.Type)
	}
	return n
}
