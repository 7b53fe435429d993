"""What every client can do for the harness, and the clients that are driven
without a remote interface: libtorrent, the bare library, the blast seed; and
piecewise."""
import ctypes
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time

import measure
from data import BIN

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class BenchError(Exception):
    pass


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Driver:
    """One client on an address of its own: 127.0.1.SLOT, port 20000+SLOT.

    launch() starts it idle, add() gives it a torrent to download (or to check
    and seed), check() one to hash in full, wait_done() returns when that ended.
    Options: complete (the data is there), stay (go on when all is there), rc4
    (encrypt everything), up_rate (bytes/s), super_seed."""
    name = "?"
    program = package = ""      # what to look for in PATH, and the Debian package that has it
    prefix = "127.0.1"
    limits = False              # whether up_rate and super_seed are understood
    starts = False              # whether its start is part of a check
    poll_every = 0.03
    verified = None             # when it said that all is verified, for one whose end comes later

    def __init__(self, slot, work, folder, prefix=None, **options):
        self.ip, self.port, self.rpc = f"{prefix or self.prefix}.{slot}", 20000 + slot, 21000 + slot
        self.work, self.folder, self.options = work, folder, options
        self.proc = self.pid = None
        os.makedirs(work, exist_ok=True)
        os.makedirs(folder, exist_ok=True)

    address = property(lambda self: f"{self.ip}:{self.port}")

    @classmethod
    def missing(cls):
        return bool(cls.program) and shutil.which(cls.program) is None

    def option(self, name):
        return self.options.get(name)

    # processes
    def spawn(self, argv, stdin=subprocess.DEVNULL, stdout=None, env=None):
        with open(os.path.join(self.work, self.name + ".log"), "ab") as log:
            self.proc = subprocess.Popen(
                argv, stdin=stdin, stdout=stdout or log, stderr=log, cwd=self.work, start_new_session=True, preexec_fn=die_with_parent,
                env=dict(os.environ, HOME=self.work, XDG_CONFIG_HOME=self.work + "/xdg", **(env or {})))
        self.pid = self.proc.pid

    def running(self):
        return self.proc is not None and self.proc.poll() is None

    def cpu(self):
        return measure.cpu_seconds(self.pid) if self.running() else 0

    def peak_mb(self):
        return measure.memory_mb(self.pid)["VmHWM"]

    def fail(self, what):
        try:
            with open(os.path.join(self.work, self.name + ".log"), errors="replace") as f:
                tail = f.read()[-1000:]
        except OSError:
            tail = ""
        raise BenchError(f"{self.name}: {what} {tail}")

    def stop(self, timeout=20):
        if not self.running():
            return
        try:
            self.quit()
            self.proc.wait(timeout)
        except Exception:               # however it refuses, the next round needs it gone
            self.proc.kill()
            self.proc.wait()

    def quit(self):
        self.proc.terminate()

    # waiting
    def wait_for(self, ready, what, timeout, errors=(OSError, ValueError)):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if not self.running():
                self.fail(f"exited with {self.proc.returncode}")
            try:
                if ready():
                    return time.monotonic()
            except errors:
                pass
            time.sleep(self.poll_every)
        self.fail(f"not {what} after {timeout:.0f} s")

    def wait_done(self, timeout):
        """The time.monotonic() of completion."""
        return self.wait_for(self.done, "complete", timeout)

    def completion(self):
        """The same, or None if it has not come."""
        return time.monotonic() if self.done() else None

    def check(self, torrent):
        self.add(torrent)


class LineDriver(Driver):
    """A program of the harness's own: words in, JSON lines out."""

    def spawn_line(self, argv):
        self.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.expect("ready", 60)

    def _read(self):
        for line in self.proc.stdout:
            self.events.put((time.monotonic(), json.loads(line)))
        self.events.put((time.monotonic(), {"ev": "eof"}))

    def say(self, *words):
        self.proc.stdin.write(" ".join(words).encode() + b"\n")
        self.proc.stdin.flush()

    def expect(self, event, timeout):
        """(when it came, the event)."""
        end = time.monotonic() + timeout
        while True:
            try:
                at, e = self.events.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                self.fail(f"no {event!r} within {timeout:.0f} s")
            if e["ev"] == event:
                return at, e
            if e["ev"] == "eof":
                self.fail("ended")

    def wait_done(self, timeout):
        return self.expect("done", timeout)[0]

    def completion(self):
        try:
            at, e = self.events.get_nowait()
        except queue.Empty:
            return None
        if e["ev"] == "eof":
            self.fail("ended")
        return at if e["ev"] == "done" else self.completion()

    def quit(self):
        self.proc.stdin.close()


