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
func (t *Torrent) ReadAt(b []byte, off int64) (int, error) { return t.readAt(b, off, t.readFile) }

func (t *Torrent) readAt(b []byte, off int64, read func([]byte, span) (int, error)) (int, error) {
	if t.closed.Load() {
		return 0, ErrClosed
	}
	if off < 0 || off > t.layout.Length {
		return 0, fmt.Errorf("read torrent at %d: %w", off, fs.ErrInvalid)
	}
	rest := min(int64(len(b)), t.layout.Length-off)
	for s := range t.layout.spans(off, int(rest)) {
		if n, err := t.readPart(b[s.from:s.to], s, read); err != nil {
			t.fail(err)
			return s.from + n, err
		}
	}
	if int(rest) < len(b) {
		return int(rest), io.EOF
	}
	return len(b), nil
}

// readPart reads what belongs to one file, with read if it is in the file itself.
func (t *Torrent) readPart(b []byte, s span, read func([]byte, span) (int, error)) (int, error) {
	if t.layout.Files[s.file].Pad {
		clear(b)
		return len(b), nil
	}
	if t.spares.Load() {
		if n, ok, err := t.readSpare(b, s); ok {
			return n, err
		}
	}
	return read(b, s)
}

func (t *Torrent) readFile(b []byte, s span) (int, error) {
	h, err := t.acquire(s.file, false)
	if err != nil {
		return 0, t.unread(s.file, err)
	}
	defer handles.release(h)
	n, err := 0, t.refuses("read", s.file)
	if err == nil {
		n, err = h.file.ReadAt(b, s.at)
	}
	if n == len(b) {
		return n, nil
	}
	return n, t.unread(s.file, err)
}

// unread tells why a file was not read to the end: what is missing ends too early.
func (t *Torrent) unread(i int, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refused("read", t.full(i), fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, fs.ErrNotExist))
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return refused("read", t.full(i), err)
}

// refuses returns the error that a test puts in the place of the system's.
func (t *Torrent) refuses(op string, file int) error {
	if t.opts.Refuse == nil {
		return nil
	}
	return t.opts.Refuse(op, t.full(file))
}

func (t *Torrent) fail(err error) {
	if t.opts.OnError != nil && !errors.Is(err, ErrClosed) && t.failed.CompareAndSwap(false, true) {
		t.opts.OnError(err)
	}
}

// compare accepts a block for a foreign file if it holds those bytes already,
// so that a piece which reaches into such a file can still be completed.
func (t *Torrent) compare(b []byte, s span) error {
	old := make([]byte, len(b))
	if _, err := t.readFile(old, s); err == nil && bytes.Equal(old, b) {
		return nil
	}
	return &ForeignError{File: s.file, Path: t.full(s.file)}
}

func (t *Torrent) owner(i int) owner {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owners[i]
}

// whose returns whose file it is, and whether it is not wanted.
func (t *Torrent) whose(i int) (owner, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owners[i], t.skip != nil && t.skip[i]
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
	k := key{t, i, write}
	h, err := handles.find(k), error(nil)
	if h == nil {
		var at place
		h, err = handles.acquire(k,
			func() (f *os.File, err error) { f, at, err = t.open(i, write); return f, err },
			func() bool { return t.place(i) == at })
	}
	if err == nil && t.closed.Load() { // Close may have been too early to find it
		handles.release(h)
		handles.forget(t)
		return nil, ErrClosed
	}
	return h, err
}

// open opens a file where it is now, and creates it if it is to be written and
// nobody has one there.
func (t *Torrent) open(i int, write bool) (*os.File, place, error) {
	if err := t.refuses("open", i); err != nil {
		return nil, place{}, refused("open", t.full(i), err)
	}
	if !write {
		at := t.place(i)
		if f, err := openAt(at, os.O_RDONLY); !errors.Is(err, fs.ErrNotExist) || t.owner(i) == nobody {
			return f, at, err
		}
	}
	// It may be about to get another name.
	t.creating.Lock()
	defer t.creating.Unlock()
	at, flag := t.place(i), os.O_RDONLY
	if write {
		flag = os.O_WRONLY
	}
	if write && t.owner(i) == nobody {
		return t.create(i)
	}
	f, err := openAt(at, flag)
	if err == nil && write {
		if err = t.remains(i, f); err != nil {
			return nil, at, errors.Join(err, f.Close())
		}
	}
	if err == nil && write && t.layout.Files[i].spare {
		err = begin(f, t.opts.Key) // for the case that it was made just before a crash
	}
	return f, at, err
}

// remains fails if a file that was opened to be written is not the one that was there
// when it was seen last: it is not ours, and what was written to that one is lost.
func (t *Torrent) remains(i int, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return refused("look at", f.Name(), err)
	}
	t.mu.Lock()
	was := t.stamps[i]
	t.mu.Unlock()
	if was.other(stampOf(info)) && keepsNumbers(f.Name()) {
		return refused("open to write", t.full(i), fmt.Errorf("it was replaced: %w", fs.ErrNotExist))
	}
	return nil
}

