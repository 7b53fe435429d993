// Package create makes torrents: it looks what is in a file or folder, hashes it
// in one pass and writes the metainfo (BEP 3), with v2 hashes if wanted (BEP 52).
// For the same choices the info dictionary is byte for byte that of libtorrent 2.0.
//
// # What is in a torrent
//
// Look takes the regular files below a folder in the order of their paths, element
// by element and byte by byte, so that the same folder always gives the same
// torrent; empty files are in it, empty folders are not. Left out, and listed in
// Files.Left, are
//
//   - symbolic links, wherever they lead: who downloads could not tell them from
//     files, and seeding does not follow them either. A link that the user names
//     itself is followed.
//   - devices, pipes and sockets
//   - what a pattern says, see Ignored
//
// Nothing outside the folder is ever opened, even if somebody moves it or puts
// links in it meanwhile (os.Root).
//
// # Reading
//
// Make reads every byte once, on all processors and in order, but for as many
// pieces as there are processors. On Linux what was not in the page cache is read
// ahead in order and taken out of the cache again when it is hashed; what was in
// it, stays. A file whose size or time differs from what Look found, when it is
// opened or at the end, is a ChangedError.
//
// There are no goroutines but those of hash.Pieces.Make, which are awaited.
package create
