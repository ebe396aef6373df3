package table

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	kinds "github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// parquetField is a field of a Parquet file as Arrow sees it: a leaf column, or
// a struct, list or map of others (LogicalTypes.md of the Parquet format).
type parquetField struct {
	arrow.Field
	children []parquetField // of a list or map, its one element
	leaf     int            // which leaf column it is, if it has no children
	levels   file.LevelInfo
}

func (f *parquetField) isLeaf() bool { return len(f.children) == 0 }

// leaves lists the leaf columns under a field.
func (f *parquetField) leaves(list []int) []int {
	if f.isLeaf() {
		return append(list, f.leaf)
	}
	for i := range f.children {
		list = f.children[i].leaves(list)
	}
	return list
}

// parquetFields are the fields of a file, with the types that it stores for
// Arrow where it does: origin may be nil.
func parquetFields(s *schema.Schema, origin *arrow.Schema) ([]parquetField, error) {
	root := s.Root()
	fields := make([]parquetField, root.NumFields())
	if origin != nil && origin.NumFields() != len(fields) {
		origin = nil // of another table
	}
	tree := fieldTree{s}
	for i := range fields {
		var err error
		if fields[i], err = tree.field(root.Field(i), file.LevelInfo{NullSlotUsage: 1}); err != nil {
			return nil, err
		}
		if origin != nil {
			if _, err := fields[i].restore(origin.Field(i)); err != nil {
				return nil, err
			}
		}
	}
	return fields, nil
}

// fieldTree makes fields of a schema's nodes.
type fieldTree struct{ schema *schema.Schema }

// field is a node's. levels are those of the node above.
func (t fieldTree) field(n schema.Node, levels file.LevelInfo) (parquetField, error) {
	g, ok := n.(*schema.GroupNode)
	switch {
	case !ok:
		return t.column(n.(*schema.PrimitiveNode), levels)
	case n.LogicalType().Equals(schema.NewListLogicalType()):
		return t.list(g, levels)
	case n.LogicalType().Equals(schema.MapLogicalType{}):
		return t.dictionary(g, levels)
	case n.LogicalType().Equals(schema.VariantLogicalType{}):
		return t.variant(g, levels)
	case n.RepetitionType() == parquet.Repetitions.Repeated:
		above := levels.IncrementRepeated()
		element, err := t.structure(g, levels)
		return repeatedField(n, arrow.ListOf, element, levels, above), err
	}
	levels.Increment(n)
	return t.structure(g, levels)
}

// column is a leaf column, or, if it is repeated by itself, a list of its values.
func (t fieldTree) column(n *schema.PrimitiveNode, levels file.LevelInfo) (f parquetField, err error) {
	f = parquetField{Field: fieldOf(n), leaf: t.schema.ColumnIndexByNode(n)}
	if f.Type, err = arrowTypeOf(n); err != nil {
		return f, err
	}
	if n.RepetitionType() == parquet.Repetitions.Repeated {
		above := levels.IncrementRepeated()
		f.levels, f.Metadata = levels, arrow.Metadata{}
		return repeatedField(n, arrow.ListOf, f, levels, above), nil
	}
	levels.Increment(n)
	f.levels = levels
	return f, nil
}

// structure is a group as a struct.
func (t fieldTree) structure(n *schema.GroupNode, levels file.LevelInfo) (parquetField, error) {
	f := parquetField{Field: fieldOf(n), levels: levels, children: make([]parquetField, n.NumFields())}
	f.Nullable = n.RepetitionType() != parquet.Repetitions.Required
	fields := make([]arrow.Field, n.NumFields())
	for i := range f.children {
		var err error
		if f.children[i], err = t.field(n.Field(i), levels); err != nil {
			return f, err
		}
		fields[i] = f.children[i].Field
	}
	f.Type = arrow.StructOf(fields...)
	if f.isLeaf() {
		return f, fmt.Errorf("its group %q is empty", n.Name())
	}
	return f, nil
}

