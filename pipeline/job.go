// Package pipeline is the walk: source → bind → network → columns → sink.
//
// One goroutine cuts an input into blocks of whole records. A block makes one
// trip through one worker: decode, bind to the model's features, forward,
// columns, encode. The ordered end adds places, decides about bad rows and
// limits, and writes. Package flow holds the goroutines.
package pipeline

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/explain"
)

// Job is one run of the walk: everything that decides what comes out, and how.
type Job struct {
	Model     Model
	About     About
	Kernel    nn.Kernel
	Precision int // 32 or 64

	// Inputs are the paths, read as one stream; Open opens one of them.
	Inputs []string
	Open   func(path string) (table.Source, error)
	// Create makes the sink once the columns are known. first describes the
	// first input, whose delimiter and line end a text output follows.
	Create func(layout table.Layout, first table.Source) (table.Sink, error)
	// Raw reports whether kept cells of an input of format f may be copied as
	// they are written.
	Raw func(f table.Format) bool
	// Words reports whether other kept cells of a text input of format f stay
	// the words they were written as; nil: they become what their use says.
	Words func(f table.Format) bool

	Bind    Binding
	Columns Columns
	Bad     BadRows

	Workers int   // at least 1
	Ahead   int   // more blocks than workers + 2, where that is of use
	Limit   int64 // data rows to read; 0: all
	Empty   Empty
	// Stats asks for the report's figures of features and predictions;
	// ShowValues adds their ranges, which are somebody's cells.
	Stats, ShowValues bool
	BlockSize         int // for the report
	// Watch, when not nil, compares features and predictions with Profiles, or
	// where they are nil with those that the model carries.
	Watch    *Watch
	Profiles *nn.Profiles
	// Progress, when not nil, is told after each block.
	Progress func(Progress)

	profiling *profiling // gathers profiles as well
	plan      *Plan      // is told how things are bound
}

// About identifies the run and its model, for reports and --add.
type About struct {
	ModelPath   string
	ModelSHA256 string
	Version     string
	RunID       string
}

// Binding says which columns the model's features are read from. Without it
// they are those of the features' names.
type Binding struct {
	// Features are the columns of the features in the model's order; they also
	// name the columns of a matrix that an imported model takes. With All they
	// are all columns of the first input, in its order.
	Features []string
	All      bool
	// Map goes before: feature = column*Factor + Plus.
	Map map[string]Source
}

// Source is the column a feature is read from.
type Source struct {
	Column string
	Factor float64 // 1 by default
	Plus   float64
}

// Columns says what is written beside the predictions.
type Columns struct {
	KeepAll bool
	Keep    []string // kept input columns, when not all
	Types   map[string]arrow.DataType
	Prefix  string
	Add     []Constant
	// Activations are layer numbers ("2") and names, or the one word "all".
	Activations []string
	List        bool // one list column a layer instead of one column a unit
	Threshold   *float64
	Bands       []Band
	// Explain is how many features, those that moved a prediction most, are
	// written beside it.
	Explain       int
	ExplainMethod ExplainMethod
	ExplainOutput string // the prediction that is explained; "": see explainedOutput
}

// ExplainMethod is how a prediction is shared among the features.
type ExplainMethod = explain.Method

// The methods of --explain-method.
const (
	IntegratedGradients = explain.IntegratedGradients
	Shapley             = explain.Shapley
)

// Constant is an added column. Its value may hold {model}, {model_sha256},
// {version} and {run_id}.
type Constant struct{ Name, Value string }

// Band is a named range of predictions, from From up to the next band.
type Band struct {
	Name string
	From float64
}

// Policy says what happens to bad rows.
type Policy string

// The policies of --on-bad-row.
const (
	Fail   Policy = "fail"
	Reject Policy = "reject"
	Null   Policy = "null"
)

// BadRows is the policy, its limits and where rejects go.
type BadRows struct {
	Policy     Policy
	Max        int64     // stop at bad row Max+1; negative: no limit
	MaxPercent float64   // judged at the end; 100: no limit
	Rejects    io.Writer // nil: nowhere
	Raw        bool      // add the raw record to the rejects
}

// Empty says what a table without rows is.
type Empty string

// The values of --empty.
const (
	EmptyOK   Empty = "ok"
	EmptyFail Empty = "fail"
	EmptySkip Empty = "skip"
)

// Progress is how far the walk has come.
type Progress struct {
	Rows  int64
	Bytes int64 // of the inputs, as they lie on disk
	Total int64 // -1 when not known
}
