// Package dht is our node in the distributed hash table, by which torrents find peers
// without a tracker: BEP 5, over IPv6 too (BEP 32), with an ID that fits our address
// (BEP 42), read-only if it is told to be (BEP 43).
//
// A Server has a node for each IP version, with a table, lookups and a socket of its
// own, and one queue of the torrents to announce. What it takes in is bounded: nodes,
// lookups at a time, queries in flight, packets a second, peers that others announce to
// us. The library's node is not used: a packet of twenty bytes ends its process, and it
// keeps whatever strangers tell it.
//
// # Torrents
//
// Each torrent is looked up again and again: at once when it comes, downloads more often
// than seeds and before them, seeds spread over their interval (see queue). At the end
// of a lookup the nodes closest to the info hash are told that we are a peer. A private
// torrent (BEP 27) must not be given to Want.
//
// # Addresses
//
// Nobody is asked at an address that strangers could have aimed at somebody: loopback,
// multicast and privileged ports are left out, and an IP address that has not answered
// a few questions is left alone for a while, whatever port others name. With
// Config.Loopback there is nothing but loopback.
//
// # Goroutines
//
// New starts one that looks at the clock and one that asks for the addresses of the
// bootstrap list; Attach starts one that reads from a socket until that is closed. Close ends the first two; the
// caller closes the sockets. All state is guarded by Server.mu, which nobody holds while
// a packet is sent, a callback is called, or anything else that may take its time.
package dht
