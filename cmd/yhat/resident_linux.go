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
	maps, err := os.ReadFile("/proc/self/smaps")
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
// cannot be written to and of which no page has been, read from lines of
// smaps, proc_pid_smaps(5). Written ones there are all the same: a loader
// relocates constants before it makes them read-only, as in a program that is
// independent of its position, and a debugger's breakpoints stand in code. Such
// pages are anonymous, and would come back from the file as they once were.
func constantMaps(maps, file string) (ranges [][2]uintptr) {
	var of [2]uintptr
	for line := range strings.Lines(maps) {
		fields := strings.Fields(line)
		if at, ok := addresses(fields); ok {
			// address, permissions, offset, device, inode, and the file's path
			of = [2]uintptr{}
			if len(fields) >= 6 && strings.HasSuffix(strings.TrimSpace(line), " "+file) && strings.HasPrefix(fields[1], "r-") {
				of = at
			}
		} else if of != [2]uintptr{} && len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0" {
			ranges = append(ranges, of)
		}
	}
	return ranges
}

// addresses are those at the head of a mapping.
func addresses(fields []string) (at [2]uintptr, ok bool) {
	if len(fields) == 0 {
		return at, false
	}
	first, last, _ := strings.Cut(fields[0], "-")
	from, err1 := strconv.ParseUint(first, 16, 64)
	to, err2 := strconv.ParseUint(last, 16, 64)
	return [2]uintptr{uintptr(from), uintptr(to)}, err1 == nil && err2 == nil && from < to
}
