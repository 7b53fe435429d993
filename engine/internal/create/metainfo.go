package create

import (
	"maps"
	"slices"
	"strconv"

	"piecewise/engine/internal/hash"
)

// The keys of a bencoded dictionary stand in the order of their bytes (BEP 3).

func text(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	return append(append(b, ':'), s...)
}

func number(b []byte, n int64) []byte {
	return append(strconv.AppendInt(append(b, 'i'), n, 10), 'e')
}

func texts(b []byte, all []string) []byte {
	b = append(b, 'l')
	for _, s := range all {
		b = text(b, s)
	}
	return append(b, 'e')
}

// infoOf is the info dictionary.
func (f *Files) infoOf(o *Options, l *layout) []byte {
	b := []byte("d")
	if o.Format != V2 && f.Single && f.List[0].Executable {
		b = text(text(b, "attr"), "x")
	}
	if o.Format != V1 {
		b, _ = fileTree(text(b, "file tree"), f.List, 0, l.pieces.Trees)
	}
	switch {
	case o.Format == V2:
	case f.Single:
		b = number(text(b, "length"), f.Size)
	default:
		b = f.fileList(text(b, "files"), l)
	}
	if o.Format != V1 {
		b = number(text(b, "meta version"), 2)
	}
	b = text(text(b, "name"), f.Name)
	b = number(text(b, "piece length"), l.pieces.PieceLength)
	if o.Format != V2 {
		b = text(text(b, "pieces"), string(l.pieces.Hashes))
	}
	if o.Private {
		b = number(text(b, "private"), 1)
	}
	if o.Source != "" {
		b = text(text(b, "source"), o.Source)
	}
	return append(b, 'e')
}

// fileList is the v1 list of a folder's files, with pad files (BEP 47).
func (f *Files) fileList(b []byte, l *layout) []byte {
	b = append(b, 'l')
	for _, file := range f.List {
		b = append(b, 'd')
		if file.Executable {
			b = text(text(b, "attr"), "x")
		}
		b = number(text(b, "length"), file.Length)
		b = append(texts(text(b, "path"), file.Path), 'e')
		if n := l.pad(file); n > 0 {
			b = number(text(text(text(append(b, 'd'), "attr"), "p"), "length"), n)
			b = append(texts(text(b, "path"), []string{".pad", strconv.FormatInt(n, 10)}), 'e')
		}
	}
	return append(b, 'e')
}

// fileTree is the v2 tree of files, which are in order and alike in the first depth
// elements of their paths (BEP 52). Each with bytes takes the next of trees; those
// that are left are returned.
func fileTree(b []byte, files []File, depth int, trees []hash.Tree) ([]byte, []hash.Tree) {
	b = append(b, 'd')
	for len(files) > 0 {
		name := files[0].Path[depth]
		b = text(b, name)
		if len(files[0].Path) == depth+1 {
			b, trees = fileEntry(b, files[0], trees)
			files = files[1:]
			continue
		}
		n := slices.IndexFunc(files, func(f File) bool { return f.Path[depth] != name })
		if n < 0 {
			n = len(files)
		}
		b, trees = fileTree(b, files[:n], depth+1, trees)
		files = files[n:]
	}
	return append(b, 'e'), trees
}

func fileEntry(b []byte, f File, trees []hash.Tree) ([]byte, []hash.Tree) {
	b = append(b, "d0:d"...)
	if f.Executable {
		b = text(text(b, "attr"), "x")
	}
	b = number(text(b, "length"), f.Length)
	if f.Length > 0 {
		b = text(text(b, "pieces root"), string(trees[0].Root[:]))
		trees = trees[1:]
	}
	return append(b, "ee"...), trees
}

// metainfo is the whole .torrent file around an info dictionary.
func metainfo(info []byte, o *Options, l *layout) []byte {
	b := trackers([]byte("d"), o.Trackers)
	if o.Comment != "" {
		b = text(text(b, "comment"), o.Comment)
	}
	if o.CreatedBy != "" {
		b = text(text(b, "created by"), o.CreatedBy)
	}
	if !o.Created.IsZero() {
		b = number(text(b, "creation date"), o.Created.Unix())
	}
	b = append(text(b, "info"), info...)
	if o.Format != V1 {
		b = layers(text(b, "piece layers"), l.pieces.Trees)
	}
	switch len(o.WebSeeds) {
	case 0:
	case 1:
		b = text(text(b, "url-list"), o.WebSeeds[0])
	default:
		b = texts(text(b, "url-list"), o.WebSeeds)
	}
	return append(b, 'e')
}

// trackers are a list only if there is more than one.
func trackers(b []byte, tiers [][]string) []byte {
	tiers = slices.DeleteFunc(slices.Clone(tiers), func(tier []string) bool { return len(tier) == 0 })
	if len(tiers) == 0 {
		return b
	}
	b = text(text(b, "announce"), tiers[0][0])
	if len(tiers) == 1 && len(tiers[0]) == 1 {
		return b
	}
	b = append(text(b, "announce-list"), 'l')
	for _, tier := range tiers {
		b = texts(b, tier)
	}
	return append(b, 'e')
}

// layers are the nodes of the pieces by root; files that are alike have the same.
func layers(b []byte, trees []hash.Tree) []byte {
	byRoot := make(map[string][]byte)
	for _, t := range trees {
		if t.Layer != nil {
			byRoot[string(t.Root[:])] = t.Layer
		}
	}
	b = append(b, 'd')
	for _, root := range slices.Sorted(maps.Keys(byRoot)) {
		b = text(text(b, root), string(byRoot[root]))
	}
	return append(b, 'e')
}

// TorrentSize returns the bytes of the .torrent file for o, whose PieceLength is
// set; it can be a little less if files are alike.
func (f *Files) TorrentSize(o Options) int64 {
	l := f.layOut(o.Format, o.PieceLength)
	size := int64(len(metainfo(f.infoOf(&o, &l), &o, &l)))
	if o.Format != V2 {
		size += textSize(20*int64(l.pieces.Count())) - textSize(0)
	}
	for _, t := range l.pieces.Trees {
		if t.Length > o.PieceLength {
			size += textSize(32) + textSize((t.Length+o.PieceLength-1)/o.PieceLength*32)
		}
	}
	return size
}

// textSize is the length of a bencoded text of n bytes.
func textSize(n int64) int64 { return int64(len(strconv.FormatInt(n, 10))) + 1 + n }
