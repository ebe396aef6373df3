package pipeline

// ReportFiles counts the inputs of a run that makes an output of each.
type ReportFiles struct {
	Scored     int `json:"scored"`
	DoneBefore int `json:"done_before"` // by a run before this one
	Skipped    int `json:"skipped"`     // without rows, under --empty=skip
	Failed     int `json:"failed"`
}

// Total is the number of inputs that were looked at.
func (f *ReportFiles) Total() int { return f.Scored + f.DoneBefore + f.Skipped + f.Failed }

// Add makes another run's report a part of this one, which tells the sums of
// counts and times. Figures of features and predictions stay in the parts.
func (r *Report) Add(part *Report) {
	r.Parts = append(r.Parts, part)
	r.Inputs = append(r.Inputs, part.Inputs...)
	r.Rows.Read += part.Rows.Read
	r.Rows.Scored += part.Rows.Scored
	r.Rows.Rejected += part.Rows.Rejected
	r.Rows.Null += part.Rows.Null
	if e := part.Explanations; e != nil {
		if r.Explanations == nil {
			r.Explanations = &Explanations{Method: e.Method, Output: e.Output}
		}
		r.Explanations.Explained += e.Explained
		r.Explanations.Failed += e.Failed
	}
	for code, n := range part.Reasons {
		r.Reasons[code] += n
	}
	r.Stages.add(part.Stages)
	r.Clock(r.Started)
}

// add adds the seconds of another run.
func (s *ReportStages) add(o ReportStages) {
	s.Cut += o.Cut
	s.Decode += o.Decode
	s.Bind += o.Bind
	s.Forward += o.Forward
	s.Explain += o.Explain
	s.Encode += o.Encode
	s.Write += o.Write
}
