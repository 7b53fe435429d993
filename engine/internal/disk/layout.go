package disk

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"sort"
	"strings"
)

// File is one file of a torrent.
type File struct {
	Path   []string // safe elements below the save folder
	Length int64    // bytes
	Offset int64    // of the first byte in the torrent
	Pad    bool     // BEP 47, or between v2 files: all zeros, never on disk

	// Given is the path below the save folder as the metainfo has it, if that is another
	// one, else nil. It is not safe. Names has such a file in any case, since another
	// layout may call it otherwise.
	Given []string

	spare bool // see Options.Key
}

// Layout is how the bytes of a torrent lie in its files. The files follow each
// other without gaps, so their lengths add up to Length.
type Layout struct {
	Files       []File
	PieceLength int64
	Length      int64 // bytes, pad files included
	Pieces      int
}

// name returns the path of file i below the save folder.
func (l Layout) name(i int) string { return filepath.Join(l.Files[i].Path...) }

// check refuses a layout that would make the arithmetic below wrong or a path
// lead out of the save folder.
func (l Layout) check() error {
	if l.PieceLength <= 0 || l.Length < 0 {
		return errors.New("check layout: bad length")
	}
	if int64(l.Pieces) != (l.Length+l.PieceLength-1)/l.PieceLength {
		return fmt.Errorf("check layout: %d pieces do not make %d bytes", l.Pieces, l.Length)
	}
	end := int64(0)
	for i, f := range l.Files {
		if f.Offset != end || f.Length < 0 || f.Length > l.Length-end {
			return fmt.Errorf("check layout: file %d is not where the one before it ends", i)
		}
		end += f.Length
		if !f.Pad && !local(f.Path) {
			return fmt.Errorf("check layout: file %d has the path %q", i, f.Path)
		}
	}
	if end != l.Length {
		return fmt.Errorf("check layout: files hold %d of %d bytes", end, l.Length)
	}
	return nil
}

func local(path []string) bool {
	for _, element := range path {
		if element == "" || element == "." || element == ".." || strings.ContainsAny(element, "/"+string(filepath.Separator)+"\x00") {
			return false
		}
	}
	return len(path) > 0 && filepath.IsLocal(filepath.Join(path...))
}

// span is the part of a buffer that lies in one file.
type span struct {
	file     int
	at       int64 // offset in the file
	from, to int   // range in the buffer
}

// spans cuts the n bytes at the torrent's offset off at the borders of files.
// The range must lie within the torrent.
func (l Layout) spans(off int64, n int) iter.Seq[span] {
	return func(yield func(span) bool) {
		i := sort.Search(len(l.Files), func(i int) bool { return l.Files[i].Offset+l.Files[i].Length > off })
		for from := 0; from < n; i++ {
			f := l.Files[i]
			at := off + int64(from) - f.Offset
			to := from + int(min(f.Length-at, int64(n-from)))
			if to > from && !yield(span{i, at, from, to}) {
				return
			}
			from = to
		}
	}
}

// needed returns how long file i must be to hold all pieces of which has is true.
func (l Layout) needed(i int, has func(piece int) bool) int64 {
	f := l.Files[i]
	if f.Length == 0 {
		return 0
	}
	first, last := int(f.Offset/l.PieceLength), int((f.Offset+f.Length-1)/l.PieceLength)
	for p := last; p >= first; p-- {
		if has(p) {
			return min(int64(p+1)*l.PieceLength-f.Offset, f.Length)
		}
	}
	return 0
}