// list is a group of the LIST type. By the rules for older files a repeated
// group is the element itself if it has several fields, or is called array, or
// as the list with _tuple behind it; and so is a repeated column.
func (t fieldTree) list(n *schema.GroupNode, levels file.LevelInfo) (f parquetField, err error) {
	if n.NumFields() != 1 || n.RepetitionType() == parquet.Repetitions.Repeated || n.Field(0).RepetitionType() != parquet.Repetitions.Repeated {
		return f, fmt.Errorf("its list %q is not one of repeated elements", n.Name())
	}
	levels.Increment(n)
	above := levels.IncrementRepeated()
	var element parquetField
	switch repeated := n.Field(0).(type) {
	case *schema.PrimitiveNode:
		element = parquetField{Field: fieldOf(repeated), leaf: t.schema.ColumnIndexByNode(repeated), levels: levels}
		element.Type, err = arrowTypeOf(repeated)
	case *schema.GroupNode:
		if repeated.NumFields() == 1 && repeated.Name() != "array" && repeated.Name() != n.Name()+"_tuple" {
			element, err = t.field(repeated.Field(0), levels)
		} else {
			element, err = t.structure(repeated, levels)
		}
	}
	if err != nil {
		return f, err
	}
	of := func(arrow.DataType) *arrow.ListType { return arrow.ListOfField(element.Field) }
	return repeatedField(n, of, element, levels, above), nil
}

// repeatedField is the list of an element. above is the level of definition of
// what is repeated around it.
func repeatedField[T arrow.DataType](n schema.Node, of func(arrow.DataType) T, element parquetField, levels file.LevelInfo, above int16) parquetField {
	f := parquetField{Field: fieldOf(n), children: []parquetField{element}, levels: levels}
	f.levels.RepeatedAncestorDefLevel = above
	if element.Type != nil {
		f.Type = of(element.Type)
	}
	return f
}

// dictionary is a group of the MAP type. Without values, it is a list of keys.
func (t fieldTree) dictionary(n *schema.GroupNode, levels file.LevelInfo) (f parquetField, err error) {
	if n.NumFields() != 1 || n.RepetitionType() == parquet.Repetitions.Repeated || n.Field(0).RepetitionType() != parquet.Repetitions.Repeated {
		return f, fmt.Errorf("its map %q is not one of repeated entries", n.Name())
	}
	entries, ok := n.Field(0).(*schema.GroupNode)
	if !ok || entries.NumFields() < 1 || entries.NumFields() > 2 || entries.Field(0).RepetitionType() != parquet.Repetitions.Required {
		return f, fmt.Errorf("the entries of its map %q are no keys and values", n.Name())
	}
	if entries.NumFields() == 1 {
		return t.list(n, levels)
	}
	levels.Increment(n)
	above := levels.IncrementRepeated()
	entry, err := t.structure(entries, levels)
	if err != nil {
		return f, err
	}
	entry.Name, entry.Nullable = n.Name(), false
	of := func(arrow.DataType) *arrow.MapType {
		return arrow.MapOfFields(entry.children[0].Field, entry.children[1].Field)
	}
	return repeatedField(n, of, entry, levels, above), nil
}

// variant is a group of the VARIANT type, or a list of them.
func (t fieldTree) variant(n *schema.GroupNode, levels file.LevelInfo) (f parquetField, err error) {
	if n.NumFields() != 2 && n.NumFields() != 3 {
		return f, fmt.Errorf("its variant %q has %d fields", n.Name(), n.NumFields())
	}
	repeated, above := n.RepetitionType() == parquet.Repetitions.Repeated, int16(0)
	if repeated {
		above = levels.IncrementRepeated()
	} else {
		levels.Increment(n)
	}
	if f, err = t.structure(n, levels); err != nil {
		return f, err
	}
	if f.Type, err = kinds.NewVariantType(f.Type); err != nil || !repeated {
		return f, err
	}
	element := f
	of := func(arrow.DataType) *arrow.ListType { return arrow.ListOfField(element.Field) }
	f = repeatedField(n, of, element, levels, above)
	f.Nullable = true
	return f, nil
}

// fieldOf is a node's field, but for its type.
func fieldOf(n schema.Node) arrow.Field {
	return arrow.Field{
		Name: n.Name(), Nullable: n.RepetitionType() == parquet.Repetitions.Optional,
		Metadata: arrow.NewMetadata([]string{fieldNumber}, []string{strconv.Itoa(int(n.FieldID()))}),
	}
}

// fieldNumber is where Arrow keeps the number that a field has in Parquet.
const fieldNumber = "PARQUET:field_id"
