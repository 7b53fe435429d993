package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/Bios-Marcel/wastebasket/v2"
)

// Existing returns the indices of the files at whose path something is already,
// whatever it is. For a torrent that is being added these are the foreign ones.
func Existing(dir string, l Layout) ([]int, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	found, err := stat(dir, l)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var there []int
	for i := range l.Files {
		if found[i] != nil {
			there = append(there, i)
		}
	}
	return there, nil
}

// Ours returns the full paths of the files that Trash would put in the trash:
// those that are there, are files, and are not foreign.
func Ours(dir string, l Layout, foreign []int) []string {
	var paths []string
	for _, i := range owned(dir, l, foreign) {
		paths = append(paths, filepath.Join(dir, l.name(i)))
	}
	return paths
}

func owned(dir string, l Layout, foreign []int) []int {
	there, err := stat(dir, l)
	if l.check() != nil || err != nil {
		return nil
	}
	for _, i := range foreign {
		delete(there, i)
	}
	var out []int
	for i := range l.Files {
		if info := there[i]; info != nil && info.Mode().IsRegular() {
			out = append(out, i)
		}
	}
	return out
}

// Trash puts the files that Ours names in the user's trash: as one folder if
// the torrent's folder holds nothing else, else one by one, and then removes
// the torrent's folders that are empty. The save folder stays. What the trash
// does not take, because it is on another disk or may not be written, stays
// where it is, and the error says so: nothing is ever deleted instead. (Windows
// itself deletes what lies on a drive that has no recycle bin.)
func Trash(dir string, l Layout, foreign []int) error {
	dir, err := filepath.EvalSymlinks(dir) // the trash is chosen by the path's disk
	if err != nil {
		return fmt.Errorf("find save folder: %w", err)
	}
	mine := owned(dir, l, foreign)
	if len(mine) == 0 {
		return nil
	}
	root, err := openRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if top, ok := l.top(); ok && holdsOnly(root, top, l, mine) {
		return discard(filepath.Join(dir, top))
	}
	for _, i := range mine {
		if err := discard(filepath.Join(dir, l.name(i))); err != nil {
			return err
		}
	}
	removeEmpty(root, l, mine)
	return nil
}

func discard(path string) error {
	if err := wastebasket.Trash(path); err != nil {
		return fmt.Errorf("%s could not be put in the trash and stays where it is: %w", path, err)
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s could not be put in the trash and stays where it is", path)
	}
	return nil
}

// top returns the folder that all files are in, if there is one.
func (l Layout) top() (string, bool) {
	top := ""
	for _, f := range l.Files {
		switch {
		case f.Pad:
		case len(f.Path) < 2 || top != "" && f.Path[0] != top:
			return "", false
		default:
			top = f.Path[0]
		}
	}
	return top, top != ""
}

// holdsOnly reports whether the folder top holds the given files, their folders
// and nothing else.
func holdsOnly(root *os.Root, top string, l Layout, files []int) bool {
	if info, err := root.Lstat(top); err != nil || !info.IsDir() {
		return false
	}
	known := make(map[string]bool)
	for _, i := range files {
		for name := path.Join(l.Files[i].Path...); name != "."; name = path.Dir(name) {
			known[name] = true
		}
	}
	stranger := errors.New("stranger")
	return fs.WalkDir(root.FS(), top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !known[name] || !d.IsDir() && !d.Type().IsRegular() {
			return stranger
		}
		return nil
	}) == nil
}

// removeEmpty removes the folders that the files were in, deepest first, as far
// as they are empty.
func removeEmpty(root *os.Root, l Layout, files []int) {
	depth := make(map[string]int)
	for _, i := range files {
		elements := l.Files[i].Path
		for n := len(elements) - 1; n > 0; n-- {
			depth[filepath.Join(elements[:n]...)] = n
		}
	}
	folders := make([]string, 0, len(depth))
	for name := range depth {
		folders = append(folders, name)
	}
	slices.SortFunc(folders, func(a, b string) int { return depth[b] - depth[a] })
	for _, name := range folders {
		if info, err := root.Lstat(name); err == nil && info.IsDir() {
			_ = root.Remove(name) // fails if the folder is not empty, as it should
		}
	}
}
