package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/draw"
	"yhat/pipeline"
)

const drawExamples = `yhat draw layers -m tanh_layer.json --grid -5..5 --lines 80 -o layer.svg
yhat draw layers -m spirals.json spirals.csv --label class -o spirals.svg
yhat draw layers -m spirals.json spirals.csv --label class -o spirals.gif
yhat draw layers -m spirals.json spirals.csv --label class -o spirals.html
yhat draw layers scored.csv --label class -o inside.svg     # from columns a1_0, a1_1, …
yhat draw network -m heart.json -o network.svg
yhat draw boundary -m heart.json patients.csv --axes age_years,weight_kg --label sick -o boundary.svg
yhat draw weights -m heart.json -o weights.svg
yhat draw curves run.json -o curves.svg                     # of yhat train --report
`

// kinds are what yhat draw draws.
var kinds = []string{"layers", "network", "boundary", "weights", "curves"}

func drawCommand(u *ui) *cli.Command {
	flags := append([]cli.Flag{one(reading, "model", "the model `FILE`", "m")}, readFlags()...)
	flags = append(flags, cellFlags()...)
	flags = append(flags,
		one(reading, "files-from", "read the names of the inputs, one a line, from `FILE`, or - for stdin"),
		one(reading, "label", "`NAME` of the column whose values colour the points"),
		one(reading, "limit", "draw only the first `N` points (default 5000)"),
		one(writing, "output", "draw into `FILE`: .svg, .png or .pdf; layers also .gif and .html (required)", "o"),
		one(writing, "grid", "layers: `FROM..TO` of the grid, both ways (default: around the points, else -5..5)"),
		one(writing, "lines", "layers: `N` lines of the grid each way (default 40; 0: no grid)"),
		truth(writing, "all-stages", "layers: also W and +b of each layer (always so with a single layer, .gif and .html)"),
		many(writing, "axes", "boundary: the two features, `A,B`, that span the picture (default: the first two)"),
		many(writing, "hold", "boundary: `FEATURE=VALUE` of the others (default: their fill, or center)"))
	flags = append(flags, runFlags()...)
	return &cli.Command{
		Name:        "draw",
		Usage:       "draw layers, network, boundary, weights or curves",
		UsageText:   "yhat draw layers|network|boundary|weights|curves -o FILE [FLAGS] [INPUT ...]",
		Description: drawExamples,
		Flags:       append(flags, truth(telling, "quiet", "say nothing but errors"), one(telling, "log-format", "messages as `FORMAT` text (default) or json")),
		Action: u.begins(func(ctx context.Context, u *ui, s *settings) error {
			d, err := readDrawing(ctx, u, s)
			if err != nil {
				return err
			}
			return d.draw(ctx)
		}),
	}
}

// drawing is one run of yhat draw.
type drawing struct {
	ui     *ui
	s      *settings
	kind   string
	output string
	ext    string
	model  *model.Model
	in     *inputs // nil without a table
	points *pipeline.PointsJob
	grid   draw.Grid
	span   bool // the grid was asked for
}

// readDrawing reads all flags of yhat draw.
func readDrawing(ctx context.Context, u *ui, s *settings) (*drawing, error) {
	d := &drawing{ui: u, s: s, output: s.text("output")}
	if len(s.inputs) > 0 {
		d.kind, s.inputs = s.inputs[0], s.inputs[1:]
	}
	if !slices.Contains(kinds, d.kind) {
		s.refuseUse("what to draw? yhat draw %s …", strings.Join(kinds, "|"))
	}
	formats := stills
	if d.kind == "layers" {
		formats = append(slices.Clone(stills), ".gif", ".html")
	}
	if d.ext = strings.ToLower(filepath.Ext(d.output)); d.output == "" {
		s.refuseUse("yhat draw needs -o FILE")
	} else {
		checkPicture(s, "output", d.output, formats)
		s.spare("output", d.output)
	}
	d.points = &pipeline.PointsJob{Workers: s.workers(), Map: readMap(s), Label: s.text("label"), Limit: int(s.whole("limit", 5000, 1))}
	d.readGrid()
	if len(s.inputs) > 0 && d.kind != "curves" || s.has("files-from") {
		d.in = readInputs(ctx, u, s, d.points.Workers)
	}
	if path := s.text("model"); path == "" && d.kind != "curves" && (d.kind != "layers" || d.in == nil) {
		s.refuseUse("no model: name one with -m MODEL")
	}
	if s.err != nil {
		return nil, s.err
	}
	return d, d.load()
}

// readGrid reads the grid of the layers.
func (d *drawing) readGrid() {
	d.grid = draw.Grid{From: -5, To: 5, Lines: d.s.wholeTo("lines", 40, 0, 1000), Samples: 101}
	if d.span = d.s.has("grid"); !d.span {
		return
	}
	from, to, ok := strings.Cut(d.s.text("grid"), "..")
	var okFrom, okTo bool
	d.grid.From, okFrom = parseNumber(from)
	d.grid.To, okTo = parseNumber(to)
	if !ok || !okFrom || !okTo || d.grid.From >= d.grid.To {
		d.s.refuse("grid", "%q is not of the form FROM..TO, such as -5..5", d.s.text("grid"))
	}
}

