package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/urfave/cli/v2"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/pipeline"
	"yhat/pipeline/flow"
)

const scoreExamples = `yhat score -m heart.json patients.csv > scored.csv
yhat score -m heart.json patients.csv -o scored.parquet --keep id
cat patients.csv | yhat score -m heart.json | head
yhat score -m heart.json january.csv.gz february.csv.gz -o winter.csv.gz
yhat score -m heart.json clinic.csv --map weight_kg=pounds*0.45359237
yhat score -m heart.json patients.csv --on-bad-row reject --rejects bad.csv -o good.csv
yhat score -m heart.json patients.csv --threshold 0.3 --bands low=0,refer=0.1,high=0.3
yhat score -m heart.json patients.csv --activations all --keep none -o inside.parquet
yhat score -m heart.json patients.csv --explain 3
yhat score --config job.yaml --report run.json
yhat score -m heart.json clinic.csv --plan
`

func scoreCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "score",
		Usage:       "rows in, the same rows with their predictions out",
		UsageText:   "yhat score -m MODEL [FLAGS] [INPUT ...]",
		Description: scoreExamples,
		Flags:       scoreFlags(),
		Action: func(c *cli.Context) error {
			s, err := gather(c)
			if err != nil {
				return neverBegan(c.Context, u, s, err)
			}
			u.configure(s)
			r, err := readScoring(c.Context, u, s)
			if err != nil {
				return neverBegan(c.Context, u, s, err)
			}
			if s.yes("plan", false) {
				return r.printPlan(c.Context, s.yes("json", false))
			}
			return r.run(c.Context)
		},
	}
}

const modelFromStdin = "a model is read from a file, not from stdin"

// readJob reads the flags that say what is computed.
func readJob(u *ui, s *settings) *pipeline.Job {
	job := &pipeline.Job{Limit: s.whole("limit", 0, 1), Workers: s.workers()}
	job.Bind = readBinding(s)
	job.Columns = readColumns(s)
	job.Bad = readBadRows(s)
	job.Empty = pipeline.Empty(s.choice("empty", "ok", "ok", "fail", "skip"))
	job.Precision, _ = strconv.Atoi(s.choice("precision", "32", "32", "64"))
	job.BlockSize = s.blockSize(job.Workers)
	job.Ahead = s.ahead(job.Workers, job.BlockSize)
	job.ShowValues = s.yes("show-values", false)
	job.Stats = s.has("report")
	job.About = pipeline.About{ModelPath: s.text("model"), Version: release, RunID: u.runID}
	switch job.About.ModelPath {
	case "":
		s.refuseUse("no model: name one with -m MODEL")
	case "-":
		s.refuseUse(modelFromStdin)
	}
	return job
}

// loadModel adds the model to the job, and returns the files of weights beside
// it.
func loadModel(job *pipeline.Job) ([]string, error) {
	f, err := model.Load(job.About.ModelPath)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	job.About.ModelSHA256 = f.SHA256
	if f.ONNX != nil {
		job.Model = f.ONNX
	} else {
		job.Model = f.Native.Model
	}
	return f.Beside(), nil
}

// readBinding reads which columns the features are.
func readBinding(s *settings) pipeline.Binding {
	b := pipeline.Binding{Map: readMap(s)}
	if names := s.list("features"); isWord(names, "all") {
		b.All = true
	} else if len(names) > 0 {
		b.Features = names
	}
	return b
}

// readMap reads --map.
func readMap(s *settings) map[string]pipeline.Source {
	m := map[string]pipeline.Source{}
	for _, p := range s.pairs("map", "FEATURE=COLUMN*K+C") {
		if _, twice := m[p.name]; twice {
			s.refuse("map", "feature %q is mapped twice", p.name)
		}
		src, ok := parseSource(p.value)
		if !ok {
			s.refuse("map", "%q is not of the form COLUMN, COLUMN*K, COLUMN+C or COLUMN*K+C", p.value)
		}
		m[p.name] = src
	}
	return m
}

// sourceForm is COLUMN, "COLUMN", COLUMN*K, COLUMN+C or COLUMN*K+C (or -C).
var sourceForm = regexp.MustCompile(`^(?:"([^"]+)"|(.+?))(?:\*([+-]?[0-9.eE]+(?:[eE][+-][0-9]+)?)([+-][0-9.eE+-]+)?|\+([+-]?[0-9.eE+-]+))?$`)

