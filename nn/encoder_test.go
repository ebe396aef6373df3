package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func number(v float64) *float64 { return &v }

// encoderModel has a number with everything, a plain one, one without a fill
// and a category.
func encoderModel() *Model {
	return &Model{Features: []Feature{
		{Name: "a", Fill: number(7.25), Min: number(-10), Max: number(40), Center: 7, Scale: 3},
		{Name: "b", Scale: 1},
		{Name: "c", Center: 0.1, Scale: 0.3},
		{Name: "d", Categories: []string{"x", "y", "z"}, FillCategory: "z", HasFillCategory: true},
		{Name: "e", Categories: []string{"x"}},
	}}
}

// encodeOne is the rule of one cell, straight from its definition.
func encodeOne[T Float](f *Feature, x float64, present bool, factor, plus float64) (y T, missing, notNumber, outside bool) {
	missing = !present || math.IsNaN(x)
	switch {
	case missing && f.Fill == nil:
		return 0, true, false, false
	case missing:
		x = *f.Fill
	case math.IsInf(x, 0):
		return 0, false, true, false
	default:
		if factor != 1 || plus != 0 {
			x = float64(x*factor) + plus
		}
	}
	y = T((x - f.Center) / f.Scale)
	if f.Min != nil && x < *f.Min || f.Max != nil && x > *f.Max || math.IsInf(float64(y), 0) || math.IsNaN(float64(y)) {
		return 0, missing, false, true
	}
	return y, missing, false, false
}

// odd are cells where something may go wrong.
var odd = []float64{0, math.Copysign(0, -1), -10, math.Nextafter(-10, -11), 40, math.Nextafter(40, 41), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 1e-320, 0x1.ffffffp127, 0x1.fffffefffffffp127, 1e39, 7, 7.25}

// column draws cells of which none, some or most are odd. The sizes are those
// around whole panels.
func column(t *rapid.T) []float64 {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	share := rapid.SampledFrom([]int{0, 5, 50, 90}).Draw(t, "odd share")
	v := make([]float64, rapid.SampledFrom([]int{1, 31, 32, 33, 64, 65, 200}).Draw(t, "rows"))
	for i := range v {
		if r.IntN(100) < share {
			v[i] = odd[r.IntN(len(odd))]
		} else {
			v[i] = r.Float64()*45 - 8
		}
	}
	return v
}

func TestNumbers(t *testing.T) {
	for _, name := range Kernels() {
		t.Run(name+"/float32", func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { numbersLaw[float32](t, name) }) })
		t.Run(name+"/float64", func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { numbersLaw[float64](t, name) }) })
	}
}

func numbersLaw[T Float](t *rapid.T, name string) {
	m := encoderModel()
	f := rapid.IntRange(0, 2).Draw(t, "feature")
	column := column(t)
	rows := len(column)
	v := Numbers{F64: column, Factor: 1}
	if rapid.Bool().Draw(t, "unit change") {
		v.Factor, v.Plus = rapid.SampledFrom([]float64{1, 0.45359237, -2}).Draw(t, "factor"), rapid.SampledFrom([]float64{0, 32, 0.1}).Draw(t, "plus")
	}
	if rapid.Bool().Draw(t, "float32") {
		v.F64, v.F32 = nil, make([]float32, rows)
		for i, x := range column {
			v.F32[i] = float32(x)
			column[i] = float64(v.F32[i])
		}
	}
	if rapid.Bool().Draw(t, "validity") {
		v.ValidOffset = rapid.IntRange(0, 70).Draw(t, "offset")
		v.Valid = make([]byte, (rows+v.ValidOffset+7)/8+rapid.SampledFrom([]int{0, 1, 8}).Draw(t, "spare bytes"))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "bits"), 2))
		for i := range v.Valid {
			v.Valid[i] = byte(r.Uint32() | r.Uint32())
		}
	}
	k, err := ChooseKernel(name)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEncoder[T](m, k)
	x := make([]T, Panels(rows)*e.Width()*Lanes)
	for i := range x {
		x[i] = 99
	}
	faults := NewFaults(rows)
	for p := range Panels(rows) {
		faults.Missing[p], faults.NotANumber[p], faults.OutOfRange[p], faults.Unknown[p] = 77, 77, 77, 77
	}
	e.Numbers(f, x, v, rows, faults)
	for i := range x {
		row, unit := i/(e.Width()*Lanes)*Lanes+i%Lanes, i/Lanes%e.Width()
		var want T
		p, bit := row/Lanes, uint32(1)<<(row%Lanes)
		got := [4]bool{faults.Missing[p]&bit != 0, faults.NotANumber[p]&bit != 0, faults.OutOfRange[p]&bit != 0, faults.Unknown[p]&bit != 0}
		var bad [4]bool
		switch {
		case unit != f:
			want = 99
			got = bad
		case row < rows:
			present := v.Valid == nil || v.Valid[(row+v.ValidOffset)/8]>>((row+v.ValidOffset)%8)&1 == 1
			want, bad[0], bad[1], bad[2] = encodeOne[T](&m.Features[f], column[row], present, v.Factor, v.Plus)
		}
		if x[i] != want || math.Signbit(float64(x[i])) != math.Signbit(float64(want)) || got != bad {
			t.Fatalf("row %d of %d, value %d: %v %v, want %v %v", row, rows, unit, x[i], got, want, bad)
		}
	}
}

func TestCodes(t *testing.T) {
	e := NewEncoder[float32](encoderModel(), Kernel{})
	codes := make([]int32, 40)
	for i := range codes {
		codes[i] = int32(i%5) - 2
	}
	x, faults := make([]float32, 2*e.Width()*Lanes), NewFaults(40)
	for i := range x {
		x[i] = 99
	}
	e.Codes(3, x, codes, 40, faults)
	for row := range 2 * Lanes {
		for c := range 3 {
			want := float32(0)
			if row < 40 && (codes[row] == int32(c) || codes[row] == CodeMissing && c == 2) {
				want = 1
			}
			if got := x[(row/Lanes*e.Width()+3+c)*Lanes+row%Lanes]; got != want {
				t.Errorf("row %d category %d: %v, want %v", row, c, got, want)
			}
		}
		p, bit := row/Lanes, row%Lanes
		if faults.Missing[p]>>bit&1 == 1 != (row < 40 && codes[row] == CodeMissing) || faults.Unknown[p]>>bit&1 == 1 != (row < 40 && codes[row] == CodeUnknown) {
			t.Errorf("row %d: missing %x unknown %x", row, faults.Missing, faults.Unknown)
		}
	}
	e.Codes(4, x, []int32{CodeMissing, 0}, 2, faults)
	if at := x[6*Lanes:]; at[0] != 0 || at[1] != 1 || faults.Missing[0] != 1 {
		t.Errorf("without a fill: %v, missing %x", at[:2], faults.Missing[0])
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	k, _ := ChooseKernel("")
	e := NewEncoder[float32](encoderModel(), k)
	x, faults := make([]float32, 4*e.Width()*Lanes), NewFaults(100)
	v, codes := Numbers{F64: make([]float64, 100), Factor: 1, Valid: make([]byte, 13)}, make([]int32, 100)
	a := testing.AllocsPerRun(10, func() {
		e.Numbers(0, x, v, 100, faults)
		e.Codes(3, x, codes, 100, faults)
	})
	if a != 0 {
		t.Errorf("encoding allocates %v times", a)
	}
}
