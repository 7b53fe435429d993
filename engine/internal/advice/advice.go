// Package advice tells the system what will be read of a file and what is not needed
// any more, for who reads a whole file once: so the disk is read in order and ahead,
// and the page cache keeps what others had in it. Where the system has no such calls,
// nothing happens.
package advice

import (
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	window    = 4 << 20    // bytes of a file for which is decided whether they are in the page cache
	small     = 256 << 10  // bytes that are read at once, for which nothing is read ahead
	readAhead = 2 * window // bytes that the disk is ahead of the reader

	// What lies in memory and takes longer to read has been swapped out.
	swapping = 10 * time.Millisecond
)

// Advice is about one open file, which is read through it, each byte once, by several
// goroutines if need be. What was in the page cache before stays there.
type Advice struct {
	file *os.File
	size int64

	swapped atomic.Bool // its file system is in memory, but not all of it is

	mu     sync.Mutex
	states []state        // of each window; nil if the file system is in memory
	left   []atomic.Int32 // bytes of each window that were not read yet
}

// state is what is known of a window.
type state uint8

const (
	unknown state = iota
	warm          // it was in the page cache
	cold          // it was not, and was asked for
)

// New returns the advice for a file of which the first size bytes will be read. The
// file must stay open while it is used.
func New(f *os.File, size int64) *Advice {
	if inMemory(f) {
		return &Advice{file: f, size: size}
	}
	n := int((size + window - 1) / window)
	if size > small {
		ownWay(f)
	}
	a := &Advice{file: f, size: size, states: make([]state, n), left: make([]atomic.Int32, n)}
	for i := range a.left {
		a.left[i].Store(int32(min(window, size-int64(i)*window)))
	}
	return a
}

// ReadAt reads all of b, or as io.ReaderAt says. It waits for the disk if it must.
func (a *Advice) ReadAt(b []byte, at int64) (n int, err error) {
	if a.states == nil {
		return a.readMemory(b, at)
	}
	a.ahead(at, at+int64(len(b)))
	if n = ReadCached(a.file, [][]byte{b}, at); n < len(b) {
		var more int
		more, err = a.file.ReadAt(b[n:], at+int64(n))
		n += more
	}
	a.behind(at, int64(n))
	return n, err
}

// readMemory is ReadAt on a file system in memory, which knows no advice. As long as
// such a read does not wait, the scheduler is not told of it.
func (a *Advice) readMemory(b []byte, at int64) (n int, err error) {
	if !a.swapped.Load() {
		start := time.Now()
		n = readNow(a.file, b, at)
		if time.Since(start) > swapping {
			a.swapped.Store(true)
		}
	}
	if n == len(b) {
		return n, nil
	}
	more, err := a.file.ReadAt(b[n:], at+int64(n))
	return n + more, err
}

// ahead is called before the bytes from an offset up to end are read.
func (a *Advice) ahead(at, end int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := at / window; w*window < min(end+readAhead, a.size); w++ {
		if a.states[w] == unknown {
			a.states[w] = a.ask(w)
		}
	}
}

// ask has a window read, unless it is in the page cache.
func (a *Advice) ask(w int64) state {
	at, n := a.bounds(w)
	if cached(a.file, at, n) {
		return warm
	}
	if n > small {
		willNeed(a.file, at, n)
	}
	return cold
}

// behind is called after n bytes at an offset were read.
func (a *Advice) behind(at, n int64) {
	for end := at + n; at < end; {
		w := at / window
		part := min(end, (w+1)*window) - at
		if a.left[w].Add(-int32(part)) == 0 {
			a.drop(w)
		}
		at += part
	}
}

// Close takes out of the page cache what was brought there but not read as a whole.
// It does not close the file.
func (a *Advice) Close() {
	for w := range a.left {
		if a.left[w].Load() > 0 {
			a.drop(int64(w))
		}
	}
}

// drop takes a window out of the page cache that was not there before.
func (a *Advice) drop(w int64) {
	a.mu.Lock()
	state := a.states[w]
	a.mu.Unlock()
	if state == cold {
		at, n := a.bounds(w)
		dontNeed(a.file, at, n)
	}
}

func (a *Advice) bounds(w int64) (at, n int64) { return w * window, min(window, a.size-w*window) }
