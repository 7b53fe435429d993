package engine

import (
	"encoding/hex"
	"fmt"
	"time"
)

// ID is a torrent's info hash: SHA-1 of the info dictionary (BEP 3), or its SHA-256
// cut to 20 bytes of a torrent that is v2 only or was added by its v2 hash (BEP 52).
type ID [20]byte

// String returns the ID in hexadecimal, 40 lower-case digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the ID names no torrent.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads 40 hexadecimal digits.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("parse info hash: %d characters, not 40", len(s))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, fmt.Errorf("parse info hash: %w", err)
	}
	return id, nil
}

// State is what a torrent is doing.
type State uint8

// The states of a torrent.
const (
	Stopped     State = iota // paused by the user; no peers, no announces
	Starting                 // being handed to the library
	Checking                 // hashing what is on disk
	Metadata                 // a magnet waits for its metadata from peers (BEP 9)
	Downloading              // wants pieces
	Seeding                  // has all it wants, and serves it
	Faulted                  // stopped by itself, see Torrent.Err
)

// String returns the state as one lower-case word, as `get --json` prints it.
func (s State) String() string {
	return [...]string{"stopped", "starting", "checking", "metadata", "downloading", "seeding", "error"}[s]
}

// Torrent is one row of a Snapshot: a torrent at one moment. It is never
// changed after it was sent; a torrent that did not change keeps its pointer.
type Torrent struct {
	ID    ID
	Name  string // the user's, or from outside: escape before showing
	State State
	Err   string // why it is Faulted: one plain sentence, else ""

	Waits bool // it is Faulted, and goes on by itself when its disk lets it

	// InTheWay says that it is Faulted and has files that were there before it and may be
	// incomplete: Continue may have it go on in them.
	InTheWay bool

	// Preview marks a magnet whose metadata is fetched for the add dialog. It is
	// in no list, has no files and is forgotten at the end, unless Add keeps it.
	Preview bool

	Meta   *Meta   // nil until the metadata is known, and of a torrent that nobody looks at and that does nothing; another pointer after files were renamed
	Fetch  *Fetch  // how the metadata is coming, while State is Metadata and it runs; else nil
	Pieces *Pieces // nil until the metadata is known
	Dir    string  // the folder its files are in
	Final  string  // the folder they go to when all that is wanted is there; "" if it is Dir
	Move   *Move   // of its files to another folder, under way; else nil

	Size   int64 // bytes of all files
	Wanted int64 // bytes of the pieces that are wanted
	Have   int64 // verified bytes of those

	Checked    int   // pieces hashed so far while Checking
	CheckRate  int64 // bytes/s, mean of the last seconds while Checking
	Unseen     bool  // Have is what was recorded, and nobody has looked yet whether the files are as they were then
	CheckWaits bool  // Checking has not begun: another torrent on the same disk is checked first

	Down, Up             int64 // payload, bytes/s, mean of the last seconds
	Downloaded, Uploaded int64 // payload, bytes in the torrent's whole life

	ProtocolDown, ProtocolUp       int64 // all but payload, bytes/s, mean of the last seconds
	ProtocolReceived, ProtocolSent int64 // all but payload, bytes since the program was started
	Wasted                         int64 // payload that was not needed or was wrong, bytes since the program was started
	HashFailures                   int   // pieces that came with a wrong hash since the program was started

	Peers, Seeds           int           // connected; Peers counts the seeds too
	SwarmPeers, SwarmSeeds int           // in the swarm as the trackers tell; -1 if unknown
	ETA                    time.Duration // until all that is wanted is there, or is checked while Checking; -1 if unknown

	Trackers        int       // number of trackers
	TrackersWorking int       // whose last announce succeeded
	TrackerErr      string    // why a tracker fails, if any does; may be from outside
	TrackerRefused  bool      // TrackerErr is a tracker's own answer, such as that it does not know the torrent
	NextAnnounce    time.Time // zero if none is planned

	Added    time.Time
	Finished time.Time // zero until all that is wanted was there

	Options      Options
	SuperSeeding bool // pieces are being hidden now, see SuperSeed
}

// Done reports whether all wanted pieces are verified.
func (t *Torrent) Done() bool { return t.Known() && t.Have >= t.Wanted }

// Known reports whether the metadata is known, though Meta may not be at hand.
func (t *Torrent) Known() bool { return t.Pieces != nil }

// Ratio returns uploaded ÷ downloaded; 0 if nothing was ever downloaded.
func (t *Torrent) Ratio() float64 {
	if t.Downloaded == 0 {
		return 0
	}
	return float64(t.Uploaded) / float64(t.Downloaded)
}

// Meta is what a torrent's metainfo says, checked and with safe paths. It is
// never changed.
type Meta struct {
	HashV1      ID       // SHA-1 of the info dictionary; zero if it is v2 only
	HashV2      [32]byte // SHA-256 of it; zero if it is v1 only
	Name        string   // as the metainfo has it: escape before showing
	PieceLength int64
	Pieces      int
	Size        int64  // bytes of all files
	Files       []File // in the order of the metainfo, without pad files
	Private     bool   // BEP 27: no DHT, no PEX, no LSD
	Comment     string
	CreatedBy   string
	Created     time.Time // zero if not told
	Trackers    [][]string
	WebSeeds    []string // URLs, BEP 19
	Version     string   // "v1", "v2" or "hybrid"

	length int64         // bytes of all pieces: Size and the pad files (BEP 47)
	pads   map[int]int64 // bytes of pad files in each piece that has any
}

// File is one file of a torrent.
type File struct {
	Path   []string // safe path elements below the save folder, the torrent's folder included
	Length int64    // bytes
	Offset int64    // of its first byte in the torrent

	given []string // its path as the metainfo has it, not safe, if that is another one; else nil
}

// PieceRange returns the first piece of the file and the one after its last;
// both are equal for an empty file.
func (m *Meta) PieceRange(file int) (first, end int) {
	f := m.Files[file]
	first = int(f.Offset / m.PieceLength)
	if f.Length == 0 {
		return first, first
	}
	return first, int((f.Offset+f.Length-1)/m.PieceLength) + 1
}
