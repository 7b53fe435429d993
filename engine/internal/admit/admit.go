// Package admit is the gate: whatever a .torrent file, a magnet link, a tracker
// URL or metadata from peers may not contain stops here. What it lets through
// can be handed to the library and to the disk without looking at it again:
// sizes add up, counts are bounded, and every path is safe, below the torrent's
// own folder and like no other path of the torrent, on any file system.
//
// Everything in here is a pure function of its input: no disk, no network, no
// goroutines. Every error is an Error, one plain sentence for the user.
package admit

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/hash"
)

// Limits of what is let through, far beyond any torrent that was made to be
// downloaded; what they bound is memory and time.
const (
	// MaxMetainfo is the size of a .torrent file or of metadata from peers, in
	// bytes: all of it is held in memory, several times while it is read. The
	// largest in use have about 30 MiB.
	MaxMetainfo = 64 << 20

	// MaxFiles bounds the files of a torrent, pad files included, and also its
	// folders: each costs a few hundred bytes here and in every list of files.
	MaxFiles = 1 << 18

	// MaxPieces bounds the pieces of a torrent: each costs up to 300 bytes in
	// the library once the torrent runs.
	MaxPieces = 1 << 21

	// MaxPieceLength is in bytes: a whole piece is hashed, and given away when
	// it is wrong, at once.
	MaxPieceLength = 256 << 20

	// maxSize is all that 2³² blocks of 16 KiB can hold, and a block's number has
	// 32 bits in the library.
	maxSize = 1 << 46

	// maxLayout bounds the steps in which the library finds the first file of
	// each piece: it walks the files from the start for every piece, about 1 ns
	// a step, while nothing else of it can move.
	maxLayout = 20e9
)

// Error says in one plain sentence what is wrong with a torrent or a link. Text
// from outside is quoted and short in it.
type Error string

func (e Error) Error() string { return string(e) }

func refuse(format string, args ...any) error { return Error(fmt.Sprintf(format, args...)) }

// Torrent is checked metainfo. It is never changed; its slices are shared.
type Torrent struct {
	ID        [20]byte      // the info hash: SHA-1 of InfoBytes (BEP 3), or of a torrent that is v2 only HashV2 cut short
	HashV2    [32]byte      // SHA-256 of InfoBytes, the v2 info hash (BEP 52); zero of a v1 torrent
	InfoBytes []byte        // the exact bytes of the info dictionary
	Info      metainfo.Info // InfoBytes as the library reads it; its names and paths are not safe

	RawName     string      // as given, not safe; "" if there is none
	Name        string      // as given, as valid UTF-8 without control characters, at most 255 bytes
	PieceLength int64       // bytes, 1 to MaxPieceLength
	Hashes      []byte      // SHA-1 of each piece, 20 bytes each; nil if it is v2 only
	Trees       []hash.Tree // of the files with bytes, in order, if it has v2 hashes; see NeedsLayers
	Size        int64       // bytes of all files without pad files
	Length      int64       // bytes of all pieces: Size and the pad files
	Files       []File      // every file, pad files too, in the order of the metainfo, without gaps from 0 to Length

	Private bool // BEP 27
	V2      bool // has v2 hashes (BEP 52)
	Hybrid  bool // has v1 hashes too
	// Opaque says that the library would panic on the info dictionary, so that it
	// must never get it: it has v2 hashes and an empty file.
	Opaque bool

	Comment, CreatedBy string    // valid UTF-8, at most 4 KiB and 255 bytes; only line breaks and tabs of all control characters
	Created            time.Time // zero if not told

	Trackers [][]string // tiers (BEP 12) as Trackers lets them through
	WebSeeds []string   // as WebSeeds lets them through (BEP 19)
	Dropped  []string   // URLs that were left out, and why: one sentence each
}

// Pieces returns the number of pieces.
func (t *Torrent) Pieces() int { return int((t.Length + t.PieceLength - 1) / t.PieceLength) }

// File is one file of a torrent.
type File struct {
	// Path holds safe elements below the save folder: the torrent's folder first,
	// or for a single file just its name. No two files have paths that any file
	// system takes for one, nor has one the path of another with ".part" added.
	// The paths of pad files are not told apart: pad files are never on disk.
	Path   []string
	Length int64 // bytes
	Offset int64 // of its first byte in the pieces
	Pad    bool  // zeros that only fill a piece (BEP 47), or what nothing is in between the files of a v2 torrent

	// Altered is set if the metainfo names the file otherwise: another version of the
	// program may call it something else.
	Altered bool
	// Raw is the path below the torrent's folder as the metainfo has it, if the file is
	// Altered, for who has to name it to others. It is not safe.
	Raw []string
}

