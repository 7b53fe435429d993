package disk

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// holding is the hidden folder, in the folder to that files are moved to, in which
// copies wait until all are there, each under its index. While files get their places
// it has another name, which says after a crash that what has a place in to is ours,
// and a list of the copies.
type holding struct {
	to, key string
}

const listOfCopies = "copies"

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

// begin says that files get their places from now on.
func (h holding) begin(copies map[int]bool) error {
	waiting, placing := filepath.Join(h.to, h.waiting()), filepath.Join(h.to, h.placing())
	if len(copies) == 0 {
		if err := os.Mkdir(placing, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return refused("make folder", placing, err)
		}
		return nil
	}
	list, err := json.Marshal(slices.Sorted(maps.Keys(copies)))
	if err == nil {
		err = writeSynced(filepath.Join(waiting, listOfCopies), list)
	}
	if err == nil {
		err = os.Rename(waiting, placing)
	}
	if err != nil {
		return refused("rename", waiting, bareLink(err))
	}
	return syncFolder(h.to)
}

func writeSynced(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// begun reports whether files were getting their places.
func (h holding) begun() bool {
	info, err := os.Lstat(filepath.Join(h.to, h.placing()))
	return err == nil && info.IsDir()
}

// giveUp says that files have their old places again.
func (h holding) giveUp() {
	// At worst copies stay that nobody needs.
	_ = os.Rename(filepath.Join(h.to, h.placing()), filepath.Join(h.to, h.waiting()))
}

// end says that the new places are recorded.
func (h holding) end() {
	path := filepath.Join(h.to, h.placing())
	_ = os.Remove(filepath.Join(path, listOfCopies)) // at worst an empty folder stays
	_ = os.Remove(path)
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
		if _, err := strconv.Atoi(e.Name()); (err == nil || e.Name() == listOfCopies) && e.Type().IsRegular() {
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
	if !h.begun() {
		return nil
	}
	hold, err := to.OpenRoot(h.placing())
	if err != nil {
		return refused("open folder", filepath.Join(h.to, h.placing()), err)
	}
	defer hold.Close()
	var copies []int
	if list, err := hold.ReadFile(listOfCopies); err != nil || json.Unmarshal(list, &copies) != nil {
		return nil // files were renamed, and nothing was copied
	}
	for _, i := range copies {
		if i < 0 || i >= len(t.layout.Files) || t.layout.Files[i].Pad {
			continue
		}
		_, n := t.where(i)
		copied := strconv.Itoa(i)
		if _, err := hold.Lstat(copied); err == nil {
			continue
		}
		for _, part := range []bool{false, true} {
			err := renameTo(to, name{n.base, part}.String(), hold, copied)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
		t.setFolder(i, t.Dir()) // if its own file is gone, Move will say so
	}
	h.giveUp()
	return nil
}
