"""CPU time and memory of processes and of the whole machine, read from /proc; and syncing."""
import ctypes
import os
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system seconds of a process so far, from its own CPU clock."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def memory_mb(pid):
    """VmHWM, VmRSS and RssAnon in MB."""
    with open(f"/proc/{pid}/status") as f:
        words = [line.split() for line in f]
    return {w[0][:-1]: int(w[1]) / 1024 for w in words if w[0] in ("VmHWM:", "VmRSS:", "RssAnon:")}


def syncfs(folder):
    """Wait until all of the folder's file system is on its disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd):
            raise OSError(ctypes.get_errno(), "syncfs", folder)
    finally:
        os.close(fd)


def reset_peak(pid):
    """Let VmHWM start again from what is resident now."""
    with open(f"/proc/{pid}/clear_refs", "w") as f:
        f.write("5")


def machine_busy():
    """Seconds that all cores together were not idle since boot."""
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / TICKS


def own_cpu():
    t = os.times()
    return t.user + t.system


def wait_quiet(patience, limit=0.15):
    """Wait until the machine idles, at most `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        busy, start = machine_busy(), time.monotonic()
        time.sleep(0.5)
        if (machine_busy() - busy) / (time.monotonic() - start) < limit:
            return


class Meter:
    """Wall time, CPU time and memory of some clients from now until stop().

    `others` are processes of the harness (tracker, line) that cost CPU time but
    are not measured; whatever else ran meanwhile is foreign."""

    def __init__(self, clients, others=()):
        self.clients, self.others = clients, others
        for c in clients:
            if c.running():
                reset_peak(c.pid)
        self.anon = {c: 0 for c in clients}
        self.cpu = {c: c.cpu() for c in clients}
        self.ended = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()
        self.harness, self.busy, self.start = self._harness(), machine_busy(), time.monotonic()

    def _harness(self):
        return own_cpu() + sum(cpu_seconds(p.pid) for p in self.others)

    def _sample(self):
        while not self.ended.wait(0.05):
            for c in self.clients:
                try:
                    self.anon[c] = max(self.anon[c], memory_mb(c.pid)["RssAnon"])
                except (OSError, KeyError, TypeError):
                    pass        # not started yet, or gone

    def stop(self):
        """({client: {cpu, rss_mb, anon_mb}}, cores of foreign CPU use)."""
        wall, busy, harness = time.monotonic() - self.start, machine_busy() - self.busy, self._harness() - self.harness
        used = {c: {"cpu": c.cpu() - self.cpu[c], "rss_mb": c.peak_mb(), "anon_mb": self.anon[c]} for c in self.clients}
        self.ended.set()
        return used, (busy - harness - sum(u["cpu"] for u in used.values())) / wall
