// Package wire is every peer connection: sockets, encryption (MSE) and framing.
// Control messages go to the library, blocks to the data plane, through the
// interfaces Registry, Plane and Peer, which this package declares.
//
// A Net has our sockets. What its Listeners accept and its Dialers dial is a
// net.Conn for the library, behind which is a Conn for the data plane. The two
// 68-byte handshakes pass through; with the library's first message the data
// plane joins. From then on the library reads and writes control messages in
// plaintext only, and believes that nobody ever unchokes anybody:
//
//	from the peer        the library   the data plane
//	Have, Bitfield, HaveAll, HaveNone, Interested, NotInterested   both
//	Extended (BEP 10)   the library; its handshake both, metadata (BEP 9) and PEX (BEP 11) the data plane
//	Port (BEP 5)   the data plane
//	Choke, Unchoke, Request, Cancel, Piece, Reject, AllowedFast, Suggest   the data plane
//	HashRequest, Hashes, HashReject (BEP 52)   the data plane
//	keepalives, unknown kinds   nobody
//
// Of what the library writes, the peer gets Have, Bitfield, HaveAll and HaveNone
// if the data plane agrees (Outgoing), and Extended; what of that is about other peers
// (BEP 11, BEP 55) only while the data plane wants it (Social). The rest is dropped: the
// data plane says it.
//
// A peer that hangs up on a TCP connection before the handshakes are done is
// dialled over uTP, too, if there is a Socket for it.
//
// # Goroutines
//
//   - Each Listener has one that accepts, and each accepted connection one for
//     its handshakes, at most Timeouts.Handshake, in which a torrent that sleeps may
//     have to be woken (Sleeping). Connections whose handshake is wrong or names no
//     torrent of ours are never seen by the library.
//   - A dialled connection does its handshakes on the library's goroutine that
//     writes ours.
//   - A joined connection has two, receive (Message, Block, Flush, Took) and send
//     (Fill). Close ends both, and the one that ends last calls Left.
//   - Three timers: for silence of the peer, for a library that has nothing to
//     say, and for one that does not answer. Outgoing and Join are called on the library's goroutine, or on that of
//     the second timer.
//
// Net starts all of them and Net.Close ends and awaits them.
//
// # Who may wait
//
// Send, Wake, Close, Info, Counters and Overhead return at once. The library's Read waits
// for messages, its Write for a peer that reads slowly. The receive goroutine
// waits for a buffer, for Took, and, holding no buffer, for a library that is 128
// KiB behind. The send goroutine waits for the socket, at most two minutes for
// one batch. What a peer can make us hold is bounded: 1 MiB to be sent, 64 KiB of it
// and one message the library's, 128 KiB and one buffer's worth for the library, one
// message being received, one batch. What makes the library answer it gets few at a
// time, see pace: of its answers nobody bounds how many wait.
//
// # Who gets in
//
// Nobody who is banned or whom Config.Refuses, and for a minute nobody who broke the rules or whose
// handshakes failed again and again (Culprit says what of an address that is). Half-open
// connections are bounded for each direction; of those that came in the oldest gives
// way, of a host that has a crowd of them first. When all places are taken, the
// registry (Sparing) or the torrent (Crowded) says whether somebody else gives his.
// Messages that achieve nothing cost Patience; a peer that has used it up is a flood,
// and its connection ends.
//
// Listeners and Dialers are for good; Rebind changes what they listen on. From which
// interface and address connections are made, and whether at all, is for package route.
//
// # Locks
//
// control.wmu (the library writes) comes before control.mu (the library reads)
// and outbox.mu; Net.mu, door.mu and Pool.mu are taken last, of these Net.mu before
// door.mu. Peer, Plane and Registry are called under no lock but control.wmu, and
// that only for Plane, Room, Spare, Join and Outgoing, which may call all methods of
// Conn. Rebind has a lock of its own, before Net.mu.
//
// # Buffers
//
// Received bytes lie in buffers of 256 KiB from a Pool. The receive goroutine
// takes one when the socket is readable and gives it back before it waits, so an
// idle connection holds none; who keeps a Segment longer than the call retains
// its buffer and releases it. As long as somebody does, the receive goroutine
// goes on filling the free part of the same buffer. When all are taken, nothing
// is read any more: that is the back-pressure. Decryption is in place.
//
// Batches to be sent are 32 to 256 KiB, as much as the socket takes in about 100
// ms, and exist while they are filled and written. Encryption is in place.
package wire
