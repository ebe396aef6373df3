package pipeline

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yhat/io/table"
	"yhat/nn"
)

// network is a model of the given widths, all weights zero.
func network(widths ...int) *nn.Model {
	m := &nn.Model{Name: "test"}
	for i := range widths[0] {
		m.Features = append(m.Features, nn.Feature{Name: "x" + string(rune('1'+i)), Scale: 1})
	}
	for l := 1; l < len(widths); l++ {
		in, out := widths[l-1], widths[l]
		m.Layers = append(m.Layers, nn.Layer{In: in, Out: out, W: make([]float64, in*out), B: make([]float64, out)})
	}
	return m
}

func number(v float64) *float64 { return &v }

func TestPredictionNames(t *testing.T) {
	cases := []struct {
		outputs int
		out     nn.Outputs
		want    string
	}{
		{1, nn.Outputs{}, "y_hat"},
		{1, nn.Outputs{Labels: []string{"no", "yes"}}, "y_hat"},
		{1, nn.Outputs{Names: []string{"risk"}}, "risk"},
		{3, nn.Outputs{}, "y_hat_0 y_hat_1 y_hat_2"},
		{2, nn.Outputs{Labels: []string{"cat", "dog"}}, "y_hat_cat y_hat_dog"},
		{2, nn.Outputs{Names: []string{"p", "q"}, Labels: []string{"cat", "dog"}}, "p q"},
	}
	for _, c := range cases {
		m := network(2, c.outputs)
		m.Outputs = c.out
		if got := strings.Join(PredictionNames(m.Card()), " "); got != c.want {
			t.Errorf("%d outputs, %+v: %s, want %s", c.outputs, c.out, got, c.want)
		}
	}
}

func TestComputedColumnsAndTheirOrder(t *testing.T) {
	m := network(2, 3, 1)
	m.Layers[0].Name = "hidden"
	m.Outputs.Labels = []string{"no", "yes"}
	job := &Job{Model: m, Bad: BadRows{Policy: Null}, Columns: Columns{
		Prefix: "p_", Activations: []string{"2", "hidden"}, Bands: []Band{{"low", 0}, {"high", 0.3}},
		Add: []Constant{{"run", "{model}-{run_id}"}},
	}, About: About{RunID: "r1"}}
	c, err := newColumns(job, m.Card())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	made := c.table()
	for _, col := range made {
		names = append(names, col.Name)
	}
	want := "p_y_hat p_y_hat_label p_y_hat_band p_y_hat_error p_a1_0 p_a1_1 p_a1_2 p_a2_0 run"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("columns %s\n   want %s", got, want)
	}
	if got := made[len(made)-1].Words[0]; got != "test-r1" {
		t.Errorf("added value %q", got)
	}
}

func TestColumnsThatDoNotGoTogether(t *testing.T) {
	cases := map[string]struct {
		outputs int
		columns Columns
		want    string
	}{
		"threshold of several":   {2, Columns{Threshold: number(0.3)}, "--threshold is for a model with one output"},
		"bands of several":       {2, Columns{Bands: []Band{{"low", 0}}}, "--bands is for a model with one output"},
		"bands out of order":     {1, Columns{Bands: []Band{{"high", 0.5}, {"low", 0}}}, `"low" must start above "high"`},
		"bands that start level": {1, Columns{Bands: []Band{{"a", 0}, {"b", 0}}}, `"b" must start above "a"`},
		"no such layer":          {1, Columns{Activations: []string{"7"}}, `no layer "7"`},
		"a name near":            {1, Columns{Activations: []string{"hiden"}}, `nearest name is "hidden"`},
	}
	for name, c := range cases {
		m := network(2, 3, c.outputs)
		m.Layers[0].Name = "hidden"
		_, err := newColumns(&Job{Columns: c.columns}, m.Card())
		if !errors.Is(err, table.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestLabels(t *testing.T) {
	lanes := func(units int, v ...float32) table.Lanes[float32] {
		data := make([]float32, units*nn.Lanes)
		for u, x := range v {
			data[u*nn.Lanes] = x
		}
		return table.Lanes[float32]{Data: data, Units: units}
	}
	threshold := &labelRule{threshold: 0.3}
	largest := &labelRule{largest: true}
	cases := []struct {
		rule *labelRule
		y    table.Lanes[float32]
		want int32
	}{
		{threshold, lanes(1, 0.29999998), 0},
		{threshold, lanes(1, 0.3), 1}, // float32(0.3) is above 0.3: compared in the working precision
		{threshold, lanes(1, 0.9), 1},
		{largest, lanes(3, 0.2, 0.5, 0.3), 1},
		{largest, lanes(3, 0.4, 0.2, 0.4), 0},
		{largest, lanes(1, 0.1), 0},
	}
	for i, c := range cases {
		if got := labelOf(c.rule, c.y, 0); got != c.want {
			t.Errorf("case %d: label %d, want %d", i, got, c.want)
		}
	}
}

func TestBands(t *testing.T) {
	bands := []Band{{"low", 0}, {"refer", 0.1}, {"high", 0.3}}
	for y, want := range map[float32]int32{-0.1: -1, 0: 0, 0.099: 0, 0.1: 1, 0.3: 2, 7: 2} {
		if got := bandOf(bands, y); got != want {
			t.Errorf("band of %v is %d, want %d", y, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	columns := []string{"id", "weight_kg", "height_cm", "age_years", "total_cholesterol_mg_dl"}
	for name, want := range map[string]string{
		"weight":          "weight_kg",
		"Weight (kg)":     "weight_kg",
		"heigth_cm":       "height_cm",
		"age":             "age_years",
		"cholesterol_mg":  "total_cholesterol_mg_dl",
		"zzz":             "",
		"total_cholestrl": "total_cholesterol_mg_dl",
	} {
		if got := Nearest(name, columns); got != want {
			t.Errorf("nearest to %s is %q, want %q", name, got, want)
		}
	}
}

func TestActivationLayersAreSortedAndSingle(t *testing.T) {
	m := network(2, 3, 2, 1)
	m.Layers[1].Name = "middle"
	for wanted, want := range map[string][]int{"3 1 3": {0, 2}, "middle 2": {1}, "1 all": {0, 1, 2}} {
		got, err := chooseValues(m.Card(), strings.Fields(wanted))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: layers %v, error %v; want %v", wanted, got, err, want)
		}
	}
}