// Metainfo reads a .torrent file (BEP 3). After the metainfo only white space
// may follow. A hybrid (BEP 52) without piece layers is read as if it were v1. It
// keeps nothing of raw.
func Metainfo(raw []byte) (*Torrent, error) {
	top, err := parseFile(raw)
	if err != nil {
		return nil, err
	}
	info := top.get("info")
	if !info.is('d') {
		return nil, refuse("This file does not describe a torrent: it has no info dictionary.")
	}
	t, err := readInfo(info)
	if err == nil {
		err = t.readLayers(top.get("piece layers"))
	}
	if err != nil {
		return nil, err
	}
	t.Comment = longText(firstText(top, "comment.utf-8", "comment"), 4<<10)
	t.CreatedBy = shortText(firstText(top, "created by.utf-8", "created by"), maxName)
	if n, ok := top.get("creation date").number(); ok && n > 0 && n < maxDate {
		t.Created = time.Unix(n, 0)
	}
	t.Trackers, t.Dropped = Trackers(tiers(top))
	var dropped []string
	t.WebSeeds, dropped = WebSeeds(urlList(top.get("url-list")))
	t.Dropped = append(t.Dropped, dropped...)
	return t, nil
}

// Info reads an info dictionary that came from peers (BEP 9), one of whose info
// hashes must be want: SHA-1, or SHA-256 cut to 20 bytes. The Torrent has no
// trackers and may need layers. It keeps nothing of infoBytes.
func Info(infoBytes []byte, want [20]byte) (*Torrent, error) {
	another := refuse("The metadata that came from peers is not that of this torrent.")
	if v2 := sha256.Sum256(infoBytes); sha1.Sum(infoBytes) != want && [20]byte(v2[:]) != want {
		return nil, another
	}
	if len(infoBytes) > MaxMetainfo {
		return nil, refuse("The torrent's metadata is too large (%d bytes, at most %d).", len(infoBytes), MaxMetainfo)
	}
	v, rest, err := parse(infoBytes)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 || !v.is('d') {
		return nil, refuse("The torrent's metadata is not an info dictionary.")
	}
	t, err := readInfo(v)
	if err == nil && !t.Is(want) {
		return nil, another
	}
	return t, err
}

// Is reports whether the torrent has this info hash, v1 or v2 cut to 20 bytes.
func (t *Torrent) Is(id [20]byte) bool { return t.ID == id || t.V2 && [20]byte(t.HashV2[:]) == id }

// maxDate is the first second of the year 10000: later ones have no usual form.
const maxDate = 253402300800

// parseFile checks the outside of a .torrent file.
func parseFile(raw []byte) (value, error) {
	switch start := bytes.TrimLeft(raw, "\xef\xbb\xbf \t\r\n"); {
	case len(start) == 0:
		return nil, refuse("The file is empty.")
	case start[0] == '<':
		return nil, refuse("This is a web page, not a torrent file.")
	case raw[0] != 'd':
		return nil, refuse("This is not a torrent file.")
	case len(raw) > MaxMetainfo:
		return nil, refuse("The torrent file is too large (%d bytes, at most %d).", len(raw), MaxMetainfo)
	}
	top, rest, err := parse(raw)
	if err != nil {
		return nil, err
	}
	if rest = bytes.TrimSpace(rest); len(rest) > 0 {
		return nil, refuse("The torrent file has something after its end (%d bytes).", len(rest))
	}
	return top, nil
}

// tiers reads the tracker URLs; announce only counts without an announce-list
// (BEP 12). A flat list, which some programs write, is taken as a tier each.
func tiers(top value) [][]string {
	var all [][]string
	for item := range top.get("announce-list").items() {
		if url, ok := item.text(); ok {
			all = append(all, []string{string(url)})
			continue
		}
		var tier []string
		for url := range item.items() {
			if url, ok := url.text(); ok && len(url) > 0 {
				tier = append(tier, string(url))
			}
		}
		if len(tier) > 0 {
			all = append(all, tier)
		}
	}
	if url, ok := top.get("announce").text(); ok && len(all) == 0 {
		all = append(all, []string{string(url)})
	}
	return all
}
