package admit

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
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
	t := &Torrent{InfoBytes: bytes.Clone(dict)}
	for _, step := range []func(*Torrent) error{
		in.checkVersion, in.checkTree, in.readPieces, in.readFiles, in.checkCounts, in.readTrees, decode,
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
	case !v1 && version != 2 && in.tree != nil:
		return refuse("The torrent has v2 files only, but does not say that it is of version 2.")
	case version == 2 && in.tree == nil && v1:
		return refuse("The torrent says that it is a hybrid, but has no list of v2 files.")
	case version == 2 && in.tree == nil:
		return refuse("The torrent has no list of v2 files.")
	}
	t.V2, t.Hybrid = version == 2, version == 2 && v1
	t.identify()
	return nil
}

// identify works out the info hashes.
func (t *Torrent) identify() {
	t.ID = sha1.Sum(t.InfoBytes)
	if !t.V2 {
		return
	}
	t.HashV2 = sha256.Sum256(t.InfoBytes)
	if !t.Hybrid {
		t.ID = [20]byte(t.HashV2[:])
	}
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
	case t.V2 && (length < blockSize || length&(length-1) != 0):
		return refuse("The torrent's piece length is %d; in a v2 torrent it must be a power of two of at least 16384.", length)
	}
	t.PieceLength = length
	switch {
	case t.V2 && !t.Hybrid:
		return nil
	case in.pieces == nil:
		return refuse("The torrent has no piece hashes.")
	case !isText || len(hashes) == 0 || len(hashes)%sha1.Size != 0:
		return refuse("The torrent's piece hashes are damaged.")
	case len(hashes)/sha1.Size > MaxPieces:
		return refuse("The torrent has too many pieces (%d, at most %d).", len(hashes)/sha1.Size, MaxPieces)
	}
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
	want := int64(t.Pieces())
	v1 := !t.V2 || t.Hybrid
	blocks := (t.PieceLength + blockSize - 1) / blockSize
	switch {
	case t.Size == 0:
		return refuse("The torrent has no data: all its files are empty.")
	case v1 && int64(len(t.Hashes)/sha1.Size) != want:
		return refuse("The torrent has %d piece hashes, but its files fill %d pieces.", len(t.Hashes)/sha1.Size, want)
	case want > MaxPieces:
		return refuse("The torrent has too many pieces (%d, at most %d).", want, MaxPieces)
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
	if !t.seenAlike() {
		return refuse("The torrent's info dictionary can be read in two ways.")
	}
	t.Hashes = t.Info.Pieces
	t.Private = t.Info.Private != nil && *t.Info.Private
	return nil
}

// seenAlike reports whether the library sees what was checked.
func (t *Torrent) seenAlike() bool {
	in := &t.Info
	if in.PieceLength != t.PieceLength || in.HasV2() != t.V2 || in.HasV1() != (t.Hybrid || !t.V2) ||
		!bytes.Equal(in.Pieces, t.Hashes) || t.V2 && in.FileTree.Validate() != nil {
		return false
	}
	var length int64
	for f := range in.UpvertedV1Files() {
		length += f.Length
	}
	if in.HasV1() && length != t.Length {
		return false
	}
	return !t.V2 || in.NumPieces() == t.Pieces() && t.treesAlike()
}

// treesAlike reports whether the library's v2 files lie where ours do.
func (t *Torrent) treesAlike() bool {
	next := 0
	for f := range t.Info.UpvertedFilesIter() {
		if f.Length == 0 {
			continue
		}
		if next == len(t.Trees) || f.Length != t.Trees[next].Length || f.PiecesRoot.Value != t.Trees[next].Root ||
			f.TorrentOffset != int64(t.Trees[next].First)*t.PieceLength {
			return false
		}
		next++
	}
	return next == len(t.Trees)
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