class Libtorrent(LineDriver):
    name = "libtorrent"
    limits = True

    def launch(self):
        argv = [sys.executable, os.path.join(HERE, "libtorrent_client.py"), "--listen", self.address]
        argv += [f"--up-rate={self.option('up_rate') or 0}"] + ["--super-seed"] * bool(self.option("super_seed"))
        argv += ["--rc4"] * bool(self.option("rc4"))
        if queue_size := self.option("request_queue"):
            argv += [f"--request-queue={queue_size}"]
        self.spawn_line(argv)

    def add(self, torrent, peers=()):
        self.say("add", torrent, self.folder)

    def sent(self):
        self.say("stats")
        return self.expect("stats", 30)[1]["up"]


class Bare(LineDriver):
    """The torrent library by itself."""
    name = "bare library"

    def launch(self):
        self.spawn_line([os.path.join(BIN, "bare"), "-listen", self.address, "-dir", self.folder] + ["-rc4"] * bool(self.option("rc4")))

    def add(self, torrent, peers=()):
        self.say("add", torrent, *peers)


class Blast(LineDriver):
    """A seed that costs next to nothing. It does not announce itself."""
    name = "blast"

    def launch(self):
        self.spawn_line([os.path.join(BIN, "blast"), "-listen", self.address, self.options["torrent"], self.folder])


class Sink(LineDriver):
    """A leech that keeps nothing and costs next to nothing."""
    name = "sink"

    def launch(self):
        self.spawn_line([os.path.join(BIN, "sink"), "-from", self.ip, self.options["torrent"]])

    def add(self, torrent, peers):
        self.say(*peers)


class Piecewise(Driver):
    """One process per job, so its start is part of what is timed.

    A leech ends when everything is verified; one that is to stay goes on and
    says "done": true in one of its JSON lines."""
    name = "piecewise"
    limits = starts = True
    binary = os.environ.get("PIECEWISE") or os.path.join(BIN, "piecewise")
    usage = None            # what the kernel counted, once it has ended
    uploaded = 0

    def launch(self):
        pass

    def add(self, torrent, peers=()):
        argv = [self.binary, "get", torrent, "--dir", self.folder, "--profile", self.work + "/profile", "--listen", self.address]
        argv += [f"--peer={p}" for p in peers] + ["--loopback", "--json"]
        argv += ["--seed"] * bool(self.option("stay")) + ["--super-seed"] * bool(self.option("super_seed"))
        argv += ["--encryption=require"] * bool(self.option("rc4"))
        if rate := self.option("up_rate"):
            argv += [f"--up-limit={rate}"]
        self._start(argv)

    def check(self, torrent):
        self._start([self.binary, "verify", torrent, "--dir", self.folder])

    def _start(self, argv):
        self.ended, self.completed = queue.Queue(), queue.Queue()
        self.spawn(argv, stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._wait, daemon=True).start()

    def _read(self):
        for text in self.proc.stdout:
            if not text.startswith(b"{"):
                continue
            line = json.loads(text)
            self.uploaded = line["uploaded"]
            if line["done"]:
                self.verified = self.verified or time.monotonic()
                self.completed.put(time.monotonic())

    def _wait(self):
        _, status, self.usage = os.wait4(self.pid, 0)
        self.proc.returncode = os.waitstatus_to_exitcode(status)
        self.ended.put(time.monotonic())

    def running(self):
        return self.proc is not None and self.usage is None

    def wait_done(self, timeout):
        try:
            at = (self.completed if self.option("stay") else self.ended).get(timeout=timeout)
        except queue.Empty:
            self.fail(f"not complete after {timeout:.0f} s")
        if self.usage and self.proc.returncode:
            self.fail(f"exited with {self.proc.returncode}")
        return at

    def completion(self):
        if self.usage:
            self.fail(f"exited with {self.proc.returncode}")
        return None if self.completed.empty() else self.completed.get()

    def sent(self):
        """As of its last line, which it prints every second."""
        time.sleep(1.2)
        return self.uploaded

    def cpu(self):
        return self.usage.ru_utime + self.usage.ru_stime if self.usage else super().cpu()

    def peak_mb(self):
        return self.usage.ru_maxrss / 1024 if self.usage else super().peak_mb()

    def stop(self, timeout=20):
        if self.running():
            self.quit()
            try:
                self.ended.get(timeout=timeout)
            except queue.Empty:
                os.kill(self.pid, signal.SIGKILL)

    def quit(self):
        os.kill(self.pid, signal.SIGTERM)
