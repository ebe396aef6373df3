package draw

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// HTML writes the film as one page with a slider. The page holds the places of
// every stage and draws what is between them itself; it loads nothing.
func (f *Film) HTML(w io.Writer, title string) error {
	type stage struct {
		Title   string   `json:"title"`
		Caption []string `json:"caption"`
		Box     [3]num   `json:"box"`
		Across  [][]num  `json:"across"`
		Down    [][]num  `json:"down"`
		Dots    []num    `json:"dots"`
	}
	film := struct {
		Stages []stage  `json:"stages"`
		Class  []int    `json:"class"`
		Names  []string `json:"names"`
		Colors []string `json:"colors"`
	}{Class: f.Class, Names: f.Names}
	for i := range max(1, len(f.Names)) {
		c := classColor(i, f.Names)
		film.Colors = append(film.Colors, fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
	}
	for _, s := range f.Stages {
		film.Stages = append(film.Stages, stage{s.Title, s.lines(), [3]num{num(s.Box.Center[0]), num(s.Box.Center[1]), num(s.Box.Half)}, manyFlat(s.Across), manyFlat(s.Down), flat(s.Dots)})
	}
	data, err := json.Marshal(film)
	if err != nil {
		return err
	}
	page := strings.NewReplacer("{{title}}", html.EscapeString(title), "{{film}}", string(data)).Replace(pageText)
	_, err = io.WriteString(w, page)
	return err
}

// num is written with four decimals at most, which no eye misses.
type num float64

// MarshalJSON writes the number.
func (n num) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(float64(n)*1e4) / 1e4)
}

func flat(places []XY) []num {
	list := make([]num, 0, 2*len(places))
	for _, p := range places {
		list = append(list, num(p[0]), num(p[1]))
	}
	return list
}

func manyFlat(lines [][]XY) [][]num {
	list := make([][]num, len(lines))
	for i, l := range lines {
		list[i] = flat(l)
	}
	return list
}

const pageText = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; color: #2d3038; margin: 2em auto; max-width: 42em; padding: 0 1em; }
canvas { width: 100%; aspect-ratio: 1; border: 1px solid #dee1e6; display: block; }
h1 { font-size: 1.1em; font-weight: 600; margin-bottom: 0; } #name { margin: .3em 0 .6em; } #caption { min-height: 3em; color: #5a606c; }
#row { display: flex; gap: 1em; align-items: center; margin: .6em 0; } input { flex: 1; }
button { font: inherit; padding: .2em .9em; }
#legend span { margin-right: 1.2em; } #legend i { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .4em; }
</style>
<h1>{{title}}</h1>
<p id="name"></p>
<canvas id="plane" role="img" aria-label="grid and points at the chosen stage"></canvas>
<div id="row"><button id="play">Play</button><input id="slider" type="range" min="0" step="0.01" value="0" aria-label="stage"></div>
<div id="caption"></div><div id="legend"></div>
<script>
"use strict";
const film = {{film}};
const canvas = document.getElementById("plane"), pen = canvas.getContext("2d");
const slider = document.getElementById("slider"), play = document.getElementById("play");
const last = film.stages.length - 1;
slider.max = last;
let place = 0; // between 0 and last; the slider shows it in steps
const ease = t => t * t * (3 - 2 * t);
// ticks writes a few round numbers along the left and the lower edge.
function ticks(box, side, X, Y) {
  const rough = box[2] / 3, ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * [1, 2, 5, 10].find(m => m * ten >= rough);
  pen.font = Math.round(12 * devicePixelRatio) + "px system-ui, sans-serif";
  pen.fillStyle = pen.strokeStyle = "#868c98";
  pen.lineWidth = devicePixelRatio;
  const mark = 5 * devicePixelRatio, gap = 4 * devicePixelRatio;
  for (const axis of [0, 1]) {
    for (let n = Math.ceil((box[axis] - 0.92 * box[2]) / step); n * step < box[axis] + 0.92 * box[2]; n++) {
      const text = String(+(n * step).toPrecision(6)).replace("-", "−");
      pen.beginPath();
      if (axis) {
        pen.textAlign = "left"; pen.textBaseline = "middle";
        pen.moveTo(0, Y(n * step)); pen.lineTo(mark, Y(n * step));
        pen.fillText(text, mark + gap, Y(n * step));
      } else {
        pen.textAlign = "center"; pen.textBaseline = "bottom";
        pen.moveTo(X(n * step), side); pen.lineTo(X(n * step), side - mark);
        pen.fillText(text, X(n * step), side - mark - gap / 2);
      }
      pen.stroke();
    }
  }
}
function show() {
  const at = place, i = Math.min(Math.floor(at), Math.max(0, last - 1)), e = last ? ease(at - i) : 0;
  const a = film.stages[i], b = film.stages[Math.min(i + 1, last)];
  const mid = (x, y) => x + e * (y - x);
  const side = canvas.width = canvas.height = Math.round(canvas.clientWidth * devicePixelRatio);
  const box = a.box.map((v, k) => mid(v, b.box[k]));
  const scale = side / (2 * box[2]);
  const X = v => (v - box[0] + box[2]) * scale, Y = v => side - (v - box[1] + box[2]) * scale;
  pen.clearRect(0, 0, side, side);
  ticks(box, side, X, Y);
  pen.lineWidth = Math.max(0.6, side / 1100);
  for (const [key, color] of [["across", "#adb4c0"], ["down", "#cdc4b6"]]) {
    pen.strokeStyle = color;
    for (let n = 0; n < (a[key] || []).length; n++) {
      const p = a[key][n], q = b[key][n];
      pen.beginPath();
      for (let k = 0; k < p.length; k += 2) pen.lineTo(X(mid(p[k], q[k])), Y(mid(p[k + 1], q[k + 1])));
      pen.stroke();
    }
  }
  const radius = side / (a.dots.length > 3000 ? 340 : 240);
  for (let k = 0; k < a.dots.length; k += 2) {
    pen.fillStyle = film.colors[film.class ? film.class[k / 2] : 0];
    pen.beginPath();
    pen.arc(X(mid(a.dots[k], b.dots[k])), Y(mid(a.dots[k + 1], b.dots[k + 1])), radius, 0, 7);
    pen.fill();
  }
  const now = e < 0.02 ? a : b;
  document.getElementById("name").textContent = now.title;
  document.getElementById("caption").textContent = (now.caption || []).join("   ");
}
for (const [i, name] of (film.names || []).entries()) {
  const item = document.createElement("span"), dot = document.createElement("i");
  dot.style.background = film.colors[i];
  item.append(dot, name);
  document.getElementById("legend").append(item);
}
let running = false;
play.onclick = () => {
  running = !running;
  play.textContent = running ? "Pause" : "Play";
  if (running && place >= last) place = 0;
  let before = performance.now();
  requestAnimationFrame(function step(now) {
    if (!running) return;
    slider.value = place = Math.min(last, place + Math.max(0, now - before) / 1200);
    before = now;
    show();
    if (place >= last) { running = false; play.textContent = "Play"; } else requestAnimationFrame(step);
  });
};
slider.oninput = () => { place = +slider.value; show(); };
addEventListener("resize", show);
show();
</script>
</html>
`
