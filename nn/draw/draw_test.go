package draw

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"yhat/nn"
)

// bend is the single layer of two inputs that bends a grid.
func bend() *nn.Model {
	return &nn.Model{Name: "bend", Features: []nn.Feature{{Name: "x1", Scale: 1}, {Name: "x2", Scale: 1}},
		Layers: []nn.Layer{{Name: "out", Activation: nn.Tanh.Default(), In: 2, Out: 2, W: []float64{2, math.Sqrt2, 1, math.Sqrt2}, B: []float64{-1, -1}}}}
}

// wide has layers of three units and of one.
func wide() *nn.Model {
	m := bend()
	m.Layers = append([]nn.Layer{{Name: "hidden", Activation: nn.ReLU.Default(), In: 2, Out: 3, W: []float64{1, 2, -1, 1, 0, 3}, B: []float64{0, 1, 2}}},
		nn.Layer{Name: "out", Activation: nn.Sigmoid.Default(), In: 3, Out: 1, W: []float64{1, -1, 0.5}, B: []float64{0.1}})
	return m
}

var somePoints = Points{X: [][]float64{{1, 2}, {-1, 0.5}, {0, 0}, {3, -2}}, Class: []int{0, 1, 1, 0}, Classes: []string{"blue", "orange"}}

// Every stage holds exactly what the network's definition gives.
func TestStagesAreTheTrace(t *testing.T) {
	m := bend()
	f, err := Layers(m, somePoints, Grid{From: -5, To: 5, Lines: 3, Samples: 5})
	if err != nil || len(f.Stages) != 4 {
		t.Fatal(len(f.Stages), err)
	}
	for i, x := range somePoints.X {
		s := m.Trace(x)[0]
		for k, want := range [][]float64{x, s.Linear, s.Shifted, s.Output} {
			if got := f.Stages[k].Dots[i]; got != (XY{want[0], want[1]}) {
				t.Errorf("point %d, stage %d: %v, want %v", i, k, got, want)
			}
		}
	}
	if got := f.Stages[0].Across[2][4]; got != (XY{5, 5}) {
		t.Errorf("the grid's last corner is %v", got)
	}
	if got := f.Stages[0].Down[0][4]; got != (XY{-5, 5}) {
		t.Errorf("the first line down ends at %v", got)
	}
	for _, want := range []string{"W₁ = [[2, 1.41], [1, 1.41]]", "b₁ = (−1, −1)", "σ = tanh"} {
		found := false
		for _, s := range f.Stages {
			found = found || strings.Join(s.Caption, "|") == want
		}
		if !found {
			t.Errorf("no caption %s", want)
		}
	}
}

// Between stages the film goes exactly from one to the other.
func TestMomentsEndOnStages(t *testing.T) {
	f, _ := Layers(bend(), somePoints, Grid{From: -1, To: 1, Lines: 2, Samples: 3})
	for i := range 3 {
		start, end := f.moment(i, 0), f.moment(i, 1)
		if start.Dots[0] != f.Stages[i].Dots[0] || end.Dots[0] != f.Stages[i+1].Dots[0] || end.Box != f.Stages[i+1].Box {
			t.Errorf("stage %d is missed", i)
		}
	}
	a, b := f.Stages[0].Dots[0], f.Stages[1].Dots[0]
	if half := f.moment(0, 0.5).Dots[0]; math.Abs(half[0]-(a[0]+b[0])/2) > 1e-15 {
		t.Errorf("half way is %v", half)
	}
}

