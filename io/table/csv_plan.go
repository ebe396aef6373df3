package table

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// csvOpKind is one use that is made of a cell.
type csvOpKind uint8

const (
	opNumber csvOpKind = iota // a numeric feature
	opCode                    // a categorical feature
	opSpan                    // kept raw
	opTyped                   // kept as a value of an Arrow type
)

// csvOp is one use of a column's cells. slot is an index into the request's
// Features or Keep.
type csvOp struct {
	kind csvOpKind
	slot int
}

// csvPlan is a request, turned round: what each column of the file is for.
type csvPlan struct {
	req     Request
	delim   byte
	decimal byte
	limit   int // bytes of a record
	columns [][]csvOp
	whole   bool // kept raw cells are whole records
	missing missingTokens
	opt     ReadOptions
	// shared gives, for kept columns whose values are a numeric feature's too,
	// that feature.
	shared map[int]int
}

func newCSVPlan(s *csvSource, q Request) (*csvPlan, error) {
	p := &csvPlan{req: q, delim: s.delim, decimal: s.opt.Decimal, limit: s.opt.MaxRecord, opt: s.opt}
	p.columns = make([][]csvOp, len(s.fields))
	p.missing = newMissingTokens(s.opt.Missing, p.decimal)
	p.whole = q.Raw && len(q.Keep) == len(s.fields)
	for i, k := range q.Keep {
		p.whole = p.whole && k.Column == i
	}
	for i, f := range q.Features {
		kind := opNumber
		if f.Dict != nil {
			kind = opCode
		}
		if err := p.use(f.Column, csvOp{kind, i}); err != nil {
			return nil, err
		}
	}
	for i, k := range q.Keep {
		op := csvOp{opSpan, i}
		if !q.Raw {
			op.kind = opTyped
			if !textType(k.Type) {
				return nil, fmt.Errorf("%w: text cannot be read as %s", ErrUsage, k.Type)
			}
		} else if p.whole {
			continue
		}
		if err := p.use(k.Column, op); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// share finds the kept columns that need not be read apart from a feature: a
// cell that is no number is no valid feature, and null as a kept float64 that
// is not strict. A missing token that is a number would make a difference.
func (p *csvPlan) share() {
	p.shared = map[int]int{}
	if p.req.Raw || len(p.missing.numbers) > 0 {
		return
	}
	for column, uses := range p.columns {
		feature := slices.IndexFunc(uses, func(op csvOp) bool { return op.kind == opNumber })
		if feature < 0 {
			continue
		}
		slot := uses[feature].slot
		p.columns[column] = slices.DeleteFunc(uses, func(op csvOp) bool {
			k := p.req.Keep
			if op.kind != opTyped || k[op.slot].Strict || typeOr(k[op.slot].Type).ID() != arrow.FLOAT64 {
				return false
			}
			p.shared[op.slot] = slot
			return true
		})
	}
}

func (p *csvPlan) use(column int, op csvOp) error {
	if column < 0 || column >= len(p.columns) {
		return fmt.Errorf("column %d of %d is not there", column, len(p.columns))
	}
	p.columns[column] = append(p.columns[column], op)
	return nil
}

// textType reports whether cells of text can be read as t. Nil is text itself.
func textType(t arrow.DataType) bool {
	if t == nil {
		return true
	}
	switch t.ID() {
	case arrow.STRING, arrow.INT64, arrow.FLOAT64, arrow.BOOL, arrow.DATE32:
		return true
	case arrow.TIMESTAMP:
		return t.(*arrow.TimestampType).Unit == arrow.Microsecond
	}
	return false
}

// missingTokens are the cells that stand for no value.
type missingTokens struct {
	empty bool
	words []string
	// numbers are the sizes, without sign, of those tokens that are numbers
	// themselves, such as -9 or 999.
	numbers []float64
}

func newMissingTokens(words []string, decimal byte) missingTokens {
	var m missingTokens
	for _, w := range words {
		w = string(trimBlanks([]byte(w)))
		if w == "" {
			m.empty = true
			continue
		}
		m.words = append(m.words, w)
		if v, ok := parseNumber([]byte(w), decimal); ok {
			m.numbers = append(m.numbers, math.Abs(v))
		}
	}
	return m
}

// has reports whether trimmed text stands for no value.
func (m *missingTokens) has(text []byte) bool {
	if len(text) == 0 {
		return m.empty
	}
	for _, w := range m.words {
		if string(text) == w {
			return true
		}
	}
	return false
}

// maybe reports whether a number, with its sign or without, may have been
// written as a missing token.
func (m *missingTokens) maybe(v float64) bool {
	for _, n := range m.numbers {
		if math.Abs(v) == n {
			return true
		}
	}
	return false
}
