// Package choke has the rules of who gets our upload: which peers of a torrent
// are unchoked (BEP 3, with the anti-snubbing and optimistic unchoking of "Incentives
// Build Robustness in BitTorrent"), how many slots there are, and which pieces a
// super-seed shows to whom (BEP 16).
//
// The rules are pure. They start no goroutine, do no I/O and have no clock: the
// time is handed in and must not run backwards. No value is safe for use by
// several goroutines at once; the owner of the torrent holds its lock.
package choke
