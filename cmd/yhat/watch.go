package main

import (
	"fmt"
	"strings"

	"yhat/io/model"
	"yhat/pipeline"
)

// watching is what a run compares a table with, and how far it may differ.
type watching struct {
	profile string // a file; "": what the model carries
	limits  pipeline.Watch
	limited bool // there are limits
	told    bool // the figures go somewhere
}

// readWatch reads the flags about profiles.
func readWatch(s *settings) watching {
	w := watching{profile: s.text("profile"), limited: s.has("max-psi") || s.has("max-missing"),
		told: s.has("report") || s.has("metrics") || s.yes("summary", false)}
	w.limits.MaxPSI = s.limits("max-psi", parsePSI, "a number of at least 0, such as 0.25")
	w.limits.MaxMissing = s.limits("max-missing", parseShare, "a share from 0% to 100%")
	return w
}

// limits reads a list of limits: for all, or NAME=LIMIT.
func (s *settings) limits(flag string, parse func(string) (float64, bool), form string) pipeline.Limits {
	l := pipeline.Limits{Of: map[string]float64{}}
	for _, text := range s.list(flag) {
		value, name := text, ""
		if at := strings.LastIndexByte(text, '='); at >= 0 {
			name, value = strings.TrimSpace(text[:at]), text[at+1:]
		}
		v, ok := parse(strings.TrimSpace(value))
		_, twice := l.Of[name]
		switch {
		case !ok:
			s.refuse(flag, "%q is not %s, or NAME= and that", text, form)
		case twice || name == "" && l.All != nil:
			s.refuse(flag, "two limits for the same")
		case name == "":
			l.All = &v
		default:
			l.Of[name] = v
		}
	}
	return l
}

func parsePSI(text string) (float64, bool) {
	v, ok := parseNumber(text)
	return v, ok && v >= 0
}

// parseShare reads 5% as 0.05.
func parseShare(text string) (float64, bool) {
	number, percent := strings.CutSuffix(text, "%")
	v, ok := parseNumber(number)
	return v / 100, ok && percent && v >= 0 && v <= 100
}

// prepare reads the profile, and asks for comparison where its figures are
// wanted.
func (w *watching) prepare(job *pipeline.Job) error {
	if w.profile != "" {
		var err error
		if job.Profiles, err = model.LoadProfiles(w.profile); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	if w.limited || w.told {
		job.Watch = &w.limits
	}
	return nil
}

// worstDrift is what the summary tells of the comparison.
type worstDrift struct {
	Name string  `json:"name"`
	PSI  float64 `json:"psi"`
}

// worstOf is the largest PSI of a run; nil if there is none.
func worstOf(report *pipeline.Report) *worstDrift {
	var worst *worstDrift
	for _, d := range report.Drifts() {
		if d.PSI != nil && (worst == nil || *d.PSI > worst.PSI) {
			worst = &worstDrift{d.Name, *d.PSI}
		}
	}
	return worst
}

// driftMetrics passes the figures of the comparison on, each as a metric.
func driftMetrics(report *pipeline.Report, add func(name, help, labels string, value float64)) {
	for _, m := range []struct {
		name, help string
		of         func(d *pipeline.Drift) *float64
	}{
		{"yhat_psi", "Population stability index against the model's profile.", func(d *pipeline.Drift) *float64 { return d.PSI }},
		{"yhat_missing_ratio", "Share of the cells that are missing.", func(d *pipeline.Drift) *float64 { return d.Missing }},
		{"yhat_out_of_range_ratio", "Share of the values where the profile has hardly any.", func(d *pipeline.Drift) *float64 { return d.OutOfRange }},
	} {
		help := m.help
		for _, d := range report.Drifts() {
			what := ",feature="
			if d.Output {
				what = ",prediction="
			}
			if v := m.of(d.Drift); v != nil {
				add(m.name, help, what+label(d.Name), *v)
				help = ""
			}
		}
	}
}
