package create

import (
	"fmt"
	"slices"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/hash"
)

// Format is which hashes a torrent has.
type Format uint8

// The formats.
const (
	V1     Format = iota // SHA-1 of pieces (BEP 3)
	V2                   // merkle trees of files (BEP 52)
	Hybrid               // both
)

// The bounds of a piece's length, which is a power of two.
const (
	MinPieceLength = hash.LeafSize
	MaxPieceLength = admit.MaxPieceLength
)

const (
	manyPieces  = 2048     // more make longer pieces
	longPiece   = 16 << 20 // which do not get longer than this by themselves
	maxElements = 60       // how deep the gate lets a file lie
)

// Automatic returns the length of pieces that fits so many bytes: at most 2048
// pieces, as long as that takes no pieces over 16 MiB.
func Automatic(size int64) int64 {
	length := int64(MinPieceLength)
	for length < longPiece && size > manyPieces*length {
		length *= 2
	}
	return length
}

// layout is where the files lie in the pieces.
type layout struct {
	offsets []int64     // of the files' first bytes
	pieces  hash.Pieces // no hashes yet
	padded  bool        // there are pad files (BEP 47) up to the next piece
}

// layOut puts the files one behind another; in a v2 torrent each one with bytes at
// the beginning of a piece. A hybrid has pad files there, after the last file too,
// unless it has one file only.
func (f *Files) layOut(format Format, pieceLength int64) layout {
	l := layout{pieces: hash.Pieces{PieceLength: pieceLength}, padded: format == Hybrid && len(f.List) > 1}
	end := int64(0)
	for _, file := range f.List {
		if format != V1 && file.Length > 0 {
			end = roundUp(end, pieceLength)
			l.pieces.Trees = append(l.pieces.Trees, hash.Tree{Length: file.Length, First: int(end / pieceLength)})
		}
		l.offsets = append(l.offsets, end)
		end += file.Length
	}
	if l.padded {
		end = roundUp(end, pieceLength)
	}
	l.pieces.Length = end
	return l
}

// pad returns the length of the pad file behind a file, 0 for none.
func (l *layout) pad(f File) int64 {
	if !l.padded {
		return 0
	}
	return roundUp(f.Length, l.pieces.PieceLength) - f.Length
}

func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }

// Pieces returns how many pieces the torrent would have.
func (f *Files) Pieces(format Format, pieceLength int64) int {
	l := f.layOut(format, pieceLength)
	return l.pieces.Count()
}

// check refuses what the gate would not let through again.
func (f *Files) check(l *layout) error {
	length, count := l.pieces.PieceLength, l.pieces.Count()
	switch {
	case length < MinPieceLength || length > MaxPieceLength || length&(length-1) != 0:
		return fmt.Errorf("pieces of %d bytes cannot be made: a power of two between %d and %d is needed", length, MinPieceLength, MaxPieceLength)
	case count > admit.MaxPieces:
		return fmt.Errorf("that would be %d pieces, more than %d; choose longer ones", count, admit.MaxPieces)
	case l.padded && len(f.List) > admit.MaxFiles/2:
		return fmt.Errorf("there are too many files for a hybrid torrent (more than %d)", admit.MaxFiles/2)
	}
	if i := slices.IndexFunc(f.List, func(f File) bool { return len(f.Path) > maxElements-2 }); i >= 0 {
		return fmt.Errorf("%q lies too deep (more than %d folders)", f.List[i].Path[len(f.List[i].Path)-1], maxElements-2)
	}
	return nil
}
