package disk

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxGivenElement bounds the elements of a given path in bytes: with the suffix they
	// fit in the 255 that file systems take.
	maxGivenElement = 255 - len(partSuffix)
	// maxGivenPath bounds such a path in bytes, as admit bounds the safe ones.
	maxGivenPath = 2048
)

// GivenNames returns o.Names and what must be added to it for files that lie where the
// metainfo has them (File.Given): with nothing at the path in the layout, and a regular
// file at the other one. Such a path is only looked at if it leads nowhere else on this
// system, and only taken if no other file of the torrent is that file, is called that, or
// can be called that while it is incomplete. It asks the file system, and tells no errors:
// who looks for the files next meets them.
func GivenNames(o Options) map[int]string {
	t, err := newTable(o, o.Dir)
	if err != nil || o.Layout.check() != nil {
		return o.Names
	}
	root, err := openRoot(o.Dir)
	if err != nil {
		return o.Names
	}
	defer root.Close()
	there, missing := foundOrGiven(&t, root)
	if len(missing) == 0 {
		return o.Names
	}
	names := maps.Clone(o.Names)
	called := t.called()
	for _, i := range missing {
		path := strings.Join(t.layout.Files[i].Given, "/")
		if _, ok := o.Names[i]; ok || !t.mayBeGiven(i, path) || !called.free(path) {
			continue
		}
		info, err := root.Lstat(filepath.FromSlash(path))
		if err != nil || !info.Mode().IsRegular() || !there.add(info) {
			continue
		}
		if names == nil {
			names = make(map[int]string)
		}
		names[i] = path
		called.add(path)
	}
	return names
}

// foundOrGiven returns what is at the places of the files, and which of them have nothing
// there and a given path. What cannot be looked at is taken for nothing.
func foundOrGiven(t *table, root *os.Root) (there foundFiles, missing []int) {
	there = make(foundFiles)
	given := false
	for _, f := range t.layout.Files {
		given = given || f.Given != nil
	}
	if !given {
		return there, nil
	}
	for i, f := range t.layout.Files {
		if f.Pad {
			continue
		}
		n := t.name(i)
		info, err := root.Lstat(n.String())
		if err != nil {
			info, err = root.Lstat(name{n.base, !n.part}.String())
		}
		if err == nil {
			there.add(info)
		} else if f.Given != nil {
			missing = append(missing, i)
		}
	}
	return there, missing
}

// mayBeGiven reports whether file i may be looked for at the slash path, which comes from
// outside.
func (t *table) mayBeGiven(i int, path string) bool {
	if len(path) > maxGivenPath || !local(t.layout.Files[i].Given) {
		return false
	}
	for _, element := range t.layout.Files[i].Given {
		if len(element) > maxGivenElement || runtime.GOOS == "windows" && !literal(element) {
			return false
		}
	}
	return t.fits(i, path) && !t.split(i, path).part
}

// literal reports whether Windows takes a name for what it says.
func literal(name string) bool {
	return strings.TrimRight(name, ". ") == name && !strings.ContainsFunc(name, func(r rune) bool {
		return r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r)
	})
}

// foundFiles are the files that were found, by their stamps.
type foundFiles map[Stamp][]os.FileInfo

// add reports whether a file was not among them; now it is.
func (f foundFiles) add(info os.FileInfo) bool {
	at := stampOf(info)
	for _, other := range f[at] {
		if os.SameFile(info, other) {
			return false
		}
	}
	f[at] = append(f[at], info)
	return true
}

// calledNames are the slash paths that files have or can get.
type calledNames struct {
	exact map[string]bool // without the suffix
	base  map[string]bool // likewise, in lower case
	part  map[string]bool // with the suffix, in lower case
}

// called returns the names of all files.
func (t *table) called() calledNames {
	c := calledNames{make(map[string]bool), make(map[string]bool), make(map[string]bool)}
	for i, f := range t.layout.Files {
		if !f.Pad {
			c.add(filepath.ToSlash(t.name(i).base))
		}
	}
	return c
}

func (c calledNames) add(path string) {
	folded := lower(path)
	c.exact[path], c.base[folded], c.part[folded+partSuffix] = true, true, true
}

// free reports whether no file is called that, nor any with the suffix as another one
// without it. Names that differ only in case may be two files or one, which only the file
// system knows.
func (c calledNames) free(path string) bool {
	folded := lower(path)
	return !c.exact[path] && !c.part[folded] && !c.base[folded+partSuffix]
}

func lower(path string) string { return strings.ToLower(norm.NFC.String(path)) }
