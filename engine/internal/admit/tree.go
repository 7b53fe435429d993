package admit

import (
	"bytes"
	"slices"
	"strconv"

	"piecewise/engine/internal/hash"
)

// leaf is one file of a v2 file tree (BEP 52).
type leaf struct {
	path   []string
	length int64
	root   []byte // nil of an empty file
}

// leaves yields the files of a tree in their order until yield returns an error.
// An element of the path lies in the folder that the ones before it name.
func leaves(dict value, path []string, yield func(leaf) error) error {
	var last []byte
	empty := true
	for name, v := range dict.entries() {
		switch {
		case len(name) == 0:
			return refuse("The torrent's list of v2 files is damaged: %s is both a file and a folder.", quote(lastOf(path)))
		case !empty && bytes.Compare(last, name) >= 0:
			return refuse("The torrent's list of v2 files is not sorted.")
		case !v.is('d'):
			return refuse("The torrent's list of v2 files is damaged: %s is not described by a dictionary.", quote(name))
		}
		last, empty = name, false
		below := append(path[:len(path):len(path)], string(name))
		var err error
		if file, ok := alone(v); ok {
			err = readLeaf(file, below, yield)
		} else {
			err = leaves(v, below, yield)
		}
		if err != nil {
			return err
		}
	}
	if empty {
		return refuse("The torrent's list of v2 files is damaged: a folder is empty (%s).", quote(lastOf(path)))
	}
	return nil
}

func lastOf(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return path[len(path)-1]
}

// alone returns what describes a file if that is all that is in its dictionary.
func alone(dict value) (file value, ok bool) {
	n := 0
	for name, v := range dict.entries() {
		if n++; n == 1 && len(name) == 0 {
			file, ok = v, true
		}
	}
	return file, ok && n == 1
}

func readLeaf(dict value, path []string, yield func(leaf) error) error {
	who := "the file " + quote(lastOf(path))
	length, ok := dict.get("length").number()
	root, _ := dict.get("pieces root").text()
	attr, _ := dict.get("attr").text()
	switch {
	case !dict.is('d') || !ok || length < 0:
		return refuse("The torrent's list of v2 files is damaged: %s has no usable size.", who)
	case length > maxSize:
		return refuse("The torrent is too large: %s alone has more than %d bytes.", who, int64(maxSize))
	case bytes.IndexByte(attr, 'l') >= 0:
		return refuse("The torrent has a symbolic link, which could lead anywhere: %s.", who)
	case bytes.IndexByte(attr, 'p') >= 0:
		return refuse("The torrent has v2 files that only fill up a piece: %s.", who)
	case length > 0 && len(root) != len(hash.Sum{}):
		return refuse("The torrent's list of v2 files is damaged: %s has no usable hash.", who)
	case length == 0 && dict.get("pieces root") != nil:
		return refuse("The torrent's list of v2 files is damaged: %s is empty and has a hash.", who)
	}
	return yield(leaf{path: path, length: length, root: root})
}

// readTreeFiles takes the files of a torrent that is v2 only, each at the beginning
// of a piece. A file alone whose folder has no more to it lies in no folder.
func (in *info) readTreeFiles(t *Torrent, names *names, root string) error {
	count, depth := 0, 0
	if err := leaves(in.tree, nil, func(l leaf) error {
		count, depth = count+1, len(l.path)
		return nil
	}); err != nil {
		return err
	}
	if count > MaxFiles {
		return refuse("The torrent has too many files (%d, at most %d).", count, MaxFiles)
	}
	folder := saveFolder
	if count > 1 || depth > 1 {
		var err error
		if folder, err = names.folder(saveFolder, root); err != nil {
			return refuse("The torrent's folder %s.", err)
		}
	}
	return leaves(in.tree, nil, func(l leaf) error { return t.addLeaf(l, names, folder) })
}

// addLeaf puts a file at the beginning of the next piece, below a folder of names.
func (t *Torrent) addLeaf(l leaf, names *names, folder int) error {
	path, altered, err := names.place(folder, l.path)
	if err != nil {
		return refuse("%s %s.", nth(len(t.Files)), err)
	}
	if rest := t.Length % t.PieceLength; rest > 0 && l.length > 0 {
		pad := names.below(folder, ".pad", strconv.Itoa(len(t.Files)))
		t.Files = append(t.Files, File{Path: pad, Length: t.PieceLength - rest, Offset: t.Length, Pad: true})
		t.Length += t.PieceLength - rest
	}
	if l.length > maxSize-t.Length {
		return refuse("%s makes the torrent too large (more than %d bytes).", nth(len(t.Files)), int64(maxSize))
	}
	f := File{Path: path, Altered: altered, Length: l.length, Offset: t.Length}
	if altered {
		f.Raw = slices.Clone(l.path)
	}
	t.Files = append(t.Files, f)
	t.Length += l.length
	t.Size += l.length
	return nil
}

// readTrees takes the roots of the v2 files, which must lie where the files do.
func (in *info) readTrees(t *Torrent) error {
	if !t.V2 {
		return nil
	}
	differs := refuse("The torrent is a hybrid whose v1 and v2 files differ.")
	next, count := 0, 0
	err := leaves(in.tree, nil, func(l leaf) error {
		if count++; count > MaxFiles {
			return refuse("The torrent has too many files (more than %d).", MaxFiles)
		}
		if l.length == 0 { // it takes no place, but the library takes it for a second file of a piece
			t.Opaque = true
			return nil
		}
		next = nextReal(t.Files, next)
		if next == len(t.Files) || t.Files[next].Length != l.length || t.Files[next].Offset%t.PieceLength != 0 {
			return differs
		}
		t.Trees = append(t.Trees, hash.Tree{Root: hash.Sum(l.root), Length: l.length, First: int(t.Files[next].Offset / t.PieceLength)})
		next++
		return nil
	})
	if err != nil {
		return err
	}
	last := t.Trees[len(t.Trees)-1] // there is one, for the torrent has data
	if nextReal(t.Files, next) < len(t.Files) || last.First+last.Pieces(t.PieceLength) != t.Pieces() {
		return differs
	}
	return nil
}
