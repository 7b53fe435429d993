package admit

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/anacrolix/torrent/bencode"
)

const (
	blockSize = 16 << 10

	// maxForeign bounds the values under one key that we do not know, which the
	// library holds in memory at once before it drops them.
	maxForeign = 1 << 20
	// maxForeignInFile is the same for a key of one file.
	maxForeignInFile = 1 << 10
)

// info is an info dictionary whose entries have been found but not judged.
type info struct {
	name, nameUTF8      value
	pieceLength, pieces value
	length, files       value
	attr                value
	version, tree       value // BEP 52
}

// readInfo checks a well-formed dictionary and keeps a copy of it.
func readInfo(dict value) (*Torrent, error) {
	in, err := splitInfo(dict)
	if err != nil {
		return nil, err
	}
	t := &Torrent{ID: sha1.Sum(dict), InfoBytes: bytes.Clone(dict)}
	for _, step := range []func(*Torrent) error{
		in.checkVersion, in.checkTree, in.readPieces, in.readFiles, in.checkCounts, decode, checkHybrid,
	} {
		if err := step(t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func splitInfo(dict value) (in info, err error) {
	known := map[string]*value{
		"name": &in.name, "name.utf-8": &in.nameUTF8, "piece length": &in.pieceLength, "pieces": &in.pieces,
		"length": &in.length, "files": &in.files, "attr": &in.attr, "meta version": &in.version, "file tree": &in.tree,
	}
	for key, v := range dict.entries() {
		if field, ok := known[string(key)]; ok {
			*field = v
		} else if v.weight(maxForeign) > maxForeign {
			return in, refuse("The torrent has too much under the unknown entry %s.", quote(key))
		}
	}
	return in, nil
}

func (in *info) checkVersion(t *Torrent) error {
	version, ok := in.version.number()
	v1 := in.pieces != nil || in.files != nil || in.length != nil
	switch {
	case in.version != nil && (!ok || version < 0 || version > 2):
		return refuse("The torrent is of a version that is not known (%s).", quote(in.version))
	case !v1 && (version == 2 || in.tree != nil):
		return refuse("This is a v2 torrent; only v1 and hybrid torrents can be loaded so far.")
	case version == 2 && in.tree == nil:
		return refuse("The torrent says that it is a hybrid, but has no list of v2 files.")
	}
	t.Hybrid = version == 2
	return nil
}

// checkTree bounds what the library makes of a file tree (BEP 52).
func (in *info) checkTree(*Torrent) error {
	const perFile = 8 // values: its name, two dictionaries, their keys and values
	if in.tree != nil && !in.tree.is('d') {
		return refuse("The torrent's list of v2 files is not a dictionary.")
	}
	if in.tree.weight(perFile*MaxFiles) > perFile*MaxFiles {
		return refuse("The torrent's list of v2 files is too long.")
	}
	return nil
}

// readPieces checks what does not depend on the files.
func (in *info) readPieces(t *Torrent) error {
	length, ok := in.pieceLength.number()
	hashes, isText := in.pieces.text()
	switch {
	case in.pieceLength == nil:
		return refuse("The torrent does not say how long its pieces are.")
	case !ok:
		return refuse("The torrent's piece length is not a usable number.")
	case length <= 0:
		return refuse("The torrent's piece length is %d, but must be positive.", length)
	case length > MaxPieceLength:
		return refuse("The torrent's piece length is too large (%d bytes, at most %d).", length, MaxPieceLength)
	case t.Hybrid && (length < blockSize || length&(length-1) != 0):
		return refuse("The torrent's piece length is %d; a hybrid's must be a power of two of at least 16384.", length)
	case in.pieces == nil:
		return refuse("The torrent has no piece hashes.")
	case !isText || len(hashes) == 0 || len(hashes)%sha1.Size != 0:
		return refuse("The torrent's piece hashes are damaged.")
	case len(hashes)/sha1.Size > MaxPieces:
		return refuse("The torrent has too many pieces (%d, at most %d).", len(hashes)/sha1.Size, MaxPieces)
	}
	t.PieceLength = length
	t.Hashes = hashes
	return nil
}

// bestName prefers the UTF-8 form of the name if it is what it says.
func (in *info) bestName() ([]byte, error) {
	name, ok := in.name.text()
	switch {
	case in.name == nil:
		return nil, refuse("The torrent has no name.")
	case !ok:
		return nil, refuse("The torrent's name is not a text.")
	}
	if better, ok := in.nameUTF8.text(); ok && len(better) > 0 && utf8.Valid(better) {
		return better, nil
	}
	return name, nil
}

// checkCounts compares the pieces with the size, once the files are known.
func (in *info) checkCounts(t *Torrent) error {
	want := (t.Length + t.PieceLength - 1) / t.PieceLength
	blocks := (t.PieceLength + blockSize - 1) / blockSize
	switch {
	case t.Size == 0:
		return refuse("The torrent has no data: all its files are empty.")
	case int64(t.Pieces()) != want:
		return refuse("The torrent has %d piece hashes, but its files fill %d pieces.", t.Pieces(), want)
	case want*blocks > math.MaxUint32:
		return refuse("The torrent is too large (%d bytes in pieces of %d).", t.Length, t.PieceLength)
	case layout(t) > maxLayout:
		return refuse("The torrent has too many files and pieces together (%d and %d).", len(t.Files), t.Pieces())
	}
	return nil
}

// layout counts the steps that maxLayout bounds.
func layout(t *Torrent) float64 {
	var steps float64
	piece := int64(0)
	for i, f := range t.Files {
		if end := f.Offset + f.Length; end > piece*t.PieceLength {
			next := (end + t.PieceLength - 1) / t.PieceLength
			steps += float64(next-piece) * float64(i+1)
			piece = next
		}
	}
	return steps
}

// decode lets the library read what was checked, as its client will do, and
// makes sure that it sees the same.
func decode(t *Torrent) error {
	err := guard(func() error { return bencode.Unmarshal(t.InfoBytes, &t.Info) })
	if err != nil {
		return refuse("The torrent's info dictionary cannot be read (%s).", shortText([]byte(err.Error()), 120))
	}
	var length int64
	for f := range t.Info.UpvertedV1Files() {
		length += f.Length
	}
	if t.Info.PieceLength != t.PieceLength || length != t.Length || t.Info.HasV2() != t.Hybrid ||
		!bytes.Equal(t.Info.Pieces, t.Hashes) {
		return refuse("The torrent's info dictionary can be read in two ways.")
	}
	t.Hashes = t.Info.Pieces
	t.Private = t.Info.Private != nil && *t.Info.Private
	return nil
}

// checkHybrid makes sure that the v2 files lie where the v1 files do: the
// library lays out a hybrid by its v2 files.
func checkHybrid(t *Torrent) error {
	if !t.Hybrid {
		return nil
	}
	tree := &t.Info.FileTree
	if tree.Validate() != nil || !tree.IsDir() {
		return refuse("The torrent's list of v2 files is damaged.")
	}
	differs := refuse("The torrent is a hybrid whose v1 and v2 files differ.")
	next := 0
	for f := range t.Info.UpvertedFilesIter() {
		if f.Length == 0 { // the library takes it for a second file of a piece, and panics
			return refuse("This is a hybrid torrent with an empty file; such torrents cannot be loaded so far.")
		}
		next = nextReal(t.Files, next)
		if next == len(t.Files) || f.Length != t.Files[next].Length || f.TorrentOffset != t.Files[next].Offset {
			return differs
		}
		next++
	}
	if nextReal(t.Files, next) < len(t.Files) || t.Info.NumPieces() != t.Pieces() {
		return differs
	}
	return nil
}

// nextReal returns the index of the first file from i on that has data of its own.
func nextReal(files []File, i int) int {
	for i < len(files) && (files[i].Pad || files[i].Length == 0) {
		i++
	}
	return i
}

// guard turns a panic of f into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}

// folderName is the torrent's folder, or the file of a torrent with one file.
func folderName(name []byte, id [20]byte) string {
	if len(bytes.TrimSpace(name)) == 0 {
		return hex.EncodeToString(id[:])
	}
	return string(name)
}