// load reads the model and finds the inputs.
func (d *drawing) load() error {
	if path := d.s.text("model"); path != "" {
		m, err := model.LoadNative(path)
		if err != nil {
			return fmt.Errorf("model: %w", err)
		}
		d.model, d.points.Model = m, m.Model
	}
	var err error
	if d.points.Kernel, err = chooseKernel(); err != nil || d.in == nil {
		return err
	}
	if err := d.in.find(d.output); err != nil {
		return err
	}
	d.points.Inputs, d.points.Open = d.in.paths, d.in.open
	return table.CheckDistinct(d.in.paths, d.output)
}

// draw makes the picture and publishes it.
func (d *drawing) draw(ctx context.Context) error {
	var b bytes.Buffer
	var err error
	switch d.kind {
	case "layers":
		err = d.layers(ctx, &b)
	case "network":
		err = draw.Network(d.model.Model, pipeline.PredictionNames(d.model.Card())).Write(&b, d.ext[1:])
	case "weights":
		err = draw.Weights(d.model.Model, pipeline.PredictionNames(d.model.Card())).Write(&b, d.ext[1:])
	case "boundary":
		err = d.boundary(ctx, &b)
	case "curves":
		err = d.curves(&b)
	}
	if err != nil {
		return err
	}
	return publishPicture(d.ui, d.output, b.Bytes())
}

// layers follows grid and points through the layers.
func (d *drawing) layers(ctx context.Context, b *bytes.Buffer) error {
	film, err := d.film(ctx)
	if err != nil {
		return err
	}
	switch d.ext {
	case ".gif":
		return film.GIF(b)
	case ".html":
		return film.HTML(b, d.title())
	}
	single := d.model != nil && len(d.model.Layers) == 1
	return film.Still(d.model != nil && (single || d.s.yes("all-stages", false))).Write(b, d.ext[1:])
}

// film is made of a model, or of a table that score wrote with --activations.
func (d *drawing) film(ctx context.Context) (*draw.Film, error) {
	if d.model == nil {
		return d.filmOfTable(ctx)
	}
	points := &pipeline.Points{}
	if d.in != nil {
		var err error
		if points, err = pipeline.ReadPoints(ctx, d.points); err != nil {
			return nil, err
		}
		d.fitGrid(points)
	}
	film, err := draw.Layers(d.model.Model, draw.Points{X: points.X, Class: points.Class, Classes: points.Classes}, d.grid)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", table.ErrUsage, err)
	}
	return film, nil
}

// fitGrid lays the grid around the points, unless it was asked for.
func (d *drawing) fitGrid(points *pipeline.Points) {
	if d.span || len(points.X) == 0 {
		return
	}
	reach := 0.0
	for _, x := range points.X {
		for _, v := range x {
			reach = max(reach, v, -v)
		}
	}
	d.grid.From, d.grid.To = -1.1*reach, 1.1*reach
}

// filmOfTable reads the columns a1_0, a1_1, … of a scored table.
func (d *drawing) filmOfTable(ctx context.Context) (*draw.Film, error) {
	src, err := d.in.open(d.in.paths[0])
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range src.Fields() {
		names = append(names, f.Name)
	}
	src.Close()
	layers := pipeline.ActivationColumns(names)
	if len(layers) == 0 {
		return nil, fmt.Errorf("%w: %s: no columns a1_0, a1_1, … of yhat score --activations, and no model (-m)", table.ErrData, d.in.paths[0])
	}
	d.points.Columns = slices.Concat(layers...)
	points, err := pipeline.ReadPoints(ctx, d.points)
	if err != nil {
		return nil, err
	}
	if len(points.X) == 0 {
		return nil, fmt.Errorf("%w: %s: no rows to draw", table.ErrData, d.in.paths[0])
	}
	var titles []string
	rows := make([][][]float64, len(layers))
	for _, x := range points.X {
		for l, units := range layers {
			rows[l] = append(rows[l], x[:len(units)])
			x = x[len(units):]
		}
	}
	for l := range layers {
		titles = append(titles, fmt.Sprintf("layer %d", l+1))
	}
	return draw.Activations(titles, rows, points.Class, points.Classes), nil
}

// held are the values of the features that --hold gives, by name.
func (d *drawing) held() map[string]string {
	held := map[string]string{}
	for _, p := range d.s.pairs("hold", "FEATURE=VALUE") {
		held[p.name] = p.value
	}
	return held
}

// axisFeatures are the two features that span a boundary.
func (d *drawing) axisFeatures() (x, y int, err error) {
	names := d.s.list("axes")
	if !d.s.has("axes") && len(d.model.Features) >= 2 {
		names = []string{d.model.Features[0].Name, d.model.Features[1].Name}
	}
	if d.s.err != nil {
		return 0, 0, d.s.err
	}
	at := func(name string) int {
		return slices.IndexFunc(d.model.Features, func(f nn.Feature) bool { return f.Name == name && !f.Categorical() })
	}
	if len(names) != 2 || at(names[0]) < 0 || at(names[1]) < 0 || names[0] == names[1] {
		return 0, 0, fmt.Errorf("%w: --axes names two numeric features of the model", table.ErrUsage)
	}
	return at(names[0]), at(names[1]), nil
}

// title is the model's name, else what the output is called.
func (d *drawing) title() string {
	if d.model != nil && d.model.Model != nil && d.model.Model.Name != "" {
		return d.model.Model.Name
	}
	return modelName(d.output)
}
