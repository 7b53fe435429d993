// Package swarm is the control plane: the only user of the library's Client. The
// library gets our connections (package wire), through which it shakes hands, and the
// peers that are to be dialled; it believes itself choked by everyone and never sees a
// block. The blocks are package transfer's.
//
// # Finding peers
//
// Beside those that the engine gives to AddPeers, peers are found by the DHT (package
// dht), in the local network (package lsd) and by what peers tell (PEX, BEP 11), each of
// which can be turned off at any time (SetDiscovery); none of it is used for a private
// torrent (BEP 27). The library sends PEX messages, as far as wire lets them pass; those
// that come it never sees. Of all addresses that others name, package sift decides which
// the library gets to dial. A magnet's torrent may turn out to be private only when its
// metadata is there: until then it is looked for everywhere.
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
// The DHT and the local network are told of it as of any other; it is in no peer
// exchange. A leech that cannot dial us is dialled when it is the torrent's turn: the
// engine has it woken, seldom, when a tracker, the DHT or the local network knows of one.
//
// # Who may wait
//
// The library takes one lock for the whole client, even to read. So the methods
// of Client but SetSession, SetDiscovery, DHT, DHTState, StandBy, Leave and Awaited, and Open, AddPeers and Drop of Torrent, may wait; the
// engine calls them from one goroutine, in order. All else returns at once.
//
// # Goroutines
//
// Beside those of the library, of wire, dht and lsd, and the workers of transfer: one that
// ticks all torrents once a second; one that hands the library peers that were found; one per torrent without metadata waits for
// it; one per torrent with metadata tells the library of pieces that are ours; three per
// web seed, see package webseed.
// They end with the torrent or the Client, and Client.Close waits for them.
package swarm
