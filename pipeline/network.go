package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/graph"
)

// Model is a network as its file describes it: an *nn.Model, or a Graph.
type Model interface {
	// Title is the model's name.
	Title() string
	// Parameters counts its weights and biases.
	Parameters() int
}

// Graph is a model that is still to be compiled, once the columns of its
// matrices have names (nil: those that the model itself gives).
type Graph interface {
	Table(opt graph.Options, columns []string) (*graph.Table, error)
}

// ready makes the job's model ready for tables, in one precision. columns name
// its features, by their order; without them the model does.
func ready[T nn.Float](job *Job, columns []string) (nn.Scorer[T], error) {
	switch m := job.Model.(type) {
	case *nn.Model:
		return nn.NewScorer[T](m, job.Kernel)
	case Graph:
		compile := func(opt graph.Options) (*graph.Table, error) { return m.Table(opt, columns) }
		s, err := graph.NewScorer[T](compile, graph.Options{Kernel: job.Kernel}, job.Columns.Activations)
		return s, explainGraph(job, err)
	}
	return nil, fmt.Errorf("a model of type %T", job.Model)
}

// explainGraph says what to do about a graph that cannot be made ready.
func explainGraph(job *Job, err error) error {
	path := job.About.ModelPath
	if matrix, ok := errors.AsType[*graph.ColumnsError](err); ok {
		if job.Bind.All {
			return fmt.Errorf("%w: %s: %w (by --features all, all columns of the table)", table.ErrData, path, matrix)
		}
		return fmt.Errorf("%w: %s: %w; name its columns with --features a,b,c, or take the table's in their order with --features all", table.ErrUsage, path, matrix)
	}
	if errors.Is(err, graph.ErrPrecision) {
		return fmt.Errorf("%w: --precision 64: %s: %w", table.ErrUsage, path, err)
	}
	if err != nil {
		return fmt.Errorf("model: %s: %w", path, err)
	}
	return nil
}

// sources are the columns that the features are read from before --map: those
// of --features, else those of the features' names. Of a graph that takes a
// matrix, --features has named the features already.
func sources(job *Job, card *nn.Card, columns []string) ([]string, error) {
	names := make([]string, len(card.Features))
	for i, f := range card.Features {
		names[i] = f.Name
	}
	_, imported := job.Model.(Graph)
	switch {
	case columns == nil, imported && !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(names, c) }):
		return names, nil
	case len(columns) == len(names):
		return columns, nil
	case job.Bind.All:
		return nil, fmt.Errorf("%w: the model has %d features but the table %d columns: --features all wants as many", table.ErrData, len(names), len(columns))
	}
	return nil, fmt.Errorf("%w: --features names %d columns; the model has %d features", table.ErrUsage, len(columns), len(names))
}
