package main

import (
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestConstantMaps(t *testing.T) {
	const maps = `00400000-01a00000 r-xp 00000000 fe:00 1181 /opt/a b/yhat
Size:              22528 kB
Anonymous:             0 kB
01a00000-02fe2000 r--p 01600000 fe:00 1181                             /opt/a b/yhat
Anonymous:             0 kB
AnonHugePages:         0 kB
02fe2000-035e2000 rw-p 02be2000 fe:00 1181                             /opt/a b/yhat
Anonymous:             0 kB
035e2000-035e3000 r--p 031e2000 fe:00 1181                             /opt/a b/yhat
Anonymous:             4 kB
035e3000-05634000 rw-p 00000000 00:00 0 
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 fe:00 99                       /opt/other/yhat
Anonymous:             0 kB
7ffe00000000-7ffe00002000 r-xp 00000000 00:00 0                        [vdso]
Anonymous:             0 kB
nonsense r--p 0 0 0 /opt/a b/yhat
Anonymous:             0 kB
`
	want := [][2]uintptr{{0x400000, 0x1a00000}, {0x1a00000, 0x2fe2000}}
	if got := constantMaps(maps, "/opt/a b/yhat"); !reflect.DeepEqual(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got := constantMaps(maps, "/opt/none"); got != nil {
		t.Errorf("%x, want none", got)
	}
}

// What is let go of is really out of memory, and the program goes on.
func TestForgetStart(t *testing.T) {
	before := residentFile(t)
	forgetStart()
	if after := residentFile(t); after > before*3/4 {
		t.Errorf("%d kB of files are resident, %d before", after, before)
	}
}

// residentFile is RssFile of proc_pid_status(5), in kB.
func residentFile(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, ok := strings.Cut(string(text), "RssFile:")
	if !ok {
		t.Skip("no RssFile")
	}
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
