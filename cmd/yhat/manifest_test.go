package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Any bytes in the place of a manifest are read, or tell nothing; what was read
// is written and read again as the same.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"yhat-folder/1","files":[
{"output":"a.csv","bytes":3,"sha256":"00","input":{"path":"in/a.csv","modified":"2001-01-01T00:00:00Z","bytes":1,"sha256":"11"},"model_sha256":"22","flags_sha256":"33","version":"1","rows":{"read":1,"scored":1,"rejected":0,"null":0},"reasons":{"missing":1}}
]}`))
	f.Add([]byte(`{"format":"yhat-folder/1","files":[{"output":""},{"output":"b"},7]}`))
	f.Add([]byte(`{"format":"yhat-folder/2","files":[{"output":"b"}]}`))
	path := filepath.Join(f.TempDir(), manifestName)
	read := func(t *testing.T, text []byte) map[string]entry {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		entries := map[string]entry{}
		if err := readManifest(path, entries); err != nil {
			t.Fatal(err)
		}
		return entries
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		entries := read(t, text)
		again, err := manifestText(entries)
		if err != nil { // a time beyond the year 9999 is none in JSON
			return
		}
		if got := read(t, again); !reflect.DeepEqual(got, entries) {
			t.Errorf("%+v, written and read again %+v", entries, got)
		}
	})
}
