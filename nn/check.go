package nn

import "fmt"

// ShapeError says which parts of a model do not fit together.
type ShapeError struct {
	Place     string // "layers[1].weights"
	Of        string // what is counted there: "numbers"
	Got, Want int
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("%s: %d %s, want %d", e.Place, e.Got, e.Of, e.Want)
}

// Check reports the first part of the model that does not fit the others, as
// a *ShapeError, or nil.
func (m *Model) Check() error {
	if len(m.Layers) == 0 {
		return &ShapeError{"layers", "layers", 0, 1}
	}
	width, feeds := m.InputWidth(), "inputs (what the features give)"
	for i := range m.Layers {
		l, place := &m.Layers[i], fmt.Sprintf("layers[%d]", i)
		switch {
		case l.In != width:
			return &ShapeError{place, feeds, l.In, width}
		case l.In < 1:
			return &ShapeError{place, "inputs", l.In, 1}
		case l.Out < 1:
			return &ShapeError{place, "units", l.Out, 1}
		case len(l.W) != l.In*l.Out:
			return &ShapeError{place + ".weights", "numbers", len(l.W), l.In * l.Out}
		case len(l.B) != l.Out:
			return &ShapeError{place + ".bias", "numbers", len(l.B), l.Out}
		}
		width, feeds = l.Out, fmt.Sprintf("inputs (the units of %s)", place)
	}
	return m.Outputs.check(width)
}

// check compares the names and labels with the number of outputs.
func (o *Outputs) check(width int) error {
	if n := len(o.Names); n != 0 && n != width {
		return &ShapeError{"outputs.names", "names", n, width}
	}
	if n := len(o.Labels); n != 0 && n != width && (width != 1 || n != 2) {
		return &ShapeError{"outputs.labels", "labels", n, max(2, width)}
	}
	return nil
}
