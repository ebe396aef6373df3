package table

import (
	"errors"
	"fmt"
	"strings"
)

// Reason says why a row is bad. Its text is the code users see in rejects,
// reports and y_hat_error.
type Reason uint8

// The reasons a row can be bad for.
const (
	Good Reason = iota
	Missing
	NotANumber
	OutOfRange
	UnknownCategory
	BadType
	Ragged
	BadQuote
	BadUTF8
	TooLong
	NonFiniteOutput
)

var reasonCodes = [...]string{"", "missing", "not_a_number", "out_of_range", "unknown_category", "bad_type",
	"ragged", "bad_quote", "bad_utf8", "too_long", "non_finite_output"}

// String is the reason's code.
func (r Reason) String() string { return reasonCodes[r] }

// Reasons lists every reason but Good.
func Reasons() []Reason {
	all := make([]Reason, 0, len(reasonCodes)-1)
	for r := Missing; int(r) < len(reasonCodes); r++ {
		all = append(all, r)
	}
	return all
}

// Place is where in the inputs something stands. Row counts data rows from 1
// in its file, Line is the physical line from 1 on which the record starts,
// Offset counts bytes of the decompressed stream from 0. Row and Line are 0,
// and Offset -1, where they are not known.
type Place struct {
	File   string
	Row    int64
	Line   int64
	Offset int64
	Column string
}

// String is the place as words for an error line.
func (p Place) String() string {
	var parts []string
	if p.File != "" {
		parts = append(parts, p.File)
	}
	if p.Row > 0 {
		parts = append(parts, fmt.Sprintf("row %d", p.Row))
	}
	if p.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", p.Line))
	}
	if p.Column != "" {
		parts = append(parts, fmt.Sprintf("column %q", p.Column))
	}
	return strings.Join(parts, ", ")
}

// RowError is a row that stops the job: a bad row under the policy fail, or a
// fault that no policy covers. It never holds a cell's value.
type RowError struct {
	Place  Place
	Reason Reason
	Hint   string // what to do about it
}

func (e *RowError) Error() string {
	s := fmt.Sprintf("%s: %s", e.Place, e.Reason)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Is makes every RowError an ErrData.
func (e *RowError) Is(target error) bool { return target == ErrData }

// Kinds of failure, matched with errors.Is. The command gives each its exit
// code; fs.ErrNotExist and fs.ErrPermission pass through as they are.
var (
	// ErrData: the input is damaged, or the table does not fit the job.
	ErrData = errors.New("bad data")
	// ErrUsage: flags and inputs do not go together.
	ErrUsage = errors.New("bad usage")
	// ErrCreate: the output cannot be created.
	ErrCreate = errors.New("cannot create output")
	// ErrIO: reading or writing failed in the middle.
	ErrIO = errors.New("input/output error")
	// ErrLocked: another run is writing the same output.
	ErrLocked = errors.New("output is locked by another run")
	// ErrReaderGone: whoever read standard output has closed it.
	ErrReaderGone = errors.New("the reader of standard output went away")
)
