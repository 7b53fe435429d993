package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// holding is the hidden folder, in the folder to that files are moved to, in which
// copies wait until all are there, each under its index. While they get their
// places it has another name, which says after a crash that what has a place
// without waiting is a copy of ours.
type holding struct {
	to, key string
}

func (h holding) waiting() string { return "." + h.key + ".moving" }
func (h holding) placing() string { return "." + h.key + ".placing" }

// open makes the folder and opens it.
func (h holding) open() (*os.Root, error) {
	to, err := openRoot(h.to)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	if err := to.Mkdir(h.waiting(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, refused("make folder", filepath.Join(h.to, h.waiting()), err)
	}
	root, err := to.OpenRoot(h.waiting())
	if err != nil {
		return nil, refused("open folder", filepath.Join(h.to, h.waiting()), err)
	}
	return root, nil
}

// has reports whether a whole copy of file i waits: one as large and old as it.
func (h holding) has(i int, info os.FileInfo) bool {
	had, err := os.Lstat(filepath.Join(h.to, h.waiting(), strconv.Itoa(i)))
	return err == nil && had.Mode().IsRegular() && had.Size() == info.Size() && had.ModTime().Equal(info.ModTime())
}

// remove removes the folder with the copies in it, but not what others put there.
func (h holding) remove() {
	path := filepath.Join(h.to, h.waiting())
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return
	}
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err == nil && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(path, e.Name())) // at worst it stays
		}
	}
	_ = os.Remove(path) // likewise
}

// takeBack puts copies that got their places just before a crash, without that being
// recorded, among the waiting ones again.
func (h holding) takeBack(t *Torrent) error {
	to, err := openRoot(h.to)
	if err != nil {
		return err
	}
	defer to.Close()
	info, err := to.Lstat(h.placing())
	if err != nil || !info.IsDir() {
		return nil
	}
	hold, err := to.OpenRoot(h.placing())
	if err != nil {
		return refused("open folder", filepath.Join(h.to, h.placing()), err)
	}
	defer hold.Close()
	for i, f := range t.layout.Files {
		at, n := t.where(i)
		if f.Pad || at.dir == h.to {
			continue
		}
		copied := strconv.Itoa(i)
		if _, err := hold.Lstat(copied); err == nil {
			continue
		}
		for _, part := range []bool{false, true} {
			err := renameTo(to, name{n.base, part}.String(), hold, copied)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return os.Rename(filepath.Join(h.to, h.placing()), filepath.Join(h.to, h.waiting()))
}
