package pipeline

import (
	"fmt"

	"yhat/nn"
)

// Model is a network as its file describes it: an *nn.Model, or a graph that
// is still to be compiled.
type Model interface {
	// Title is the model's name.
	Title() string
	// Parameters counts its weights and biases.
	Parameters() int
}

// ready makes the job's model ready for tables, in one precision.
func ready[T nn.Float](job *Job, columns []string) (nn.Scorer[T], error) {
	switch m := job.Model.(type) {
	case *nn.Model:
		return nn.NewScorer[T](m, job.Kernel)
	}
	return nil, fmt.Errorf("a model of type %T", job.Model)
}
