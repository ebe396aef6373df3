package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"yhat/io/table"
	"yhat/nn"
)

// Watch says how far a table may differ from the rows a model was learned from,
// as its profile tells, before the run fails (65).
type Watch struct {
	MaxPSI     Limits
	MaxMissing Limits // shares, 0 … 1
}

// Limits are a limit for all, and others for some by name.
type Limits struct {
	All *float64
	Of  map[string]float64
}

// of is the limit for a name; nil: none.
func (l *Limits) of(name string) *float64 {
	if limit, ok := l.Of[name]; ok {
		return &limit
	}
	return l.All
}

// any reports whether there are limits at all.
func (l *Limits) any() bool { return l.All != nil || len(l.Of) > 0 }

// Drift compares a column with its profile. Rates are shares of the rows read
// whose cell is empty or can be read; of fewer than 20 rows only the missing
// ones are told.
type Drift struct {
	// PSI is the population stability index, Chance what it exceeds by chance
	// alone in one of a hundred tables.
	PSI    *float64 `json:"psi,omitempty"`
	Chance *float64 `json:"psi_by_chance,omitempty"`
	// Of predictions nothing is missing.
	Missing        *float64 `json:"missing_rate,omitempty"`
	ProfileMissing *float64 `json:"profile_missing_rate,omitempty"`
	// OutOfRange are numbers below low or from high on, or unknown categories.
	OutOfRange *float64 `json:"out_of_range_rate,omitempty"`
}

// leastShare stands for the share of a bin that is empty, whose logarithm
// would be infinite.
const leastShare = 1e-4

// psi is the population stability index Σ (q − p) ln(q / p) of the shares p of
// the profile's rows and q of the table's in each bin (Siddiqi 2006, Credit Risk
// Scorecards, Wiley); shares below leastShare count as that. Without any change
// it is about a χ² of bins − 1 degrees of freedom times 1/n + 1/m for n and m
// rows (Yurdakul 2018, Statistical Properties of Population Stability Index,
// Western Michigan University); chance is the 99 % point of that.
func psi(profile, table []int64) (index, chance float64) {
	m, n := float64(sumOf(profile)), float64(sumOf(table))
	bins := 0
	for i := range profile {
		if profile[i]+table[i] == 0 {
			continue
		}
		bins++
		p, q := max(float64(profile[i])/m, leastShare), max(float64(table[i])/n, leastShare)
		index += (q - p) * math.Log(q/p)
	}
	return index, chiSquared99(bins-1) * (1/n + 1/m)
}

// chiSquared99 is the 99 % point of χ² (Wilson and Hilferty 1931, PNAS 17).
func chiSquared99(degrees int) float64 {
	const z99 = 2.3263478740408408
	if degrees < 1 {
		return 0
	}
	k := float64(degrees)
	root := 1 - 2/(9*k) + z99*math.Sqrt(2/(9*k))
	return k * root * root * root
}

func sumOf(list []int64) int64 {
	var n int64
	for _, v := range list {
		n += v
	}
	return n
}

// drift compares what was counted of a column with its profile, if it has one.
func (w *watched) drift(tally []int64) *Drift {
	tally = tally[w.at:][:w.size()]
	d, rows := &Drift{}, sumOf(tally)
	share := func(n, of int64) *float64 {
		v := float64(n) / float64(of)
		return &v
	}
	if rows == 0 {
		return d
	}
	if !w.output {
		d.Missing = share(tally[0], rows)
	}
	p := w.profile
	if p == nil {
		return d
	}
	if p.Rows > 0 && !w.output {
		d.ProfileMissing = share(p.Missing, p.Rows)
	}
	if rows < fewest {
		return d
	}
	if filled := rows - tally[0]; filled > 0 && (p.Categorical || p.Low != nil || p.High != nil) {
		d.OutOfRange = share(w.outside(tally[1:]), filled)
	}
	if p.Rows >= fewest {
		index, chance := psi(w.expected(), w.observed(tally))
		d.PSI, d.Chance = &index, &chance
	}
	return d
}

// NamedDrift is the drift of a feature, or of a prediction.
type NamedDrift struct {
	Name   string
	Output bool
	*Drift
}

