"""Makes a torrent with libtorrent: libtorrent_create.py KIND PIECELENGTH PATH [OPTIONS].

KIND is v1, padded (v1, each file begins with a piece, BEP 47), hybrid or v2 (BEP 52). OPTIONS is a JSON
object with private, trackers (tiers), web_seeds, comment and creator; and sorted, which puts the files of v1
in the order of their paths instead of the folder's. Prints a JSON object: {"torrent": the .torrent file in
hexadecimal, "info": its info dictionary, "pieces": number, "pads": {path below PATH: bytes}}."""
import json
import os
import sys

import libtorrent as lt


def listed(path, in_order):
    files = lt.file_storage()
    lt.add_files(files, path)
    if not in_order:
        return files
    again = lt.file_storage()
    for i in sorted(range(files.num_files()), key=lambda i: files.file_path(i).encode().split(b"/")):
        again.add_file(files.file_path(i), files.file_size(i), files.file_flags(i))
    return again


kind, piece_length, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
options = json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}
flags = {"v1": lt.create_torrent.v1_only, "padded": lt.create_torrent.v1_only | lt.create_torrent.canonical_files, "hybrid": 0, "v2": lt.create_torrent.v2_only}
files = listed(path, options.get("sorted"))     # which the torrent only refers to
made = lt.create_torrent(files, piece_length, flags=flags[kind])
lt.set_piece_hashes(made, os.path.dirname(path))
made.set_priv(options.get("private", False))
for tier, trackers in enumerate(options.get("trackers", [])):
    for tracker in trackers:
        made.add_tracker(tracker, tier)
for seed in options.get("web_seeds", []):
    made.add_url_seed(seed)
if "comment" in options:
    made.set_comment(options["comment"])
if "creator" in options:
    made.set_creator(options["creator"])
torrent = made.generate()
print(json.dumps({
    "torrent": lt.bencode(torrent).hex(), "info": lt.bencode(torrent[b"info"]).hex(), "pieces": made.num_pieces(),
    "pads": {"/".join(e.decode() for e in f[b"path"]): f[b"length"] for f in torrent[b"info"].get(b"files", []) if b"p" in f.get(b"attr", b"")},
}))
