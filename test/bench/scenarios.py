"""What is measured. Each scenario takes a Lab and a Case, runs one client once
and returns the figures of a row."""
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import namedtuple

import data
import measure
from clients import CLIENTS
from creators import make, sha1_rate, startup
from drivers import HERE, BenchError, Blast, Libtorrent, Sink, die_with_parent
from measure import Meter, machine_busy, wait_quiet
from starting import start

Case = namedtuple("Case", "scenario client mode data setting")
SEED, PIPE, HELPER = 249, 248, 250      # slots; the clients under test count from 1
LEECHES = 7
LINE = 125e6                            # bytes/s of the delayed line, 1 Gbit/s
HOST_UP, LEECH_UP = 8e6, 4e6            # bytes/s of a super-seed and of those it seeds to
GIB = 1 << 30


class Lab:
    """The tracker, and all that runs during one measurement."""

    def __init__(self, patience):
        self.patience = patience
        self.drivers, self.pipes = [], []
        self.tracker = helper([sys.executable, os.path.join(HERE, "tracker.py"), "127.0.0.1", str(data.TRACKER_PORT)])

    def close(self):
        self.clear()
        self.tracker.terminate()
        self.tracker.wait()

    def clear(self):
        """Stop everything but the tracker."""
        for d in self.drivers:
            d.stop()
        for p in self.pipes:
            p.stdin.close()
            p.wait()
        self.drivers, self.pipes = [], []

    def prepare(self, case):
        """An empty folder to work in, and a tracker that knows nobody."""
        self.prefix = CLIENTS[case.client].prefix
        self.base = self.empty(case.mode)
        os.sync()
        self.ask("reset?" + self.prefix)

    def empty(self, mode):
        """The name of a folder that is not there. What was there on disk is removed at the end, if there is room until then: ext4 goes
        round inodes that were deleted in the last minutes, which costs whoever makes thousands of files next up to a third of his time."""
        base = os.path.join(data.SHM if mode == "shm" else data.WORK, "work")
        if mode != "shm" and os.path.exists(base) and shutil.disk_usage(base).free > 10 * GIB:
            os.makedirs(data.OLD, exist_ok=True)
            data.uncache(base)
            os.rename(base, os.path.join(data.OLD, str(time.monotonic_ns())))
        shutil.rmtree(base, ignore_errors=True)
        return base

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{data.TRACKER_PORT}/{path}", timeout=10) as answer:
            return answer.read()

    def register(self, torrent, port):
        """Announce a seed in its place."""
        import libtorrent as lt
        info_hash = urllib.parse.quote(lt.torrent_info(torrent).info_hash().to_bytes())
        self.ask(f"announce?info_hash={info_hash}&port={port}&left=0&event=started")

    def start(self, kind, slot, base, folder=None, **options):
        d = kind(slot, base, folder or base + "/data", self.prefix, **options)
        self.drivers.append(d)
        d.launch()
        return d

    def client(self, case, slot=1, base=None, **options):
        return self.start(CLIENTS[case.client], slot, base or self.base, **options)

    def blast(self, case, announce=True):
        """A complete seed that costs little."""
        torrent = data.torrent(case.data)
        s = self.start(Blast, SEED, self.base + "/seed", data.folder(case.data), torrent=torrent)
        if announce:
            self.register(torrent, s.port)
        return s

    def libtorrent(self, case, **options):
        """A complete seed that behaves like a real one."""
        if case.client == "rtorrent":           # asks for thousands of blocks at once, and waits minutes for one that was dropped
            options["request_queue"] = 200000
        s = self.start(Libtorrent, HELPER, self.base + "/seed", data.folder(case.data), **options)
        s.add(data.torrent(case.data))
        s.wait_done(120)
        self.register(data.torrent(case.data), s.port)
        return s

    def pipe(self, seed, rtt):
        """A long line to the seed; the address of its near end."""
        address = f"{self.prefix}.{PIPE}:{20000 + PIPE}"
        self.pipes.append(helper([os.path.join(data.BIN, "pipe"), "-listen", address, "-to", seed.address, "-rtt", rtt, "-rate", str(LINE)]))
        return address

    def meter(self, clients):
        wait_quiet(self.patience)
        return Meter(clients, [self.tracker, *self.pipes])


def helper(argv):
    p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, preexec_fn=die_with_parent)
    p.stdout.readline()
    return p


def figures(case, wall, used, foreign, ok=True):
    """The row that most scenarios end with; `used` is what the client under test used."""
    size = data.size(case.data)
    return dict(ok=ok, wall=round(wall, 3), mbps=round(size / 1e6 / wall, 1), cpu_gib=round(used["cpu"] * GIB / size, 3),
                rss_mb=round(used["rss_mb"], 1), anon_mb=round(used["anon_mb"], 1), foreign=round(foreign, 2))


