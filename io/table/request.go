package table

import "github.com/apache/arrow-go/v18/arrow"

// Request says what is wanted of a source's columns. A column may be wanted as
// a feature and kept as well; one in neither list is skipped: a columnar file
// does not even read it.
type Request struct {
	Features []FeatureRequest
	Keep     []KeepRequest // in output order
	// Raw asks for the kept cells of a text source as they were written. It
	// is set only if the sink speaks the source's dialect.
	Raw bool
	// PadRagged asks that short and long records be kept, padded with empty
	// cells or cut to the header, as well as being reported bad.
	PadRagged bool
}

// FeatureRequest asks for a column as numbers, or as codes of a dictionary.
type FeatureRequest struct {
	Column int         // index into Fields
	Dict   *Dictionary // nil: numbers
	// Point reads numbers with a decimal point too, whatever the table's own
	// sign is: sinks write computed numbers so.
	Point bool
}

// KeepRequest asks for a column in the output. Type is ignored for raw cells.
// For typed sources it is the column's own type or one that it Fits (a value
// that does not: BadType); for text sources it is what the cells are to be read
// as (a cell that does not fit: BadType if Strict, else null).
type KeepRequest struct {
	Column int
	Type   arrow.DataType
	Strict bool
}

// Codes of a dictionary feature that are no category.
const (
	CodeMissing int32 = -1
	CodeUnknown int32 = -2
)

// Dictionary maps the words of a categorical feature to their codes.
type Dictionary struct {
	codes map[string]int32
}

// NewDictionary gives word i the code i.
func NewDictionary(words []string) *Dictionary {
	codes := make(map[string]int32, len(words))
	for i, w := range words {
		if _, ok := codes[w]; !ok {
			codes[w] = int32(i)
		}
	}
	return &Dictionary{codes}
}

// Code returns the code of a trimmed word, or CodeUnknown. Whether a word that
// is no category stands for a missing value is the reader's affair.
func (d *Dictionary) Code(word []byte) int32 {
	if c, ok := d.codes[string(word)]; ok {
		return c
	}
	return CodeUnknown
}
