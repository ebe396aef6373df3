package pipeline

import "yhat/nn"

// profile puts the profile of the training rows into the model: of its
// features, and of what it now predicts for those rows. Too few rows have none.
func (s *survey) profile(m *nn.Model, j *judged) {
	if len(j.rows) < fewest {
		return
	}
	for i := range s.columns {
		m.Features[i].Profile = s.columns[i].profile(&m.Features[i])
	}
	outputs := make([]sketch, j.outputs)
	for i, y := range j.y {
		if finite(y) != nil {
			outputs[i%j.outputs].add(y)
		}
	}
	for i := range outputs {
		m.Outputs.Profiles = append(m.Outputs.Profiles, outputs[i].profile(0))
	}
}
