package disk

import (
	"maps"
	"slices"
)

// soaked is how many bytes are written before the system is to begin with them.
const soaked = 8 << 20

// Soaked reports whether so much was written that it is time to Drain.
func (t *Torrent) Soaked() bool { return drains && t.undrained.Load() >= soaked }

// Drain has the system begin to write to the disk what is in its memory of the
// torrent's files, so that the next Sync finds little left to wait for. By itself it
// would begin only half a minute later. Files that are not open any more are left to
// Sync, and so is whatever fails here: the system tells Sync. Drain may wait for the disk when
// that has much to do, so it is for who holds up nobody.
func (t *Torrent) Drain() {
	t.mu.Lock()
	files := t.fresh
	t.fresh = make(map[int]bool)
	t.undrained.Store(0)
	t.mu.Unlock()
	for _, i := range slices.Sorted(maps.Keys(files)) {
		if h := handles.find(key{t, i, true}); h != nil {
			if t.refuses("drain", i) == nil {
				startWriteOut(h.file)
			}
			handles.release(h)
		}
	}
}

// written notes that n bytes of a file are with the system.
func (t *Torrent) written(i int, n int64) {
	t.mu.Lock()
	t.dirty[i] = true
	if drains {
		t.fresh[i] = true
		t.undrained.Add(n)
	}
	t.mu.Unlock()
}