def leech(lab, case):
    """Download from one seed; the setting is its kind."""
    lab.prepare(case)
    seed = lab.blast(case) if case.setting == "blast" else lab.libtorrent(case)
    return download(lab, case, seed, seed.address)


def rc4(lab, case):
    """As leech from libtorrent, everything encrypted."""
    lab.prepare(case)
    seed = lab.libtorrent(case, rc4=True)
    return download(lab, case, seed, seed.address, rc4=True)


def delay(lab, case):
    """Download from one seed behind a line of 1 Gbit/s; the setting is the round-trip time."""
    lab.prepare(case)
    seed = lab.blast(case, announce=False)
    near = lab.pipe(seed, case.setting)
    lab.register(data.torrent(case.data), 20000 + PIPE)
    row = download(lab, case, seed, near)
    return dict(row, line=round(data.size(case.data) / LINE / row["wall"], 3))


def download(lab, case, seed, address, **options):
    drv = lab.client(case, **options)
    meter = lab.meter([drv, seed])
    start = time.monotonic()
    drv.add(data.torrent(case.data), peers=[address])
    wall = drv.wait_done(300) - start
    used, foreign = meter.stop()
    first = seed.expect("firstup", 5)[0] - start
    drv.stop()
    synced = until_synced(case, drv.folder, start) if case.mode == "disk" else {}
    row = figures(case, wall, used[drv], foreign, data.same(case.data, drv.folder))
    verified = (drv.verified or start + wall) - start
    return dict(row, **synced, first=round(first, 3), verified=round(verified, 3), seed_cpu_gib=round(used[seed]["cpu"] * GIB / data.size(case.data), 3))


def until_synced(case, folder, start):
    """How long it took until all is on the disk, and how that compares to one file of the same size by dd."""
    measure.syncfs(folder)
    synced = time.monotonic() - start
    best = min(dd(case, folder) for _ in range(2))
    return dict(synced=round(synced, 3), dd=round(best / synced, 3))


