// Package swarm is the control plane: the only user of the library's Client. The
// library gets our connections (package wire), through which it shakes hands,
// exchanges and finds peers; it believes itself choked by
// everyone and never sees a block. The blocks are package transfer's.
//
// # Versions
//
// A torrent that is v2 only has its v2 info hash cut to 20 bytes for an ID (BEP 52).
// A hybrid has both; connections under either are its own. An opaque one, which has v2
// hashes and an empty file, never gets a storage in the library, because that would
// panic: it shakes hands, and does not learn of pieces. While pieces are missing it
// does not get the metadata either, so that it goes on looking for peers; unless the
// torrent is private, which it must know (BEP 27).
//
// # Metadata
//
// What peers send as metadata has the right hash, and may be anything else. So
// transfer fetches it, the gate looks at it, and only then the library gets it.
//
// # Seeds that stand by
//
// A torrent of which we have everything and that nobody asks for is known here by its
// info hashes only (StandBy): neither the library nor transfer has it. The first peer
// whose handshake names it, in the clear or by the mark that an encrypted one shows,
// has it woken and waits for Add or Leave. How many are woken at a time is the
// engine's to decide; how many handshakes wait is wire's: those half open, each at most
// as long as a handshake may take.
//
// What the library does for a torrent is not done while it stands by: it is not in the
// DHT, in peer exchange or heard of in the local network. So the engine has those
// without a tracker woken in turns, at most thirty at a time for forty seconds, which
// is every 25 minutes for a thousand of them, and less often for more. A leech that
// only a tracker knows of, and that cannot dial us, is dialled in the same turns.
//
// # Who may wait
//
// The library takes one lock for the whole client, even to read. So the methods
// of Client but SetSession, StandBy, Leave and Awaited, and Open, AddPeers and Drop of Torrent, may wait; the
// engine calls them from one goroutine, in order. All else returns at once.
//
// # Goroutines
//
// Beside those of the library, of wire and the workers of transfer: one that
// ticks all torrents once a second; one per torrent without metadata waits for
// it; one per torrent with metadata tells the library of pieces that are ours; three per
// web seed, see package webseed.
// They end with the torrent or the Client, and Client.Close waits for them.
package swarm
