"""libtorrent_create.py PATH OUT PIECELENGTH v1|v2|hybrid: makes a torrent as libtorrent does by itself."""
import os
import sys

import libtorrent as lt

path, out, length, kind = sys.argv[1:]
files = lt.file_storage()
lt.add_files(files, path)
flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[kind]
made = lt.create_torrent(files, int(length), flags=flags)
lt.set_piece_hashes(made, os.path.dirname(path))
with open(out, "wb") as f:
    f.write(lt.bencode(made.generate()))
