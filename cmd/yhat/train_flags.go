package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/nn"
	"yhat/nn/train"
	"yhat/pipeline"
)

// learningGroup and networkGroup are groups of flags of yhat train.
const (
	networkGroup  = "Network"
	learningGroup = "Learning"
)

func trainFlags() []cli.Flag {
	flags := append(readFlags(), cellFlags()...)
	flags = append(flags,
		one(reading, "files-from", "read the names of the inputs, one a line, from `FILE`, or - for stdin"),
		many(reading, "target", "what to learn: the `NAME` of a column; several, or a list, for a regression of several numbers (required)"),
		many(reading, "features", "`LIST` of the columns to learn from (required)"),
		many(reading, "categorical", "`LIST` of features that are words though they look like numbers"),
		many(reading, "unit", "units of features for people, `FEATURE=UNIT,…`"),
		many(reading, "bounds", "`FEATURE=MIN..MAX,…`: outside a row is bad, here and when the model scores"),
		one(reading, "weight-column", "`NAME` of a column that weighs the rows"),
		one(reading, "validate", "`SHARE` of the rows that decide when to stop (default 0.1; 0: none)"),
		one(reading, "test", "`SHARE` of the rows kept to judge the finished network (default 0)"),
		many(reading, "validate-where", "`COLUMN=VALUE`: rows that decide when to stop, instead of --validate (may be repeated)"),
		many(reading, "test-where", "`COLUMN=VALUE`: rows kept to judge the finished network (may be repeated)"),
		one(reading, "split", "`HOW` shares are drawn: stratified (default for classes: the same in each class, of which one row at least is learned) or random (default for numbers)"),
		one(badRows, "on-bad-row", "`WHAT` happens to a row whose cells cannot be read: fail (default: stop, 65) or reject (leave it out); a row without a target is always left out"),

		one(networkGroup, "task", "`WHAT` to learn: binary, multiclass or regression (default: by the target's values)"),
		one(networkGroup, "positive", "the `LABEL` that y_hat is the probability of (default: the last of the two in order)"),
		many(networkGroup, "labels", "names for the target's values, `VALUE=NAME,…` (default: as they stand)"),
		many(networkGroup, "hidden", "units of the hidden layers, `LIST` (default 16,8); none for a linear model"),
		one(networkGroup, "activation", "`σ` of the hidden layers (default relu)"),
		one(networkGroup, "output-activation", "`σ` of the last layer of a regression (default identity)"),
		truth(networkGroup, "profile", "=false: do not put into the model how features and predictions lie over the training rows (nobody's values), with which score compares tables"),
		truth(networkGroup, "standardize", "=false: do not center and scale features and targets"),
		one(networkGroup, "name", "`NAME` of the model (default: that of its file)"),

		one(learningGroup, "loss", "`WHAT` to make small: cross_entropy, squared (half the squared error) or huber (default: by the task)"),
		one(learningGroup, "optimizer", "`HOW`: adam (default), adamw, sgd, momentum or lbfgs (all rows at once, for small networks)"),
		one(learningGroup, "learning-rate", "`R` of the first step (default 0.002)"),
		one(learningGroup, "schedule", "the learning rate over the epochs is `HOW`: constant (default), cosine or linear (falling to 0)"),
		one(learningGroup, "batch", "`N` rows a step (default 256), or all"),
		one(learningGroup, "epochs", "at most `N` times through the rows (default 200)"),
		one(learningGroup, "patience", "stop after `N` epochs without a better validation loss (default 20; 0: never); the best epoch is kept"),
		one(learningGroup, "l2", "`λ` of the penalty λ/2 Σ w², for adamw of its decay (default 1e-4)"),
		one(learningGroup, "dropout", "`SHARE` of hidden units left out in each step (default 0)"),
		many(learningGroup, "class-weights", "weights of the classes: balanced, or `LABEL=W,…`"),
		one(learningGroup, "seed", "`N` behind everything that chance decides (default 1)"),
		one(learningGroup, "restarts", "train up to `N` networks, with seeds one after the other, and keep the best (default 1)"),
		file(learningGroup, "resume", "keep the state of learning in `FILE`, and go on from there if it exists: the model is that of a run that was never stopped"),
		truth(learningGroup, "until-separated", "stop at the first network that tells all training rows apart"),

		one(writing, "output", "write the model to `FILE` (required)", "o"),
	)
	flags = append(flags, runFlags()...)
	flags = append(flags,
		one(running, "memory", "`BYTES` of encoded rows to hold in memory (default 1GiB, the most); the rest is mapped from a file in --tmp-dir"),
		one(telling, "report", "write choices, curves and measures of the run to `FILE` (JSON)"))
	return append(flags, tellFlags()...)
}

