package disk

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// Sync waits until every file written since the last Sync, and every folder
// that got a new entry, is on the disk. What failed is tried again by the next
// one. Bytes written while it runs may be left to the next Sync.
func (t *Torrent) Sync() error {
	if t.closed.Load() {
		return ErrClosed
	}
	t.mu.Lock()
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
	return errors.Join(errs...)
}

func (t *Torrent) syncFile(i int) error {
	h, err := t.acquire(i, true)
	if err != nil {
		return err
	}
	defer handles.release(h)
	if err := h.file.Sync(); err != nil {
		return refused("sync", t.full(i), err)
	}
	return nil
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
