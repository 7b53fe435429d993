package swarm

import (
	"reflect"
	"unsafe"

	"github.com/anacrolix/torrent"
)

// statsOf returns the connection's counters, which are atomic. The library shows
// them only under its lock, which the tally must not wait for; they are the first
// thing in a PeerConn, and layoutHolds makes sure of that.
func statsOf(pc *torrent.PeerConn) *torrent.ConnStats {
	return (*torrent.ConnStats)(unsafe.Pointer(pc))
}

// layoutHolds reports whether statsOf is right for this version of the library.
func layoutHolds() bool {
	conn := reflect.TypeFor[torrent.PeerConn]().Field(0)
	stats := conn.Type.Field(0)
	return conn.Offset == 0 && conn.Type == reflect.TypeFor[torrent.Peer]() &&
		stats.Offset == 0 && stats.Type == reflect.TypeFor[torrent.ConnStats]()
}

func init() {
	if !layoutHolds() {
		panic("swarm: this version of the library keeps its counters elsewhere")
	}
}
