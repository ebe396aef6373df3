package graph

import (
	"math"
	"testing"
)

// TestLpNormalization: rows by their own norm, and a row of zeros as it is.
func TestLpNormalization(t *testing.T) {
	for _, c := range []struct {
		p    int64
		row  [3]float32
		want [3]float64
	}{
		{1, [3]float32{1, -2, 1}, [3]float64{0.25, -0.5, 0.25}},
		{2, [3]float32{3, 0, -4}, [3]float64{0.6, 0, -0.8}},
		{2, [3]float32{0, 0, 0}, [3]float64{0, 0, 0}},
	} {
		g := matrix(Node{Op: "LpNormalization", Attributes: map[string]Attribute{"p": {I: c.p}}})
		p, err := Compile(g, Options{})
		if err != nil {
			t.Fatal(err)
		}
		in, out := []Lanes{NewLanes(Float32, 3*lanes)}, []Lanes{NewLanes(Float32, 3*lanes)}
		for i, v := range c.row {
			in[0].F32[i*lanes+5] = v
		}
		p.Run(p.NewWorkspace(), in, 1, out)
		for i, want := range c.want {
			if got := float64(out[0].F32[i*lanes+5]); math.Abs(got-want) > 1e-7 {
				t.Errorf("p %d: element %d is %v, want %v", c.p, i, got, want)
			}
		}
	}
	g := matrix(Node{Op: "LpNormalization", Attributes: map[string]Attribute{"axis": {I: 0}}})
	if _, err := Compile(g, Options{}); err == nil {
		t.Error("a norm across rows")
	}
}
