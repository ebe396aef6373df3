package table

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// folder makes empty files, and folders where a name ends in a slash.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if strings.HasSuffix(name, "/") {
			err = os.Mkdir(path, 0o700)
		} else {
			err = os.WriteFile(path, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExpand(t *testing.T) {
	dir := folder(t, "b.csv", "a.csv.gz", "B.csv", "c.parquet", "d.parquet.gz", "e.json", "README",
		"_part.csv", ".hidden.csv", ".out.csv.yhat-partial", "sub.csv/", "sub/x.csv", "out.csv",
		"t[1].csv", "t1.csv", "empty/readme")
	if err := os.Symlink("b.csv", filepath.Join(dir, "link.tsv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("out.csv", filepath.Join(dir, "out-link.csv")); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		args    string
		exclude string
		want    string
	}{
		{"-", "", "-"},
		{"b.csv", "", "b.csv"},
		{"README e.json", "", "README e.json"},
		{"b.csv a.csv.gz b.csv", "", "b.csv a.csv.gz b.csv"},
		{".", "out.csv", "B.csv a.csv.gz b.csv c.parquet link.tsv t1.csv t[1].csv"},
		{"*.csv", "", "B.csv b.csv out-link.csv out.csv t1.csv t[1].csv"},
		{"*", "out-link.csv", "B.csv a.csv.gz b.csv c.parquet link.tsv t1.csv t[1].csv"},
		{"out.csv", "out.csv", "out.csv"}, // named: refused elsewhere, not passed over
		{"t[1].csv", "", "t[1].csv"},
		{"t[12].csv", "", "t1.csv"},
		{"*/*", "", "sub/x.csv"},
		{"none.csv", "", "none.csv: ErrNotExist"},
		{"b.csv *.zst", "", "*.zst: ErrNotExist"},
		{"empty", "", "empty: ErrNotExist"},
		{"b.csv/x", "", "b.csv/x: not a directory"},
		{"t[", "", "t[: ErrUsage"},
	}
	t.Chdir(dir)
	for _, c := range cases {
		got, err := Expand(strings.Fields(c.args), c.exclude, "-", "no-such-file")
		if name, kind, ok := strings.Cut(c.want, ": "); ok {
			kinds := map[string]error{"ErrNotExist": fs.ErrNotExist, "ErrUsage": ErrUsage}
			if err == nil || !strings.Contains(err.Error(), name) || kinds[kind] != nil && !errors.Is(err, kinds[kind]) {
				t.Errorf("Expand(%s): %v, error %v; want %s", c.args, got, err, c.want)
			}
			continue
		}
		for i := range got {
			got[i] = filepath.Clean(got[i])
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("Expand(%s) without %q: %v, error %v; want %s", c.args, c.exclude, got, err, c.want)
		}
	}
}

func TestReadList(t *testing.T) {
	cases := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a.csv\nb c.csv\n\n-\r\nlast", []string{"a.csv", "b c.csv", "-", "last"}},
		{"a\nb.csv\x00c.csv\r\x00\x00", []string{"a\nb.csv", "c.csv\r"}},
	}
	for _, c := range cases {
		got, err := ReadList(strings.NewReader(c.text))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: error %v\n%s", c.text, err, diff)
		}
	}
	if _, err := ReadList(iotest.ErrReader(errors.New("gone"))); !errors.Is(err, ErrIO) {
		t.Errorf("error %v, want ErrIO", err)
	}
}

func TestAnOutputThatIsAnInputIsRefused(t *testing.T) {
	dir := folder(t, "in.csv", "other.csv")
	in, other := filepath.Join(dir, "in.csv"), filepath.Join(dir, "other.csv")
	symlink, hard := filepath.Join(dir, "sym.csv"), filepath.Join(dir, "hard.csv")
	if err := errors.Join(os.Symlink("in.csv", symlink), os.Link(in, hard)); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{in, dir + "/./in.csv", symlink, hard} {
		if err := CheckDistinct([]string{other, in}, out); !errors.Is(err, ErrUsage) {
			t.Errorf("output %s: %v, want ErrUsage", out, err)
		}
	}
	for _, out := range []string{"-", "", filepath.Join(dir, "new.csv"), dir} {
		if err := CheckDistinct([]string{in, "-", dir}, out); err != nil {
			t.Errorf("output %q: %v", out, err)
		}
	}
}
