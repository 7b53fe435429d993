"""Makes a torrent with libtorrent: libtorrent_create.py KIND PIECELENGTH PATH.

KIND is v1, padded (v1, each file begins with a piece, BEP 47), hybrid or v2 (BEP 52). Prints a JSON
object: {"torrent": the .torrent file in hexadecimal, "info": its info dictionary, "pieces": number,
"pads": {path below PATH: bytes}}."""
import json
import os
import sys

import libtorrent as lt

kind, piece_length, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
flags = {"v1": lt.create_torrent.v1_only, "padded": lt.create_torrent.v1_only | lt.create_torrent.canonical_files, "hybrid": 0, "v2": lt.create_torrent.v2_only}
files = lt.file_storage()
lt.add_files(files, path)
made = lt.create_torrent(files, piece_length, flags=flags[kind])
lt.set_piece_hashes(made, os.path.dirname(path))
torrent = made.generate()
print(json.dumps({
    "torrent": lt.bencode(torrent).hex(), "info": lt.bencode(torrent[b"info"]).hex(), "pieces": made.num_pieces(),
    "pads": {"/".join(e.decode() for e in f[b"path"]): f[b"length"] for f in torrent[b"info"].get(b"files", []) if b"p" in f.get(b"attr", b"")},
}))
