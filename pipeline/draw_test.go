package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"yhat/io/table"
	"yhat/nn"
)

func TestReadPoints(t *testing.T) {
	fill := 7.0
	m := &nn.Model{Features: []nn.Feature{{Name: "a", Center: 1, Scale: 2}, {Name: "b", Scale: 1, Fill: &fill}, {Name: "c", Categories: []string{"u", "v"}}}}
	text := "b,a,c,kind\n1,3,u,x\n,5,v,y\n2,,u,x\n2,1,w,x\n4,1,v,\n1,1,u,y\n"
	path := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := ReadPoints(context.Background(), &PointsJob{Inputs: []string{path}, Workers: 1, Model: m, Label: "kind", Limit: 10,
		Open: func(p string) (table.Source, error) { return table.Open(p, table.ReadOptions{}) }})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{1, 1, 1, 0}, {2, 7, 0, 1}, {0, 1, 1, 0}}
	if !reflect.DeepEqual(p.X, want) || !reflect.DeepEqual(p.Class, []int{0, 1, 1}) || p.LeftOut != 3 {
		t.Errorf("%+v", p)
	}
}

func TestActivationColumns(t *testing.T) {
	got := ActivationColumns([]string{"id", "a1_0", "a2_0", "a1_1", "a4_0"})
	if !reflect.DeepEqual(got, [][]string{{"a1_0", "a1_1"}, {"a2_0"}}) {
		t.Errorf("%v", got)
	}
}
