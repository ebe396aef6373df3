package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"yhat/io/model"
	"yhat/nn"
)

// TestSpirals learns the networks of fixtures/ anew by the commands that made
// them. On a vector kernel the files are the same to the byte; elsewhere the
// network only has to do what it is there for.
func TestSpirals(t *testing.T) {
	names := []string{"spirals-2", "spirals-3"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			fixture := filepath.Join("../../fixtures", name)
			out := filepath.Join(t.TempDir(), name+".json")
			if code := run([]string{"train", "--config", fixture + ".yaml", fixture + ".csv", "-o", out, "--quiet"}); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			made, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := os.ReadFile(fixture + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if k, _ := nn.ChooseKernel(os.Getenv("YHAT_KERNEL")); k.Name() != "generic" && !bytes.Equal(unversioned(made), unversioned(stored)) {
				t.Error("the network is not the one in fixtures/")
			}
			checkSeparated(t, out, fixture+".csv")
		})
	}
}

// unversioned is a model without the version that made it.
func unversioned(text []byte) []byte {
	return regexp.MustCompile(`"by": "yhat [^ ]* train"`).ReplaceAll(text, nil)
}

// checkSeparated follows every point of a table through a network: at the end
// it is less than half way from where its class belongs to where another does.
func checkSeparated(t *testing.T, path, points string) {
	m, err := model.LoadNative(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(points)
	if err != nil {
		t.Fatal(err)
	}
	corners := map[string][2]float64{"blue": {1, 1}, "orange": {-1, -1}, "green": {0, 0}}
	for line := range strings.Lines(strings.SplitN(string(text), "\n", 2)[1]) {
		var x1, x2 float64
		cells := strings.Split(strings.TrimSpace(line), ",")
		fmt.Sscan(cells[0], &x1)
		fmt.Sscan(cells[1], &x2)
		stages := m.Trace([]float64{x1, x2})
		y, own := stages[len(stages)-1].Output, corners[cells[2]]
		if d := math.Hypot(y[0]-own[0], y[1]-own[1]); !(d < 0.7) {
			t.Fatalf("%s: the point %s, %s ends at %v", cells[2], cells[0], cells[1], y)
		}
	}
}