// openAt opens a file that must be a regular one itself: a link, even one that
// stays in the folder, may lead to a file that is not ours.
func openAt(at place, flag int) (*os.File, error) {
	if f := openBeneath(at, flag); f != nil {
		return f, nil
	}
	root, err := openRoot(at.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	before, err := root.Lstat(at.name)
	if err != nil {
		return nil, refused("open", at.full(), err)
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: not a file", at.full())
	}
	f, err := root.OpenFile(at.name, flag, 0)
	if err != nil && flag != os.O_RDONLY {
		return nil, refused("open to write", at.full(), err)
	}
	if err != nil {
		return nil, refused("open", at.full(), err)
	}
	if after, err := f.Stat(); err != nil || !os.SameFile(before, after) {
		return nil, errors.Join(fmt.Errorf("open %s: it was replaced meanwhile", at.full()), err, f.Close())
	}
	return f, nil
}

// create makes the file and its folders. t.creating must be held.
func (t *Torrent) create(i int) (*os.File, place, error) {
	at, final, called := t.newPlace(i)
	if err := t.makeDir(at.dir); err != nil {
		return nil, at, err
	}
	t.sparing.Lock()
	defer t.sparing.Unlock()
	var f *os.File
	if _, err := os.Lstat(final.full()); !t.fetches(i) && (final == at || errors.Is(err, fs.ErrNotExist)) {
		f = openBeneath(at, toCreate)
	}
	if f == nil {
		var err error
		if f, err = t.createBelow(at, final, i); err != nil {
			return nil, at, err
		}
	}
	if t.layout.Files[i].spare {
		if err := begin(f, t.opts.Key); err != nil {
			return nil, at, errors.Join(refused("write", at.full(), err), f.Close())
		}
		t.spares.Store(true)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, at, errors.Join(refused("look at", at.full(), err), f.Close())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owners[i], t.dirty[i] = ours, true
	t.stamps[i].Node = node(info) // which file is ours, even before the next Sync
	t.call(i, called)
	t.noteEntry(at)
	return f, at, nil
}

const toCreate = os.O_WRONLY | os.O_CREATE | os.O_EXCL

// createBelow makes the file, and the folders on the way to it.
func (t *Torrent) createBelow(at, final place, i int) (*os.File, error) {
	root, err := openRoot(at.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(at.name), 0o777); err != nil {
		return nil, refused("make folder", filepath.Dir(at.full()), err)
	}
	if _, err := root.Lstat(final.name); err == nil {
		return nil, &ForeignError{File: i, Path: final.full(), New: true}
	}
	if t.fetches(i) {
		if f, err := t.fetch(root, i, at); f != nil || err != nil {
			return f, err
		}
	}
	f, err := root.OpenFile(at.name, toCreate, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, &ForeignError{File: i, Path: at.full(), New: true}
	}
	if err != nil {
		return nil, refused("create", at.full(), err)
	}
	return f, nil
}

// newPlace returns where a file that is not there yet is made, where it is when it is
// complete, and what it is called until then.
func (t *Torrent) newPlace(i int) (at, final place, called name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	called = t.table.name(i)
	final = t.table.place(i, name{base: called.base})
	called.part = t.policy.Suffix && t.layout.Files[i].Length > 0
	return t.table.place(i, called), final, called
}

// noteEntry has the folders synced in which something new leads to a place. t.mu
// must be held.
func (t *Torrent) noteEntry(at place) {
	for folder := filepath.Dir(at.name); ; folder = filepath.Dir(folder) {
		t.folders[filepath.Join(at.dir, folder)] = true
		if folder == "." {
			return
		}
	}
}

// makeDir makes the folder that files are to be below, unless one was there before: if
// that is gone its disk was taken away, and what is written must not end up beneath
// the empty mount point.
func (t *Torrent) makeDir(dir string) error {
	info, err := os.Stat(dir)
	switch then := t.seen[dir]; {
	case then != nil && (err != nil || !os.SameFile(then, info)):
		return &GoneError{Dir: dir}
	case err == nil:
		return nil
	}
	var changed []string
	for folder := dir; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(folder); err == nil {
			break
		}
		changed = append(changed, filepath.Dir(folder))
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return refused("make folder", dir, err)
	}
	t.see(dir)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, folder := range changed {
		t.folders[folder] = true
	}
	return nil
}

// see remembers a folder that files are below, if it is there. t.creating must be
// held.
func (t *Torrent) see(dir string) {
	info, err := os.Stat(dir)
	if err != nil {
		return
	}
	os.SameFile(info, info) // Windows asks only now which folder it is
	t.seen[dir] = info
	disk := diskOf(dir)
	t.mu.Lock()
	t.disk = disk
	t.mu.Unlock()
}
