package pipeline

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"yhat/io/table"
	"yhat/nn"
)

// maxCategories bounds the words of a feature: beyond, it is a name.
const maxCategories = 1000

// sampleRows bounds the numbers a median is taken of: up to so many rows it is
// exact, beyond it is that of an even sample.
const sampleRows = 1 << 16

// columnLearned is what training learns of one feature's column, from the
// training rows alone.
type columnLearned struct {
	name, column string
	factor, plus float64
	words        bool

	count, missing int64
	mean, spread   float64 // Welford's running mean and sum of squares (1962, Technometrics 4)
	numbers        sketch  // for the profile
	sample         []float64
	random         *rand.Rand
	categories     map[string]int64
}

func newColumnLearned(name string, from Source) columnLearned {
	return columnLearned{name: name, column: from.Column, factor: from.Factor, plus: from.Plus,
		random: rand.New(rand.NewPCG(1, 2)), categories: map[string]int64{}}
}

// number takes in a number of a training row.
func (c *columnLearned) number(x float64) {
	x = x*c.factor + c.plus
	c.numbers.add(x)
	c.count++
	d := x - c.mean
	c.mean += d / float64(c.count)
	c.spread += d * (x - c.mean)
	if len(c.sample) < sampleRows {
		c.sample = append(c.sample, x)
	} else if at := c.random.Int64N(c.count); at < sampleRows { // Vitter 1985, ACM TOMS 11, algorithm R
		c.sample[at] = x
	}
}

// word takes in a word of a training row.
func (c *columnLearned) word(w string) error {
	c.count++
	if _, ok := c.categories[w]; !ok && len(c.categories) == maxCategories {
		return fmt.Errorf("%w: column %s has more than %d different words: it cannot be a feature", table.ErrData, quote(c.column), maxCategories)
	}
	c.categories[w]++
	return nil
}

// profile is that of the training rows; nil of too few.
func (c *columnLearned) profile(f *nn.Feature) *nn.Profile {
	p := c.numbers.profile(c.missing)
	if c.words {
		counts := make([]int64, len(f.Categories))
		for i, w := range f.Categories {
			counts[i] = c.categories[w]
		}
		p = ofCategories(categoryProfile(f.Categories, counts, c.missing, 0), f.Categories)
	}
	if p.Rows < fewest {
		return nil
	}
	return &p
}

// feature is the model's feature for this column. Missing values become the
// median, or the most frequent category; unknown categories all zeros.
func (c *columnLearned) feature(standardize bool) (nn.Feature, error) {
	f := nn.Feature{Name: c.name, Scale: 1}
	if c.count == 0 {
		return f, fmt.Errorf("%w: column %s has no value in any training row", table.ErrData, quote(c.column))
	}
	if c.words {
		c.listCategories(&f)
		return f, nil
	}
	sort.Float64s(c.sample)
	half := len(c.sample) / 2
	fill := c.sample[half]
	if len(c.sample)%2 == 0 {
		fill = (c.sample[half-1] + c.sample[half]) / 2
	}
	f.Fill = &fill
	if standardize {
		f.Center, f.Scale = rounded(c.mean), rounded(math.Sqrt(c.spread/float64(c.count)))
		if f.Scale == 0 {
			f.Scale = 1
		}
	}
	return f, nil
}

// listCategories puts the words in order.
func (c *columnLearned) listCategories(f *nn.Feature) {
	for w := range c.categories {
		f.Categories = append(f.Categories, w)
	}
	slices.Sort(f.Categories)
	f.UnknownZeros, f.HasFillCategory = true, true
	for _, w := range f.Categories {
		if c.categories[w] > c.categories[f.FillCategory] {
			f.FillCategory = w
		}
	}
}