// parseSource reads the right side of --map. A column whose own name ends like
// a change of unit is written between double quotes.
func parseSource(text string) (pipeline.Source, bool) {
	src := pipeline.Source{Factor: 1}
	m := sourceForm.FindStringSubmatch(text)
	if m == nil {
		return src, false
	}
	src.Column = strings.TrimSpace(m[1] + m[2])
	ok := src.Column != ""
	if m[3] != "" {
		src.Factor, ok = parseNumber(m[3])
	}
	if plus := m[4] + m[5]; plus != "" && ok {
		src.Plus, ok = parseNumber(strings.TrimPrefix(plus, "+"))
	}
	return src, ok
}

// readColumns reads what is written beside the predictions.
func readColumns(s *settings) pipeline.Columns {
	c := pipeline.Columns{Prefix: s.text("output-prefix"), List: s.choice("activation-layout", "wide", "wide", "list") == "list"}
	c.KeepAll, c.Keep = readKeep(s)
	for _, p := range s.namedWords("types", "NAME=TYPE") {
		t, ok := table.ParseType(p.value)
		if !ok {
			s.refuse("types", "%q is none of string, int64, float64, bool, date, timestamp", p.value)
		}
		if c.Types == nil {
			c.Types = map[string]arrow.DataType{}
		}
		c.Types[p.name] = t
	}
	for _, v := range s.of["add"].values {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			s.refuse("add", "%q is not of the form NAME=VALUE", v)
		}
		c.Add = append(c.Add, pipeline.Constant{Name: name, Value: value})
	}
	if layers := s.list("activations"); len(layers) > 0 && !isWord(layers, "none") {
		c.Activations = layers
	}
	if s.has("threshold") {
		t := s.number("threshold", 0)
		c.Threshold = &t
	}
	for _, p := range s.namedWords("bands", "low=0,refer=0.1,high=0.3") {
		from, ok := parseNumber(p.value)
		if !ok {
			s.refuse("bands", "%q is no number", p.value)
		}
		c.Bands = append(c.Bands, pipeline.Band{Name: p.name, From: from})
	}
	readExplain(s, &c)
	return c
}

// readExplain reads what is explained, and how.
func readExplain(s *settings, c *pipeline.Columns) {
	const most = 1000
	k := s.whole("explain", 0, 1)
	if k > most {
		s.refuse("explain", "%d is more than %d", k, most)
	}
	c.Explain, c.ExplainOutput = int(k), s.text("explain-output")
	ig, shapley := string(pipeline.IntegratedGradients), string(pipeline.Shapley)
	c.ExplainMethod = pipeline.ExplainMethod(s.choice("explain-method", ig, ig, shapley))
	for _, name := range []string{"explain-method", "explain-output"} {
		if s.has(name) && k == 0 {
			s.refuseUse("--%s goes with --explain K", name)
		}
	}
}

// readKeep reads --keep.
func readKeep(s *settings) (all bool, names []string) {
	names = s.list("keep")
	switch {
	case !s.has("keep") || isWord(names, "all"):
		return true, nil
	case isWord(names, "none"):
		return false, nil
	}
	return false, names
}

// isWord reports whether a list is one word that means something else.
func isWord(list []string, word string) bool { return len(list) == 1 && list[0] == word }

// readBadRows reads the policy and its limit.
func readBadRows(s *settings) pipeline.BadRows {
	b := pipeline.BadRows{Policy: pipeline.Policy(s.choice("on-bad-row", "fail", "fail", "reject", "null")),
		Max: -1, MaxPercent: 100, Raw: s.yes("rejects-raw", false)}
	if s.has("rejects") && b.Policy != pipeline.Reject {
		s.refuseUse("--rejects goes with --on-bad-row=reject; under %s no row is rejected", b.Policy)
	}
	if b.Raw && !s.has("rejects") {
		s.refuseUse("--rejects-raw goes with --rejects FILE")
	}
	if !s.has("max-bad") {
		return b
	}
	if b.Policy == pipeline.Fail {
		s.refuseUse("--max-bad goes with --on-bad-row=reject or null; under fail the first bad row stops the job")
	}
	text, percent := strings.CutSuffix(s.text("max-bad"), "%")
	if !percent {
		b.Max = s.whole("max-bad", 0, 0)
		return b
	}
	v, ok := parseNumber(text)
	if !ok || v < 0 || v > 100 {
		s.refuse("max-bad", "%q is no share from 0%% to 100%%", s.text("max-bad"))
	}
	b.MaxPercent = v
	return b
}

// parallel runs the parts of a block or of a row group on the workers.
func parallel(workers int) table.Parallel {
	return func(ctx context.Context, n int, f func(int) error) error {
		return flow.Each(ctx, workers, n, f)
	}
}
