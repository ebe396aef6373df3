package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/draw"
	"yhat/pipeline"
)

// curves draws a report of yhat train.
func (d *drawing) curves(b *bytes.Buffer) error {
	if len(d.s.inputs) != 1 {
		return fmt.Errorf("%w: yhat draw curves takes one FILE, the report of yhat train", table.ErrUsage)
	}
	path := d.s.inputs[0]
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	var report pipeline.TrainReport
	if err := json.Unmarshal(text, &report); err != nil || len(report.Epochs) == 0 {
		return fmt.Errorf("%w: %s: no report of yhat train", table.ErrData, path)
	}
	l := draw.Learning{MeasureName: report.Task.MeasureName(), Best: float64(report.BestEpoch)}
	for _, e := range report.Epochs {
		at := float64(e.Epoch)
		l.Loss = append(l.Loss, draw.XY{at, e.Loss})
		if e.Validation != nil {
			l.Validation = append(l.Validation, draw.XY{at, *e.Validation})
		}
		if e.Measure != nil {
			l.Measure = append(l.Measure, draw.XY{at, *e.Measure})
		}
	}
	return draw.Curves(l).Write(b, d.ext[1:])
}

// boundary draws what the network gives over two of its features.
func (d *drawing) boundary(ctx context.Context, b *bytes.Buffer) error {
	x, y, err := d.axisFeatures()
	if err != nil {
		return err
	}
	base, err := d.base(x, y)
	if err != nil {
		return err
	}
	m := d.model.Model
	r := draw.Region{X: axisName(&m.Features[x]), Y: axisName(&m.Features[y]), Title: m.Name, Threshold: 0.5}
	if m.Outputs.Threshold != nil {
		r.Threshold = *m.Outputs.Threshold
	}
	switch last := m.Layers[len(m.Layers)-1].Activation.Func; {
	case m.OutputWidth() > 1 && len(m.Outputs.Labels) > 0:
		r.Classes = m.Outputs.Labels
	case len(m.Outputs.Labels) == 0 && last != nn.Sigmoid:
		r.Values = true
		r.Title += ", " + pipeline.PredictionNames(m.Card())[0]
	}
	if len(m.Features) > 2 {
		r.Held = "the other features at what --hold says, else at their fill"
	}
	fx, fy := &m.Features[x], &m.Features[y]
	atX, atY := inputAt(m, x), inputAt(m, y)
	input := slices.Clone(base)
	r.At = func(vx, vy float64) []float64 {
		input[atX], input[atY] = (vx-fx.Center)/fx.Scale, (vy-fy.Center)/fy.Scale
		stages := m.Trace(input)
		return stages[len(stages)-1].Output
	}
	if err := d.spread(ctx, &r, fx, fy, atX, atY); err != nil {
		return err
	}
	return draw.Boundary(r).Write(b, d.ext[1:])
}

// spread puts the points into the region and its edges around them; without
// points the edges are three scales from the center.
func (d *drawing) spread(ctx context.Context, r *draw.Region, fx, fy *nn.Feature, atX, atY int) error {
	r.MinX, r.MaxX, r.MinY, r.MaxY = fx.Center-3*fx.Scale, fx.Center+3*fx.Scale, fy.Center-3*fy.Scale, fy.Center+3*fy.Scale
	if d.in == nil {
		return nil
	}
	points, err := pipeline.ReadPoints(ctx, d.points)
	if err != nil || len(points.X) == 0 {
		return err
	}
	low, high := draw.XY{math.Inf(1), math.Inf(1)}, draw.XY{math.Inf(-1), math.Inf(-1)}
	for _, p := range points.X {
		at := draw.XY{p[atX]*fx.Scale + fx.Center, p[atY]*fy.Scale + fy.Center}
		r.Points = append(r.Points, at)
		for i := range at {
			low[i], high[i] = min(low[i], at[i]), max(high[i], at[i])
		}
	}
	margin := func(i int) float64 { return max(1e-9, 0.06*(high[i]-low[i])) }
	r.MinX, r.MaxX, r.MinY, r.MaxY = low[0]-margin(0), high[0]+margin(0), low[1]-margin(1), high[1]+margin(1)
	r.Class, r.Names = points.Class, points.Classes
	return nil
}

// axisName is a feature with its unit.
func axisName(f *nn.Feature) string {
	if f.Unit != "" {
		return f.Name + ", " + f.Unit
	}
	return f.Name
}

// inputAt is the network's first input of feature f.
func inputAt(m *nn.Model, f int) int {
	at := 0
	for i := range f {
		at += m.Features[i].Width()
	}
	return at
}

// base is the network's input where the two features of the axes are still to
// be filled in: the others are held at what --hold says, else at their fill,
// else at their center.
func (d *drawing) base(x, y int) ([]float64, error) {
	m, held := d.model.Model, d.held()
	input := make([]float64, 0, m.InputWidth())
	for i := range m.Features {
		f := &m.Features[i]
		value, given := held[f.Name]
		delete(held, f.Name)
		if given && (i == x || i == y) {
			return nil, fmt.Errorf("%w: --hold %s: it is one of the axes", table.ErrUsage, f.Name)
		}
		if f.Categorical() {
			if !given {
				value = f.FillCategory
			}
			at := slices.Index(f.Categories, value)
			if given && at < 0 {
				return nil, fmt.Errorf("%w: --hold %s: it is one of %s", table.ErrUsage, f.Name, strings.Join(f.Categories, ", "))
			}
			for k := range f.Categories {
				input = append(input, map[bool]float64{true: 1}[k == at])
			}
			continue
		}
		v := f.Center
		if f.Fill != nil {
			v = *f.Fill
		}
		if given {
			var ok bool
			if v, ok = parseNumber(value); !ok {
				return nil, fmt.Errorf("%w: --hold %s: %q is no number", table.ErrUsage, f.Name, value)
			}
		}
		input = append(input, (v-f.Center)/f.Scale)
	}
	for name := range held {
		return nil, fmt.Errorf("%w: --hold names %q, which is no feature of the model", table.ErrUsage, name)
	}
	return input, nil
}
