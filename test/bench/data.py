"""The data sets: reproducible incompressible bytes, made once, and their torrents."""
import hashlib
import os
import random
import shutil
import subprocess
import tempfile

WORK = os.environ.get("PIECEWISE_BENCH") or os.path.join(tempfile.gettempdir(), "piecewise-clients")
SHM = os.path.join("/dev/shm", os.path.basename(WORK))
OLD = os.path.join(WORK, "old")
BIN = os.path.join(WORK, "bin")
RESULTS = os.path.join(WORK, "results.jsonl")
TRACKER_PORT = 20999
TRACKER = f"http://127.0.0.1:{TRACKER_PORT}/announce"
SETS = {                # name: (bytes, piece length, files)
    "one": (1 << 30, 1 << 20, 1),
    "many": (1 << 30, 1 << 20, 5000),
    "tiny": (1 << 10, 16 << 10, 1),
    "swarm": (128 << 20, 256 << 10, 1),
    "super": (64 << 20, 256 << 10, 1),
}


def size(name):
    return SETS[name][0]


def folder(name):
    """What a seed of the set is given as its data folder."""
    return os.path.join(SHM, "data", name)


def source(name):
    """The file or folder that the set's torrent describes."""
    return os.path.join(folder(name), name + (".bin" if SETS[name][2] == 1 else ".d"))


def torrent(name):
    return os.path.join(folder(name), name + ".torrent")


def ensure(name):
    """Make the set and its torrent unless they are there."""
    if os.path.exists(torrent(name)):
        return
    print("making data set", name, flush=True)
    shutil.rmtree(folder(name), ignore_errors=True)
    os.makedirs(folder(name))
    write_files(name)
    create(source(name), torrent(name), SETS[name][1])


def write_files(name):
    total, _, count = SETS[name]
    stream = random_stream(name)
    if count == 1:
        take(stream, total, source(name))
    else:
        rnd = random.Random(name)
        weights = [rnd.lognormvariate(0, 1) for _ in range(count)]
        sizes = [max(1, int(total * w / sum(weights))) for w in weights]
        sizes[0] += total - sum(sizes)
        for i, n in enumerate(sizes):
            path = f"{source(name)}/dir{i // 100:02d}/file{i:04d}.dat"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            take(stream, n, path)
    stream.kill()
    stream.wait()


def random_stream(name):
    """AES-CTR of zeros."""
    key = hashlib.sha256(name.encode()).hexdigest()[:32]
    return subprocess.Popen(["openssl", "enc", "-aes-128-ctr", "-K", key, "-iv", "0" * 32, "-nosalt", "-in", "/dev/zero"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def take(stream, n, path):
    with open(path, "wb") as f:
        while n:
            b = stream.stdout.read(min(n, 1 << 20))
            f.write(b)
            n -= len(b)


def create(path, out, piece_length):
    """Make a v1 torrent with libtorrent; it is there under its name once it is whole."""
    import libtorrent as lt
    files = lt.file_storage()
    lt.add_files(files, path)
    made = lt.create_torrent(files, piece_length, flags=lt.create_torrent.v1_only)
    made.add_tracker(TRACKER)
    lt.set_piece_hashes(made, os.path.dirname(path))
    with open(out + ".part", "wb") as f:
        f.write(lt.bencode(made.generate()))
    os.rename(out + ".part", out)


def warm(limit=6 << 30):
    """Touch memory once: the host of a virtual machine hands it out at the first touch, in the time of whoever comes first."""
    os.makedirs(SHM, exist_ok=True)
    path, zero = os.path.join(SHM, "warm"), bytes(1 << 20)
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with open(path, "wb") as f:
        for _ in range(min(limit, free // 2) >> 20):
            f.write(zero)
    os.unlink(path)


def uncache(path):
    """Take all files below out of the page cache, as removing them would."""
    os.sync()
    for folder, _, names in os.walk(path):
        for name in names:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def copy(name, dest):
    """A copy of the set in dest: some clients overwrite what they do not trust."""
    os.makedirs(dest, exist_ok=True)
    subprocess.run(["cp", "-a", source(name), dest], check=True)


def same(name, dest):
    """Whether dest holds the set's content, byte for byte."""
    got = os.path.join(dest, os.path.basename(source(name)))
    return subprocess.run(["diff", "-rq", source(name), got], stdout=subprocess.DEVNULL).returncode == 0
