package pipeline

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Split says which rows train, which validate (they decide when to stop), and
// which are kept to judge the finished network.
type Split struct {
	Validate, Test float64 // shares of the rows, by chance
	Draw           Draw    // how
	Seed           uint64
	// Where a column has one of these values, the row is of that part,
	// whatever chance says. Shares apply to the other rows.
	ValidateWhere, TestWhere []Where
}

// Draw is how shares of the rows are drawn.
type Draw string

// The ways to draw: the shares hold within each class, which targets that are
// numbers do not have; or of all rows. What is left open is settled by what the
// target turns out to be.
const (
	Stratified Draw = "stratified"
	Random     Draw = "random"
)

// Where picks the rows whose cell in a column, trimmed, is a value.
type Where struct{ Column, Value string }

// The parts rows belong to.
const (
	partTrain uint8 = iota
	partValidate
	partTest
	leftOut
	partCount = int(leftOut)
)

// urn is how many rows of a class are shared out at a time: in each such run
// the shares are exact to the row, and chance decides which rows.
const urn = 20

// sharer deals out the rows of one class.
type sharer struct {
	split *Split
	class uint64
	count int
	order [urn]int
}

// next is the part of the class's next row.
func (s *sharer) next() uint8 {
	round, at := s.count/urn, s.count%urn
	s.count++
	share := func(f float64) int { return int(f*urn*float64(round+1)+0.5) - int(f*urn*float64(round)+0.5) }
	validate := share(s.split.Validate)
	test := share(s.split.Validate+s.split.Test) - validate
	if at == 0 {
		r := rand.New(rand.NewPCG(s.split.Seed, s.class<<32|uint64(round)))
		for i, v := range r.Perm(urn) {
			s.order[i] = v
		}
		s.teachFirst(round, validate+test)
	}
	switch v := s.order[at]; {
	case v < validate:
		return partValidate
	case v < validate+test:
		return partTest
	}
	return partTrain
}

// teachFirst puts the very first row of a stratified class into training, in
// exchange for the place of another one of its run: a class that has a single
// row, or a few, would else perhaps be judged but never learned. Places up to
// kept are those that do not train.
func (s *sharer) teachFirst(round, kept int) {
	if s.split.Draw != Stratified || round > 0 || s.order[0] >= kept {
		return
	}
	if i := slices.IndexFunc(s.order[:], func(v int) bool { return v >= kept }); i >= 0 {
		s.order[0], s.order[i] = s.order[i], s.order[0]
	}
}

// columns are the columns a split looks at, each once.
func (s *Split) columns() []string {
	var names []string
	for _, w := range append(slices.Clone(s.ValidateWhere), s.TestWhere...) {
		if !slices.Contains(names, w.Column) {
			names = append(names, w.Column)
		}
	}
	return names
}

// chosen is the part that the row's cells put it in, if they do.
func (s *Split) chosen(cell func(column string) string) (uint8, bool) {
	for _, w := range s.TestWhere {
		if strings.TrimSpace(cell(w.Column)) == w.Value {
			return partTest, true
		}
	}
	for _, w := range s.ValidateWhere {
		if strings.TrimSpace(cell(w.Column)) == w.Value {
			return partValidate, true
		}
	}
	return partTrain, false
}
