package table

import (
	"maps"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// The schema that a file holds for Arrow may be that of another table. Types of
// another kind are left alone; some are no more than another way to hold text or
// whole numbers.
func TestStoredTypesOfAnotherKind(t *testing.T) {
	whole := arrow.PrimitiveTypes.Int64
	kinds := []arrow.DataType{
		whole, arrow.BinaryTypes.String, &arrow.TimestampType{Unit: arrow.Millisecond}, arrow.ListOf(whole),
		arrow.StructOf(arrow.Field{Name: "x", Type: whole}), arrow.MapOf(arrow.BinaryTypes.String, whole),
	}
	words := &arrow.DictionaryType{IndexType: whole, ValueType: arrow.BinaryTypes.String}
	span := &arrow.DurationType{Unit: arrow.Second}
	others := map[arrow.DataType]arrow.Type{words: arrow.STRING, arrow.BinaryTypes.LargeString: arrow.STRING, span: arrow.INT64,
		&arrow.Decimal256Type{Precision: 40}: arrow.DECIMAL128}
	for _, have := range kinds {
		for _, stored := range slices.Concat(kinds, slices.Collect(maps.Keys(others))) {
			want := have.ID()
			if others[stored] == want {
				want = stored.ID()
			}
			s, err := parquetRoot([]arrow.Field{{Name: "c", Type: have, Nullable: true}})
			if err != nil {
				t.Fatal(err)
			}
			fields, err := parquetFields(s, arrow.NewSchema([]arrow.Field{{Name: "c", Type: stored, Nullable: true}}, nil))
			if err != nil {
				t.Errorf("%s stored as %s: %v", have, stored, err)
			} else if got := fields[0].Type.ID(); got != want {
				t.Errorf("%s stored as %s is %s", have, stored, fields[0].Type)
			}
		}
	}
}
