// Package tracker is a BitTorrent tracker, to embed or to run alone: peers announce
// themselves over HTTP (BEP 3, 7, 21, 23, 24) or UDP (BEP 15), on the same port, and
// are told of each other; anyone may scrape the counts of swarms (BEP 48).
//
// # Whom it believes
//
// A peer is known by the address that it announces from and the port that it tells;
// only who is on this machine may name another address, and only one of this machine.
// Over UDP nobody gets an answer longer than his packet unless he has a connection ID,
// which is a keyed hash of his address and the time. A peer ends or changes by its own
// peer ID or key only. Who is on this machine, or in its network, is told to others by
// the address at which they reach it (view.go), or not at all.
//
// # Bounds
//
// Everything is in memory. A table has a most of swarms and of peers; one swarm may have
// a quarter of the peers, one source (an IPv4 address, an IPv6 /48) a sixteenth, and 64
// in a swarm. When the table is full, one of the longest quiet peers of the largest
// swarm makes room, or the smallest swarm. Who is quiet for two intervals is
// forgotten. A peer takes about 50 bytes with an IPv4 address, 62 with an IPv6 one:
// TestMemory measures it. A source is answered 50 times a second, after 1,000 at once,
// and has 64 connections; requests are 16 KiB at most and have ten seconds to come, two
// while half of the connections are taken.
//
// # Goroutines
//
// Serve runs one that accepts for each listener and one for each connection, up to four
// that read packets for each UDP socket, and one that forgets peers; all have ended when
// it returns. They share a table in shards behind locks, which are never held while the
// network is waited for.
//
// # Sockets
//
// Listen makes a socket for TCP and one for UDP; New takes those of who has rules for
// sockets of his own. A UDP answer leaves by the address that was asked, where the system
// lets us choose (Linux): on a machine with several, the asker would not know another.
package tracker
