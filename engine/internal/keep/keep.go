// Package keep is the rule by which a connection gives its place to a new one when
// there are as many as there may be. It knows no socket.
//
// A connection that moves payload never gives its place, and a young one only if
// it can never be of use. Those that came in and those that we dialled are each
// sure of a quarter of the places: a flood from outside cannot take those that we
// chose, and whoever cannot be dialled still gets in.
package keep

import "time"

const (
	grace = time.Minute      // so long everybody may show what he is good for
	busy  = 30 * time.Second // so long after the last payload a connection is at work
	share = 4                // one place in so many is sure for each direction
)

// Peer is one connection, as far as it matters here.
type Peer struct {
	Incoming     bool
	Age          time.Duration // since it joined
	Idle         time.Duration // since payload last moved, either way; its age if none did
	Given, Taken int64         // payload that it sent and got, bytes
	Useless      bool          // both sides have everything
	Snubbed      bool          // it owes us a block for a minute
}

// Worst returns the index of the connection that gives its place to a new one
// which came in or not; -1 if none does. There are places in all.
func Worst(peers []Peer, places int, incoming bool) int {
	count := 0 // of the newcomer's direction
	for _, p := range peers {
		if p.Incoming == incoming {
			count++
		}
	}
	sure := len(peers)-count <= places/share // the others have no more than is theirs
	worst := -1
	for i, p := range peers {
		if p.keeps() || sure && p.Incoming != incoming {
			continue
		}
		if worst < 0 || p.worse(peers[worst]) {
			worst = i
		}
	}
	return worst
}

// keeps reports whether a connection stays, whoever comes.
func (p Peer) keeps() bool {
	if p.Useless {
		return false
	}
	return p.Age < grace || p.Idle < busy
}

func (p Peer) worse(q Peer) bool {
	if a, b := p.class(), q.class(); a != b {
		return a < b
	}
	return p.Idle > q.Idle
}

// class is how useful a connection has been, the least useful first.
func (p Peer) class() int {
	switch {
	case p.Useless:
		return 0
	case p.Snubbed:
		return 1
	case p.Given > 0:
		return 4
	case p.Taken > 0:
		return 3
	}
	return 2
}
