package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Bios-Marcel/wastebasket/v2"
)

// Existing returns the indices of the files at whose path something is already,
// whatever it is, or at the one that they have with the suffix, and the stamps of all
// files. For a torrent that is being added these are the foreign ones. A file whose
// name with the suffix is among the options is ours; with stamps those are that are as
// the stamps say, save the foreign ones among the options.
func Existing(o Options) (there []int, stamps []Stamp, err error) {
	if err := o.Layout.check(); err != nil {
		return nil, nil, err
	}
	t, err := newTable(o, o.Dir)
	if err != nil {
		return nil, nil, err
	}
	mine := make(map[int]bool)
	for i, n := range t.names {
		mine[i] = n.part
	}
	found, err := find(&t, nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if len(o.Stamps) == len(t.layout.Files) {
		for i, was := range o.Stamps {
			mine[i] = was == stampOf(found[i]) && !slices.Contains(o.Foreign, i)
		}
	}
	for i, f := range t.layout.Files {
		stamps = append(stamps, stampOf(found[i]))
		if found[i] != nil && !mine[i] && !f.spare {
			there = append(there, i)
		}
	}
	return there, stamps, nil
}

// Ours returns the full paths of the files that Trash would put in the trash:
// those that are there, are files, are not foreign, and were not put there since the
// stamps were recorded. It wants of the options what says where the files are, and
// the stamps.
func Ours(o Options) []string {
	table, mine := owned(o)
	paths := make([]string, 0, len(mine))
	for _, i := range mine {
		paths = append(paths, table.place(i, table.name(i)).full())
	}
	return paths
}

func owned(o Options) (table, []int) {
	t, err := newTable(o, o.Dir)
	if err != nil || o.Layout.check() != nil {
		return t, nil
	}
	there, err := find(&t, nil)
	if err != nil {
		return t, nil
	}
	for _, i := range o.Foreign {
		delete(there, i)
	}
	var out []int
	for i := range o.Layout.Files { // without the spare
		info := there[i]
		if info == nil || !info.Mode().IsRegular() || len(o.Stamps) > i && o.Stamps[i].Compare(stampOf(info), true, o.Own) == Replaced {
			continue
		}
		out = append(out, i)
	}
	return t, out
}

// Trash puts the files that Ours names in the user's trash: as one folder if
// the torrent's folder holds nothing else, else one by one, and then removes
// the torrent's folders that are empty. The save folder stays. What the trash
// does not take, because it is on another disk or may not be written, stays
// where it is, and the error says so: nothing is ever deleted instead. (Windows
// itself deletes what lies on a drive that has no recycle bin.)
func Trash(o Options) error {
	var err error
	if o.Dir, err = filepath.EvalSymlinks(o.Dir); err != nil { // the trash is chosen by the path's disk
		return fmt.Errorf("find save folder: %w", err)
	}
	table, mine := owned(o)
	if len(mine) == 0 {
		return nil
	}
	root, err := openRoot(o.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	names := make([]string, 0, len(mine))
	for _, i := range mine {
		names = append(names, table.name(i).String())
	}
	if top, ok := table.top(); ok && holdsOnly(root, top, names) {
		return discard(filepath.Join(o.Dir, top))
	}
	for _, name := range names {
		if err := discard(filepath.Join(o.Dir, name)); err != nil {
			return err
		}
	}
	removeEmpty(root, names)
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
func (t *table) top() (string, bool) {
	top := ""
	for i, f := range t.layout.Files {
		if f.Pad || f.spare {
			continue
		}
		first, _, below := strings.Cut(t.name(i).base, string(filepath.Separator))
		if !below || top != "" && first != top {
			return "", false
		}
		top = first
	}
	return top, top != ""
}

// holdsOnly reports whether the folder top holds the given files, their folders
// and nothing else.
func holdsOnly(root *os.Root, top string, names []string) bool {
	if info, err := root.Lstat(top); err != nil || !info.IsDir() {
		return false
	}
	known := make(map[string]bool)
	for _, name := range names {
		for name = filepath.ToSlash(name); name != "."; name = path.Dir(name) {
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
func removeEmpty(root *os.Root, names []string) {
	depth := make(map[string]int)
	for _, name := range names {
		for name = filepath.Dir(name); name != "."; name = filepath.Dir(name) {
			depth[name] = strings.Count(name, string(filepath.Separator))
		}
	}
	folders := make([]string, 0, len(depth))
	for name := range depth {
		folders = append(folders, name)
	}
	slices.SortFunc(folders, func(a, b string) int { return depth[b] - depth[a] })
	for _, name := range folders {
		removeFolder(root, name)
	}
}

// removeFolder removes a folder that is empty, and reports whether it did: a link to
// one is not ours.
func removeFolder(root *os.Root, name string) bool {
	info, err := root.Lstat(name)
	return err == nil && info.IsDir() && root.Remove(name) == nil
}
