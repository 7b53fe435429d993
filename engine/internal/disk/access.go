package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadAt reads at an offset of the torrent; pad files read as zeros. Where a
// file is missing or too short the error is io.ErrUnexpectedEOF, at the end of
// the torrent io.EOF.
func (t *Torrent) ReadAt(b []byte, off int64) (int, error) {
	if t.closed.Load() {
		return 0, ErrClosed
	}
	if off < 0 || off > t.layout.Length {
		return 0, fmt.Errorf("read torrent at %d: %w", off, fs.ErrInvalid)
	}
	rest := min(int64(len(b)), t.layout.Length-off)
	for s := range t.layout.spans(off, int(rest)) {
		if n, err := t.readSpan(b[s.from:s.to], s); err != nil {
			return s.from + n, err
		}
	}
	if int(rest) < len(b) {
		return int(rest), io.EOF
	}
	return len(b), nil
}

func (t *Torrent) readSpan(b []byte, s span) (int, error) {
	if t.layout.Files[s.file].Pad {
		clear(b)
		return len(b), nil
	}
	h, err := t.acquire(s.file, false)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, refused("read", t.full(s.file), fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, fs.ErrNotExist))
	}
	if err != nil {
		return 0, err
	}
	defer handles.release(h)
	n, err := h.file.ReadAt(b, s.at)
	if n == len(b) {
		return n, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, refused("read", t.full(s.file), err)
}

func (t *Torrent) fail(err error) {
	if t.opts.OnError != nil && !errors.Is(err, ErrClosed) {
		t.failed.Do(func() { t.opts.OnError(err) })
	}
}

// compare accepts a block for a foreign file if it holds those bytes already,
// so that a piece which reaches into such a file can still be completed.
func (t *Torrent) compare(b []byte, s span) error {
	old := make([]byte, len(b))
	if _, err := t.readSpan(old, s); err == nil && bytes.Equal(old, b) {
		return nil
	}
	return &ForeignError{File: s.file, Path: t.full(s.file)}
}

func (t *Torrent) owner(i int) owner {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owners[i]
}

func (t *Torrent) markDirty(i int) {
	t.mu.Lock()
	t.dirty[i] = true
	t.mu.Unlock()
}

func (t *Torrent) acquire(i int, write bool) (*handle, error) {
	if t.closed.Load() {
		return nil, ErrClosed
	}
	h, err := handles.acquire(key{t, i, write}, func() (*os.File, error) {
		if write {
			return t.openToWrite(i)
		}
		return t.openExisting(i, os.O_RDONLY)
	})
	if err == nil && t.closed.Load() { // Close may have been too early to find it
		handles.release(h)
		handles.forget(t)
		return nil, ErrClosed
	}
	return h, err
}

// openToWrite opens a file of ours, and creates it if nobody has one there.
func (t *Torrent) openToWrite(i int) (*os.File, error) {
	t.creating.Lock()
	defer t.creating.Unlock()
	if t.owner(i) == nobody {
		return t.create(i)
	}
	return t.openExisting(i, os.O_WRONLY)
}

// openExisting opens a file that must be a regular one itself: a link, even
// one that stays in the save folder, may lead to a file that is not ours.
func (t *Torrent) openExisting(i, flag int) (*os.File, error) {
	root, err := openRoot(t.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := t.layout.name(i)
	before, err := root.Lstat(name)
	if err != nil {
		return nil, refused("open", t.full(i), err)
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: not a file", t.full(i))
	}
	f, err := root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, refused("open", t.full(i), err)
	}
	if after, err := f.Stat(); err != nil || !os.SameFile(before, after) {
		return nil, errors.Join(fmt.Errorf("open %s: it was replaced meanwhile", t.full(i)), err, f.Close())
	}
	return f, nil
}

// create makes the file and its folders. t.creating must be held.
func (t *Torrent) create(i int) (*os.File, error) {
	if err := t.makeDir(); err != nil {
		return nil, err
	}
	root, err := openRoot(t.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := t.layout.name(i)
	if err := root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, refused("make folder", filepath.Dir(t.full(i)), err)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, &ForeignError{File: i, Path: t.full(i), New: true}
	}
	if err != nil {
		return nil, refused("create", t.full(i), err)
	}
	t.mu.Lock()
	t.owners[i] = ours
	for folder := filepath.Dir(name); ; folder = filepath.Dir(folder) {
		t.folders[filepath.Join(t.dir, folder)] = true
		if folder == "." {
			break
		}
	}
	t.mu.Unlock()
	return f, nil
}

// makeDir makes the save folder, unless it was there before: then its disk was
// taken away, and what is written must not end up beneath the empty mount point.
func (t *Torrent) makeDir() error {
	if _, err := os.Stat(t.dir); err == nil {
		return nil
	}
	if t.hadDir {
		return &GoneError{t.dir}
	}
	var changed []string
	for folder := t.dir; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(folder); err == nil {
			break
		}
		changed = append(changed, filepath.Dir(folder))
	}
	if err := os.MkdirAll(t.dir, 0o777); err != nil {
		return refused("make folder", t.dir, err)
	}
	t.hadDir = true
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, folder := range changed {
		t.folders[folder] = true
	}
	return nil
}
