package table

import (
	"context"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// pollEvery is how long a read waits for a pipe before it looks at its
// context again, in milliseconds.
const pollEvery = 100

// pipe reads from what may keep a reader waiting (a pipe, a FIFO, a terminal)
// and stops waiting when its context ends.
type pipe struct {
	ctx context.Context
	f   *os.File
}

// patient makes reads of a file that is not regular end with the context.
func patient(ctx context.Context, r io.Reader) io.Reader {
	f, ok := r.(*os.File)
	if !ok || ctx == nil {
		return r
	}
	return &pipe{ctx, f}
}

// Read waits until there is something to read, then reads it.
func (p *pipe) Read(b []byte) (int, error) {
	fds := []unix.PollFd{{Fd: int32(p.f.Fd()), Events: unix.POLLIN}}
	for {
		if p.ctx.Err() != nil {
			return 0, context.Cause(p.ctx)
		}
		n, err := unix.Poll(fds, pollEvery)
		if n > 0 || err != nil && err != unix.EINTR {
			return p.f.Read(b)
		}
	}
}
