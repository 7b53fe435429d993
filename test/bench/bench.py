#!/usr/bin/python3
"""Compare BitTorrent clients on one machine; README.md tells how.

    ./bench.py all | leech | rc4 | delay | seed | swarm | super | recheck | create | start [options]
    ./bench.py report       tables of everything measured so far
    ./bench.py clean        remove data and work folders"""
import argparse
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
try:
    import libtorrent                                               # noqa: F401
except ImportError:
    sys.exit("libtorrent for Python is missing: apt-get install python3-libtorrent, and run this with /usr/bin/python3")
import data                                                         # noqa: E402
from clients import CLIENTS                                         # noqa: E402
from creators import CREATORS, able, makes                              # noqa: E402
from drivers import HERE                                            # noqa: E402
from report import COLUMNS, report                                  # noqa: E402
from scenarios import SCENARIOS, Case, Lab                          # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
TAGS = "migrated_fynedo,nosqlite"
FOREIGN = 0.35          # cores of foreign CPU use above which a measurement is taken again
TRIES = 3
STARTED = time.strftime("%Y-%m-%dT%H:%M:%S")
NEEDED = {"openssl": "openssl", "unshare": "util-linux", "ip": "iproute2", "go": "golang"}
DEFAULTS = {            # scenario: (data, settings)
    "leech": ("one,many", "blast"), "rc4": ("one", ""), "delay": ("one", "40ms,100ms,200ms"), "seed": ("one", "libtorrent,sink"),
    "swarm": ("swarm", "20"), "super": ("super", "same,libtorrent"), "recheck": ("one", ""), "create": ("one", "v1"), "start": ("", "0,1000")}
SLOW = ("transmission",)    # 11 s until it connects, then 25 MB/s here: only where it is named, or in a swarm


def log(*words):
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)


def require():
    """Say what is missing; install nothing."""
    if lacking := [package for program, package in NEEDED.items() if not shutil.which(program)]:
        sys.exit("missing: apt-get install " + " ".join(lacking))
    if lacking := [c.package for c in CLIENTS.values() if c.missing()]:
        log("these clients are left out; for them: apt-get install", *lacking)


def build():
    os.makedirs(data.BIN, exist_ok=True)
    packages = ["./test/bench/..."] + ([] if os.environ.get("PIECEWISE") else ["."])
    subprocess.run(["go", "build", "-tags", TAGS, "-o", data.BIN + "/", *packages], cwd=ROOT, check=True)
    data.uncache(data.BIN)      # as it lies in the page cache when a linker has just written it, 10 MB more of a program are resident


def isolate():
    """Go into a network namespace that has only a loopback interface, so that nothing leaves the machine."""
    if os.environ.get("PIECEWISE_BENCH_INSIDE"):
        return
    require()
    build()
    os.environ["PIECEWISE_BENCH_INSIDE"] = "1"
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    setup = 'ip link set lo up && ip address add 10.99.0.1/16 dev lo && exec "$@"'
    os.execvp("unshare", ["unshare", *user, "--net", "sh", "-c", setup, "sh", sys.executable, *sys.argv])


def lock():
    """One harness at a time; the lock lasts as long as the file is open."""
    f = open(os.path.join(data.WORK, "lock"), "w")
    fcntl.flock(f, fcntl.LOCK_EX)
    return f


def measure(lab, case, rnd):
    """One measurement, taken again when something else kept the machine busy."""
    for attempt in range(TRIES):
        row = dict(case._asdict(), round=f"{STARTED} {rnd}")
        try:
            row.update(SCENARIOS[case.scenario](lab, case))
        except Exception as e:              # whatever one client does, the others go on
            row.update(ok=False, error=f"{type(e).__name__}: {e}")
        finally:
            lab.clear()
        row["noisy"] = row.get("foreign", 0) > FOREIGN
        if not (row["ok"] and row["noisy"]) or attempt == TRIES - 1:
            break
        log("again:", row["foreign"], "cores of foreign CPU use during", *case)
    with open(data.RESULTS, "a") as f:
        f.write(json.dumps(row) + "\n")
    log(*case, f"round {rnd}", " ".join(f"{k}={row[k]}" for k in (*COLUMNS, "foreign") if k in row) if row["ok"] else row)
    return row


def cases(args, scenario):
    sets, settings = DEFAULTS[scenario]
    shape = [x.split(",") for x in (args.data or sets, args.mode, args.setting or settings)]
    return [Case(scenario, c, m, d, s) for d, m, s in itertools.product(*shape) for c in clients(args, scenario) if scenario != "create" or makes(c, s)]


def clients(args, scenario):
    """Those that are named, or all that are installed; and that can do it."""
    if scenario == "create":
        return [n for n in (args.clients.split(",") if args.clients else CREATORS) if able(n)]
    if scenario == "start":
        return args.clients.split(",") if args.clients else ["libtorrent", "piecewise"]
    names = args.clients.split(",") if args.clients else [
        n for n, c in CLIENTS.items() if not c.missing() and (n not in SLOW or scenario == "swarm")]
    return [n for n in names if scenario != "super" or CLIENTS[n].limits]


def run(args):
    """Interleaved: every case of a scenario once a round."""
    todo = [cases(args, s) for s in (SCENARIOS if args.scenario == "all" else [args.scenario])]
    needed = {c.data for some in todo for c in some} | {"tiny" for some in todo for c in some if c.scenario == "recheck"}
    needed |= {"one" for some in todo for c in some if c.mode == "disk"}
    for name in sorted(needed - {""}):
        data.ensure(name)
    data.warm()
    lab = Lab(args.patience)
    try:
        return [measure(lab, case, rnd) for some in todo for rnd in range(args.rounds) for case in some]
    finally:
        lab.close()
        shutil.rmtree(os.path.join(data.SHM, "work"), ignore_errors=True)
        shutil.rmtree(data.OLD, ignore_errors=True)


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("scenario", choices=["all", *SCENARIOS, "report", "clean"])
    p.add_argument("--clients", help="comma separated, of " + ", ".join(CLIENTS))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--data", help="comma separated, of " + ", ".join(data.SETS))
    p.add_argument("--mode", default="shm", help="where the client writes: shm (tmpfs), disk; comma separated")
    p.add_argument("--setting", help="leech: blast, libtorrent (the seed); seed: libtorrent, sink (the leech); swarm: the seed's MB/s; delay: 40ms; super: same, libtorrent")
    p.add_argument("--patience", type=float, default=60, help="seconds to wait for a quiet machine before each measurement")
    args = p.parse_args()
    if unknown := set((args.clients or "libtorrent").split(",")) - set(CLIENTS) - set(CREATORS):
        p.error(f"unknown: {', '.join(unknown)}")
    return args


def main():
    args = parse()
    if args.scenario == "clean":
        shutil.rmtree(data.SHM, ignore_errors=True)
        shutil.rmtree(data.WORK, ignore_errors=True)
    elif args.scenario == "report":
        with open(data.RESULTS) as f:
            report([json.loads(line) for line in f])
    else:
        isolate()
        held = lock()                       # noqa: F841
        report(run(args))


if __name__ == "__main__":
    main()
