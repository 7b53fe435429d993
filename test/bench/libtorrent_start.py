"""A libtorrent session that seeds all torrents of a folder, until standard input ends."""
import os
import sys

import libtorrent as lt

listen, torrents, folder = sys.argv[1:]
session = lt.session({
    "listen_interfaces": listen, "outgoing_interfaces": listen.split(":")[0],
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False, "dht_bootstrap_nodes": "",
    "enable_incoming_utp": False, "enable_outgoing_utp": False, "allow_multiple_connections_per_ip": True,
    "active_limit": -1, "active_seeds": -1, "active_downloads": -1, "active_tracker_limit": -1}, 0)
for name in sorted(os.listdir(torrents)):
    p = lt.add_torrent_params()
    p.ti, p.save_path = lt.torrent_info(os.path.join(torrents, name)), folder
    p.flags |= lt.torrent_flags.seed_mode       # it believes that all is there
    p.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    session.async_add_torrent(p)
sys.stdin.read()
os._exit(0)
