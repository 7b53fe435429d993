package disk

import (
	"fmt"
	"io/fs"
)

// Read fills buffers with bytes of the torrent that follow each other from an offset
// on, with as few calls of the system as there are files. The range must lie within
// the torrent. Otherwise it is as ReadAt; with an error, what the buffers hold is not
// said.
func (t *Torrent) Read(bufs [][]byte, off int64) error {
	if t.closed.Load() {
		return ErrClosed
	}
	rest, total := vector(bufs), 0
	for _, b := range bufs {
		total += len(b)
	}
	if off < 0 || off > t.layout.Length || int64(total) > t.layout.Length-off {
		return fmt.Errorf("read torrent at %d: %w", off, fs.ErrInvalid)
	}
	for s := range t.layout.spans(off, total) {
		var part vector
		part, rest = rest.cut(s.to - s.from)
		if err := t.readVector(part, s); err != nil {
			t.fail(err)
			return err
		}
	}
	return nil
}

// readVector reads what belongs to one file.
func (t *Torrent) readVector(v vector, s span) error {
	if len(v) > 1 && !t.layout.Files[s.file].Pad && !t.spares.Load() {
		return t.readFileTo(v, s)
	}
	for _, b := range v {
		s.to = s.from + len(b)
		if _, err := t.readPart(b, s, t.readFile); err != nil {
			return err
		}
		s.from, s.at = s.to, s.at+int64(len(b))
	}
	return nil
}

func (t *Torrent) readFileTo(v vector, s span) error {
	h, err := t.acquire(s.file, false)
	if err != nil {
		return t.unread(s.file, err)
	}
	defer handles.release(h)
	if err = t.refuses("read", s.file); err == nil {
		err = readAt(h.file, v, s.at)
	}
	if err != nil {
		return t.unread(s.file, err)
	}
	return nil
}
