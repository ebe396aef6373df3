package train

import (
	"errors"

	"gonum.org/v1/gonum/optimize"
)

// LBFGS minimises f from p on by the limited-memory quasi-Newton method of Liu
// and Nocedal (1989, Mathematical Programming 45) as gonum has it, for up to
// steps steps. f sets g to the gradient at p and returns the loss; its error
// ends the search, and so does a stop that tell returns true for. tell hears
// of each step that was taken. The best parameters found are returned.
func LBFGS(p []float64, steps int, f func(p, g []float64) (float64, error), tell func(step int, p []float64, loss float64) (stop bool)) ([]float64, error) {
	r := &recorder{tell: tell}
	eval := &evaluator{f: f, g: make([]float64, len(p))}
	problem := optimize.Problem{
		Func: func(x []float64) float64 { return eval.at(x) },
		Grad: func(g, x []float64) { eval.at(x); copy(g, eval.g) },
		Status: func() (optimize.Status, error) {
			if eval.err != nil {
				return optimize.Failure, eval.err
			}
			if r.stopped {
				return optimize.Success, nil
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{MajorIterations: steps, Recorder: r, GradientThreshold: 1e-10,
		Converger: &optimize.FunctionConverge{Absolute: 1e-12, Iterations: 50}, Concurrent: 1}
	result, err := optimize.Minimize(problem, p, settings, &optimize.LBFGS{})
	if eval.err != nil {
		return nil, eval.err
	}
	// A line search that finds nothing better ends the search; that is no
	// failure of the run.
	if result == nil || result.X == nil {
		return nil, errors.Join(errors.New("L-BFGS took no step"), err)
	}
	return result.X, nil
}

// evaluator computes loss and gradient together and remembers the last point,
// since gonum asks for them one after the other.
type evaluator struct {
	f    func(p, g []float64) (float64, error)
	x, g []float64
	loss float64
	err  error
}

func (e *evaluator) at(x []float64) float64 {
	if e.x != nil && same(e.x, x) {
		return e.loss
	}
	e.x = append(e.x[:0], x...)
	loss, err := e.f(e.x, e.g)
	if e.loss = loss; err != nil && e.err == nil {
		e.err = err
	}
	return loss
}

func same(a, b []float64) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

// recorder passes the steps on.
type recorder struct {
	tell    func(step int, p []float64, loss float64) bool
	steps   int
	stopped bool
}

func (r *recorder) Init() error { return nil }

func (r *recorder) Record(l *optimize.Location, op optimize.Operation, _ *optimize.Stats) error {
	if op == optimize.MajorIteration {
		r.steps++
		r.stopped = r.tell(r.steps, l.X, l.F)
	}
	return nil
}
