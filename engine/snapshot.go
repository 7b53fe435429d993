package engine

import "time"

// Update is what the engine sends: the newest snapshot, and the events since
// the last update that was read.
type Update struct {
	Snapshot *Snapshot
	Events   []Event
}

// Snapshot is the whole engine at one moment. It and all it points to are never
// changed after it was sent.
type Snapshot struct {
	Time     time.Time
	Torrents []*Torrent // in the order in which they were added; previews too
	Detail   *Detail    // of the watched torrent; nil if none is watched
	Settings Settings
	Bans     []Ban // peers that may not connect, the oldest ban first
	Filter   FilterState
	Reach    Reach

	Down, Up             int64 // payload of all torrents, bytes/s
	Downloaded, Uploaded int64 // payload of all torrents since the first start, bytes
	ProtocolDown         int64 // all but payload, of all torrents, bytes/s
	ProtocolUp           int64 // likewise
	ProtocolReceived     int64 // all but payload, to and from peers of torrents, since the program was started, bytes
	ProtocolSent         int64 // likewise
	Wasted               int64 // payload that was not needed or was wrong since the program was started, bytes
	HashFailures         int   // pieces that came with a wrong hash since the program was started
	Peers                int   // connected
	Port                 int   // the TCP port we listen on
	Way                  Way   // out of this machine
	Free                 int64 // bytes free where new torrents are saved; -1 if unknown
	DHT                  DHTStatus

	Hosting Hosting // our own tracker

	Limits Limits // of all torrents together, as they hold now
	Turtle Turtle
}

// Turtle says whether the alternative limits hold, and why.
type Turtle struct {
	On     bool
	ByHand bool      // the user has chosen that, not the timetable
	Until  time.Time // when the timetable changes it; zero if nothing does but the user
}

// Torrent returns the row of id, or nil.
func (s *Snapshot) Torrent(id ID) *Torrent {
	for _, t := range s.Torrents {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// Detail is what is only sampled of the torrent that is watched, four times a
// second. Parts that did not change share their memory with earlier details.
type Detail struct {
	ID           ID
	Availability []uint16 // per piece: connected peers that have it, not counting us
	Peers        []Peer   // ordered by address
	Done         []int64  // per file of Meta.Files: verified bytes
	Priorities   []Priority
	Trackers     []Tracker
	Log          []LogLine // oldest first, the newest 500
}

// LogLine is one line of a torrent's log.
type LogLine struct {
	Time time.Time
	Text string // one sentence; may hold text from outside
}

// EventKind is what happened.
type EventKind uint8

// The kinds of events.
const (
	Added       EventKind = iota // a torrent is in the list
	GotMetadata                  // a magnet's metadata arrived
	Finished                     // all that is wanted is verified
	Removed                      // a torrent left the list
	Fault                        // a torrent stopped by itself; Text says why
	Notice                       // something the user should read; Text says what
)

// Event is something that happened to a torrent, or to the engine if ID is zero.
type Event struct {
	Kind EventKind
	Time time.Time
	ID   ID
	Name string // the torrent's
	Text string // one plain sentence
}