// readTraining reads all flags of yhat train.
func readTraining(ctx context.Context, u *ui, s *settings) (*learning, error) {
	workers := s.workers()
	l := &learning{ui: u, output: s.text("output"), report: s.text("report"), state: s.text("resume"), memory: s.bytes("memory", maxBytes)}
	l.bar = s.choice("progress", "auto", "auto", "always", "never")
	l.in = readInputs(ctx, u, s, workers)
	job := &pipeline.TrainJob{Workers: workers, Map: readMap(s), Targets: s.list("target"), Features: s.list("features"),
		Categorical: s.list("categorical"), WeightColumn: s.text("weight-column"), Positive: s.text("positive"),
		Profile: s.yes("profile", true), Standardize: s.yes("standardize", true), Name: s.textOr("name", modelName(l.output))}
	job.Bad = pipeline.Policy(s.choice("on-bad-row", "fail", "fail", "reject"))
	job.Task = pipeline.Task(s.choice("task", "", "binary", "multiclass", "regression"))
	job.Loss = s.choice("loss", "", "cross_entropy", "squared", "huber")
	l.job = job
	job.Units, job.Labels, job.Bounds = s.wordsOf("unit", "FEATURE=UNIT"), s.wordsOf("labels", "VALUE=NAME"), s.bounds()
	l.readNetwork(s)
	l.readFit(s)
	l.readSplit(s)
	for name, missing := range map[string]bool{"target": len(job.Targets) == 0, "features": len(job.Features) == 0, "output": l.output == ""} {
		if missing {
			s.refuseUse("yhat train needs --%s", name)
		}
	}
	l.checkState(s)
	if l.report != "" && samePath(l.report, l.output) {
		s.refuseUse("--output and --report both go to %s", placeName(l.output))
	}
	if kind := modelKind(l.output); kind == ".onnx" || kind == ".safetensors" || slices.Contains(pickles, kind) {
		s.refuseUse("-o %s: what train writes is a .json, of which yhat convert makes an .onnx", l.output)
	}
	s.spare("output", l.output)
	s.spare("report", l.report)
	s.spare("resume", l.state)
	if s.err != nil {
		return nil, s.err
	}
	var err error
	job.Kernel, err = chooseKernel()
	return l, err
}

// wordsOf are the pairs of a flag, by their first word; nil without any.
func (s *settings) wordsOf(name, form string) map[string]string {
	var words map[string]string
	for _, p := range s.pairs(name, form) {
		if words == nil {
			words = map[string]string{}
		}
		words[p.name] = strings.TrimSpace(p.value)
	}
	return words
}

// bounds reads --bounds.
func (s *settings) bounds() map[string][2]float64 {
	var bounds map[string][2]float64
	for name, text := range s.wordsOf("bounds", "FEATURE=MIN..MAX") {
		from, to, ok := strings.Cut(text, "..")
		low, okLow := parseNumber(from)
		high, okHigh := parseNumber(to)
		if !ok || !okLow || !okHigh || low > high {
			s.refuse("bounds", "%q is no MIN..MAX", text)
		}
		if bounds == nil {
			bounds = map[string][2]float64{}
		}
		bounds[name] = [2]float64{low, high}
	}
	return bounds
}

// checkState refuses states that could not be kept.
func (l *learning) checkState(s *settings) {
	switch {
	case l.state == "":
	case l.state == "-":
		s.refuse("resume", "a state is kept in a file")
	case l.job.Fit.Optimizer == "lbfgs":
		s.refuse("resume", "does not go with --optimizer lbfgs")
	case samePath(l.state, l.output) || l.report != "" && samePath(l.state, l.report):
		s.refuseUse("--resume wants a file of its own")
	}
}

