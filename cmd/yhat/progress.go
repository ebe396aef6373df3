package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"yhat/pipeline"
)

// progress shows rows, bytes a second and, when the size is known, the time
// left. A nil progress shows nothing.
type progress struct {
	bar    *progressbar.ProgressBar
	last   time.Time
	before pipeline.Progress // of the tables that are done
	now    pipeline.Progress
}

// newProgress makes the bar that --progress asks for. Auto shows it to a
// person who does not get the data on the same terminal.
func (u *ui) newProgress(when string, inputs []string, toStdout bool) *progress {
	mixed := toStdout && u.stdoutTerminal
	if when == "never" || when == "auto" && (!u.chatty() || mixed) {
		return nil
	}
	bar := progressbar.NewOptions64(totalSize(inputs),
		progressbar.OptionSetWriter(u.stderr),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetSpinnerChangeInterval(0),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish())
	return &progress{bar: bar}
}

// totalSize is the size of all inputs on disk, -1 when one has none.
func totalSize(inputs []string) int64 {
	var total int64
	for _, path := range inputs {
		info, err := os.Stat(path)
		if path == "-" || err != nil || !info.Mode().IsRegular() {
			return -1
		}
		total += info.Size()
	}
	return total
}

// show brings the bar up to date, some times a second.
func (p *progress) show(now pipeline.Progress) {
	if p == nil {
		return
	}
	p.now = now
	if time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	p.bar.Describe(count(p.before.Rows+now.Rows) + " rows")
	p.bar.Set64(p.before.Bytes + now.Bytes)
}

// next says that what is shown from now on is of another table.
func (p *progress) next() {
	if p != nil {
		p.before.Rows, p.before.Bytes = p.before.Rows+p.now.Rows, p.before.Bytes+p.now.Bytes
		p.now = pipeline.Progress{}
	}
}

// done takes the bar off the screen.
func (p *progress) done() {
	if p != nil {
		p.bar.Clear()
	}
}

// count writes a number with commas between its thousands.
func count(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
