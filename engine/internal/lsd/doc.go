// Package lsd finds peers in the local network (BEP 14): torrents are announced to a
// multicast group of each IP version, on every interface, and who else announces one is
// a peer. There is no reply. A private torrent (BEP 27) must not be given to Want.
//
// A packet names as many torrents as fit in it. Of packets there is one a minute, and a
// torrent is in one at most every five minutes, as the BEP asks; with many torrents those
// that have waited the longest come first. What comes is bounded too, and our own
// packets are known by their cookie.
//
// # Goroutines
//
// New starts one that looks at the clock, opens the sockets while the service is on, and
// sends; each socket has one that reads, and ends with it. Close ends and awaits all.
// Service.mu guards the state, and is not held while something is sent or called.
package lsd
