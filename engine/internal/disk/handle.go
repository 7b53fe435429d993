package disk

import (
	"container/list"
	"os"
	"sync"

	"piecewise/engine/internal/advice"
)

// handles is shared by all torrents, so that thousands of them stay within the
// process's limit of open files.
var handles = newCache(128)

// key names a handle. Reading and writing have their own, so that a file that
// may only be read can be.
type key struct {
	torrent *Torrent
	file    int
	write   bool
}

// handle is an open file with the number of its users. Users and place are guarded by the cache's mutex.
type handle struct {
	key     key
	file    *os.File
	writing sync.Mutex // held by who writes to the file
	users   int
	place   *list.Element // nil once it is out of the cache

	reading sync.Once // of a Scan, which sets advice
	advice  *advice.Advice
}

// cache keeps the handles that were used last. One in use is never closed: if
// it is dropped meanwhile, its last user closes it.
type cache struct {
	limit  int
	mu     sync.Mutex
	byKey  map[key]*handle
	recent *list.List // of *handle, the newest first
}

func newCache(limit int) *cache {
	return &cache{limit: limit, byKey: make(map[key]*handle), recent: list.New()}
}

// find returns the handle for k, nil if there is none. The caller must release it.
func (c *cache) find(k key) *handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(k)
}

// acquire returns the handle for k, opening it with open if there is none. A file
// that current says is somewhere else by now is opened again: nobody ever gets it
// who asks after it was put there and forgotten. The caller must release the handle.
func (c *cache) acquire(k key, open func() (*os.File, error), current func() bool) (*handle, error) {
	for {
		if h := c.find(k); h != nil {
			return h, nil
		}
		f, err := open()
		if err != nil {
			return nil, err
		}
		if h := c.add(k, f, current); h != nil {
			return h, nil
		}
	}
}

// add puts a file in the cache that was opened for k. If another one was faster, f
// is closed and that one's handle returned; nil if f is not current any more.
func (c *cache) add(k key, f *os.File, current func() bool) *handle {
	c.mu.Lock()
	h := c.take(k)
	if h != nil || !current() {
		c.mu.Unlock()
		_ = f.Close() // nothing was written
		return h
	}
	h = &handle{key: k, file: f, users: 1}
	h.place = c.recent.PushFront(h)
	c.byKey[k] = h
	idle := c.shrink()
	c.mu.Unlock()
	closeAll(idle)
	return h
}

func (c *cache) take(k key) *handle {
	h := c.byKey[k]
	if h != nil {
		h.users++
		c.recent.MoveToFront(h.place)
	}
	return h
}

func (c *cache) release(h *handle) {
	c.mu.Lock()
	h.users--
	last := h.users == 0 && h.place == nil
	c.mu.Unlock()
	if last {
		closeAll([]*handle{h})
	}
}

// holds reports whether a handle is what others get for its file.
func (c *cache) holds(h *handle) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return h.place != nil
}

// forget drops all handles of a torrent and returns once the idle ones are closed.
func (c *cache) forget(t *Torrent) {
	c.mu.Lock()
	var idle []*handle
	for k, h := range c.byKey {
		if k.torrent == t {
			idle = c.drop(h, idle)
		}
	}
	c.mu.Unlock()
	closeAll(idle)
}

// forgetFile does so for one file of a torrent.
func (c *cache) forgetFile(t *Torrent, file int) {
	c.mu.Lock()
	var idle []*handle
	for _, write := range []bool{false, true} {
		if h := c.byKey[key{t, file, write}]; h != nil {
			idle = c.drop(h, idle)
		}
	}
	c.mu.Unlock()
	closeAll(idle)
}

func (c *cache) shrink() (idle []*handle) {
	for c.recent.Len() > c.limit {
		idle = c.drop(c.recent.Back().Value.(*handle), idle)
	}
	return idle
}

func (c *cache) drop(h *handle, idle []*handle) []*handle {
	c.recent.Remove(h.place)
	h.place = nil
	delete(c.byKey, h.key)
	if h.users == 0 {
		idle = append(idle, h)
	}
	return idle
}

func closeAll(idle []*handle) {
	for _, h := range idle {
		if h.advice != nil {
			h.advice.Close()
		}
		_ = h.file.Close() // what was written is made safe by Sync, which reports its own errors
	}
}
