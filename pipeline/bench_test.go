package pipeline_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
)

// patients is the network of the benchmarks: 5-16-8-1, relu and sigmoid, with
// the heart example's features and weights of no meaning.
func patients() *nn.Model {
	random := rand.New(rand.NewPCG(5, 16))
	m := &nn.Model{Name: "bench"}
	for _, f := range []string{"weight_kg", "height_cm", "age_years", "pulse_bpm", "total_cholesterol_mg_dl"} {
		m.Features = append(m.Features, nn.Feature{Name: f, Fill: number(80), Center: 80, Scale: 20, Min: number(0), Max: number(2000)})
	}
	widths := []int{5, 16, 8, 1}
	for l := 1; l < len(widths); l++ {
		layer := nn.Layer{In: widths[l-1], Out: widths[l], Activation: nn.ReLU.Default()}
		for range layer.In * layer.Out {
			layer.W = append(layer.W, random.NormFloat64()/2)
		}
		layer.B = make([]float64, layer.Out)
		m.Layers = append(m.Layers, layer)
	}
	m.Layers[2].Activation = nn.Sigmoid.Default()
	return m
}

// benchRows is what one iteration scores.
const benchRows = 200_000

// benchTable writes an id and the five features in the format of the name.
func benchTable(b *testing.B, name string) string {
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString("id,weight_kg,height_cm,age_years,pulse_bpm,total_cholesterol_mg_dl\n")
	for i := range benchRows {
		fmt.Fprintf(&text, "%d,%.1f,%.1f,%d,%d,%d\n", i+1, 45+80*random.Float64(), 167+10*random.NormFloat64(),
			20+random.IntN(60), 50+random.IntN(50), 120+random.IntN(180))
	}
	csv := filepath.Join(b.TempDir(), "in.csv")
	if err := os.WriteFile(csv, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	if strings.HasSuffix(name, ".csv") {
		return csv
	}
	path := filepath.Join(b.TempDir(), name)
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	format, zip, _ := table.FormatOf(name)
	r := benchRun(csv, format, zip, out)
	r.job.Columns.Prefix = "old_"
	if _, err := pipeline.Run(context.Background(), &r.job); err != nil {
		b.Fatal(err)
	}
	return path
}

// benchRun is a job that keeps all columns, without the checks of tests.
func benchRun(path string, to table.Format, zip string, w io.Writer) *run {
	r := newRun(path)
	r.job.Model, r.job.Workers, r.to = patients(), 1, to
	r.job.Kernel, _ = nn.ChooseKernel("")
	r.read.Alloc, r.write.Alloc = nil, nil
	r.job.Columns.Prefix = "new_"
	r.job.Create = func(l table.Layout, first table.Source) (table.Sink, error) {
		return table.NewSink(w, to, zip, l, first, r.write)
	}
	return r
}

// BenchmarkJob is the whole job from file to bytes, on one worker, and what
// its steps take of it.
func BenchmarkJob(b *testing.B) {
	cases := []struct {
		name, in    string
		to          table.Format
		keep        []string
		activations []string
	}{
		{"csv/id+y", "in.csv", table.CSV, []string{"id"}, nil},
		{"csv/all+y", "in.csv", table.CSV, nil, nil},
		{"csv/all+activations", "in.csv", table.CSV, nil, []string{"all"}},
		{"csv.gz/id+y", "in.csv.gz", table.CSV, []string{"id"}, nil},
		{"ndjson/id+y", "in.ndjson", table.NDJSON, []string{"id"}, nil},
		{"parquet/id+y", "in.parquet", table.Parquet, []string{"id"}, nil},
		{"parquet/all+y", "in.parquet", table.Parquet, nil, nil},
		{"arrow/id+y", "in.arrow", table.Arrow, []string{"id"}, nil},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			path := benchTable(b, c.in)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			var stages pipeline.ReportStages
			b.ReportAllocs()
			for b.Loop() {
				r := benchRun(path, c.to, "", io.Discard)
				r.job.Columns.Keep, r.job.Columns.KeepAll = c.keep, c.keep == nil
				r.job.Columns.Activations = c.activations
				report, err := pipeline.Run(context.Background(), &r.job)
				if err != nil {
					b.Fatal(err)
				}
				stages = report.Stages
			}
			rows := float64(benchRows) * float64(b.N)
			b.ReportMetric(rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(float64(info.Size())*float64(b.N)/b.Elapsed().Seconds()/1e6, "MB/s")
			for step, seconds := range map[string]float64{"cut": stages.Cut, "decode": stages.Decode, "bind": stages.Bind,
				"forward": stages.Forward, "encode": stages.Encode, "write": stages.Write} {
				b.ReportMetric(seconds/benchRows*1e9, step+"-ns/row")
			}
		})
	}
}
