package plane

import "net/netip"

// Fetch is how the metadata of a magnet link is coming from peers (BEP 9).
type Fetch struct {
	Known   int            // addresses of peers that are known, as far as we remember them
	Peers   int            // connected
	Without int            // of them, those that say they have none
	Came    int            // pieces of 16 KiB that have come from the peer that is ahead
	Of      int            // of so many; 0 while nobody sends any
	From    netip.AddrPort // that peer

	Refused, Wrong, Silent int // times that a peer refused, sent what has another hash, or sent nothing, since the start
}
