package graph

import (
	"errors"
	"math"
	"slices"
	"testing"

	"yhat/nn"
)

// What a column of numbers becomes in inputs of each type.
func TestNumbersIntoInputs(t *testing.T) {
	cells := []float64{3, 2.5, 300, 1e300, -1, 0, math.NaN(), math.Inf(1), 1}
	type faults struct{ missing, notNumber, outOfRange uint32 }
	cases := []struct {
		t    Type
		want faults
		get  func(l *Lanes, at int) float64
	}{
		{Int64, faults{1 << 6, 1<<1 | 1<<7, 1 << 3}, func(l *Lanes, at int) float64 { return float64(l.I64[at]) }},
		{Uint8, faults{1 << 6, 1<<1 | 1<<7, 1<<2 | 1<<3 | 1<<4}, func(l *Lanes, at int) float64 { return float64(l.I64[at]) }},
		{Bool, faults{1 << 6, 1 | 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<7, 0}, func(l *Lanes, at int) float64 {
			if l.Bool[at] {
				return 1
			}
			return 0
		}},
		{Float32, faults{1 << 6, 1 << 7, 1 << 3}, func(l *Lanes, at int) float64 { return float64(l.F32[at]) }},
		{Float64, faults{1 << 6, 1 << 7, 0}, func(l *Lanes, at int) float64 { return l.F64[at] }},
		{Float16, faults{1 << 6, 1 << 7, 1 << 3}, func(l *Lanes, at int) float64 { return float64(l.F32[at]) }},
	}
	for _, c := range cases {
		g := &Graph{Inputs: []Input{{Name: "x", Type: c.t, Ranks: true, Shape: []Dim{{-1, "N"}, {1, ""}}}}, Outputs: []Output{{Name: "y"}},
			Nodes: []Node{op("Cast", "x", "y", "to", 11)}}
		if c.t == Float64 || c.t == Float32 {
			g.Nodes[0] = op("Neg", "x", "y")
		}
		table, err := CompileTable(g, Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		in, f := table.NewInputs(1), nn.NewFaults(len(cells))
		table.Numbers(0, in, nn.Numbers{F64: cells, Factor: 1}, len(cells), f)
		if got := (faults{f.Missing[0], f.NotANumber[0], f.OutOfRange[0]}); got != c.want {
			t.Errorf("%s: faults %b, want %b", c.t, got, c.want)
		}
		for i, x := range cells {
			bit := uint32(1) << i
			want := x
			if (c.want.missing|c.want.notNumber|c.want.outOfRange)&bit != 0 {
				want = 0
			}
			if got := c.get(&in[0], i); got != want {
				t.Errorf("%s: %v became %v, want %v", c.t, x, got, want)
			}
		}
	}
}

// Text that leaves the model as it came in cannot be read as codes of known
// words.
func TestForeignTextIsRefused(t *testing.T) {
	var u *UnsupportedError
	g := small(String, map[string]*Tensor{"a": {Type: String, Shape: []int{1}, Str: []string{"a"}}}, "y z", op("Identity", "x", "y"), op("Equal", "x a", "z"))
	if _, err := CompileTable(g, Options{}, []string{"a", "b", "c", "d"}); !errors.As(err, &u) {
		t.Errorf("got %v, want text to be refused", err)
	}
}

func TestColumnsOfSeveralInputs(t *testing.T) {
	g := &Graph{Nodes: []Node{op("Concat", "a b c", "y", "axis", 1)}, Outputs: []Output{{Name: "y"}},
		Inputs: []Input{{Name: "a", Type: Float32, Ranks: true, Shape: []Dim{{-1, ""}, {2, ""}}}, {Name: "b", Type: Float32, Ranks: true, Shape: []Dim{{-1, ""}, {1, ""}}},
			{Name: "c", Type: Float32, Ranks: true, Shape: []Dim{{-1, ""}, {-1, "columns"}}}}}
	table, err := CompileTable(g, Options{}, []string{"p", "q", "r", "s", "t"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range table.Features {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"p", "q", "b", "r", "s", "t"}) || len(table.Scores) != 6 {
		t.Errorf("features %q, %d scores", names, len(table.Scores))
	}
	for _, few := range [][]string{nil, {"p"}, {"p", "q"}} {
		var need *ColumnsError
		if _, err := CompileTable(g, Options{}, few); !errors.As(err, &need) {
			t.Errorf("columns %q: got %v", few, err)
		}
	}
}
