package table

import "golang.org/x/sys/unix"

// StartSync implements File by sync_file_range(2). Its errors do not matter:
// Sync does the work that is left and has the say.
func (f osFile) StartSync(from, n int64) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SyncFileRange(int(fd), from, n, unix.SYNC_FILE_RANGE_WRITE)
	})
}
