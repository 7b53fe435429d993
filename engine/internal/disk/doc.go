// Package disk keeps the files of a torrent: it maps the torrent's bytes to
// files, reads, writes and syncs them, and offers them to the BitTorrent
// library as a storage.ClientImpl.
//
// # What is never done
//
// A file that was there before its torrent was added (Options.Foreign), or that
// appeared where we were about to create one, is never written, truncated or
// deleted; it may be read. No file of ours is truncated either, and nothing is
// deleted: Trash moves files to the desktop's trash or fails. No symbolic link
// leads out of the save folder, only the save folder itself may be one. Files
// are not mapped into memory, so one that another program cuts short is an
// error and not a crash.
//
// # What can be relied on
//
// A file is created with O_EXCL at its first write and is sparse until it is
// full. Pad files (BEP 47), and what is between the files of a v2 torrent, are
// zeros and exist nowhere. A write has reached the system when WriteAt returns and
// the disk when a Sync that began later returns. So: take Have, Sync, then commit
// what Have said, and nothing that is not on the disk is ever believed.
//
// # Who waits, and on whom
//
// OpenTorrent, Close of the library's storage, Completion, Have and Verified
// touch no disk. Reads, writes, Sync, Finish, Trash, Open and Existing do, on
// their caller's goroutine; the package starts no goroutine. No lock is held
// while bytes move; only the creation of files is one at a time per torrent.
// Open handles are shared by the whole process and at most 128 stay open besides
// those in use. Options.OnError runs on the goroutine that writes and must return
// at once.
package disk
