package pipeline

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"yhat/io/table"
)

// maxClasses bounds the labels of a target.
const maxClasses = 1000

// inferClasses is up to how many different whole numbers a target is taken for
// classes when nobody says what it is; two of any kind are.
const inferClasses = 10

// targetLearned is what training learns of one target's column. Values are
// kept as codes in order of appearance, and as numbers where they are.
type targetLearned struct {
	codes   map[string]int32
	words   []string
	numeric bool // every value is a number
	whole   bool // and a whole one
	tooMany bool // more different values than classes may be
	seen    []int32
	numbers []float64
}

func newTargetLearned() *targetLearned {
	return &targetLearned{codes: map[string]int32{}, numeric: true, whole: true}
}

// take takes in one row's value. A number is known by its value: 1 and 1.0
// are the same class.
func (t *targetLearned) take(text string, value float64, isNumber bool) {
	text = strings.TrimSpace(text)
	if isNumber {
		t.whole = t.whole && value == math.Trunc(value)
		if k := strings.ToLower(text); k != "true" && k != "false" {
			text = strconv.FormatFloat(value, 'f', -1, 64)
		}
	} else {
		t.numeric, value = false, math.NaN()
	}
	t.numbers = append(t.numbers, value)
	t.seen = append(t.seen, t.code(text))
}

func (t *targetLearned) code(text string) int32 {
	if c, ok := t.codes[text]; ok {
		return c
	}
	if len(t.words) == maxClasses {
		t.tooMany = true
		return -1
	}
	c := int32(len(t.words))
	t.codes[text] = c
	t.words = append(t.words, text)
	return c
}

// task infers what the target asks for.
func (t *targetLearned) task() Task {
	switch {
	case len(t.words) == 2 && !t.tooMany:
		return Binary
	case t.numeric && (t.tooMany || !t.whole || len(t.words) > inferClasses):
		return Regression
	}
	return Multiclass
}

// labels orders the classes, numbers by value and words by their bytes, with
// positive last of two, and renumbers the codes that were seen.
func (t *targetLearned) labels(column, positive string) ([]string, error) {
	if t.tooMany {
		return nil, fmt.Errorf("%w: target %s has more than %d different values: it is no class", table.ErrData, quote(column), maxClasses)
	}
	if len(t.words) < 2 {
		return nil, fmt.Errorf("%w: target %s has only one value: there is nothing to tell apart", table.ErrData, quote(column))
	}
	labels := slices.Clone(t.words)
	sort.Slice(labels, func(i, j int) bool {
		if t.numeric {
			a, _ := strconv.ParseFloat(labels[i], 64)
			b, _ := strconv.ParseFloat(labels[j], 64)
			if a != b {
				return a < b
			}
		}
		return labels[i] < labels[j]
	})
	if positive != "" {
		if !slices.Contains(labels, positive) {
			return nil, fmt.Errorf("%w: --positive: the target %s has no such value", table.ErrUsage, quote(column))
		}
		if len(labels) == 2 && labels[0] == positive {
			slices.Reverse(labels)
		}
	}
	renumber := make([]int32, len(labels))
	for i, l := range labels {
		renumber[t.codes[l]] = int32(i)
	}
	for i, c := range t.seen {
		t.seen[i] = renumber[c]
	}
	return labels, nil
}