// Points of a plane in space are shown without loss by two components.
func TestWideLayersAreSeenByPCA(t *testing.T) {
	var rows [][]float64
	for i := range 30 {
		a, b := float64(i%7)-3, float64(i%5)-2
		rows = append(rows, []float64{a + b, a - 2*b, 3 * a, b, 1})
	}
	v := newView(rows)
	if math.Abs(v.share-1) > 1e-9 || v.words() != ", 5 units by PCA (100 %)" {
		t.Errorf("share %g: %s", v.share, v.words())
	}
	distance := func(a, b []float64) float64 {
		sum := 0.0
		for i := range a {
			sum += (a[i] - b[i]) * (a[i] - b[i])
		}
		return math.Sqrt(sum)
	}
	for i := range rows {
		p, q := v.place(rows[i], i), v.place(rows[0], 0)
		if d := math.Hypot(p[0]-q[0], p[1]-q[1]); math.Abs(d-distance(rows[i], rows[0])) > 1e-9 {
			t.Fatalf("row %d: distance %g, want %g", i, d, distance(rows[i], rows[0]))
		}
	}
}

// pictures are one of each kind.
func pictures(t *testing.T) map[string]*Picture {
	film, err := Layers(wide(), somePoints, Grid{From: -2, To: 2, Lines: 4, Samples: 9})
	if err != nil {
		t.Fatal(err)
	}
	big := wide()
	big.Layers[0].Out, big.Layers[1].In = 40, 40
	big.Layers[0].W, big.Layers[0].B, big.Layers[1].W = make([]float64, 80), make([]float64, 40), make([]float64, 40)
	big.Layers[0].W[7] = -2
	region := Region{X: "x1", Y: "x2", MinX: -1, MaxX: 1, MinY: -1, MaxY: 1, Threshold: 0.5, Title: "a & b <c>",
		At: func(x, y float64) []float64 { return []float64{(1 + x*y) / 2} }, Points: []XY{{0, 0}, {5, 5}}, Names: []string{"a", "b"}, Class: []int{0, 1}}
	return map[string]*Picture{
		"layers": film.Still(false), "stages": film.Still(true), "network": Network(big, []string{"y_hat"}), "weights": Weights(big, []string{"y_hat"}), "boundary": Boundary(region),
		"curves":     Curves(Learning{Loss: []XY{{1, 2}, {2, 1}}, Validation: []XY{{1, 3}, {2, 2}}, Measure: []XY{{1, .5}, {2, .6}}, MeasureName: "AUC", Best: 2}),
		"classes":    EvaluationOfClasses(manyClasses(25)),
		"numbers":    EvaluationOfNumbers(Numbers{Target: "a & b", Predicted: []float64{1, 2, 4}, True: []float64{1, 3, -2}, R2: math.NaN()}),
		"evaluation": Evaluation(Judged{Positive: "yes", ROC: []XY{{0, 0}, {1, 1}}, PrecisionRecall: []XY{{1, 1}}, Calibration: []XY{{.5, .5}}, Yes: []float64{1, .2}, No: []float64{0}}),
	}
}

// manyClasses is a picture of n classes, of which each later one has more rows.
func manyClasses(n int) Classes {
	c := Classes{Target: "kind", Accuracy: 1}
	for k := range n {
		c.Names = append(c.Names, fmt.Sprintf("the class of <%d> & its like", k))
		c.Each = append(c.Each, Judged{ROC: []XY{{0, 0}, {0, 1}, {1, 1}}, PrecisionRecall: []XY{{1, 1}}, Calibration: []XY{{.1, .2}}, Yes: make([]float64, k+1)})
		c.Confusion = append(c.Confusion, make([]float64, n))
		c.Confusion[k][k] = float64(k)
	}
	return c
}

