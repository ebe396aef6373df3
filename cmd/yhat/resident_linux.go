package main

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// forgetStart lets go of the pages of the program's own code and constants.
// Making every linked package ready has touched most of them; a run needs a
// third, which comes back from the page cache where it is touched.
func forgetStart() {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, m := range constantMaps(string(maps), program) {
		// Where the system will not, they stay: nothing depends on it.
		unix.Syscall(unix.SYS_MADVISE, m[0], m[1]-m[0], unix.MADV_DONTNEED)
	}
}

// constantMaps are the address ranges, from and to, of a file's mappings that
// cannot be written to, read from lines of proc_pid_maps(5).
func constantMaps(maps, file string) (ranges [][2]uintptr) {
	for line := range strings.Lines(maps) {
		// address, permissions, offset, device, inode, and the file's path.
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasSuffix(strings.TrimSpace(line), " "+file) || !strings.HasPrefix(fields[1], "r-") {
			continue
		}
		first, last, _ := strings.Cut(fields[0], "-")
		from, err1 := strconv.ParseUint(first, 16, 64)
		to, err2 := strconv.ParseUint(last, 16, 64)
		if err1 == nil && err2 == nil && from < to {
			ranges = append(ranges, [2]uintptr{uintptr(from), uintptr(to)})
		}
	}
	return ranges
}