// readNetwork reads the shape of the network.
func (l *learning) readNetwork(s *settings) {
	hidden := []string{"16", "8"}
	if s.has("hidden") {
		hidden = s.list("hidden")
	}
	if isWord(hidden, "none") {
		hidden = nil
	}
	const most = 1 << 16
	for _, h := range hidden {
		n, err := strconv.Atoi(strings.TrimSpace(h))
		if err != nil || n < 1 || n > most {
			s.refuse("hidden", "%q is no number of units from 1 to %d", h, most)
		}
		l.job.Hidden = append(l.job.Hidden, n)
	}
	l.job.Activation = s.activation("activation", "relu")
	if s.has("output-activation") {
		a := s.activation("output-activation", "identity")
		l.job.Output = &a
		if l.job.Task == "" {
			l.job.Task = pipeline.Regression // only a regression has a choice
		}
		if l.job.Task != pipeline.Regression {
			s.refuse("output-activation", "is for regression; classes end in sigmoid or softmax")
		}
	}
}

// activation is a flag that names a σ.
func (s *settings) activation(name, otherwise string) nn.Activation {
	f, ok := nn.ParseFunc(s.textOr(name, otherwise))
	if !ok {
		s.refuse(name, "%q is no activation of the model format", s.text(name))
	}
	return f.Default()
}

// readFit reads how the network is trained.
func (l *learning) readFit(s *settings) {
	f := &l.job.Fit
	f.Optimizer = s.choice("optimizer", "adam", append([]string{"lbfgs"}, train.Optimizers...)...)
	f.Rate = s.positive("learning-rate", 0.002)
	f.Schedule = s.choice("schedule", "constant", train.Schedules...)
	f.Batch = 256
	if s.text("batch") == "all" {
		f.Batch = 0
	} else if s.has("batch") {
		f.Batch = int(s.whole("batch", 256, 1))
	}
	f.Epochs = int(s.whole("epochs", 200, 1))
	f.Patience = int(s.whole("patience", 20, 0))
	f.L2, f.Dropout = s.between("l2", 1e-4, 0, 1e6), s.between("dropout", 0, 0, 0.95)
	f.Seed = uint64(s.whole("seed", 1, 0))
	f.Restarts = int(s.whole("restarts", 1, 1))
	f.Separated = s.yes("until-separated", false)
	f.Precision, _ = strconv.Atoi(s.choice("precision", "32", "32", "64"))
	if f.Optimizer == "lbfgs" {
		for _, name := range []string{"learning-rate", "schedule", "batch", "dropout"} {
			if s.has(name) {
				s.refuse(name, "does not go with --optimizer lbfgs")
			}
		}
	}
	if isWord(s.list("class-weights"), "balanced") {
		l.job.Balanced = true
		return
	}
	for _, p := range s.namedWords("class-weights", "LABEL=W") {
		w, ok := parseNumber(p.value)
		if !ok || w < 0 {
			s.refuse("class-weights", "%q is no weight", p.value)
		}
		if l.job.ClassWeights == nil {
			l.job.ClassWeights = map[string]float64{}
		}
		l.job.ClassWeights[p.name] = w
	}
}

// positive is a number greater than 0.
func (s *settings) positive(name string, otherwise float64) float64 {
	v := s.number(name, otherwise)
	if v <= 0 {
		s.refuse(name, "%g is not more than 0", v)
	}
	return v
}

// between is a number from low to high.
func (s *settings) between(name string, otherwise, low, high float64) float64 {
	v := s.number(name, otherwise)
	if v < low || v > high {
		s.refuse(name, "%g is not between %g and %g", v, low, high)
	}
	return v
}

// readSplit reads which rows train and which judge.
func (l *learning) readSplit(s *settings) {
	sp := &l.job.Split
	for _, p := range s.pairs("validate-where", "COLUMN=VALUE") {
		sp.ValidateWhere = append(sp.ValidateWhere, pipeline.Where{Column: p.name, Value: strings.TrimSpace(p.value)})
	}
	for _, p := range s.pairs("test-where", "COLUMN=VALUE") {
		sp.TestWhere = append(sp.TestWhere, pipeline.Where{Column: p.name, Value: strings.TrimSpace(p.value)})
	}
	share := 0.1
	if len(sp.ValidateWhere) > 0 {
		share = 0
	}
	sp.Validate, sp.Test = s.between("validate", share, 0, 0.9), s.between("test", 0, 0, 0.9)
	if sp.Validate+sp.Test > 0.95 {
		s.refuseUse("--validate and --test leave too few rows to train on")
	}
	if s.text("split") != "" {
		sp.Draw = pipeline.Draw(s.choice("split", "", string(pipeline.Stratified), string(pipeline.Random)))
	}
	sp.Seed = l.job.Fit.Seed
}
