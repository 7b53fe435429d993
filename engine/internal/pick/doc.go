// Package pick has the rules by which blocks are chosen: which block to ask
// which peer for next. It is pure: it waits for nothing, starts nothing, locks
// nothing and is told the time. The caller holds one lock a torrent around it.
//
// A peer is given what has a deadline first, and of that also what others will
// bring too late; then, high pieces before normal ones: the rest of its own piece,
// an orphaned piece, the rarest piece that nobody fetches, a part of another's
// piece. When nothing of that is left it takes over blocks that wait at much
// slower peers, or a few from a long queue when it is idle, and the last few
// blocks are asked for twice (end game).
//
// With n pieces and c connections that are no seeds: a Have and an arrived block
// cost O(1), a block picked O(1), a piece begun O(c) moves in the order of rarity
// and a look at no more than 256 pieces in progress, a piece verified O(peers)
// bit tests, a call that finds nothing O(peers). A peer that lacks the rarest 128
// pieces costs O(n) once for its next 64 pieces; a piece in sequential order n/64
// words. A bitfield, SetHave and SetWanted are O(n). Each call looks at no more
// than 64 pieces with deadlines, and at the peers for one that will be late.
package pick
