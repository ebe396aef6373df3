package train

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"
)

// Answers are predictions of the probability of yes beside what was true. All
// slices are as long as there are rows.
type Answers struct {
	P      []float64 // predicted probability, finite
	Yes    []bool
	Weight []float64 // nil: 1 each

	order []int // by P, ascending
}

// sorted orders the rows by prediction and, where that is the same, by place,
// once.
func (a *Answers) sorted() []int {
	if a.order != nil {
		return a.order
	}
	type place struct {
		p   float64
		row int
	}
	places := make([]place, len(a.P))
	for i, p := range a.P {
		places[i] = place{p, i}
	}
	slices.SortFunc(places, func(a, b place) int {
		switch {
		case a.p < b.p:
			return -1
		case a.p > b.p:
			return 1
		}
		return cmp.Compare(a.row, b.row)
	})
	a.order = make([]int, len(places))
	for i, at := range places {
		a.order[i] = at.row
	}
	return a.order
}

// Reweighted are the same answers under other weights.
func (a *Answers) Reweighted(weight []float64) *Answers {
	return &Answers{P: a.P, Yes: a.Yes, Weight: weight, order: a.sorted()}
}

// weight is row i's weight.
func (a *Answers) weight(i int) float64 {
	if a.Weight == nil {
		return 1
	}
	return a.Weight[i]
}

// ROC is the curve of the share of yes found against the share of no taken for
// yes, from threshold +Inf down to the lowest prediction.
func (a *Answers) ROC() (found, alarms, thresholds []float64) {
	order := a.sorted()
	p, yes, w := make([]float64, len(order)), make([]bool, len(order)), make([]float64, len(order))
	for i, row := range order {
		p[i], yes[i], w[i] = a.P[row], a.Yes[row], a.weight(row)
	}
	return stat.ROC(nil, p, yes, w)
}

// AUC is the area under ROC: how likely a row of yes has a higher prediction
// than one of no, equal ones counting half. NaN unless there are both.
func (a *Answers) AUC() float64 {
	yes, no := a.totals()
	if yes == 0 || no == 0 {
		return math.NaN()
	}
	found, alarms, _ := a.ROC()
	return integrate.Trapezoidal(alarms, found)
}

// totals are the weights of yes and of no.
func (a *Answers) totals() (yes, no float64) {
	for i, y := range a.Yes {
		if y {
			yes += a.weight(i)
		} else {
			no += a.weight(i)
		}
	}
	return yes, no
}

// PrecisionRecall is the curve of precision against recall, from the highest
// prediction down; rows of equal predictions enter together.
func (a *Answers) PrecisionRecall() (precision, recall []float64) {
	order := a.sorted()
	total, _ := a.totals()
	var taken, hits float64
	for i := len(order) - 1; i >= 0; i-- {
		row := order[i]
		taken += a.weight(row)
		if a.Yes[row] {
			hits += a.weight(row)
		}
		if i > 0 && a.P[order[i-1]] == a.P[row] || taken == 0 {
			continue
		}
		precision, recall = append(precision, hits/taken), append(recall, hits/total)
	}
	return precision, recall
}

// AveragePrecision is the area under PrecisionRecall by steps, as the field
// has it: Σ (R_i − R_{i−1}) P_i. NaN without any yes.
func (a *Answers) AveragePrecision() float64 {
	if yes, _ := a.totals(); yes == 0 {
		return math.NaN()
	}
	precision, recall := a.PrecisionRecall()
	sum, last := 0.0, 0.0
	for i, r := range recall {
		sum += (r - last) * precision[i]
		last = r
	}
	return sum
}

// Edge keeps logarithms of predictions finite: they count as no nearer to 0
// and 1 than this, which is the distance of 1 to the next float64.
const Edge = 0x1p-52

// LogLoss is the mean of −log of the probability given to what was true.
func (a *Answers) LogLoss() float64 {
	return a.mean(func(p float64, yes bool) float64 {
		if !yes {
			p = 1 - p
		}
		return -math.Log(max(p, Edge))
	})
}

// Brier is the mean of (p − y)² (Brier 1950, Monthly Weather Review 78).
func (a *Answers) Brier() float64 {
	return a.mean(func(p float64, yes bool) float64 {
		if yes {
			p = 1 - p
		}
		return p * p
	})
}