// Drifts are those of the features and then of the predictions; none if they
// were not watched or no row was read.
func (r *Report) Drifts() []NamedDrift { return r.drifts }

// tellDrift writes down what came of the counts.
func (s *scorer[T]) tellDrift(tally []int64, r *Report) {
	for i := range s.watch.features {
		name := s.card.Features[i].Name
		d := s.watch.features[i].drift(tally)
		r.drifts = append(r.drifts, NamedDrift{name, false, d})
		if f := r.Features[name]; f != nil {
			f.Drift = d
		}
	}
	for i := range s.watch.outputs {
		name := s.watch.names[i]
		d := s.watch.outputs[i].drift(tally)
		r.drifts = append(r.drifts, NamedDrift{name, true, d})
		if p := r.Predictions[s.columns.prefix+name]; p != nil {
			p.Drift = d
		}
	}
}

// judgeDrift compares the figures with the limits. The error names features,
// figures and limits.
func (e *end[T]) judgeDrift() error {
	if e.job.Watch == nil {
		return nil
	}
	var wrong []string
	for _, d := range e.report.drifts {
		wrong = append(wrong, e.job.Watch.judge(d)...)
	}
	if len(wrong) == 0 {
		return nil
	}
	return driftError(wrong)
}

// judge says what of one column is beyond its limits.
func (w *Watch) judge(d NamedDrift) (wrong []string) {
	what := "feature"
	if d.Output {
		what = "prediction"
	}
	if limit := w.MaxMissing.of(d.Name); limit != nil && d.Missing != nil && *d.Missing > *limit {
		wrong = append(wrong, fmt.Sprintf("feature %s: %s%% of its cells are missing, more than %s%% (--max-missing)",
			quote(d.Name), figure(100**d.Missing), figure(100**limit)))
	}
	if limit := w.MaxPSI.of(d.Name); limit != nil && d.PSI != nil && *d.PSI > max(*limit, *d.Chance) {
		wrong = append(wrong, fmt.Sprintf("%s %s: PSI %s is above %s (--max-psi)", what, quote(d.Name), figure(*d.PSI), figure(*limit)))
	}
	return wrong
}

// figure is a number of four digits for people.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// mostTold is how many features an error names.
const mostTold = 3

// driftError is the error of a table that differs too much.
func driftError(wrong []string) error {
	told, more := wrong, ""
	if len(wrong) > mostTold {
		told, more = wrong[:mostTold], fmt.Sprintf("; and %d more", len(wrong)-mostTold)
	}
	text := strings.Join(told, "; ") + more
	if strings.Contains(text, "--max-psi") {
		text += "; the table is not like the rows the model knows (a unit? see --map)"
	}
	return fmt.Errorf("%w: %s", table.ErrData, text)
}

// check refuses limits of what the model does not have.
func (w *Watch) check(features []nn.Feature, outputs []string, profiles []nn.Profile) error {
	profiled := map[string]bool{}
	var names, all []string
	for i := range features {
		names = append(names, features[i].Name)
		if features[i].Profile != nil {
			profiled[features[i].Name] = true
		}
	}
	all = append(all, names...)
	for i, name := range outputs {
		if all = append(all, name); i < len(profiles) {
			profiled[name] = true
		}
	}
	const make = "make one with yhat inspect DATA --profile -m MODEL, and give it with --profile"
	if w.MaxPSI.any() && len(profiled) == 0 {
		return fmt.Errorf("%w: --max-psi: the model carries no profile; %s", table.ErrUsage, make)
	}
	for name := range w.MaxMissing.Of {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%w: --max-missing names %s, which is no feature of the model%s", table.ErrUsage, quote(name), didYouMean(name, names))
		}
	}
	for name := range w.MaxPSI.Of {
		if !slices.Contains(all, name) {
			return fmt.Errorf("%w: --max-psi names %s, which is neither feature nor prediction of the model%s", table.ErrUsage, quote(name), didYouMean(name, all))
		}
		if !profiled[name] {
			return fmt.Errorf("%w: --max-psi names %s, of which there is no profile; %s", table.ErrUsage, quote(name), make)
		}
	}
	return nil
}
