// Package engine is the program without its window: it downloads and seeds
// torrents, and tells what it does.
//
// # One owner
//
// All state belongs to the goroutine of Engine.Run, as a local variable there.
// Commands are ordinary methods; each sends a function to the loop over an
// unbuffered channel and returns once the loop has run it. What the loop wants
// to tell leaves through Updates: the newest Snapshot wins, Events are kept until
// they are read, and a slow reader gets one merged Update. A Snapshot is never
// changed after it was sent and shares its unchanged rows with the one before.
//
// # What may wait, and where
//
// The loop never waits for a disk, the library or its reader. Three lanes do:
//
//   - library: one goroutine makes every call that may take the library's lock, in
//     order. (One exception: what a running torrent tells without waiting, its
//     carrier's gauge, and what changes at once, its tuning and
//     controller.SetSession.)
//   - keeper: one goroutine owns the store. It writes what is dirty in one batch:
//     first the torrents' files are synced, then the pieces are recorded, so that a
//     recorded piece is on disk.
//   - tasks: a few goroutines read metainfo, open and hash files, and move files
//     to the trash. Half of them at most are busy with checks, which may take hours.
//
// A job returns a function for the loop to run with its result. A torrent has at
// most one job under way (torrent.busy); when its result is in, steer looks what
// the torrent should be doing and starts the next one.
//
// # Goroutines
//
// Run starts the lanes, the announcer and, for the length of a check, nothing
// more: a check is a task. Run ends them all before it returns, in this order:
// tasks are cancelled, stopped is announced, the store is flushed, the library is
// closed. That takes at most five seconds; what has not ended by then is left
// behind and logged.
package engine
