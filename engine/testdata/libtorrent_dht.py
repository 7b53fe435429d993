"""Nodes of the DHT for a test, made of libtorrent: libtorrent_dht.py NUMBER NODE [DIR SOURCE]...

Starts so many sessions, each with a node at a port of 127.0.0.1 of its own, which knows of
NODE ("127.0.0.1:PORT") at first. Each DIR and SOURCE is a torrent (a file or a magnet link) of
one of the sessions. Prints {"event": "ready", "ports": [...]}, at most twice a second {"event":
"nodes", "least": how many the session has that has the fewest}, and {"event": "done"} when all
torrents are complete. Ends when standard input closes."""
import json
import select
import sys
import time

import libtorrent as lt

number, node, torrents = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
host, port = node.rsplit(":", 1)


def tell(**event):
    print(json.dumps(event), flush=True)


def session():
    s = lt.session({
        "listen_interfaces": "127.0.0.1:0", "outgoing_interfaces": "127.0.0.1",
        "enable_dht": True, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "dht_bootstrap_nodes": node, "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
        "dht_ignore_dark_internet": False, "allow_multiple_connections_per_ip": True, "dht_block_ratelimit": 10000,
        "alert_mask": 0,
    })
    s.add_dht_node((host, int(port)))
    return s


all_sessions = [session() for _ in range(number)]
handles = []
for i in range(0, len(torrents), 2):
    source = torrents[i + 1]
    if source.startswith("magnet:"):
        p = lt.parse_magnet_uri(source)
    else:
        p = lt.add_torrent_params()
        p.ti = lt.torrent_info(source)
    p.save_path = torrents[i]
    p.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handles.append(all_sessions[i // 2].add_torrent(p))
while not all(s.listen_port() for s in all_sessions):
    time.sleep(0.01)
tell(event="ready", ports=[s.listen_port() for s in all_sessions])
done, told = not handles, 0
while not select.select([sys.stdin], [], [], 0.05)[0]:
    if not done and all(h.status().is_seeding for h in handles):
        done = True
        tell(event="done")
    if time.monotonic() - told > 0.5:
        told = time.monotonic()
        tell(event="nodes", least=min(s.status().dht_nodes for s in all_sessions))
