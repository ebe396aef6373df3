package pipeline

import (
	"slices"
	"strings"

	"yhat/nn"
)

// wordsCounted is how many different words are counted, and wordBytes how long
// they may be: a column of more or longer ones is one of names, or of prose.
const wordsCounted, wordBytes = maxCategories, 200

// wordCounts counts words. What it ends with depends on the words alone, not on
// their order or on how counts were merged.
type wordCounts struct {
	counts map[string]int64 // nil: too many
	total  int64
}

func newWordCounts() *wordCounts { return &wordCounts{counts: map[string]int64{}} }

// add counts n rows that hold a word.
func (w *wordCounts) add(word string, n int64) {
	w.total += n
	if w.counts == nil {
		return
	}
	if _, ok := w.counts[word]; !ok {
		if len(w.counts) == wordsCounted || len(word) > wordBytes {
			w.counts = nil
			return
		}
		word = strings.Clone(word)
	}
	w.counts[word] += n
}

// merge adds what another one counted.
func (w *wordCounts) merge(o *wordCounts) {
	if o.counts == nil {
		w.counts, w.total = nil, w.total+o.total
		return
	}
	for word, n := range o.counts {
		w.add(word, n)
	}
}

// profile makes the profile of a column of which missing further rows have no
// word. It names the words that at least fewest rows have, in order.
func (w *wordCounts) profile(missing int64) nn.Profile {
	p := nn.Profile{Rows: w.total + missing, Missing: missing, Categorical: true, Words: []string{}, Counts: []int64{}, Other: w.total}
	for word, n := range w.counts {
		if n >= fewest {
			p.Words = append(p.Words, word)
		}
	}
	slices.Sort(p.Words)
	for _, word := range p.Words {
		p.Counts = append(p.Counts, w.counts[word])
		p.Other -= w.counts[word]
	}
	return p
}

// ofCategories orders a profile of words as a feature lists them; others count
// with Other.
func ofCategories(p nn.Profile, categories []string) nn.Profile {
	q := p
	q.Words, q.Counts, q.Other = nil, make([]int64, len(categories)), p.Other
	for i, word := range p.Words {
		if at := slices.Index(categories, word); at >= 0 {
			q.Counts[at] = p.Counts[i]
		} else {
			q.Other += p.Counts[i]
		}
	}
	return q
}
