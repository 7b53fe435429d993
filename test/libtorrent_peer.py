"""A libtorrent peer for the tests: libtorrent_peer.py --listen ADDR:PORT --dir DIR SOURCE...

Each SOURCE is a .torrent file or a magnet link. Prints JSON lines: {"event": "ready"},
{"event": "done", "infohash": ...} for each complete torrent, and at most every 200 ms
{"event": "stats", "uploaded": payload bytes sent, "downloaded": the same received, "connections":
[{"encrypted": with RC4, "utp": over uTP}] of those over which payload went}. Ends when standard
input closes."""
import argparse
import json
import select
import sys
import time

import libtorrent as lt

UTP_SOCKET = 1 << 17  # of peer_info's flags; the binding has no name for it

parser = argparse.ArgumentParser()
parser.add_argument("--listen", required=True)
parser.add_argument("--dir", required=True)
parser.add_argument("--up", type=int, default=0, help="bytes/s, 0 is no limit")
parser.add_argument("--encryption", choices=["forced", "off", ""], default="", help="of connections; empty is libtorrent's default")
parser.add_argument("--utp", action="store_true", help="connect over uTP only, not over TCP only")
parser.add_argument("--connect", action="append", default=[], help="ADDR:PORT to dial, repeatable")
parser.add_argument("sources", nargs="+")
args = parser.parse_args()


def tell(**event):
    print(json.dumps(event), flush=True)


def encryption():
    if not args.encryption:
        return {}
    policy = lt.enc_policy.forced if args.encryption == "forced" else lt.enc_policy.disabled
    return {"in_enc_policy": int(policy), "out_enc_policy": int(policy), "allowed_enc_level": int(lt.enc_level.rc4)}


def transport():
    return {f"enable_{way}_{kind}": (kind == "utp") == args.utp for way in ("incoming", "outgoing") for kind in ("utp", "tcp")}


def session():
    s = lt.session({
        "listen_interfaces": args.listen, "outgoing_interfaces": args.listen.rsplit(":", 1)[0].strip("[]"),
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True,
        "active_limit": -1, "active_seeds": -1, "active_downloads": -1, "upload_rate_limit": args.up,
        "listen_queue_size": 200,  # or many connections at once are lost
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification,
        **encryption(), **transport(),
    })
    local = lt.ip_filter()  # limits count for peers on this machine too
    for first, last in ("0.0.0.0", "255.255.255.255"), ("::", ":".join(["ffff"] * 8)):
        local.add_rule(first, last, 1 << lt.session.global_peer_class_id)
    s.set_peer_class_filter(local)
    return s


def add(s, source):
    if source.startswith("magnet:"):
        p = lt.parse_magnet_uri(source)
    else:
        p = lt.add_torrent_params()
        p.ti = lt.torrent_info(source)
    p.save_path = args.dir
    p.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    torrent = s.add_torrent(p)
    for peer in args.connect:
        address, port = peer.rsplit(":", 1)
        torrent.connect_peer((address.strip("[]"), int(port)))
    return torrent


def connections(torrents):
    flags = [peer.flags for t in torrents for peer in t.get_peer_info() if peer.total_upload + peer.total_download > 0]
    return [{"encrypted": bool(f & lt.peer_info.rc4_encrypted), "utp": bool(f & UTP_SOCKET)} for f in flags]


def main():
    s = session()
    torrents = [add(s, source) for source in args.sources]
    tell(event="ready")
    complete, told, last = set(), time.monotonic(), [0, 0]
    while not (select.select([sys.stdin], [], [], 0.02)[0] and not sys.stdin.read(1)):
        for alert in s.pop_alerts():
            if isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
                print(alert.message(), file=sys.stderr, flush=True)
        states = [t.status() for t in torrents]
        for state in states:
            hashes = state.info_hashes
            infohash = str(hashes.v1) if hashes.has_v1() else str(hashes.v2)[:40]
            if state.is_seeding and infohash not in complete:
                complete.add(infohash)
                tell(event="done", infohash=infohash)
        payload = [sum(state.total_payload_upload for state in states), sum(state.total_payload_download for state in states)]
        if payload != last and time.monotonic() - told > 0.2:
            told, last = time.monotonic(), payload
            tell(event="stats", uploaded=payload[0], downloaded=payload[1], connections=connections(torrents))


main()
