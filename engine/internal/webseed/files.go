package webseed

import (
	"net/url"
	"slices"
	"sort"
	"strings"

	"piecewise/engine/internal/plane"
)

// Torrent is what web seeds have to know of a torrent. It is never changed.
type Torrent struct {
	Name        string // as the metainfo has it, not safe as a path
	Alone       bool   // it is one file, in no folder
	Files       []File // in order, without gaps from byte 0 on
	Pieces      int
	PieceLength int64 // bytes
}

// File is one file of a torrent.
type File struct {
	Path           []string // below the torrent's folder, as the metainfo has it
	Offset, Length int64    // bytes
	Pad            bool     // it is zeros, and nowhere to be had
}

// part is bytes of one file that are asked for together.
type part struct {
	file     int
	from, to int64 // in the file
}

// parts returns what the bytes from a up to b of the torrent are.
func (t *Torrent) parts(a, b int64) (all []part) {
	first := sort.Search(len(t.Files), func(i int) bool { return t.Files[i].Offset+t.Files[i].Length > a })
	for i := first; i < len(t.Files) && t.Files[i].Offset < b; i++ {
		f := t.Files[i]
		if f.Length > 0 {
			all = append(all, part{i, max(a, f.Offset) - f.Offset, min(b, f.Offset+f.Length) - f.Offset})
		}
	}
	return all
}

// url returns where a file is, "" if there is no such place.
func (t *Torrent) url(base string, file int) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	path := u.EscapedPath()
	if t.Alone && !strings.HasSuffix(path, "/") && path != "" {
		return base
	}
	elements := append([]string{t.Name}, t.Files[file].Path...)
	if t.Alone {
		elements = elements[:1]
	}
	path = strings.TrimSuffix(path, "/")
	for _, e := range elements {
		if e == "" || e == "." || e == ".." {
			return ""
		}
		path += "/" + escape(e)
	}
	if u.Path, err = url.PathUnescape(path); err != nil {
		return ""
	}
	u.RawPath = path
	return u.String()
}

// escape has of an element only letters, digits and what no server takes for anything
// else (RFC 3986, 2.3).
func escape(element string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(element) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// without returns the pieces that have nothing of the files that are missing; of no
// length if that is all.
func (t *Torrent) without(missing []int) plane.Bits {
	if len(missing) == 0 {
		return plane.Bits{}
	}
	have := plane.FullBits(t.Pieces)
	for _, i := range missing {
		f := t.Files[i]
		for piece := f.Offset / t.PieceLength; f.Length > 0 && piece*t.PieceLength < f.Offset+f.Length; piece++ {
			have.Clear(int(piece))
		}
	}
	return have
}

// nameless returns the files that have no place on a web seed.
func (t *Torrent) nameless(base string) (missing []int) {
	for i := range t.Files {
		if !t.Files[i].Pad && t.Files[i].Length > 0 && t.url(base, i) == "" {
			missing = append(missing, i)
		}
	}
	return slices.Clip(missing)
}
