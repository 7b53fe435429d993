// Package ipfilter is a list of address ranges that nobody is connected to, and reads
// the files that such lists are kept in: eMule's ipfilter.dat, PeerGuardian's .p2p and
// P2B, plain ranges, and gzip of any of them.
//
// A Filter never changes: it is made once, off everybody's way, and looked at from any
// goroutine. A Gate has the Filter of now and counts whom it refused.
package ipfilter
