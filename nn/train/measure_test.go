package train

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Six rows whose measures can be worked out by hand.
func TestMeasuresByHand(t *testing.T) {
	a := &Answers{P: []float64{0.1, 0.4, 0.4, 0.8, 0.9, 0.2}, Yes: []bool{false, false, true, true, false, false}}
	near(t, "AUC", a.AUC(), (1+1+0.5+0+1+1+1+0)/8, 1e-15) // 0.4 and 0.8 against 0.1, 0.2, 0.4, 0.9
	// By prediction: 0.9 no; 0.8 yes (1/2); 0.4 twice, one yes (2/4).
	near(t, "average precision", a.AveragePrecision(), 0.5*0.5+0.5*0.5, 1e-15)
	near(t, "Brier", a.Brier(), (0.01+0.16+0.36+0.04+0.81+0.04)/6, 1e-15)
	near(t, "log loss", a.LogLoss(), -(math.Log(.9)+math.Log(.6)+math.Log(.4)+math.Log(.8)+math.Log(.1)+math.Log(.8))/6, 1e-15)
	if c := a.Confusion(0.5); c != [2][2]float64{{3, 1}, {1, 1}} {
		t.Errorf("confusion %v", c)
	}
	lift, captured := a.Lift(1. / 3)
	near(t, "lift", lift, 0.5/(2./6), 1e-15)
	near(t, "captured", captured, 0.5, 1e-15)
	// Bins of a half: 0.1 0.4 0.4 0.2 with one yes; 0.8 0.9 with one.
	last := &Answers{P: []float64{0.9, 0.1}, Yes: []bool{false, true}}
	near(t, "average precision of a yes at the end", last.AveragePrecision(), 0.5, 1e-15)
	for _, yes := range []bool{true, false} {
		if one := (&Answers{P: []float64{0.9, 0.1}, Yes: []bool{yes, yes}}); !math.IsNaN(one.AUC()) {
			t.Errorf("of one class the AUC is %v", one.AUC())
		}
	}
	near(t, "calibration error", a.CalibrationError(2), 4./6*math.Abs(0.275-0.25)+2./6*math.Abs(0.85-0.5), 1e-15)
}

// A weight of two is the row given twice.
func TestWeightsAreRepetitions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	weighted, repeated := &Answers{}, &Answers{}
	for range 300 {
		p, n := math.Round(20*r.Float64())/20, r.IntN(3)
		yes := r.Float64() < p
		weighted.P, weighted.Yes, weighted.Weight = append(weighted.P, p), append(weighted.Yes, yes), append(weighted.Weight, float64(n))
		for range n {
			repeated.P, repeated.Yes = append(repeated.P, p), append(repeated.Yes, yes)
		}
	}
	for name, f := range map[string]func(*Answers) float64{"AUC": (*Answers).AUC, "average precision": (*Answers).AveragePrecision,
		"Brier": (*Answers).Brier, "log loss": (*Answers).LogLoss, "ECE": func(a *Answers) float64 { return a.CalibrationError(10) }} {
		near(t, name, f(weighted), f(repeated), 1e-12)
	}
}

func TestErrorsByHand(t *testing.T) {
	e := Compare([]float64{1, 2, 5}, []float64{1, 4, 4}, nil)
	near(t, "RMSE", e.RMSE, math.Sqrt(5./3), 1e-15)
	near(t, "MAE", e.MAE, 1, 1e-15)
	near(t, "bias", e.Bias, -1./3, 1e-15)
	near(t, "R²", e.R2, 1-5./6, 1e-15)
}

// The bootstrap interval of a mean is near the normal one.
func TestBootstrapOfAMean(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	values := make([]float64, 400)
	for i := range values {
		values[i] = r.NormFloat64()
	}
	low, high := Bootstrap(400, 1000, 0.95, 1, func(w []float64) []float64 {
		sum, rows := 0.0, 0.0
		for i, v := range values {
			sum, rows = sum+w[i]*v, rows+w[i]
		}
		if rows != 400 {
			t.Fatalf("%v rows are drawn of 400", rows)
		}
		return []float64{sum / 400, math.NaN()}
	})
	near(t, "width", high[0]-low[0], 2*1.96/20, 0.03)
	if !math.IsNaN(low[1]) {
		t.Error("there is an interval of nothing")
	}
}
