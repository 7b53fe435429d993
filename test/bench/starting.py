"""Start with many complete torrents: how soon one of them answers, and what all cost."""
import os
import shutil
import socket
import subprocess
import sys
import time

import data
import measure
from drivers import HERE, BenchError, die_with_parent

ADDRESS = ("127.0.0.1", 20251)
PIECES = 2000


def shelf(base, torrents):
    """A profile of piecewise with so many torrents, which libtorrent can read too; their info hashes."""
    made = subprocess.run([os.path.join(data.BIN, "host"), "-make", str(torrents), "-pieces", str(PIECES), "-profile", base + "/profile", "-dir", base + "/data"],
                          check=True, capture_output=True, text=True)
    return [bytes.fromhex(line) for line in made.stdout.split()]


def argv(client, base):
    listen = "%s:%d" % ADDRESS
    if client == "piecewise":
        return [os.path.join(data.BIN, "host"), "-listen", listen, "-profile", base + "/profile"]
    return [sys.executable, os.path.join(HERE, "libtorrent_start.py"), listen, base + "/profile/torrents", base + "/data"]


def answers(info_hash, until):
    """When a handshake for the torrent was answered."""
    while time.monotonic() < until:
        try:
            with socket.create_connection(ADDRESS, timeout=10) as s:
                s.sendall(b"\x13BitTorrent protocol" + bytes(8) + info_hash + b"-XX0001-abcdefghijkl")
                if s.recv(68, socket.MSG_WAITALL)[28:48] == info_hash:
                    return time.monotonic()
        except OSError:
            pass
        time.sleep(0.002)
    raise BenchError("no handshake was answered")


def start(lab, case):
    """The last of so many torrents in the list is asked for; the setting is their number."""
    base = os.path.join(data.SHM if case.mode == "shm" else data.WORK, "work")
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base + "/profile/torrents")
    torrents = int(case.setting)
    hashes = shelf(base, torrents) if torrents else []
    measure.wait_quiet(lab.patience)
    busy, own, began = measure.machine_busy(), measure.own_cpu(), time.monotonic()
    p = subprocess.Popen(argv(case.client, base), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent)
    try:
        if hashes:
            wall = answers(hashes[-1], began + 60) - began
        else:
            time.sleep(1)
            wall = 1
        used = measure.cpu_seconds(p.pid)
        foreign = max(0, measure.machine_busy() - busy - used - (measure.own_cpu() - own)) / wall
        time.sleep(1)
        memory = measure.memory_mb(p.pid)
        return dict(ok=True, wall=round(wall, 3), cpu=round(used, 3), rss_mb=round(memory["VmRSS"], 1), anon_mb=round(memory["RssAnon"], 1), foreign=round(foreign, 2))
    finally:
        p.stdin.close()
        try:
            p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
