package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"yhat/nn"
)

// sample makes rows of random numbers that fit a network.
func sample[T nn.Float](n *Net[T], rows int, classes int) *Rows[T] {
	r := rand.New(rand.NewPCG(7, uint64(rows)))
	d := &Rows[T]{Inputs: n.Inputs(), Targets: n.Targets()}
	for range rows {
		for range d.Inputs {
			d.X = append(d.X, T(r.NormFloat64()))
		}
		for range d.Targets {
			if classes > 0 {
				d.Y = append(d.Y, T(r.IntN(classes)))
			} else {
				d.Y = append(d.Y, T(2*r.NormFloat64()))
			}
		}
		d.Weight = append(d.Weight, T(0.5+r.Float64()))
	}
	return d
}

func all(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func kernelNamed(t *testing.T, name string) nn.Kernel {
	k, err := nn.ChooseKernel(name)
	if err != nil {
		t.Skip(err)
	}
	return k
}

// checkGradient compares the gradient with central differences: the largest
// error, as a share of the largest derivative, must not pass 1e-6.
func checkGradient(t *testing.T, layers []nn.Layer, o Options, count, classes int) {
	t.Helper()
	n, err := New[float64](layers, o, nn.Kernel{})
	if err != nil {
		t.Fatal(err)
	}
	p := Parameters(layers)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p {
		p[i] += 0.1 * r.NormFloat64() // biases too
	}
	rows := sample(n, count, classes)
	shard, space := n.NewShard(), n.NewSpace()
	rows.Gather(shard, all(rows.Len()))
	shard.Seed = 99
	g, none := make([]float64, n.Size()), make([]float64, n.Size())
	n.Set(p)
	n.Gradient(space, shard, g)
	const h = 1e-5
	worst, largest := 0.0, 0.0
	for i := range p {
		at := func(x float64) float64 {
			was := p[i]
			p[i] = x
			n.Set(p)
			p[i] = was
			return n.Gradient(space, shard, none)
		}
		want := (at(p[i]+h) - at(p[i]-h)) / (2 * h)
		worst, largest = max(worst, math.Abs(want-g[i])), max(largest, math.Abs(want))
	}
	if !(worst <= 1e-6*largest) || largest == 0 {
		t.Errorf("the gradient is off by %g, the largest derivative being %g", worst, largest)
	}
}

func TestGradientOfEveryActivation(t *testing.T) {
	for f := nn.Identity; f <= nn.LogSoftmax; f++ {
		t.Run(f.String(), func(t *testing.T) {
			checkGradient(t, Layers([]int{3, 5, 4, 2}, f.Default(), nn.Identity.Default(), 3), Options{Loss: Squared}, 41, 0)
			checkGradient(t, Layers([]int{3, 4, 2}, nn.Tanh.Default(), f.Default(), 4), Options{Loss: Squared}, 41, 0)
			if other := f.Default(); other.Alpha != 0 {
				other.Alpha *= 0.7
				checkGradient(t, Layers([]int{3, 4, 2}, other, nn.Identity.Default(), 3), Options{Loss: Squared}, 41, 0)
			}
		})
	}
}

func TestGradientOfEveryLoss(t *testing.T) {
	checkGradient(t, Layers([]int{3, 6, 1}, nn.Tanh.Default(), nn.Sigmoid.Default(), 5), Options{Loss: CrossEntropy}, 64, 2)
	checkGradient(t, Layers([]int{3, 6, 4}, nn.Tanh.Default(), nn.Softmax.Default(), 5), Options{Loss: Multiclass}, 64, 4)
	checkGradient(t, Layers([]int{3, 6, 2}, nn.Tanh.Default(), nn.Identity.Default(), 5), Options{Loss: Huber}, 64, 0)
	checkGradient(t, Layers([]int{3, 7, 5, 1}, nn.Tanh.Default(), nn.Sigmoid.Default(), 5), Options{Loss: CrossEntropy, Dropout: 0.3}, 64, 2)
	checkGradient(t, Layers([]int{2, 40, 33, 1}, nn.SiLU.Default(), nn.Sigmoid.Default(), 5), Options{Loss: CrossEntropy}, 64, 2)
}

// The float32 gradient on every kernel is near the float64 one, and the same
// bits on the vector kernels.
func TestGradientOnEveryKernel(t *testing.T) {
	for _, widths := range [][]int{{5, 16, 8, 1}, {2, 2, 2, 1}, {70, 65, 33, 1}} {
		layers := Layers(widths, nn.ReLU.Default(), nn.Sigmoid.Default(), 11)
		exact, _ := New[float64](layers, Options{}, nn.Kernel{})
		want := make([]float64, exact.Size())
		shard := exact.NewShard()
		sample(exact, ShardRows, 2).Gather(shard, all(ShardRows))
		lossWant := exact.Gradient(exact.NewSpace(), shard, want)
		var first []float32
		for _, name := range nn.Kernels() {
			n, err := New[float32](layers, Options{}, kernelNamed(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got, b := make([]float32, n.Size()), n.NewShard()
			sample(n, ShardRows, 2).Gather(b, all(ShardRows))
			loss := n.Gradient(n.NewSpace(), b, got)
			if d := math.Abs(loss - lossWant); d > 1e-3 {
				t.Errorf("%v on %s: loss %g, want %g", widths, name, loss, lossWant)
			}
			for i := range got {
				if math.Abs(float64(got[i])-want[i]) > 2e-3 {
					t.Fatalf("%v on %s: derivative %d is %g, want %g", widths, name, i, got[i], want[i])
				}
			}
			if name != "generic" && first == nil {
				first = got
			} else if name != "generic" && !slices.Equal(first, got) {
				t.Errorf("%v: %s gives other bits than %s", widths, name, nn.Kernels()[0])
			}
		}
	}
}

// A prediction of the net in training is that of the model it becomes.
func TestPredictIsTheModel(t *testing.T) {
	for loss, c := range map[Loss]struct {
		outputs, classes int
		end              nn.Func
		of               func(y []float64, target float64) float64
	}{
		Multiclass: {3, 3, nn.Softmax, func(y []float64, class float64) float64 { return -math.Log(y[int(class)]) }},
		CrossEntropy: {1, 2, nn.Sigmoid, func(y []float64, yes float64) float64 {
			return -yes*math.Log(y[0]) - (1-yes)*math.Log(1-y[0])
		}},
		Squared: {1, 0, nn.Softplus, func(y []float64, v float64) float64 { return (y[0] - v) * (y[0] - v) / 2 }},
	} {
		layers := Layers([]int{4, 9, c.outputs}, nn.GELU.Default(), c.end.Default(), 1)
		n, _ := New[float64](layers, Options{Loss: loss, Dropout: 0.5}, nn.Kernel{})
		rows, b := sample(n, 70, c.classes), n.NewShard()
		rows.Gather(b, all(70))
		got, sum := n.Predict(n.NewSpace(), b)
		m := nn.Model{Layers: layers}
		want := 0.0
		for i := range 70 {
			y := m.Trace(rows.X[i*4:][:4])[1].Output
			want += rows.Weight[i] * c.of(y, rows.Y[i])
			for u, v := range y {
				if p := got[(i/32*c.outputs+u)*32+i%32]; math.Abs(p-v) > 1e-14 {
					t.Fatalf("loss %v: row %d output %d: %g, the model gives %g", loss, i, u, p, v)
				}
			}
		}
		if math.Abs(sum-want) > 1e-10 {
			t.Errorf("loss %v is %g, want %g", loss, sum, want)
		}
	}
}

// Dropout leaves out a share of the hidden units of each row, and grows the
// others by what is missing; another shard's draw is another.
func TestDropoutLeavesOutAShare(t *testing.T) {
	const share = 0.2
	n, err := New[float64](Layers([]int{3, 50, 30, 1}, nn.Tanh.Default(), nn.Sigmoid.Default(), 5), Options{Loss: CrossEntropy, Dropout: share}, nn.Kernel{})
	if err != nil {
		t.Fatal(err)
	}
	b, s := n.NewShard(), n.NewSpace()
	sample(n, ShardRows, 2).Gather(b, all(ShardRows))
	var before []float64
	for seed := range uint64(2) {
		b.Seed = seed
		n.Drop(s, b)
		if s.mask[2] != nil || slices.Equal(s.mask[0], before) || slices.Equal(s.mask[0][:100], s.mask[1][:100]) {
			t.Errorf("seed %d: the last layer is dropped, or as before", seed)
		}
		before = slices.Clone(s.mask[0])
		for i, mask := range s.mask[:2] {
			kept := 0
			for _, v := range mask {
				if v != 0 && v != 1/(1-share) {
					t.Fatalf("layer %d: a factor of %v", i, v)
				}
				if v != 0 {
					kept++
				}
			}
			if got := float64(kept) / float64(ShardRows*n.layers[i].out); math.Abs(got-(1-share)) > 0.03 {
				t.Errorf("layer %d keeps %v of its units", i, got)
			}
		}
	}
}

// The penalty is λ/2 Σ w² over the weights alone.
func TestPenaltyIsOfWeights(t *testing.T) {
	layers := Layers([]int{3, 300, 40, 2}, nn.Tanh.Default(), nn.Softmax.Default(), 5)
	n, err := New[float64](layers, Options{Loss: Multiclass}, nn.Kernel{})
	if err != nil {
		t.Fatal(err)
	}
	p, g := Parameters(layers), make([]float64, n.Size())
	for i := range p {
		p[i] += 0.5
	}
	got, want, weights := n.Penalise(0.1, p, g), 0.0, n.Weights()
	at := 0
	for _, l := range layers {
		for i := range l.In*l.Out + l.Out {
			isWeight, slope := i < l.In*l.Out, 0.0
			if isWeight {
				want, slope = want+0.05*p[at]*p[at], 0.1*p[at]
			}
			if weights[at] != isWeight || math.Abs(g[at]-slope) > 1e-15 {
				t.Fatalf("parameter %d: a weight %v, slope %g; want %v, %g", at, weights[at], g[at], isWeight, slope)
			}
			at++
		}
	}
	if len(n.Pieces()) < 4 || at != len(p) || math.Abs(got-want) > 1e-9*want {
		t.Errorf("%d pieces, %d parameters, penalty %g, want %g", len(n.Pieces()), at, got, want)
	}
}

// Every optimiser finds the least squares solution of a line.
func TestOptimizersDescend(t *testing.T) {
	for name, rate := range map[string]float64{"sgd": 0.1, "momentum": 0.02, "adam": 0.05, "adamw": 0.05} {
		o, err := NewOptimizer(name, 0, make([]bool, 2), nn.Kernel{})
		if err != nil {
			t.Fatal(err)
		}
		p := []float64{3, -4}
		for range 800 {
			o.Begin(rate)
			o.Step(p, []float64{p[0] - 1, 2 * (p[1] - 2)}, 0, 2)
		}
		if math.Abs(p[0]-1) > 1e-3 || math.Abs(p[1]-2) > 1e-3 {
			t.Errorf("%s ends at %v", name, p)
		}
	}
}

func TestAdamWShrinksWeightsAlone(t *testing.T) {
	o, _ := NewOptimizer("adamw", 0.1, []bool{true, false}, nn.Kernel{})
	p := []float64{1, 1}
	o.Begin(0.5)
	o.Step(p, []float64{0, 0}, 0, 2)
	if p[0] != 0.95 || p[1] != 1 {
		t.Errorf("after one step without a gradient: %v", p)
	}
}

func TestLBFGSFindsTheValley(t *testing.T) {
	steps := 0
	p, err := LBFGS([]float64{-1.2, 1}, 200, func(p, g []float64) (float64, error) {
		a, b := 1-p[0], p[1]-p[0]*p[0] // Rosenbrock 1960
		g[0], g[1] = -2*a-400*p[0]*b, 200*b
		return a*a + 100*b*b, nil
	}, func(int, []float64, float64) bool { steps++; return false })
	if err != nil || math.Abs(p[0]-1) > 1e-4 || math.Abs(p[1]-1) > 1e-4 || steps == 0 {
		t.Errorf("ends at %v after %d steps: %v", p, steps, err)
	}
	wrong := fmt.Errorf("no data")
	if _, err := LBFGS([]float64{1}, 5, func(_, _ []float64) (float64, error) { return 0, wrong }, func(int, []float64, float64) bool { return false }); err != wrong {
		t.Errorf("the error of the function is %v", err)
	}
}

func BenchmarkGradient(b *testing.B) {
	for _, widths := range [][]int{{5, 16, 8, 1}, {100, 256, 128, 1}} {
		b.Run(fmt.Sprint(widths), func(b *testing.B) {
			k, _ := nn.ChooseKernel("")
			n, _ := New[float32](Layers(widths, nn.ReLU.Default(), nn.Sigmoid.Default(), 1), Options{}, k)
			rows, shard, space, g := sample(n, 256, 2), n.NewShard(), n.NewSpace(), make([]float32, n.Size())
			order := all(256)
			for b.Loop() {
				rows.Gather(shard, order)
				n.Gradient(space, shard, g)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/row")
		})
	}
}
