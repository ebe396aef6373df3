package pipeline

import (
	"testing"
)

// In each twenty rows of a class the shares are exact.
func TestSharesAreExact(t *testing.T) {
	s := sharer{split: &Split{Validate: 0.15, Test: 0.1, Seed: 9}}
	var counts [3]int
	for i := range 400 {
		counts[s.next()]++
		if n := i + 1; n%urn == 0 && (counts[partValidate] != int(0.15*float64(n)+0.5) || counts[partTest] != n/10) {
			t.Fatalf("after %d rows: %v", n, counts)
		}
	}
}

// A class that has any row has one to learn from, whatever chance says; the
// shares stay exact.
func TestEveryClassIsLearned(t *testing.T) {
	others := 0
	for seed := range uint64(200) {
		for class := range uint64(3) {
			s := sharer{split: &Split{Validate: 0.3, Test: 0.2, Seed: seed, Draw: Stratified}, class: class}
			var counts [3]int
			for i := range urn {
				if part := s.next(); i == 0 && part != partTrain {
					t.Fatalf("seed %d, class %d: its first row is of part %d", seed, class, part)
				} else {
					counts[part]++
				}
			}
			if counts != [3]int{10, 6, 4} {
				t.Fatalf("seed %d, class %d: %v of %d rows", seed, class, counts, urn)
			}
			if (&sharer{split: &Split{Validate: 0.3, Test: 0.2, Seed: seed}, class: class}).next() != partTrain {
				others++ // a random split keeps to chance
			}
		}
	}
	if others < 200 || others > 400 {
		t.Errorf("%d of 600 first rows of random splits do not train", others)
	}
}
