// Package transfer is the data plane, one Torrent each: it knows who has what,
// requests blocks, gathers them into pieces, hashes and writes them, serves what
// it has, and counts all of it. Which block from whom is the rule of package
// pick.
//
// # Locks
//
// Torrent.mu guards the picker and all that is known of the connections. It is
// held for a step of the rules, never while bytes move: not for a read, a write,
// a hash, nor a call that may wait. Lock order: Torrent.mu before piece.mu; wire
// takes its own locks beneath both, and only ever calls us without them.
//
// # Buffers
//
// A block is parsed in place. Its segments keep the connection's receive buffers
// until the piece has written them; the pool of these buffers is bounded, and each
// disk has one, so a slow disk slows down the peers of its torrents and nothing else. When no more bytes are at hand,
// the connection hands over its whole blocks and copies the one that is not whole
// to memory of its own (see stash.go), so nobody holds a buffer while he waits.
// Each Retain has one Release: by the worker that wrote the segment, by the
// connection when it discards or copies the block, or by Left, which hands over
// what was accepted.
//
// # Senses
//
// While somebody holds a lease of Watch, every request, block, Have, choke and
// change of interest is kept in a ring, under Torrent.mu where it happens; without
// one that costs a look at a pointer (see events.go). Payload is counted here, when a
// block has come or was read to be sent; all other bytes are counted by wire. What
// events tell of blocks and what the counters say is the same.
//
// # Peers that cannot be trusted
//
// Only blocks that were asked of the peer are kept. Who sent a wrong one is banned,
// and only he (see ban.go): whoever runs the connections refuses him from then on.
// What comes beyond all that was ever asked for, refusals without end and messages
// that achieve nothing end the connection (see flood.go). A choked peer gets a few
// pieces that it was allowed (BEP 6, see fast.go) and nothing else. When a torrent
// has all its connections, one of no use gives way to a new one (see places.go).
//
// # Web seeds
//
// A web seed (BEP 19, package webseed) is a source among the peers: Attach gives it a conn
// whose link asks a web server instead of a peer. It counts neither as a connection nor
// for choking and super-seeding, and is told nothing of what we have. It is asked for runs
// of pieces. Who sent wrong data is closed as a peer is, but not banned. Blocks that it delivers are
// copied to memory of their own, of which there is a bounded amount; Deliver waits for it.
//
// # Limits and swarms
//
// An upload waits for its turn in the queue of the peer that asked for it, a download
// before it is asked for (see limits.go), so control messages wait for neither. A peer
// has one connection; one that works is not given up for another (see twin.go). What
// only seeds have, leeches divide among themselves by their peer IDs.
//
// # What is right
//
// Of a v1 torrent a piece is right by its SHA-1, which is computed in order while
// the bytes are hot; what came out of order is read back. Of a v2 torrent (BEP 52)
// each block is hashed by itself, as it comes, and their merkle tree is compared.
// Of a hybrid both must be right: if only one is, no data can ever satisfy both
// kinds of peers, and Config.Torn is told.
//
// A wrong piece of a v2 torrent is put on trial (see trial.go): peers are asked for
// the hashes of its blocks, which the hash of the piece proves. So the wrong blocks
// are known at once; only they are fetched again, only their senders are banned. If
// nobody answers truly, and for pieces of more than 16 MiB, it is as with v1 (see
// ban.go).
//
// Metadata (BEP 9) is fetched and served here (see fetch.go), not by the library, which
// would parse whatever has the right hash and panic on some of it. What comes from one
// peer is put together by itself, so who sends what has another hash is known and
// dropped; few peers are asked at once, the next when a second was not enough.
//
// All messages about hashes are ours, not the library's, which would panic on some:
// a torrent that came by magnet gets its hashes of pieces with Layers before it is
// opened, and what peers ask for is answered in hashes.go, so many a second.
//
// # Goroutines
//
// Workers starts as many as there are cores for each disk; they write and hash pieces
// of all torrents on it, and one more has the system begin to write to the disk what they
// have written; Workers.Close ends and awaits them. A Torrent has none: it runs
// on the connections' goroutines, on a worker, and on whoever calls Tick once a
// second. Of pieces that follow each other fast the peers are told together, on a
// timer that Close stops (see news.go).
package transfer
