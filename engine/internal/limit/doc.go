// Package limit has the rules of how fast we may transfer: rate limits of the
// session, of torrents and of peers, shared fairly, and the timetable of the
// alternative limits.
//
// # Limits
//
// A Tree has a root, the session; below it are torrents, below those peers. Each
// node has a rate and a weight. One tree is for upload, another for download. A
// peer's Reserve asks for a turn; it never waits but says when to ask again, so
// that its caller can send control messages meanwhile. Turns go to the waiting
// peers by start-time fair queueing (Goyal, Vin, Cheng 1996), first between
// torrents, then between the peers of one; what one does not use goes to the
// others. Each node has a bucket that turns may overdraw once, so that a rate
// far below a turn a second is exact, too.
//
// golang.org/x/time/rate is not used: its reservations are first come, first
// served, and it knows neither weights nor a hierarchy.
//
// # Who waits
//
// The package starts no goroutine, does no I/O and has no clock: the time is
// handed in. A Tree may be used by several goroutines; it has one mutex, held for
// microseconds. A peer without any limit above it takes no lock: Reserve is one
// atomic load.
package limit
