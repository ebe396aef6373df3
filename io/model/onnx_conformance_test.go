package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yhat/nn/graph"
)

// promised are the operators that the project promises to run.
var promised = strings.Fields(`Gemm MatMul Add Sub Mul Div Neg Abs Sqrt Pow Exp Log Reciprocal Erf Min Max Mean Sum Relu LeakyRelu PRelu Elu Selu
Celu Gelu Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign Mish Swish ThresholdedRelu Softmax LogSoftmax Hardmax Clip BatchNormalization
LayerNormalization InstanceNormalization RMSNormalization Dropout Identity Cast CastLike Constant ConstantOfShape Shape Reshape Flatten Squeeze
Unsqueeze Transpose Concat Split Slice Gather GatherElements Expand Tile Pad Where Equal Less LessOrEqual Greater GreaterOrEqual Not And Or Xor
IsNaN IsInf Sign Floor Ceil Round Mod ArgMax ArgMin TopK OneHot ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
ReduceSumSquare ReduceLogSumExp CumSum Einsum Scaler Imputer Normalizer Binarizer OneHotEncoder LabelEncoder CategoryMapper ArrayFeatureExtractor
FeatureVectorizer DictVectorizer ZipMap LinearClassifier LinearRegressor SVMClassifier SVMRegressor TreeEnsembleClassifier TreeEnsembleRegressor
TreeEnsemble`)

// tally counts cases by operator.
type tally struct {
	counts  map[string]*[3]int // passed, refused, failed
	reasons []string
}

type verdict int

const (
	passed verdict = iota
	refused
	failed
)

func (y *tally) add(ops []string, v verdict) {
	for _, op := range ops {
		if y.counts[op] == nil {
			y.counts[op] = &[3]int{}
		}
		y.counts[op][v]++
	}
}

// table is an index.tsv: rows by column name.
func table(t *testing.T, path string) []map[string]string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range strings.Split(line, "\t") {
			if i < len(head) {
				row[head[i]] = cell
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func operatorsOf(cell string) []string {
	var ops []string
	for _, op := range strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ' ' }) {
		ops = append(ops, op[strings.LastIndex(op, ":")+1:])
	}
	return ops
}

// mayRefuse says whether a refusal of a case is fair: an operator or an
// element type that is not promised, or rows that are mixed.
func mayRefuse(ops []string, types string, err error) bool {
	if slices.ContainsFunc(ops, func(op string) bool { return !slices.Contains(promised, op) }) {
		return true
	}
	return otherTypes.MatchString(types) || strings.Contains(err.Error(), "mixes rows")
}

// otherTypes are element types that are not promised.
var otherTypes = regexp.MustCompile(`FLOAT16|FLOAT8|FLOAT4|INT4|INT2\b|UINT2\b|COMPLEX`)

func TestONNXConformance(t *testing.T) {
	y := &tally{counts: map[string]*[3]int{}}
	total := [3]int{}
	report := func(name string, ops []string, types string, err error, ranIt bool) {
		v := passed
		switch {
		case err != nil && !ranIt && mayRefuse(ops, types, err):
			v = refused
			y.reasons = append(y.reasons, fmt.Sprintf("refused %s: %v", name, err))
		case err != nil:
			v = failed
			t.Errorf("%s: %v", name, err)
		}
		total[v]++
		y.add(ops, v)
	}
	nodes := conformance(t, "onnx-node")
	for _, row := range table(t, filepath.Join(nodes, "index.tsv")) {
		ran, err := runFolder(filepath.Join(nodes, row["case"]), true)
		report(row["case"], operatorsOf(row["ops"]), row["inputs"]+row["outputs"], err, ran)
	}
	models := conformance(t, "onnx-models")
	for _, row := range table(t, filepath.Join(models, "index.tsv")) {
		ran, known, err := runModel(models, row)
		if known {
			report(row["file"], operatorsOf(row["ops"]), row["inputs"]+row["outputs"], err, ran)
		}
	}
	fmt.Print(y)
	fmt.Printf("onnx-conformance passed=%d refused=%d failed=%d\n", total[passed], total[refused], total[failed])
}

// String is the table, and the reasons of what was refused.
func (y *tally) String() string {
	var names []string
	for op := range y.counts {
		names = append(names, op)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%-26s %7s %7s %7s\n", "operator", "passed", "refused", "failed")
	for _, op := range names {
		c := y.counts[op]
		fmt.Fprintf(&b, "%-26s %7d %7d %7d\n", op, c[passed], c[refused], c[failed])
	}
	for _, r := range y.reasons {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}

// runFolder runs the data sets beside a model. ran is false where the model
// was not run at all.
func runFolder(folder string, whole bool) (ran bool, err error) {
	m, err := LoadONNX(filepath.Join(folder, "model.onnx"))
	if err != nil {
		return false, err
	}
	cases, err := pbCases(m, folder)
	if err != nil {
		return false, err
	}
	return runCases(m, cases, whole)
}

func runCases(m *ONNX, cases []onnxCase, whole bool) (ran bool, err error) {
	if len(cases) == 0 {
		return true, errors.New("no data sets")
	}
	for i := range cases {
		p, err := compileCase(m, &cases[i], whole)
		if err != nil {
			return false, err
		}
		if err := runCase(p, &cases[i]); err != nil {
			return true, fmt.Errorf("case %d: %w", i, err)
		}
	}
	return true, nil
}

// runModel runs a model of the index with what is known of its outputs; known
// is false if nothing is. A model with an operator that is not promised, or
// with data outside its folder, must be refused.
func runModel(root string, row map[string]string) (ran, known bool, err error) {
	path := filepath.Join(root, row["file"])
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		ran, err := runFolder(path, false)
		return ran, true, err
	}
	m, err := LoadONNX(path)
	expected := filepath.Join(root, "expected", strings.TrimSuffix(row["file"], ".onnx")+".json")
	if exists(expected) {
		if err != nil {
			return false, true, err
		}
		cases, err := jsonCases(expected)
		if err != nil {
			return false, true, err
		}
		ran, err := runCases(m, cases, false)
		return ran, true, err
	}
	outside := slices.ContainsFunc(operatorsOf(row["ops"]), func(op string) bool { return !slices.Contains(promised, op) })
	if !outside && !strings.HasPrefix(row["ops_outside_list"], "external") {
		return true, false, nil // nothing to compare with
	}
	if err == nil {
		_, err = graph.Compile(m.Graph, graph.Options{})
	}
	if err == nil {
		return true, true, errors.New("it must be refused")
	}
	return true, true, nil
}
