package create

import (
	"os"
	"sync"
	"sync/atomic"
)

const (
	window    = 4 << 20    // bytes of a file for which is decided whether they are in the page cache
	small     = 256 << 10  // bytes that are read at once, for which nothing is read ahead
	readAhead = 2 * window // bytes that the disk is ahead of the hashes
)

// advice tells the system what will be read of a file, and what is not needed any
// more. What was in the page cache before stays there.
type advice struct {
	file *os.File
	size int64

	mu    sync.Mutex
	asked int64 // everything before this was told
	cold  []bool
	left  []atomic.Int32 // bytes of each window that were not read yet
}

func newAdvice(f *os.File, size int64) *advice {
	n := int((size + window - 1) / window)
	if size > small {
		ownWay(f)
	}
	a := &advice{file: f, size: size, cold: make([]bool, n), left: make([]atomic.Int32, n)}
	for i := range a.left {
		a.left[i].Store(int32(min(window, size-int64(i)*window)))
	}
	return a
}

// ahead is called before the bytes up to end are read.
func (a *advice) ahead(end int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.asked < min(end+readAhead, a.size) {
		n := min(window, a.size-a.asked)
		if !cached(a.file, a.asked, n) {
			a.cold[a.asked/window] = true
			if n > small {
				willNeed(a.file, a.asked, n)
			}
		}
		a.asked += n
	}
}

// behind is called after n bytes at an offset were read.
func (a *advice) behind(at, n int64) {
	for end := at + n; at < end; {
		w := at / window
		part := min(end, (w+1)*window) - at
		if a.left[w].Add(-int32(part)) == 0 && a.isCold(w) {
			dontNeed(a.file, w*window, min(window, a.size-w*window))
		}
		at += part
	}
}

func (a *advice) isCold(window int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cold[window]
}
