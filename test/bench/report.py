"""Tables of what was measured, in Markdown."""
import statistics

COLUMNS = {             # key: (heading, digits)
    "wall": ("s", 2), "synced": ("s until synced", 2), "dd": ("of dd's rate", 2), "first": ("s to first block", 2), "verified": ("s until verified", 2), "first_done": ("s, first done", 2), "copy": ("time ÷ one copy", 2), "copy_first": ("the same from the first block", 2), "mbps": ("MB/s", 0), "line": ("of the line", 2), "sha1": ("of openssl's SHA-1", 2),
    "sent": ("copies sent", 2), "cpu": ("CPU s", 2), "cpu_gib": ("CPU s/GiB", 2), "seed_cpu_gib": ("seed's CPU s/GiB", 2),
    "leech_cpu_gib": ("leech's CPU s/GiB", 2), "rss_mb": ("RSS MB", 0), "anon_mb": ("anon MB", 0)}
BASE = "libtorrent"


def spread(values, digits):
    """median (lowest–highest)"""
    text = f"{statistics.median(values):.{digits}f}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def table(rows):
    """Rows that differ only in client and round; ratios are to libtorrent in the same round."""
    by, runs = {}, {}
    for r in rows:
        by.setdefault(r["client"], []).append(r)
        runs[r["client"], r["round"]] = r
    keys = [k for k in COLUMNS if all(k in r for r in rows)]
    ratios = [("wall", "time ÷ libtorrent"), ("cpu" if "cpu" in keys else "cpu_gib", "CPU ÷ libtorrent")] if BASE in by else []
    print("| client | n | " + " | ".join(COLUMNS[k][0] for k in keys) + "".join(f" | {h}" for _, h in ratios) + " | noisy |")
    print("|" + "---|" * (3 + len(keys) + len(ratios)))
    for client in sorted(by, key=lambda c: statistics.median(r["wall"] for r in by[c])):
        mine = by[client]
        cells = [client, str(len(mine))] + [spread([r[k] for r in mine], COLUMNS[k][1]) for k in keys]
        for k, _ in ratios:
            base = [(r[k], runs[BASE, r["round"]][k]) for r in mine if (BASE, r["round"]) in runs]
            cells.append(spread([a / b for a, b in base], 2) if base and all(b for _, b in base) else "")
        print("| " + " | ".join(cells) + f" | {sum(r['noisy'] for r in mine) or ''} |")


def report(rows):
    """One table for each scenario, and the measurements that failed."""
    groups = {}
    for r in rows:
        if r["ok"]:
            groups.setdefault((r["scenario"], r["data"], r["mode"], r["setting"]), []).append(r)
    for group, members in groups.items():
        print("\n### " + ", ".join(x for x in group if x) + "\n")
        table(members)
    for r in rows:
        if not r["ok"]:
            print(f"\nFAILED: {r['scenario']} {r['client']} {r['data']} {r['mode']} {r['setting']}: {r.get('error', 'wrong data')}")
