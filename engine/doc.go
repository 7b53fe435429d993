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
// The loop never waits for a disk, the library or its reader. Lanes do:
//
//   - library: one goroutine makes every call that may take the library's lock, in
//     order. (One exception: what a running torrent tells without waiting, its
//     carrier's gauge, and what changes at once, its tuning and
//     controller.SetSession.)
//
//   - keeper: one goroutine owns the store. It writes what is dirty in one batch:
//     first the torrents' files are synced, then the pieces are recorded, so that a
//     recorded piece is on disk.
//
//   - tasks: a few goroutines read metainfo, open files, and move files to the trash.
//
//   - checks: a few goroutines hash files, one torrent on each disk at a time, which
//     may take hours.
//
//   - looks: one goroutine asks file systems what is wrong with them, and whether it
//     is over.
//
// A job returns a function for the loop to run with its result. A torrent has at
// most one job under way (torrent.busy); when its result is in, steer looks what
// the torrent should be doing and starts the next one.
//
// # Disks in trouble
//
// When a read, write or sync of a torrent's files fails, its data plane asks peers for
// nothing more at once, and examine finds out what is behind it. What may be over by
// itself (disk.Trouble.Heals) is a torrent.trouble: it shares the outage of its disk or
// folder, which is looked at for all of its torrents together, after growing pauses.
// While only writing fails the torrent seeds what it has; otherwise it stops. Torrents
// on other disks know nothing of it. The user is told once an outage, and is not asked
// to do anything but mend the disk; Resume looks at once. Such a trouble is not
// recorded: at the next start all is tried again. A fault that the user must mend is.
// Files that another program cut short or removed are checked and fetched again, but
// if all are gone so may be their disk: then what is known of them is kept.
//
// # What is not in memory
//
// The list is made of the store's records alone. The metainfo of a torrent is read when
// somebody needs it (read.go), and forgotten when nobody does. A stopped torrent costs
// its record and its row. So does a seed that nobody asks for (standby.go): it stands
// by, announced to its trackers, and is started when a peer's handshake names it, when a
// tracker tells of leeches, or when it is its turn. At most a hundred seeds without a
// peer run at a time; whoever asks for one more waits until another has had its ten
// seconds. That what is recorded of a seed is still true is looked at once after the
// start, a few seeds a second (look.go).
//
// # Our own tracker
//
// While the settings say so a tracker.Server runs here (hosting.go), on sockets of the
// route, which hold to the interface or address that was chosen. It is given a list of the
// torrents that are ours, made anew when that changes, and tells of us without an
// announce. It runs neither while there is a proxy, which would not hide it, nor in
// anonymous mode. The router is asked for its port as for that of peers.
//
// # Goroutines
//
// Run starts the lanes, the announcer, the mappers of our ports (portmap) and, for the length of a check, nothing
// more: a check is a job. Run ends them all before it returns, in this order:
// tasks are cancelled, stopped is announced, the store is flushed, the library is
// closed. That takes at most five seconds; what has not ended by then is left
// behind and logged.
package engine
