package main

import (
	"bufio"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"yhat/io/table"
)

// Bounds of --memory.
const (
	leastMemory = 32 << 20 // the program itself takes about as much
	mostMemory  = math.MaxInt64 / 16
)

// readMemory is --memory: what the run may take in all. By default it is three
// quarters of what the process may have; the rest is for the program itself,
// the system's caches and a neighbour.
func (s *settings) readMemory() int64 {
	otherwise := allowedMemory(os.DirFS("/")) / 4 * 3
	if s.command == "train" || !s.has("memory") { // train's is of encoded rows
		return max(otherwise, leastMemory)
	}
	n, ok := parseBytes(s.text("memory"))
	if !ok || n < leastMemory || n > mostMemory {
		s.refuse("memory", "%q is no size of at least 32MiB, such as 512MiB or 2GiB", s.text("memory"))
		return max(otherwise, leastMemory)
	}
	return n
}

// How much garbage may pile up beside what lives, in percent. A start, and a run
// over a small table, is over before anything is worth collecting. Else little
// garbage is made, and collecting it early costs no time that could be measured:
// at 20 % Parquet of 100 million rows peaks a tenth lower than at 50.
const (
	startPercent = 400
	runPercent   = 20
)

// smallInput is up to how many bytes of input make a small table.
const smallInput = 1 << 20

// collectGarbage sets the percentage, unless the user has set one.
func collectGarbage(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// limitMemory makes the garbage collector work harder near the limit.
func limitMemory(most int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most)
	}
}

// allowedMemory is what the control groups that the process is in allow, of
// either version, or else what the machine has.
func allowedMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	take := func(name string) {
		if n, ok := readLimit(root, name); ok && n > 0 {
			least = min(least, n)
		}
	}
	seen := map[string]bool{}
	for _, dir := range controlGroups(root) {
		// A limit of a group above holds as well.
		for ; !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			for _, file := range []string{"memory.max", "memory.high", "memory.limit_in_bytes"} {
				take(path.Join(dir, file))
			}
			if dir == "." || path.Dir(dir) == "sys/fs" {
				break
			}
		}
	}
	return min(least, machineMemory(root))
}

// controlGroups are the folders of the process's groups, as /proc tells them:
// "0::/a/b" in version 2, "9:memory:/a/b" in version 1.
func controlGroups(root fs.FS) []string {
	dirs := []string{"sys/fs/cgroup", "sys/fs/cgroup/memory"} // what a container sees as its own
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return dirs
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) != 3:
		case parts[0] == "0" && parts[1] == "":
			dirs = append(dirs, path.Join("sys/fs/cgroup", path.Clean("/"+parts[2])))
		case parts[1] == "memory":
			dirs = append(dirs, path.Join("sys/fs/cgroup/memory", path.Clean("/"+parts[2])))
		}
	}
	return dirs
}

// readLimit reads a file of one number; "max" is none.
func readLimit(root fs.FS, name string) (int64, bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// machineMemory is MemTotal of /proc/meminfo, or without limit where there is
// no such thing.
func machineMemory(root fs.FS) int64 {
	f, err := root.Open("proc/meminfo")
	if err != nil {
		return mostMemory
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "MemTotal:" {
			if kb, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return mostMemory
}

// A block is held several times over on its way: as text, as numbers and cells,
// and as what is written. Half the memory is for blocks.
const (
	timesOver  = 6
	leastBlock = 4 << 10
	blocksHalf = 2
)

// workers is --workers: by default every core the process may use, but no more
// than there is memory for.
func (s *settings) workers() int {
	const most = 1024
	n := s.whole("workers", int64(runtime.GOMAXPROCS(0)), 1)
	if n > most {
		s.refuse("workers", "%d is more than %d", n, most)
	}
	room := s.memory/blocksHalf/timesOver/leastBlock - 2
	return int(max(1, min(n, room)))
}

// blockSize is --block-size, or less where memory is short: it never changes
// the output.
func (s *settings) blockSize(workers int) int {
	n := s.bytes("block-size", table.DefaultBlockSize)
	if room := s.memory / blocksHalf / timesOver / int64(workers+2); int64(n) > room {
		n = max(int(room), leastBlock)
	}
	return n
}

// textBlock is blockSize, or 0 where neither the user nor want of memory says what
// it is, so that blocks of wide tables may be larger.
func (s *settings) textBlock(workers int) int {
	if n := s.blockSize(workers); s.has("block-size") || n < table.DefaultBlockSize {
		return n
	}
	return 0
}

// ahead is how many blocks more than workers + 2 there is memory for, up to
// what two workers gained by; one worker waits for nobody.
func (s *settings) ahead(workers, blockSize int) int {
	const most = 12
	if workers == 1 {
		return 0
	}
	room := s.memory/blocksHalf/timesOver/int64(max(blockSize, 1)) - int64(workers+2)
	return int(max(0, min(room, most)))
}
