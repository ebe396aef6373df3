package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// killsWanted is how many runs to kill.
func killsWanted(t *testing.T) int {
	kills, _ := strconv.Atoi(os.Getenv("YHAT_KILLS"))
	if kills == 0 {
		t.Skip("set YHAT_KILLS to a number of runs to kill")
	}
	return kills
}

// A run that is killed at any instant leaves the output old or complete, and
// the next run gives the same bytes. YHAT_KILLS says how many runs are killed.
func TestKilledRunsLeaveNothingHalf(t *testing.T) {
	kills := killsWanted(t)
	s := newSweep(t, "o.csv")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	score := func() *exec.Cmd { return &exec.Cmd{Path: program, Args: append([]string{"yhat"}, s.args...)} }
	began := time.Now()
	if out, err := score().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took, runs, killed := time.Since(began), 0, 0
	for i := 0; killed < kills; i++ {
		runs++
		old := []string{"", "yesterday"}[i%2]
		s.reset(old)
		run := score()
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(took) + 1)))
		run.Process.Kill()
		if run.Wait() != nil {
			killed++
		} else { // the machine is quicker now
			took = took * 9 / 10
		}
		got, err := os.ReadFile(s.output)
		untouched := old == "" && os.IsNotExist(err) || old != "" && string(got) == old
		if !untouched && !bytes.Equal(got, s.want) {
			t.Fatalf("kill %d: half an output of %d bytes", i, len(got))
		}
		s.succeed("after a kill")
	}
	if left := partials(t, filepath.Dir(s.output)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%d runs, %d of them killed before their end: 0 differences", runs, killed)
}
