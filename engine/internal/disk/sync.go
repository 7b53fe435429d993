package disk

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
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
	files := slices.Sorted(maps.Keys(dirty))
	errs, whole := t.syncFiles(files)
	for n, i := range files {
		if errs[n] != nil {
			t.markDirty(i)
		}
	}
	if whole {
		folders = nil
	}
	for folder := range folders {
		if err := syncFolder(folder); err != nil && !(errors.Is(err, fs.ErrNotExist) && !t.uses(folder)) {
			errs = append(errs, err)
			t.mu.Lock()
			t.folders[folder] = true
			t.mu.Unlock()
		}
	}
	err := errors.Join(errs...)
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		t.fail(errs[i])
	}
	return err
}

const (
	manyFiles   = 16 // are synced together, which is one commit of the file system's journal
	syncsAtOnce = 8  // files, which often are one commit, too
)

// syncFiles syncs files, and returns what failed for each. Many are written out first,
// and then their file system is synced once, as a whole, with the folders on it.
func (t *Torrent) syncFiles(files []int) (failed []error, whole bool) {
	dir := t.Dir()
	if len(files) < manyFiles || t.scattered() || !syncsWhole(dir) {
		return t.syncEach(files, (*os.File).Sync), false
	}
	if failed := t.syncEach(files, writeOut); errors.Join(failed...) != nil {
		return failed, false
	}
	if syncWhole(dir) != nil { // for whatever reason: who is to blame shows now
		return t.syncEach(files, (*os.File).Sync), false
	}
	return make([]error, len(files)), true
}

// SyncFound waits until what a Scan can have read is on the disk, whoever wrote it:
// what another program has just put there may not be.
func (t *Torrent) SyncFound() error {
	if dir := t.Dir(); len(t.layout.Files) >= manyFiles && !t.scattered() && syncsWhole(dir) && syncWhole(dir) == nil {
		return nil
	}
	var files []int
	for i, f := range t.layout.Files {
		if owner, _ := t.whose(i); !f.Pad && owner != nobody {
			files = append(files, i)
		}
	}
	return errors.Join(eachOf(files, t.syncFound)...)
}

// syncFound syncs a file that need not be ours.
func (t *Torrent) syncFound(i int) error {
	h, err := t.acquire(i, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer handles.release(h)
	if err = t.refuses("sync", i); err == nil && runtime.GOOS != "windows" { // it syncs only what it may write
		err = h.file.Sync()
	}
	if err != nil {
		return refused("sync", t.full(i), err)
	}
	return nil
}

// scattered reports whether some of the files may be on another file system.
func (t *Torrent) scattered() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.table.away) > 0
}

// syncEach syncs files, some at once, with how.
func (t *Torrent) syncEach(files []int, how func(*os.File) error) []error {
	return eachOf(files, func(i int) error { return t.syncFile(i, how) })
}

// eachOf does something with each file, with some at once.
func eachOf(files []int, do func(int) error) []error {
	var next atomic.Int64
	var wait sync.WaitGroup
	failed := make([]error, len(files))
	for range min(syncsAtOnce, len(files)) {
		wait.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(files); n = int(next.Add(1)) - 1 {
				failed[n] = do(files[n])
			}
		})
	}
	wait.Wait()
	return failed
}

// syncFile syncs a file, or does what how does for that.
func (t *Torrent) syncFile(i int, how func(*os.File) error) error {
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
		failed = how(h.file)
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
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return refused("sync folder", path, err)
	}
	return nil
}

// Finish creates the wanted files that have no bytes, with their folders, and those
// that the spare has something of. One that is there already is left as it is. It gives
// files their room if that is the policy.
func (t *Torrent) Finish() error {
	t.gate.RLock()
	defer t.gate.RUnlock()
	if t.frozen { // a file that is made now would be a stranger's to who opens the torrent next
		return ErrClosed
	}
	spare, ok := t.layout.spare()
	ok = ok && t.owner(spare) == ours
	for i, f := range t.layout.Files {
		if head, tail := t.layout.margins(i); f.Length > 0 && (!ok || head+tail == 0) || f.Pad || f.spare {
			continue
		}
		if owner, skip := t.whose(i); owner != nobody || skip {
			continue
		}
		h, err := t.acquire(i, true)
		if err != nil {
			return err
		}
		handles.release(h)
	}
	return t.allocateAll()
}
