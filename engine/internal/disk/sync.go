package disk

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// Sync waits until every file written since the last Sync, and every folder
// that got a new entry, is on the disk. What could not be opened is tried again by the
// next one; but once the system has failed to sync a file all later ones fail: it
// says only once that it has lost what was written. Bytes written while it runs may
// be left to the next Sync.
func (t *Torrent) Sync() error {
	if t.closed.Load() {
		return ErrClosed
	}
	t.syncing.Lock()
	defer t.syncing.Unlock()
	t.mu.Lock()
	if t.unsafe != nil {
		defer t.mu.Unlock()
		return t.unsafe
	}
	dirty, folders := t.dirty, t.folders
	t.dirty, t.folders = make(map[int]bool), make(map[string]bool)
	t.mu.Unlock()
	var errs []error
	for i := range dirty {
		if err := t.syncFile(i); err != nil {
			errs = append(errs, err)
			t.markDirty(i)
		}
	}
	for folder := range folders {
		if err := syncFolder(folder); err != nil && !(errors.Is(err, fs.ErrNotExist) && !t.uses(folder)) {
			errs = append(errs, err)
			t.mu.Lock()
			t.folders[folder] = true
			t.mu.Unlock()
		}
	}
	if len(errs) > 0 {
		t.fail(errs[0])
	}
	return errors.Join(errs...)
}

func (t *Torrent) syncFile(i int) error {
	h, err := t.acquire(i, true)
	if err != nil {
		return err
	}
	defer handles.release(h)
	err = t.stays(i, h)
	// Before it is synced: the stamp is never newer than what is on the disk.
	info, failed := h.file.Stat()
	if failed == nil {
		failed = t.refuses("sync", i)
	}
	if failed == nil {
		failed = h.file.Sync()
	}
	if failed != nil {
		err = refused("sync", t.full(i), failed)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.unsafe = err
		return err
	}
	t.stamps[i] = stampOf(info)
	return nil
}

// stays reports if a file is not where it was when it was opened: what is written to
// it is lost as soon as it is closed.
func (t *Torrent) stays(i int, h *handle) error {
	same := func(path string) bool {
		opened, err := h.file.Stat()
		found, missing := os.Lstat(path)
		return err == nil && missing == nil && os.SameFile(opened, found)
	}
	path := t.full(i)
	if same(path) {
		return nil
	}
	t.creating.Lock() // it may be about to get another name
	defer t.creating.Unlock()
	if t.full(i) != path || same(path) || !handles.holds(h) {
		return nil
	}
	return refused("sync", path, fs.ErrNotExist)
}

// syncFolder makes new names in a folder last. Windows has no such call and
// writes them through.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // a folder far above the save folder that we may not read
	}
	if err != nil {
		return refused("sync folder", path, err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return refused("sync folder", path, err)
	}
	return nil
}

// Finish creates the files that have no bytes, with their folders. One that is
// there already is left as it is.
func (t *Torrent) Finish() error {
	for i, f := range t.layout.Files {
		if f.Length > 0 || f.Pad || t.owner(i) != nobody {
			continue
		}
		h, err := t.acquire(i, true)
		if err != nil {
			return err
		}
		handles.release(h)
	}
	return nil
}
