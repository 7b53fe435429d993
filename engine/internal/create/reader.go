package create

import (
	"errors"
	"io"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/advice"
)

// reader reads the torrent that the files make, zeros between them. Every byte is
// read once, so a file is closed when all of it was.
type reader struct {
	files   *Files
	offsets []int64

	opening sync.Mutex
	folders *folders

	mu   sync.Mutex
	open map[int]*source

	done     atomic.Int64
	telling  sync.Mutex
	told     time.Time
	progress func(int64)
}

// source is a file that is being read.
type source struct {
	once sync.Once
	file *os.File
	err  error
	left atomic.Int64 // bytes that were not read yet
	*advice.Advice
}

const tellEvery = 100 * time.Millisecond

func newReader(f *Files, folders *folders, offsets []int64, progress func(int64)) *reader {
	return &reader{files: f, folders: folders, offsets: offsets, open: make(map[int]*source), progress: progress}
}

// ReadAt reads all of b, or tells what is wrong with a file.
func (r *reader) ReadAt(b []byte, off int64) (int, error) {
	at, end := off, off+int64(len(b))
	// The first file that ends behind off; those with no bytes are never it.
	i := sort.Search(len(r.offsets), func(i int) bool { return r.offsets[i]+r.files.List[i].Length > off })
	for ; i < len(r.offsets) && r.offsets[i] < end; i++ {
		from := max(off, r.offsets[i])
		to := min(end, r.offsets[i]+r.files.List[i].Length)
		if from >= to {
			continue
		}
		clear(b[at-off : from-off])
		if err := r.read(b[from-off:to-off], i, from-r.offsets[i]); err != nil {
			return int(from - off), err
		}
		at = to
	}
	clear(b[at-off:])
	return len(b), nil
}

func (r *reader) read(b []byte, i int, at int64) error {
	s := r.source(i)
	s.once.Do(func() { r.start(s, i) })
	if s.err != nil {
		return s.err
	}
	if n, err := s.ReadAt(b, at); n < len(b) {
		if errors.Is(err, io.EOF) {
			return &ChangedError{Path: r.files.Full(i)}
		}
		return r.files.failed(r.files.List[i].open, err)
	}
	if s.left.Add(-int64(len(b))) == 0 {
		r.mu.Lock()
		delete(r.open, i)
		r.mu.Unlock()
		_ = s.file.Close() // nothing was written to it
	}
	r.tell(r.done.Add(int64(len(b))))
	return nil
}

func (r *reader) source(i int) *source {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.open[i]
	if s == nil {
		s = &source{}
		s.left.Store(r.files.List[i].Length)
		r.open[i] = s
	}
	return s
}

// start opens a file, which must be what was found.
func (r *reader) start(s *source, i int) {
	name := r.files.List[i].open
	r.opening.Lock()
	f, err := r.folders.open(name)
	r.opening.Unlock()
	if err != nil {
		s.err = r.files.failed(name, err)
		return
	}
	s.file, s.Advice = f, advice.New(f, r.files.List[i].Length)
	if info, err := f.Stat(); err != nil || !r.files.List[i].is(info) {
		s.err = &ChangedError{Path: r.files.Full(i)}
	}
}

// tell reports progress now and then.
func (r *reader) tell(done int64) {
	if r.progress == nil || !r.telling.TryLock() {
		return
	}
	defer r.telling.Unlock()
	if now := time.Now(); now.Sub(r.told) >= tellEvery {
		r.told = now
		r.progress(done)
	}
}

// close closes what is open after an error.
func (r *reader) close() {
	for _, s := range r.open {
		if s.file != nil {
			_ = s.file.Close() // nothing was written to it
		}
	}
}
