"""A small HTTP tracker for local tests: GET /announce, /reset?PREFIX.

    tracker.py HOST PORT

Peers on ports 20001 to 20250 are listed at PREFIX.(port-20000), whatever
address they announced from, because not every client binds its HTTP requests
to its own address."""
import asyncio
import random
import socket
import struct
import sys
from urllib.parse import unquote_to_bytes

swarms = {}             # info hash -> {(ip, port): bytes left}
prefix = "127.0.1"
INTERVAL = 1800


def bencode(x):
    if isinstance(x, int):
        return b"i%de" % x
    if isinstance(x, bytes):
        return b"%d:%s" % (len(x), x)
    return b"d" + b"".join(bencode(k) + bencode(x[k]) for k in sorted(x)) + b"e"


def announce(query, source):
    q = dict(p.partition("=")[::2] for p in query.replace("+", "%20").split("&") if p)
    info_hash, port = unquote_to_bytes(q.get("info_hash", "")), int(q.get("port", 0))
    if len(info_hash) != 20 or not port:
        return bencode({b"failure reason": b"bad announce"})
    me = (f"{prefix}.{port - 20000}" if 20000 < port <= 20250 else source, port)
    swarm = swarms.setdefault(info_hash, {})
    if q.get("event") == "stopped":
        swarm.pop(me, None)
    else:
        swarm[me] = int(q.get("left") or 0)
    others = [p for p in swarm if p != me]
    random.shuffle(others)
    return bencode({b"interval": INTERVAL, b"min interval": 60,
                    b"complete": sum(not left for left in swarm.values()),
                    b"incomplete": sum(left > 0 for left in swarm.values()),
                    b"peers": b"".join(socket.inet_aton(ip) + struct.pack("!H", p) for ip, p in others[:200])})


def respond(path, query, source):
    global prefix
    if path == "/announce":
        return announce(query, source)
    if path == "/reset":
        swarms.clear()
        prefix = query
    return bencode({b"files": {}})


async def serve(reader, writer):
    try:
        keep = True
        while keep:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
            path, _, query = head.split(" ", 2)[1].partition("?")
            body = respond(path, query, writer.get_extra_info("peername")[0])
            keep = " HTTP/1.1\r\n" in head and "connection: close" not in head.lower()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n" % (
                len(body), b"" if keep else b"Connection: close\r\n") + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ValueError, IndexError):
        pass
    finally:
        writer.close()


async def main(host, port):
    server = await asyncio.start_server(serve, host, port, backlog=2048)
    print('{"ev":"ready"}', flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
