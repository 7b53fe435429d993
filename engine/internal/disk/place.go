package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// partSuffix is behind the name of a file that is not complete yet. The base name
// of a file, without it, ends in it if and only if the one in the layout does.
const partSuffix = ".part"

// place is where a file is, or is to be: a full path in two parts.
type place struct {
	dir  string // the folder it may not leave
	name string // local path below it, as filepath has it
}

func (p place) full() string { return filepath.Join(p.dir, p.name) }

// name is what a file is called: its local path, and whether the suffix is behind it.
type name struct {
	base string
	part bool
}

func (n name) String() string {
	if n.part {
		return n.base + partSuffix
	}
	return n.base
}

// table says where the files of a torrent are. Torrent.mu guards it; it is small
// while they are where the layout has them.
type table struct {
	layout Layout
	dir    string         // full path of the save folder
	kept   []int          // files that are recorded even if they have the name in the layout
	names  map[int]name   // of files that have another one than in the layout
	away   map[int]string // full paths of the folders of files that are below another one than dir
}

func newTable(o Options, dir string) (table, error) {
	t := table{layout: o.Layout, dir: dir, names: make(map[int]name), away: make(map[int]string)}
	if o.Key != "" {
		if err := checkKey(o.Key); err != nil {
			return t, err
		}
		t.layout = o.Layout.withSpare(o.Key)
	}
	for i, f := range o.Layout.Files {
		if f.Given != nil && !f.Pad {
			t.kept = append(t.kept, i)
		}
	}
	for i, path := range o.Names {
		if i < 0 || i >= len(o.Layout.Files) || o.Layout.Files[i].Pad || !localName(path) {
			return t, fmt.Errorf("check names: file %d cannot be %q", i, path)
		}
		t.call(i, t.split(i, path))
	}
	return t, t.check()
}

// split tells the suffix from a slash path of file i.
func (t *table) split(i int, path string) name {
	base, part := strings.CutSuffix(path, partSuffix)
	if part && t.fits(i, base) {
		return name{filepath.FromSlash(base), true}
	}
	return name{filepath.FromSlash(path), false}
}

// fits reports whether a path can be the base name of file i: it ends in the suffix
// just as the one in the layout does.
func (t *table) fits(i int, base string) bool {
	return strings.HasSuffix(base, partSuffix) == strings.HasSuffix(t.layout.name(i), partSuffix)
}

// check refuses a table that has two files in one place.
func (t *table) check() error {
	if len(t.names) == 0 {
		return nil // the layout is from who keeps its paths apart
	}
	taken := make(map[string]bool, len(t.layout.Files))
	for i, f := range t.layout.Files {
		if f.Pad {
			continue
		}
		base := t.name(i).base
		if taken[base] {
			return fmt.Errorf("check names: two files are %s", base)
		}
		taken[base] = true
	}
	return nil
}

func (t *table) name(i int) name {
	if n, ok := t.names[i]; ok {
		return n
	}
	return name{base: t.layout.name(i)}
}

// call gives file i a name.
func (t *table) call(i int, n name) {
	if t.names[i] = n; n == (name{base: t.layout.name(i)}) {
		delete(t.names, i)
	}
}

// place returns where file i is if it is called n.
func (t *table) place(i int, n name) place {
	if dir, ok := t.away[i]; ok {
		return place{dir, n.String()}
	}
	return place{t.dir, n.String()}
}

// follow adds to what was found in the save folder the files that a move had taken
// to another one.
func (t *table) follow(found map[int]os.FileInfo, dir string) (map[int]os.FileInfo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	elsewhere := *t
	elsewhere.dir = dir
	moved, err := find(&elsewhere, found)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := maps.Clone(moved)
	if all == nil {
		all = make(map[int]os.FileInfo)
	}
	maps.Copy(all, found)
	for i := range moved {
		t.away[i] = dir
	}
	return all, nil
}

// record returns what newTable wants as Options.Names.
func (t *table) record() map[int]string {
	if len(t.names) == 0 && len(t.kept) == 0 {
		return nil
	}
	paths := make(map[int]string, len(t.names)+len(t.kept))
	for _, i := range t.kept {
		paths[i] = filepath.ToSlash(t.layout.name(i))
	}
	for i, n := range t.names {
		paths[i] = filepath.ToSlash(n.String())
	}
	return paths
}

func localName(name string) bool { return local(strings.Split(name, "/")) }

// call gives file i a name. t.mu must be held.
func (t *Torrent) call(i int, n name) {
	t.table.call(i, n)
	t.placed++
	delete(t.stuck, i)
}

func (t *Torrent) place(i int) place {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.place(i, t.table.name(i))
}

// where returns where file i is, and what it is called.
func (t *Torrent) where(i int) (place, name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.table.name(i)
	return t.table.place(i, n), n
}

// full returns the full path of file i as it is now.
func (t *Torrent) full(i int) string { return t.place(i).full() }

// Path returns the full path that file i has now, or will have once it is there.
func (t *Torrent) Path(i int) string { return t.full(i) }

// Base returns the slash path below its folder that file i has, or has once it is
// complete.
func (t *Torrent) Base(i int) string {
	_, n := t.where(i)
	return filepath.ToSlash(n.base)
}

// Base returns a slash path that Names tells for file i without the suffix of an
// incomplete file.
func (l Layout) Base(i int, path string) string {
	t := table{layout: l}
	return filepath.ToSlash(t.split(i, path).base)
}

// Dir returns the full path of the save folder as it is now.
func (t *Torrent) Dir() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.dir
}

// Names returns the slash paths below their folder of the files that are not where
// the layout has them, or that it says to keep: it is what Options.Names wants at the next start. The map is
// the caller's.
func (t *Torrent) Names() map[int]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.record()
}

// uses reports whether a file that is there has its place below a folder.
func (t *Torrent) uses(folder string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.layout.Files {
		if t.owners[i] != nobody && strings.HasPrefix(t.table.place(i, t.table.name(i)).full(), folder+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// Placed changes whenever Names does.
func (t *Torrent) Placed() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.placed
}

// SetDir notes that all files are below dir from now on, under the names they have;
// it moves nothing. Handles are opened anew when they are needed next, but who has
// one in use goes on where the file was.
func (t *Torrent) SetDir(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find save folder: %w", err)
	}
	t.creating.Lock()
	defer t.creating.Unlock()
	t.see(dir)
	t.mu.Lock()
	t.table.dir = dir
	clear(t.table.away)
	t.mu.Unlock()
	handles.forget(t)
	return nil
}

// setFolder notes that file i is below another folder from now on, until SetDir
// gathers all files in one. Like that, it moves nothing.
func (t *Torrent) setFolder(i int, dir string) {
	t.mu.Lock()
	if delete(t.table.away, i); dir != t.table.dir {
		t.table.away[i] = dir
	}
	t.mu.Unlock()
	handles.forgetFile(t, i)
}
