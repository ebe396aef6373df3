package table

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// The schema that a file holds for Arrow may be that of another table. Types of
// another kind are left alone.
func TestStoredTypesOfAnotherKind(t *testing.T) {
	whole := arrow.PrimitiveTypes.Int64
	kinds := []arrow.DataType{
		whole, arrow.BinaryTypes.String, &arrow.TimestampType{Unit: arrow.Millisecond}, arrow.ListOf(whole),
		arrow.StructOf(arrow.Field{Name: "x", Type: whole}), arrow.MapOf(arrow.BinaryTypes.String, whole),
	}
	for _, have := range kinds {
		for _, stored := range kinds {
			s, err := parquetRoot([]arrow.Field{{Name: "c", Type: have, Nullable: true}})
			if err != nil {
				t.Fatal(err)
			}
			fields, err := parquetFields(s, arrow.NewSchema([]arrow.Field{{Name: "c", Type: stored, Nullable: true}}, nil))
			if err != nil {
				t.Errorf("%s stored as %s: %v", have, stored, err)
			} else if got := fields[0].Type.ID(); got != have.ID() {
				t.Errorf("%s stored as %s is %s", have, stored, fields[0].Type)
			}
		}
	}
}
