package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Rename gives files other slash paths below their folder, by their indices, on
// the disk as well if they are there. The suffix of an incomplete file is not part
// of its path: it stays. What stands at a new path is never replaced; then the
// error is fs.ErrExist. Folders are made as needed, and removed if they are left
// empty. The first error ends it, and Names tells how far it came. Reads and writes
// go on meanwhile; only those wait that must create a file.
func (t *Torrent) Rename(to map[int]string) error {
	t.creating.Lock()
	defer t.creating.Unlock()
	t.mu.Lock()
	next := t.table
	next.names = maps.Clone(next.names)
	t.mu.Unlock()
	for i, path := range to {
		if i < 0 || i >= len(t.layout.Files) || t.layout.Files[i].Pad || t.layout.Files[i].spare || !localName(path) || !next.fits(i, path) {
			return fmt.Errorf("rename file %d to %q: %w", i, path, fs.ErrInvalid)
		}
		next.names[i] = name{filepath.FromSlash(path), next.name(i).part}
	}
	if err := next.check(); err != nil {
		return fmt.Errorf("rename files: %w: %w", fs.ErrExist, err)
	}
	for _, i := range slices.Sorted(maps.Keys(to)) {
		if err := t.rename(i, next.names[i]); err != nil {
			return err
		}
	}
	return nil
}

// rename gives file i another name, on the disk as well if it is there. t.creating
// must be held, so that the file is not made meanwhile.
func (t *Torrent) rename(i int, n name) error {
	t.mu.Lock()
	from, to := t.table.place(i, t.table.name(i)), t.table.place(i, n)
	there := t.owners[i] != nobody
	t.mu.Unlock()
	settle := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.call(i, n)
	}
	if from == to || !there {
		settle()
		return nil
	}
	if err := t.moveName(i, from, to, settle); err != nil {
		return fmt.Errorf("rename %s to %s: %w", from.full(), to.full(), bare(err))
	}
	return nil
}

// moveName renames file i within its folder and calls settle once it can be found
// under the new name.
func (t *Torrent) moveName(i int, from, to place, settle func()) error {
	root, err := openRoot(from.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(from.name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a file")
	}
	if err := root.MkdirAll(filepath.Dir(to.name), 0o777); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // which renames no open file
		handles.forgetFile(t, i)
	}
	if err := renameNew(root, from.name, to.name, settle); err != nil {
		return err
	}
	left := filepath.Dir(from.name)
	for left != "." && removeFolder(root, left) { // ends as soon as one is not empty
		left = filepath.Dir(left)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.noteEntry(to)
	t.folders[filepath.Join(from.dir, left)] = true
	return nil
}

// renameNew renames a file unless there is something at the new name. Where files
// can have two names, as on all but FAT and the like, nobody can come in between.
func renameNew(root *os.Root, from, to string, settle func()) error {
	switch err := root.Link(from, to); {
	case err == nil:
		settle()
		return root.Remove(from)
	case errors.Is(err, fs.ErrExist):
		return renameTwin(root, from, to, settle)
	}
	if _, err := root.Lstat(to); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.Rename(from, to); err != nil {
		return err
	}
	settle()
	return nil
}

// renameTwin renames a file to a name that is taken, if it is taken by the same file:
// by a name that differs in a way the file system does not see, or that was given to
// the file just before a crash.
func renameTwin(root *os.Root, from, to string, settle func()) error {
	a, errA := root.Lstat(from)
	b, errB := root.Lstat(to)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if !os.SameFile(a, b) {
		return fs.ErrExist
	}
	if strings.EqualFold(norm.NFC.String(from), norm.NFC.String(to)) {
		if err := root.Rename(from, to); err != nil {
			return err
		}
		settle()
		return nil
	}
	settle()
	return root.Remove(from)
}
