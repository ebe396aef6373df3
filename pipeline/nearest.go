package pipeline

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Nearest returns the candidate most like a name that was not found, or "".
// Case and punctuation count little: "Weight (kg)" is near "weight_kg".
func Nearest(name string, candidates []string) string {
	best, bestScore := "", 0.75
	for _, c := range candidates {
		if s := smetrics.JaroWinkler(plainName(name), plainName(c), 0.7, 4); s > bestScore {
			best, bestScore = c, s
		}
	}
	return best
}

// plainName is a name without case, spaces and punctuation.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.()[]/", r) {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// didYouMean is the end of a message about a name that was not found.
func didYouMean(name string, candidates []string) string {
	if n := Nearest(name, candidates); n != "" {
		return "; the nearest name is " + quote(n)
	}
	return ""
}