func TestTheLargestClassesAreDrawn(t *testing.T) {
	c := manyClasses(10)
	if got := c.largest(); !slices.Equal(got, []int{2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("%v", got)
	}
}

// Pictures of hardly anything are pictures all the same.
func TestPicturesOfLittle(t *testing.T) {
	for name, p := range map[string]*Picture{
		"three classes": EvaluationOfClasses(manyClasses(3)),
		"one number":    EvaluationOfNumbers(Numbers{Target: "y", Predicted: []float64{1}, True: []float64{1}, R2: math.NaN()}),
	} {
		var b bytes.Buffer
		if err := p.Write(&b, "svg"); err != nil || strings.Contains(b.String(), "NaN") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a region never reaches is not said to be a line in it; and points of
// classes do not lie on a field of their colours.
func TestBoundarySaysWhatIsThere(t *testing.T) {
	at := func(v float64) func(x, y float64) []float64 {
		return func(x, _ float64) []float64 { return []float64{v + x/100} }
	}
	for want, r := range map[string]Region{
		"ŷ from 0.29 to 0.31 here, below 0.5 all over":     {At: at(0.3), Threshold: 0.5},
		"ŷ from 0.79 to 0.81 here, 0.5 and above all over": {At: at(0.8), Threshold: 0.5},
		"ŷ from 0.49 to 0.51 here; line at 0.5, red above": {At: at(0.5), Threshold: 0.5},
		"a field of greys": {At: at(0.5), Values: true, Class: []int{0}},
	} {
		r.MinX, r.MaxX, r.MinY, r.MaxY = -1, 1, -1, 1
		img, low, high := r.image()
		if got := r.key(low, high); !r.Values && got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if c := img.At(0, 0).(color.NRGBA); r.Values && max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 20 {
			t.Errorf("a field of %v under points of classes", c)
		}
	}
}

// Earlier stages of a wide layer say what they are seen by, also when they
// stand alone; the layer as a whole says it once.
func TestStagesAloneSayHowTheyAreSeen(t *testing.T) {
	f, err := Layers(wide(), somePoints, Grid{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{1: "3 units, seen along the PCA of a₁", 2: "3 units, seen along the PCA of a₁", 3: "", 4: "one unit, spread to be seen"} {
		lines := f.Stages[i].lines()
		if got := f.Stages[i].Seen; i > 0 && (got != want || want != "" && lines[len(lines)-1] != want) {
			t.Errorf("stage %d: %q, want %q", i, lines, want)
		}
	}
	if n := len(f.whole(1).Caption); n != 3 {
		t.Errorf("the first layer has %d lines", n)
	}
}

func TestTenthsAreMeansInOrder(t *testing.T) {
	n := Numbers{}
	for i := range 20 {
		n.Predicted, n.True = append(n.Predicted, float64(19-i)), append(n.True, 2*float64(19-i))
	}
	for k, at := range n.tenths() {
		if want := float64(2*k) + 0.5; at[0] != want || at[1] != 2*want {
			t.Errorf("tenth %d is at %v", k, at)
		}
	}
}

func TestBarsHoldAllValues(t *testing.T) {
	places, sum := outline([]float64{-5, 0, 0.1, 0.9, 1, 7}, 0, 1, 4), 0.0
	for i := 1; i+1 < len(places)-1; i += 2 {
		if places[i][1] != places[i+1][1] {
			t.Errorf("bar %d has no flat top", i/2)
		}
		sum += places[i][1]
	}
	if math.Abs(sum-1) > 1e-15 || places[1][1] != 0.5 || places[7][1] != 0.5 {
		t.Errorf("%v", places)
	}
}

// Every picture is good SVG, the same each time, and comes as PNG and PDF.
func TestPicturesInEveryFormat(t *testing.T) {
	again := pictures(t)
	for name, p := range pictures(t) {
		var svg, twice, raster, pdf bytes.Buffer
		for w, format := range map[*bytes.Buffer]string{&svg: "svg", &raster: "png", &pdf: "pdf"} {
			if err := p.Write(w, format); err != nil {
				t.Fatalf("%s as %s: %v", name, format, err)
			}
		}
		if again[name].Write(&twice, "svg"); !bytes.Equal(svg.Bytes(), twice.Bytes()) {
			t.Errorf("%s is not the same twice", name)
		}
		for dec := xml.NewDecoder(&svg); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		img, err := png.Decode(&raster)
		if err != nil || img.Bounds().Dx() != int(math.Round(float64(p.width)*dpi/72)) {
			t.Errorf("%s as png: %v", name, err)
		}
		if !bytes.HasPrefix(pdf.Bytes(), []byte("%PDF")) {
			t.Errorf("%s is no PDF", name)
		}
	}
}

// The animation holds every stage and has the same frames between them.
func TestFilmAsGIF(t *testing.T) {
	f, _ := Layers(bend(), somePoints, Grid{})
	var b bytes.Buffer
	if err := f.GIF(&b); err != nil {
		t.Fatal(err)
	}
	film, err := gif.DecodeAll(&b)
	if err != nil || len(film.Image) != 4+3*(between-1) {
		t.Fatal(len(film.Image), err)
	}
	for i := range f.Stages {
		if film.Delay[i*between] < holdTime {
			t.Errorf("stage %d is not held", i)
		}
	}
}

// The page holds every stage's places as JSON, and no name can break out.
func TestFilmAsPage(t *testing.T) {
	points := somePoints
	points.Classes = []string{"</script>", "orange"}
	f, _ := Layers(bend(), points, Grid{From: -1, To: 1, Lines: 2, Samples: 3})
	var b bytes.Buffer
	if err := f.HTML(&b, "a <title>"); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Count(page, "</script>") != 1 || strings.Contains(page, "a <title>") || strings.Contains(page, "{{") {
		t.Error("the page is not well formed")
	}
	_, rest, _ := strings.Cut(page, "const film = ")
	var film struct{ Stages []struct{ Dots []float64 } }
	if err := json.NewDecoder(strings.NewReader(rest)).Decode(&film); err != nil || len(film.Stages) != 4 || len(film.Stages[3].Dots) != 8 {
		t.Fatalf("%v: %d stages", err, len(film.Stages))
	}
	if got, want := film.Stages[3].Dots[0], math.Tanh(2+2*math.Sqrt2-1); math.Abs(got-want) > 5e-5 {
		t.Errorf("the first point ends at %g, want %g", got, want)
	}
}

func TestStraightenedStaysNear(t *testing.T) {
	var line []vg.Point
	for i := range 200 {
		x := float64(i) / 10
		line = append(line, vg.Point{X: vg.Length(x), Y: vg.Length(3 * math.Sin(x))})
	}
	short := straightened(line)
	if len(short) >= len(line) || short[0] != line[0] || short[len(short)-1] != line[199] {
		t.Fatalf("%d of %d places are left", len(short), len(line))
	}
	for _, p := range line {
		nearest := math.Inf(1)
		for i := range short[1:] {
			nearest = min(nearest, offLine(p, short[i], short[i+1]))
		}
		if nearest > flatness {
			t.Fatalf("%v is %g away", p, nearest)
		}
	}
}

func TestWideLayersAreElided(t *testing.T) {
	c := newColumn(40)
	if len(c.units) != mostNodes || c.units[0] != 0 || c.units[len(c.units)-1] != 39 {
		t.Errorf("units %v", c.units)
	}
	if c := newColumn(12); len(c.units) != 12 {
		t.Errorf("units %v", c.units)
	}
}

// TestUsualGap: lines apart by 2 and by 4, the second twice as long; a shear along
// the lines brings them no closer.
func TestUsualGap(t *testing.T) {
	for _, shear := range []vg.Length{0, 5} {
		lines := [][]vg.Point{{{X: 0, Y: 0}, {X: 1, Y: 0}}, {{X: 0, Y: 2}, {X: 2, Y: 2}}, {{X: 0, Y: 6}, {X: 2, Y: 6}}}
		for _, line := range lines {
			for k := range line {
				line[k].X += shear * line[k].Y
			}
		}
		if got, want := usualGap(lines), (1*2.+2*4.)/3; math.Abs(got-want) > 1e-12 {
			t.Errorf("shear %g: %g, want %g", shear, got, want)
		}
	}
}

// TestNamesHaveRoom: names along a field are never closer than they are high, and
// all are there if they have room.
func TestNamesHaveRoom(t *testing.T) {
	for n := 1; n < 3000; n++ {
		apart := fieldSide / float64(n)
		if step := named(n); float64(step)*apart < nameApart || step > 1 && float64(step-1)*apart >= nameApart {
			t.Fatalf("every %dth of %d", step, n)
		}
	}
}