def dd(case, folder):
    """Seconds that dd takes for the same bytes, synced."""
    out, count = os.path.join(folder, "dd"), data.size(case.data) >> 20
    start = time.monotonic()
    subprocess.run(["dd", "if=" + data.source("one"), "of=" + out, "bs=1M", f"count={count}", "conv=fsync"], check=True, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - start
    os.unlink(out)
    measure.syncfs(folder)
    return wall


def seed(lab, case):
    """Upload to one leech; the setting is its kind, "libtorrent" or "sink"."""
    lab.prepare(case)
    torrent = data.torrent(case.data)
    data.copy(case.data, lab.base + "/data")
    drv = lab.client(case, complete=True, stay=True)
    drv.add(torrent)
    drv.wait_done(120)
    lab.register(torrent, drv.port)
    keeps = case.setting != "sink"
    shutil.rmtree(data.SHM + "/work/leech", ignore_errors=True)
    peer = lab.start(Libtorrent if keeps else Sink, HELPER, data.SHM + "/work/leech", torrent=torrent)
    meter = lab.meter([drv, peer])
    start = time.monotonic()
    peer.add(torrent, peers=[drv.address])
    wall = peer.wait_done(300) - start
    used, foreign = meter.stop()
    peer.stop()
    row = figures(case, wall, used[drv], foreign, not keeps or data.same(case.data, peer.folder))
    return dict(row, leech_cpu_gib=round(used[peer]["cpu"] * GIB / data.size(case.data), 3))


def recheck(lab, case):
    """Hash data that is complete and in the page cache, start-up not counted."""
    best, idle = sha1_rate(), check(lab, case._replace(data="tiny"))[0]
    wall, used, foreign = check(lab, case)
    row = figures(case, wall - idle, used, foreign)
    return dict(row, sha1=round(data.size(case.data) / (wall - idle) / best, 3))


def check(lab, case):
    """Seconds that hashing takes with the start, if that is part of it; what was used; what others used."""
    lab.prepare(case)
    data.copy(case.data, lab.base + "/data")
    os.sync()
    drv = lab.client(case, complete=True)
    meter = lab.meter([drv])
    start = time.monotonic()
    drv.check(data.torrent(case.data))
    wall = drv.wait_done(300) - start
    used, foreign = meter.stop()
    drv.stop()
    return wall if case.data != "tiny" or drv.starts else 0, used[drv], foreign


def create(lab, case):
    """Make a torrent of data that is in the page cache, start-up not counted; the setting is its format."""
    base = lab.empty(case.mode)
    os.makedirs(base)
    path = data.source(case.data)
    if case.mode != "shm":
        data.copy(case.data, base + "/data")
        path = os.path.join(base, "data", os.path.basename(path))
        os.sync()
    out = os.path.join(base, "made.torrent")
    wait_quiet(lab.patience)
    length, size = data.SETS[case.data][1], data.size(case.data)
    best, idle, busy = sha1_rate(), startup(case.client, base, length, case.setting), machine_busy()
    whole_wall, usage = make(case.client, path, out, length, case.setting)
    wall, cpu = whole_wall - idle, usage.ru_utime + usage.ru_stime
    foreign = max(0, machine_busy() - busy - cpu) / whole_wall
    return dict(ok=whole(out, size, case.setting), wall=round(wall, 3), mbps=round(size / 1e6 / wall, 1), sha1=round(size / wall / best, 3),
                cpu_gib=round(cpu * GIB / size, 3), rss_mb=round(usage.ru_maxrss / 1024, 1), foreign=round(foreign, 2))


def whole(torrent, size, kind):
    """Whether libtorrent reads the torrent as one of this kind and so many bytes."""
    import libtorrent as lt
    info = lt.torrent_info(torrent)
    files = info.files()
    real = sum(files.file_size(i) for i in range(files.num_files()) if not files.file_flags(i) & files.flag_pad_file)
    hashes = info.info_hashes()
    return real == size and (hashes.has_v1(), hashes.has_v2()) == (kind != "v2", kind != "v1")


def swarm(lab, case):
    """Seven leeches share what one limited libtorrent seed sends; the setting is its MB/s."""
    lab.prepare(case)
    source = lab.libtorrent(case, up_rate=int(float(case.setting) * 1e6))
    leeches = [lab.client(case, i, f"{lab.base}/{i}", stay=True) for i in range(1, LEECHES + 1)]
    return share(lab, case, source, leeches, leeches, float(case.setting) * 1e6)


def super(lab, case):
    """The client super-seeds to seven limited leeches; the setting is their kind, "same" or "libtorrent"."""
    lab.prepare(case)
    torrent = data.torrent(case.data)
    data.copy(case.data, lab.base + "/data")
    source = lab.client(case, complete=True, stay=True, super_seed=True, up_rate=int(HOST_UP))
    source.add(torrent)
    source.wait_done(120)
    lab.register(torrent, source.port)
    kind = CLIENTS[case.client if case.setting == "same" else case.setting]
    leeches = [lab.start(kind, 1 + i, f"{lab.base}/{i}", stay=True, up_rate=int(LEECH_UP)) for i in range(1, LEECHES + 1)]
    return share(lab, case, source, leeches, [source], HOST_UP)


def share(lab, case, source, leeches, mine, rate):
    """Add the torrent to all leeches; what `mine` used until all have it, and how much the source, of `rate` bytes/s, sent."""
    meter = lab.meter([source, *leeches])
    start = time.monotonic()
    for d in leeches:
        d.add(data.torrent(case.data), peers=[p.address for p in (source, *leeches) if p is not d])
    ends = wait_all(leeches, start + 180)
    used, foreign = meter.stop()
    wall, size, began = max(ends) - start, data.size(case.data), {}
    if isinstance(source, Libtorrent):      # which says when it sent the first block
        first = source.expect("firstup", 5)[0] - start
        began = dict(first=round(first, 3), copy_first=round((wall - first) * rate / size, 3))
    sent = source.sent()
    for d in leeches:
        d.stop()
    return dict(began, ok=all(data.same(case.data, d.folder) for d in leeches), wall=round(wall, 3), first_done=round(min(ends) - start, 3),
                copy=round(wall * rate / size, 3), sent=round(sent / size, 3), cpu=round(sum(used[d]["cpu"] for d in mine), 2),
                rss_mb=round(max(used[d]["rss_mb"] for d in mine), 1), anon_mb=round(max(used[d]["anon_mb"] for d in mine), 1),
                foreign=round(foreign, 2))


def wait_all(drivers, deadline):
    """When each of them completed."""
    ends, left = [], list(drivers)
    while left:
        for d in list(left):
            at = d.completion()
            if at:
                ends.append(at)
                left.remove(d)
        if time.monotonic() > deadline:
            raise BenchError(f"{len(left)} of {len(drivers)} not complete in time")
        time.sleep(0.02)
    return ends


SCENARIOS = {f.__name__: f for f in (leech, rc4, delay, seed, swarm, super, recheck, create, start)}
