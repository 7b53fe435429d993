package disk

import (
	"fmt"
	"io/fs"
)

// Write stores bytes that follow each other in a piece, wherever they belong,
// with as few calls of the system as there are files. It keeps nothing of bufs
// and changes none of them. An error is told to Options.OnError too.
//
// To one file one caller writes at a time: the system lets others wait anyway,
// and would keep their threads busy.
func (t *Torrent) Write(piece int, begin int64, bufs [][]byte) error {
	_, err := t.write(piece, begin, bufs, true)
	return err
}

// TryWrite is Write for a caller who has something else to do while another one
// writes to the same file: then it returns false, and the bytes are still to be
// written.
func (t *Torrent) TryWrite(piece int, begin int64, bufs [][]byte) (done bool, err error) {
	return t.write(piece, begin, bufs, false)
}

func (t *Torrent) write(piece int, begin int64, bufs [][]byte, wait bool) (done bool, err error) {
	if t.closed.Load() {
		return false, ErrClosed
	}
	total := 0
	for _, b := range bufs {
		total += len(b)
	}
	off := int64(piece)*t.layout.PieceLength + begin
	if piece < 0 || begin < 0 || off > t.layout.Length || int64(total) > t.layout.Length-off {
		return false, fmt.Errorf("write piece %d at %d: %w", piece, begin, fs.ErrInvalid)
	}
	rest := vector(bufs)
	for s := range t.layout.spans(off, total) {
		var part vector
		part, rest = rest.cut(s.to - s.from)
		done, err := t.writePart(part, s, wait)
		if err != nil {
			t.fail(err)
		}
		if err != nil || !done {
			return false, err
		}
	}
	return true, nil
}

// writePart writes what belongs to one file; it returns false if somebody else
// does and it is not to wait.
func (t *Torrent) writePart(v vector, s span, wait bool) (bool, error) {
	if t.layout.Files[s.file].Pad {
		return true, nil
	}
	if !t.enter(wait) {
		return false, nil
	}
	defer t.gate.RUnlock()
	if t.frozen {
		return false, ErrClosed
	}
	switch owner, skip := t.whose(s.file); {
	case owner == foreign:
		return true, t.compare(v.join(s.to-s.from), s)
	case owner == nobody && skip:
		if done, ok, err := t.writeSpare(v, s, wait); ok {
			return done, err
		}
	}
	return t.writeFile(v, s, wait)
}

// writeFile writes to a file that is ours or not there yet.
func (t *Torrent) writeFile(v vector, s span, wait bool) (bool, error) {
	h, err := t.acquire(s.file, true)
	if err != nil {
		return false, err
	}
	defer handles.release(h)
	return t.writeTo(h, v, s, wait)
}

func (t *Torrent) writeTo(h *handle, v vector, s span, wait bool) (bool, error) {
	if wait {
		h.writing.Lock()
	} else if !h.writing.TryLock() {
		return false, nil
	}
	defer h.writing.Unlock()
	// Marked after the write too: a Sync in between has taken the first mark, and
	// may have been too early for these bytes.
	t.markDirty(s.file)
	t.wrote()
	err := t.refuses("write", s.file)
	if err == nil {
		err = writeAt(h.file, v, s.at)
	}
	t.wrote()
	t.written(s.file, int64(s.to-s.from))
	if c := t.copying.Load(); c != nil {
		c.wrote(s.file, s.at, int64(s.to-s.from))
	}
	if err != nil {
		return false, refused("write", t.full(s.file), err)
	}
	return true, nil
}

// enter waits until no move switches over, or returns false if one does and it is
// not to wait. Who has entered leaves by t.gate.RUnlock.
func (t *Torrent) enter(wait bool) bool {
	if wait {
		t.gate.RLock()
		return true
	}
	return t.gate.TryRLock()
}

func (t *Torrent) wrote() {
	if t.opts.OnWrite != nil {
		t.opts.OnWrite()
	}
}

// vector is bytes that follow each other, in several buffers.
type vector [][]byte

// cut returns the first n bytes and the rest, which share the buffers.
func (v vector) cut(n int) (first, rest vector) {
	for i, b := range v {
		if n < len(b) {
			first = append(append(first, v[:i]...), b[:n:n])
			rest = append(append(rest, b[n:]), v[i+1:]...)
			return first, rest
		}
		if n -= len(b); n == 0 {
			return v[: i+1 : i+1], v[i+1:]
		}
	}
	return v, nil
}

func (v vector) join(n int) []byte {
	all := make([]byte, 0, n)
	for _, b := range v {
		all = append(all, b...)
	}
	return all
}

// Verified notes that a piece's bytes had the right hash.
func (t *Torrent) Verified(piece int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.have.Set(piece)
}
