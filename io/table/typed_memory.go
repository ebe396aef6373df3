package table

import (
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// recycler is an allocator that gives large buffers out again once they have
// been freed, so that a long table takes no more memory than a short one.
//
// Buffers outlive the source or sink that owns the recycler: after close they
// go back to where they came from.
type recycler struct {
	from memory.Allocator
	zero bool // clear what is given out again, as the library expects

	mu     sync.Mutex
	free   [][]byte // the last freed last
	kept   int      // bytes of free
	used   int      // bytes given out
	peak   int      // most bytes ever given out
	closed bool
}

// minRecycled is the smallest buffer that is kept.
const minRecycled = 4 << 10

func newRecycler(from memory.Allocator, zero bool) *recycler {
	return &recycler{from: from, zero: zero}
}

// Allocate returns a buffer that is at most twice as large as need be.
func (r *recycler) Allocate(size int) []byte {
	if size < minRecycled {
		return r.from.Allocate(size)
	}
	b := r.take(size)
	if b == nil {
		return r.from.Allocate(size)
	}
	if r.zero {
		clear(b)
	}
	return b
}

// take counts a buffer as used and returns it if there is one to be had.
func (r *recycler) take(size int) (b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	used := size
	for i := len(r.free) - 1; i >= 0; i-- {
		if f := r.free[i]; cap(f) >= size && cap(f) <= 2*size {
			r.free = append(r.free[:i], r.free[i+1:]...)
			used, b = cap(f), f[:size]
			r.kept -= used
			break
		}
	}
	r.used += used
	r.peak = max(r.peak, r.used)
	return b
}

// Free takes a buffer back. No more is kept than was ever in use at once.
func (r *recycler) Free(b []byte) {
	if cap(b) < minRecycled {
		r.from.Free(b)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b = b[:cap(b)]
	r.used -= cap(b)
	if r.closed {
		r.from.Free(b)
		return
	}
	r.free = append(r.free, b)
	r.kept += cap(b)
	for r.kept > r.peak {
		r.kept -= cap(r.free[0])
		r.from.Free(r.free[0])
		r.free = append(r.free[:0], r.free[1:]...)
	}
}

// Reallocate returns a buffer of another size with the same contents.
func (r *recycler) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) && cap(b) >= minRecycled {
		return b[:size]
	}
	grown := r.Allocate(size)
	copy(grown, b)
	if b != nil {
		r.Free(b)
	}
	return grown
}

// close gives back what is free, and from now on all else as it is freed.
func (r *recycler) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, b := range r.free {
		r.from.Free(b)
	}
	r.free, r.kept = nil, 0
}

// boundedAllocator refuses allocations that no sound file asks for, by a panic
// that guard turns into an error: the library trusts the sizes that compressed
// buffers give for themselves.
type boundedAllocator struct{ memory.Allocator }

// maxBuffer is the largest single buffer of an Arrow file, 2 GiB.
const maxBuffer = 2 << 30

func (b *boundedAllocator) Allocate(size int) []byte {
	checkBuffer(size)
	return b.Allocator.Allocate(size)
}

func (b *boundedAllocator) Reallocate(size int, buf []byte) []byte {
	checkBuffer(size)
	return b.Allocator.Reallocate(size, buf)
}

func checkBuffer(size int) {
	if size < 0 || size > maxBuffer {
		panic(fmt.Sprintf("a buffer of %d bytes is too large", size))
	}
}
