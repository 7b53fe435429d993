"""libtorrent driven by the harness's line protocol: one command a line on
standard input, one JSON object a line on standard output (see bare/main.go).

    add FILE DIR [PEER…]    download, or check what is there, then seed
    stats                   print what was sent, and what came from each peer

It prints "lost" when a connection, or an attempt at one, has ended."""
import argparse
import json
import os
import select
import sys
import threading

import libtorrent as lt

parser = argparse.ArgumentParser()
parser.add_argument("--listen", required=True)
parser.add_argument("--up-rate", type=int, default=0, help="bytes/s, 0 = no limit")
parser.add_argument("--no-upload", action="store_true", help="unchoke nobody")
parser.add_argument("--super-seed", action="store_true")
parser.add_argument("--rc4", action="store_true", help="encrypt everything")
parser.add_argument("--plain", action="store_true", help="encrypt nothing")
parser.add_argument("--request-queue", type=int, default=2000, help="requests kept per peer")
args = parser.parse_args()
printing = threading.Lock()
flushed = threading.Semaphore(0)
seen = set()            # torrents that have moved a block


def emit(event, **more):
    with printing:
        print(json.dumps({"ev": event, **more}), flush=True)


def make_session():
    category = lt.alert.category_t
    settings = {
        "listen_interfaces": args.listen, "outgoing_interfaces": args.listen.split(":")[0],
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False, "dht_bootstrap_nodes": "",
        "enable_incoming_utp": False, "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,  # not every client dials from the address it listens on
        "upload_rate_limit": args.up_rate, "max_allowed_in_request_queue": args.request_queue,
        "active_limit": -1, "active_seeds": -1, "active_downloads": -1, "active_tracker_limit": -1, "active_checking": 1,
        "alert_mask": category.error_notification | category.status_notification | category.storage_notification | category.connect_notification,
    }
    if args.no_upload:
        settings.update(unchoke_slots_limit=0, num_optimistic_unchoke_slots=0)
    if args.rc4:
        forced, rc4 = lt.enc_policy.pe_forced, lt.enc_level.pe_rc4
        settings.update(out_enc_policy=int(forced), in_enc_policy=int(forced), allowed_enc_level=int(rc4), prefer_rc4=True)
    if args.plain:
        settings.update(out_enc_policy=int(lt.enc_policy.pe_disabled), in_enc_policy=int(lt.enc_policy.pe_disabled))
    session = lt.session(settings, 0)               # 0: no plugins, so no PEX
    f = lt.ip_filter()                              # local peers count as any other: limits and choking apply
    f.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
    session.set_peer_class_filter(f)
    return session


def add(session, path, folder, *peers):
    info = lt.torrent_info(path)
    p = lt.add_torrent_params()
    p.trackers = [t.url for t in info.trackers()]
    p.ti, p.save_path = info, folder
    p.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    h = session.add_torrent(p)
    if args.super_seed:
        h.set_flags(lt.torrent_flags.super_seeding)
    for peer in peers:
        ip, port = peer.rsplit(":", 1)
        h.connect_peer((ip, int(port)))


def stats(session):
    torrents = session.get_torrents()
    peers = {}
    for h in torrents:
        for p in h.get_peer_info():
            peers[p.pid.to_bytes().hex()] = p.total_download
    return dict(up=sum(h.status().total_payload_upload for h in torrents), peers=peers)


def look_for_first_block(session):
    for h in session.get_torrents():
        if h not in seen and h.status().total_payload_upload:
            seen.add(h)
            emit("firstup")


def listen(session):
    """Alerts as they come. Not wait_for_alert(): the binding casts the alert it
    returns while the network thread may be moving the queue."""
    r, w = os.pipe()
    session.set_alert_fd(w)
    while True:
        if select.select([r], [], [], 0.02)[0]:
            os.read(r, 4096)
            for alert in session.pop_alerts():
                if isinstance(alert, lt.torrent_finished_alert):
                    emit("done")
                elif isinstance(alert, lt.peer_disconnected_alert):
                    emit("lost")
                elif isinstance(alert, lt.cache_flushed_alert):
                    flushed.release()
                elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
                    print(alert.message(), file=sys.stderr, flush=True)
        look_for_first_block(session)


def main():
    session = make_session()
    threading.Thread(target=listen, args=[session], daemon=True).start()
    emit("ready")
    for line in sys.stdin:
        words = line.split()
        if words[0] == "add":
            add(session, *words[1:])
        elif words[0] == "stats":
            emit("stats", **stats(session))
    flush(session)
    os._exit(0)         # not the orderly end, which waits for the tracker


def flush(session):
    """A torrent is finished when all is hashed; some of it may not be written yet."""
    torrents = session.get_torrents()
    for h in torrents:
        h.flush_cache()
    for h in torrents:
        flushed.acquire(timeout=10)


main()