// mean is the weighted mean of f over the rows.
func (a *Answers) mean(f func(p float64, yes bool) float64) float64 {
	sum, total := 0.0, 0.0
	for i, p := range a.P {
		w := a.weight(i)
		sum, total = sum+w*f(p, a.Yes[i]), total+w
	}
	return sum / total
}

// Confusion counts rows by what was true (first index: no, yes) and what a
// threshold makes of the prediction; ŷ ≥ threshold is yes.
func (a *Answers) Confusion(threshold float64) (c [2][2]float64) {
	for i, p := range a.P {
		c[one(a.Yes[i])][one(p >= threshold)] += a.weight(i)
	}
	return c
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Bin is a group of rows with similar predictions.
type Bin struct {
	From, To float64 // of the predictions
	Rows     float64 // their weight
	Mean     float64 // of the predictions
	Share    float64 // of yes
}

// Reliability sorts the rows into bins of equal width from 0 to 1; bins
// without rows are left out.
func (a *Answers) Reliability(bins int) []Bin {
	made := make([]Bin, bins)
	for i, p := range a.P {
		b := &made[min(bins-1, max(0, int(p*float64(bins))))]
		w := a.weight(i)
		b.Rows, b.Mean = b.Rows+w, b.Mean+w*p
		if a.Yes[i] {
			b.Share += w
		}
	}
	var full []Bin
	for i, b := range made {
		if b.Rows > 0 {
			full = append(full, Bin{float64(i) / float64(bins), float64(i+1) / float64(bins), b.Rows, b.Mean / b.Rows, b.Share / b.Rows})
		}
	}
	return full
}

// CalibrationError is the expected calibration error: the mean distance of
// prediction and truth over the bins of Reliability, weighted by rows (Naeini
// et al. 2015, AAAI).
func (a *Answers) CalibrationError(bins int) float64 {
	sum, total := 0.0, 0.0
	for _, b := range a.Reliability(bins) {
		sum, total = sum+b.Rows*math.Abs(b.Mean-b.Share), total+b.Rows
	}
	return sum / total
}

// Lift is the share of yes among the rows with the highest predictions, top of
// all rows, as a multiple of the share among all, and the part of all yes that
// is among them. Rows count by number here, not by weight.
func (a *Answers) Lift(top float64) (lift, captured float64) {
	order := a.sorted()
	n := max(1, int(math.Round(top*float64(len(order)))))
	hits, yes := 0.0, 0.0
	for i, row := range order {
		if a.Yes[row] {
			yes++
			if i >= len(order)-n {
				hits++
			}
		}
	}
	return hits / float64(n) / (yes / float64(len(order))), hits / yes
}

// Errors are the measures of predicted numbers.
type Errors struct {
	RMSE, MAE float64
	R2        float64 // 1 − Σ(y−ŷ)² / Σ(y−ȳ)²
	Bias      float64 // mean of ŷ − y
}

// Compare measures predictions against true numbers; weight may be nil.
func Compare(predicted, truth, weight []float64) Errors {
	var e Errors
	total := 0.0
	for i, y := range truth {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		d := predicted[i] - y
		e.RMSE, e.MAE, e.Bias, total = e.RMSE+w*d*d, e.MAE+w*math.Abs(d), e.Bias+w*d, total+w
	}
	e.RMSE, e.MAE, e.Bias = math.Sqrt(e.RMSE/total), e.MAE/total, e.Bias/total
	e.R2 = stat.RSquaredFrom(predicted, truth, weight)
	return e
}

// Bootstrap draws rows with replacement, draws times, and returns the bounds
// between which the middle share of each of f's values lies (percentile
// intervals, Efron 1979, Annals of Statistics 7). f gets each row's count as
// its weight; values that are NaN are left out.
func Bootstrap(rows, draws int, share float64, seed uint64, f func(weight []float64) []float64) (low, high []float64) {
	r := rand.New(rand.NewPCG(seed, 0xb007))
	weight := make([]float64, rows)
	var values [][]float64
	for range draws {
		clear(weight)
		for range rows {
			weight[r.IntN(rows)]++
		}
		for i, v := range f(weight) {
			if i == len(values) {
				values = append(values, nil)
			}
			if !math.IsNaN(v) {
				values[i] = append(values[i], v)
			}
		}
	}
	for _, list := range values {
		sort.Float64s(list)
		low, high = append(low, quantile(list, (1-share)/2)), append(high, quantile(list, (1+share)/2))
	}
	return low, high
}

func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return stat.Quantile(share, stat.Empirical, sorted, nil)
}
