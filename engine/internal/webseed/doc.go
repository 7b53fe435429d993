// Package webseed gets blocks of a torrent from a web server that has its files (BEP
// 19). To the data plane a web seed is a source like a peer: it is asked for blocks,
// and delivers them; see transfer.Torrent.Attach.
//
// # What is asked for
//
// Requests that follow each other become one range of bytes, at most 16 MiB, that ends
// with a piece if it can; over at most two connections, which are kept. A range that
// spans files is a request for each. Pad files (BEP 47) are not asked for. The URL of a
// file is that of the web seed, with the torrent's name and the file's path as the
// metainfo has them; of a torrent of one file in no folder it is the web seed's own,
// unless that ends with a slash.
//
// While one connection delivers, the other one's range is on its way already, and both
// together are as long as the data plane's queue, which is sized to rate and delay: once
// it has its size, the line does not drain between them. At the start the queue grows
// with what is measured, so the first ranges wait for each other. Where a redirect leads
// is remembered for the visit, for an hour at most if it is for good and a minute if it
// is for now, unless it says otherwise; the rules for redirects hold for every request.
// A target that fails is forgotten, and the web seed itself asked again.
//
// # What is wrong
//
// Nothing of an answer is believed: its range and its length must be those that were
// asked for, and what has another hash than it should is the data plane's to find. A
// server that ignores ranges is used as long as little is to be skipped.
//
//   - No answer, a status of 500 or more, an answer that breaks off or takes longer
//     than 30 s for a block: it is tried again after 5 s, 10 s and so on up to 15 min,
//     a quarter more or less. "Retry-After" counts, from 1 s to an hour.
//   - A file that is not there or has another length: the pieces in it are asked of
//     others.
//   - Wrong data, no ranges, another status, no file left: it is set aside until the
//     torrent is started again.
//
// # Goroutines
//
// Seed.Run, and while it visits the data plane two more that fetch. They end with the
// context of Run, which awaits them. They wait for requests, for the network, and for
// the disk in Source.Deliver.
//
// # Locks
//
// visit.turn is held while blocks are delivered, so it comes before the data plane's
// lock; under that one Send and Close are called, which take visit.mu. Seed.mu is taken
// last.
package webseed
