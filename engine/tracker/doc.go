// Package tracker is a BitTorrent tracker to embed: peers announce themselves
// over HTTP and are told of each other (BEP 3, 7, 23), and anyone may scrape the
// counts of a swarm (BEP 48).
//
// Everything is in memory and bounded: when a table is full, what has been quiet
// for longest is dropped. A peer that has not announced itself for two intervals
// is forgotten. A peer is known by the address that it announces from and the
// port that it tells; only a client on this machine may name another address.
//
// Serve runs one goroutine that accepts, and net/http's one for each connection,
// at most 1,000; all have ended when it returns. They share one table behind a
// lock, which is never held while the network is waited for.
package tracker
