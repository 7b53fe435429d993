// Package swarm is the control plane: the only user of the library's Client. It
// adds and drops torrents, connects peers, exchanges metadata and, in this
// version, lets the library carry the blocks.
//
// # Who may wait
//
// The library takes one lock for the whole client, even to read. So the methods
// of Client, and Open, SetWanted, AddPeers, Peers and Drop of Torrent, may wait;
// the engine calls them from one goroutine, in order. Pieces, Version,
// Availability, Connected, Counters and Events of Torrent never wait for the
// library: they read the tally, which is kept by the library's callbacks and by
// the storage under a mutex of its own that is never held across a call.
//
// # Goroutines
//
// Beside the library's own, one per torrent without metadata waits for it. It
// ends when the metadata arrives or the torrent is dropped, and Client.Close
// waits for it.
package swarm
