package nn

// Profile is how the values of a column lay over the rows a model was learned
// from. It holds counts of many rows alone, nobody's value: how one is made is
// told where it is made (package pipeline).
type Profile struct {
	Rows    int64 // with and without a value
	Missing int64 // those without

	// Numbers: Counts[i] rows lie from Edges[i-1] up to, but not with,
	// Edges[i]; the first and the last bin are open, so there is one count more
	// than edges. Low and High are where nearly all rows lie: from Low up to,
	// but not with, High; nil where that is not known.
	Edges     []float64
	Low, High *float64

	// Words: Counts[i] rows hold Words[i], Other rows a word that is none of
	// them or that too few rows have.
	Categorical bool
	Words       []string
	Other       int64

	Counts []int64
}

// Filled is how many rows have a value.
func (p *Profile) Filled() int64 { return p.Rows - p.Missing }

// Profiles are those of a table's columns, by name, and of what a model made
// of the table.
type Profiles struct {
	Rows     int64
	Features []NamedProfile
	Outputs  []NamedProfile
}

// NamedProfile is the profile of a feature, a column or an output.
type NamedProfile struct {
	Name string
	Profile
}
