"""Programs that make torrents, one process a job."""
import os
import shutil
import subprocess
import sys
import time

from drivers import HERE, BenchError, Piecewise, die_with_parent

CORES = os.cpu_count()


def piecewise(path, out, length, kind):
    return [Piecewise.binary, "create", path, "-o", out, "--piece-size", str(length), "--format", kind, "--json"]


def libtorrent(path, out, length, kind):
    return [sys.executable, os.path.join(HERE, "libtorrent_create.py"), path, out, str(length), kind]


def mktorrent(path, out, length, kind):
    return ["mktorrent", "-t", str(CORES), "-l", str(length.bit_length() - 1), "-a", "http://127.0.0.1/announce", "-o", out, path]


CREATORS = {f.__name__: f for f in (libtorrent, mktorrent, piecewise)}


def able(name):
    """Whether it is there."""
    return name in CREATORS and (name != "mktorrent" or bool(shutil.which("mktorrent")))


def makes(name, kind):
    """Whether it can make that kind."""
    return kind == "v1" or name != "mktorrent"


def job(argv, log):
    """Wall seconds, and what the kernel counted."""
    with open(log, "ab") as f:
        start = time.monotonic()
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=f, preexec_fn=die_with_parent)
        _, status, usage = os.wait4(p.pid, 0)
        wall = time.monotonic() - start
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        raise BenchError(f"{argv[0]} exited with {p.returncode}")
    return wall, usage


def make(name, path, out, length, kind):
    """The same of making a torrent."""
    return job(CREATORS[name](path, out, length, kind), out + ".log")


def startup(name, base, length, kind):
    """Seconds that a file of one byte takes, which are those of the start."""
    tiny = os.path.join(base, "tiny")
    with open(tiny, "wb") as f:
        f.write(b"x")
    return min(make(name, tiny, f"{tiny}{i}.torrent", length, kind)[0] for i in range(3))


def sha1_rate():
    """Bytes/s that all cores can hash at best, by `openssl speed -multi`."""
    said = subprocess.run(["openssl", "speed", "-multi", str(CORES), "-seconds", "1", "-bytes", "16384", "-evp", "sha1"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    return float(said.split()[-1].rstrip("k")) * 1000
