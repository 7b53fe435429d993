// Package pick has the rules by which blocks are chosen: which block to ask
// which peer for next. It is pure: it waits for nothing, starts nothing, locks
// nothing and is told the time. The caller holds one lock a torrent around it.
//
// A peer is given, high pieces before normal ones: the rest of its own piece,
// an orphaned piece, the rarest piece that nobody fetches, a part of another's
// piece. When nothing of that is left it takes over blocks that wait at much
// slower peers, and the last few blocks are asked for twice (end game).
//
// With n pieces, c connections that are no seeds and w = n/64 words: a Have and
// an arrived block cost O(1), a block picked O(1), a piece begun O(c) moves in
// the order of rarity and a look at no more than 256 pieces in progress, a piece
// verified O(peers) bit tests. A peer that lacks the rarest 128 pieces costs O(n)
// once for its next 64 pieces. Bitfields, SetHave and SetWanted are O(n).
package pick
