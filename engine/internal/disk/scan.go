package disk

import (
	"os"

	"piecewise/engine/internal/advice"
)

// scanHandles is how many files of a Scan stay open besides those in use.
const scanHandles = 16

// Scan reads all of a torrent once, roughly in order, by several goroutines if need
// be. It has handles of its own, so that the files of other torrents stay open; what
// it reads from the disk is read ahead, and does not stay in the page cache.
type Scan struct {
	t    *Torrent
	open *cache
}

// Scan begins to read the torrent. Who called it closes it.
func (t *Torrent) Scan() *Scan { return &Scan{t, newCache(scanHandles)} }

// ReadAt is Torrent.ReadAt.
func (s *Scan) ReadAt(b []byte, off int64) (int, error) { return s.t.readAt(b, off, s.readSpan) }

func (s *Scan) readSpan(b []byte, part span) (int, error) {
	t, i := s.t, part.file
	var at place
	h, err := s.open.acquire(key{t, i, false},
		func() (f *os.File, err error) { f, at, err = t.open(i, false); return f, err },
		func() bool { return t.place(i) == at })
	if err != nil {
		return 0, t.unread(i, err)
	}
	defer s.open.release(h)
	h.reading.Do(func() { h.advice = advice.New(h.file, t.layout.Files[i].Length) })
	n, err := 0, t.refuses("read", i)
	if err == nil {
		n, err = h.advice.ReadAt(b, part.at)
	}
	if n == len(b) {
		return n, nil
	}
	return n, t.unread(i, err)
}

// Close closes the files once nobody reads them any more.
func (s *Scan) Close() { s.open.forget(s.t) }
