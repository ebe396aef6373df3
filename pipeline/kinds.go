package pipeline

import (
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// kinds is the set of what the cells of a text column look like.
type kinds uint8

const (
	integerKind kinds = 1 << iota
	numberKind
	booleanKind
	dateKind
	timeKind
	textKind

	// ranged kinds have a smallest and a largest value.
	ranged = integerKind | numberKind | dateKind | timeKind
)

// name is the narrowest kind that fits all cells.
func (k kinds) name() string {
	switch k {
	case 0:
		return "empty"
	case integerKind:
		return "integer"
	case numberKind, integerKind | numberKind:
		return "number"
	case booleanKind:
		return "boolean"
	case dateKind:
		return "date"
	case timeKind, dateKind | timeKind:
		return "timestamp"
	}
	return "text"
}

// kindOf says what a cell looks like, and its place among its kind. A number
// with leading zeros is a name, not a quantity: it would lose them.
func kindOf(s string) (kinds, float64) {
	switch c := s[0]; {
	case c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.':
		return numericKind(s)
	case strings.EqualFold(s, "true"), strings.EqualFold(s, "false"):
		return booleanKind, 0
	}
	return textKind, 0
}

// numericKind tells numbers, dates and timestamps apart.
func numericKind(s string) (kinds, float64) {
	if len(s) >= len(time.DateOnly) && s[4] == '-' && s[7] == '-' {
		return temporalKind(s)
	}
	digits := strings.TrimLeft(s, "+-")
	if strings.ContainsAny(s, "xXpP_iInN") || len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return textKind, 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return textKind, 0
	}
	if strings.Trim(digits, "0123456789") == "" {
		return integerKind, v
	}
	return numberKind, v
}

// temporalKind reads ISO 8601 dates and timestamps.
func temporalKind(s string) (kinds, float64) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return dateKind, float64(t.UnixMicro())
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return timeKind, float64(t.UnixMicro())
		}
	}
	return textKind, 0
}

// orderOf gives the place of a typed value among its kind; nil where values
// have none that a person would ask for.
func orderOf(column arrow.Array) func(i int) float64 {
	switch a := column.(type) {
	case *array.Float64:
		return a.Value
	case *array.Float32:
		return func(i int) float64 { return float64(a.Value(i)) }
	case *array.Float16:
		return func(i int) float64 { return float64(a.Value(i).Float32()) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) float64 { return a.Value(i).ToFloat64(scale) }
	case *array.Decimal256:
		scale := a.DataType().(*arrow.Decimal256Type).Scale
		return func(i int) float64 { return a.Value(i).ToFloat64(scale) }
	}
	return wholeOrder(column)
}

// wholeOrder is orderOf for what is stored as a whole number.
func wholeOrder(column arrow.Array) func(i int) float64 {
	switch a := column.(type) {
	case *array.Int8:
		return wholes(a.Value)
	case *array.Int16:
		return wholes(a.Value)
	case *array.Int32:
		return wholes(a.Value)
	case *array.Int64:
		return wholes(a.Value)
	case *array.Uint8:
		return wholes(a.Value)
	case *array.Uint16:
		return wholes(a.Value)
	case *array.Uint32:
		return wholes(a.Value)
	case *array.Uint64:
		return wholes(a.Value)
	case *array.Date32:
		return wholes(a.Value)
	case *array.Date64:
		return wholes(a.Value)
	case *array.Timestamp:
		return wholes(a.Value)
	}
	return nil
}

// whole is what whole numbers are stored as.
type whole interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

func wholes[T whole](value func(int) T) func(int) float64 {
	return func(i int) float64 { return float64(value(i)) }
}
