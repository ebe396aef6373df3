package nn

// Card says what a network reads from a table and what it gives for each row,
// whichever kind of model file it comes from.
type Card struct {
	Name       string
	Parameters int
	Features   []Feature
	// Values are what can be asked for: first Layers values, a_1 … a_L, then
	// others that a model has, and last the prediction ŷ (of a chain of layers
	// a_L itself).
	Values  []Value
	Layers  int
	Outputs Outputs
	// Chooses is set where the network itself labels each row. Words are the
	// labels it can choose, nil where they are integers.
	Chooses bool
	Words   []string
	// Integers tells that the Labels of Outputs are integers.
	Integers bool
}

// Value is a vector that a network gives for each row.
type Value struct {
	Name  string
	Alias string // another name it is known by, or ""
	Units int
}

// OutputWidth is the number of predictions of a row.
func (c *Card) OutputWidth() int { return c.Values[len(c.Values)-1].Units }

// Title is the model's name.
func (m *Model) Title() string { return m.Name }

// Card is the card of a chain of layers.
func (m *Model) Card() *Card {
	c := &Card{Name: m.Name, Parameters: m.Parameters(), Features: m.Features, Layers: len(m.Layers), Outputs: m.Outputs}
	for _, l := range m.Layers {
		c.Values = append(c.Values, Value{Name: l.Name, Units: l.Out})
	}
	return c
}
