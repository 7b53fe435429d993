// Package piecemap draws the pieces of a torrent: as a bar one line of pixels
// deep (a row of a list, a peer, a file) and as a map of cells. Both come from
// the same down-sampling, which keeps two promises however many pieces fall on
// one pixel: what is not entirely verified never has the colour of what is, and
// what is partly there never looks empty.
//
// Everything here is used from one goroutine, the window's. Sources are read
// while they are drawn and must not change.
package piecemap
