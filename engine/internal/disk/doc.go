// Package disk keeps the files of a torrent: it maps the torrent's bytes to
// files, reads, writes and syncs them, and offers them to the BitTorrent
// library as a storage.ClientImpl.
//
// # What is never done
//
// A file that was there before its torrent was added (Options.Foreign), or that
// appeared where we were about to create one, is never written, truncated or
// deleted; it may be read, and Rename gives it another name if the user asks for that.
// It becomes ours only if the user agrees, once its pieces were hashed and Adoptable
// has nothing against it; then what is missing is written, and it is not cut short either.
// What was put in the place of a file of ours while no handle was open is not written, as
// far as files have lasting numbers (keepsNumbers). No file of ours is truncated either, and nothing is
// deleted: Trash moves files to the desktop's trash or fails; Moved.Finish and
// Leftover remove a file of ours only if a copy of it that came back from the disk as
// it was written has taken its place, and that is recorded. No symbolic link
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
// A Sync that failed is never made good by a later one: the system may have dropped
// what it could not write. A file that is not where it was when it was opened is such a
// failure, for what is written to it is lost.
//
// # What goes wrong
//
// KindOf says what an error comes to; Diagnose asks the file system what is behind it,
// such as that not one file but the whole disk is gone; Trouble.Sentence tells the
// user, and Over finds out whether it is over, for all torrents of a disk at once.
// Diagnose and Over wait for the disk and leave no trace; only on Windows Over must
// make a file in a folder, and remove it, to see whether that may be written.
//
// # What can be lost
//
// After a kill at any moment, a power cut included, at most what was verified since
// the last record must come again: the engine makes one every two seconds, once the
// Sync before it has ended. What is claimed is never wrong. After a kill without a
// power cut nothing that was verified is lost: the pieces that were not recorded are
// found by hashing them, and only them.
//
// That another program changed a file is seen by its size and its time, which Stamps
// tells for the record and Open compares (Stamp.Compare, Changes): the pieces of such
// a file are hashed before they are believed, and one that was put in the place of
// ours is foreign. What we wrote after the last record ourselves is told from that
// by when it was (Options.Own), by whether there was something to write, and because
// we never make a file shorter. Not seen are changes that keep size and time, those of
// a file to which we write while the program runs, and, after a crash, those of an
// unfinished file within the last milliseconds of the program, or within a minute of the last
// record if the system went down too.
//
// # Where the files are
//
// A table in each Torrent says where each file is: below which folder, and under
// which name if that is not the layout's. It may change at any time. Rename gives
// files other names, on the disk and in the table; SetDir and, within the package,
// setFolder note that files were put below another folder by who calls them. Both
// drop the handles: who asks for one later gets the file at its new place, for sure;
// who holds one goes on at the old place, so whoever copies a file elsewhere must
// keep its writers out meanwhile. A rename leaves handles right. What the table says
// is kept by way of Names and Options.Names.
//
// # How files move
//
// Move renames files that stay on their file system, without ever replacing
// anything. Others it copies into a hidden folder, .KEY.moving, beside their new
// places, while the torrent goes on; chunks that are written meanwhile are noted and
// copied again. When little is left it holds up the writers (gate), copies that,
// renames the folder to .KEY.placing, gives all copies their places, and changes the
// table. So the old place is whole and right until the table says the new one; until
// then a crash, a failure or a cancel costs only copies. What is recorded must
// be taken in this order: Have, then Dir and Names. After a crash Options.Moving says
// where else files may be, and the next Move takes copies back from their places
// (.placing says whose they are), keeps those that are as old and large as their
// files, and goes on.
//
// # Who waits, and on whom
//
// OpenTorrent, Close of the library's storage, Completion, Have and Verified
// touch no disk, nor do Names, Path and Dir. Reads, writes, Sync, Drain, Finish, Complete,
// Rename, Move, SetDir, Trash, Open and Existing do, on their caller's goroutine; the
// package starts none, but Sync, which syncs some files at once and awaits them. No lock is held while bytes move, save for the last
// 32 MiB of a move, for which writers wait; only the creation and renaming of files
// is one at a time per torrent. Open handles are shared by the
// whole process and at most 128 stay open besides those in use; a Scan, which reads
// a whole torrent for a check, has a few of its own and does not fill the page
// cache. Options.OnError runs on the goroutine that reads, writes or syncs
// and must return at once.
//
// What was written would lie in the system's memory for half a minute, or until the
// next Sync, which then waits for all of it. So once 8 MiB are written (Soaked) somebody
// whom nobody waits for calls Drain, which has the system begin.
package disk
