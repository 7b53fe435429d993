"""The clients people use, driven through their remote interfaces, with every
discovery feature off."""
import base64
import json
import os
import socket
import urllib.error
import urllib.request
import uuid
import xmlrpc.client

from drivers import Bare, BenchError, Driver, Libtorrent, Piecewise


def post(url, body=None, headers=None):
    return urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=60).read()


class Transmission(Driver):
    """3.00 refuses peers in 127.0.0.0/8, so it and whom it meets live on other local addresses."""
    name = "transmission"
    program = package = "transmission-daemon"
    prefix = "10.99.1"

    def launch(self):
        self.config, self.session = self.work + "/transmission", ""
        os.makedirs(self.config, exist_ok=True)
        with open(self.config + "/settings.json", "w") as f:
            json.dump({
                "bind-address-ipv4": self.ip, "bind-address-ipv6": "::1", "peer-port": self.port,
                "rpc-enabled": True, "rpc-bind-address": "127.0.0.1", "rpc-port": self.rpc, "rpc-whitelist": "127.0.0.1",
                "dht-enabled": False, "lpd-enabled": False, "pex-enabled": False, "port-forwarding-enabled": False,
                "utp-enabled": False, "encryption": 2 if self.option("rc4") else 0, "download-queue-enabled": False, "seed-queue-enabled": False,
                "ratio-limit-enabled": False, "idle-seeding-limit-enabled": False, "download-dir": self.folder,
            }, f)
        self.spawn(["transmission-daemon", "-f", "-g", self.config])
        self.wait_for(lambda: self.call("session-get"), "ready", 60)

    def call(self, method, **arguments):
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        url = f"http://127.0.0.1:{self.rpc}/transmission/rpc"
        try:
            r = json.loads(post(url, body, {"X-Transmission-Session-Id": self.session}))
        except urllib.error.HTTPError as e:
            if e.code != 409:
                raise
            self.session = e.headers["X-Transmission-Session-Id"]
            return self.call(method, **arguments)
        if r["result"] != "success":
            raise BenchError(f"transmission: {method}: {r['result']}")
        return r["arguments"]

    def add(self, torrent, peers=()):
        self.call("torrent-add", filename=torrent, **{"download-dir": self.folder})

    def check(self, torrent):
        """It trusts a complete file after one piece, so the whole check is asked for."""
        self.call("torrent-add", filename=torrent, paused=True, **{"download-dir": self.folder})
        self.call("torrent-verify")
        self.checking, self.done = False, self.checked

    def done(self):
        t, = self.call("torrent-get", fields=["leftUntilDone", "status"])["torrents"]
        return t["leftUntilDone"] == 0 and t["status"] in (5, 6)

    def checked(self):
        t, = self.call("torrent-get", fields=["leftUntilDone", "status"])["torrents"]
        self.checking |= t["status"] in (1, 2)
        return self.checking and t["status"] not in (1, 2) and t["leftUntilDone"] == 0

    def quit(self):
        self.call("session-close")


class QBittorrent(Driver):
    name = "qbittorrent"
    program = package = "qbittorrent-nox"
    SEEDING = ("uploading", "stalledUP", "forcedUP", "queuedUP")

    def launch(self):
        os.makedirs(self.work + "/qBittorrent/config", exist_ok=True)
        with open(self.work + "/qBittorrent/config/qBittorrent.conf", "w") as f:
            f.write(f"""[BitTorrent]
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\BTProtocol=TCP
Session\\Interface=lo
Session\\InterfaceName=lo
Session\\InterfaceAddress={self.ip}
Session\\Port={self.port}
Session\\UseRandomPort=false
Session\\RefreshInterval=100
Session\\Encryption={1 if self.option("rc4") else 0}
Session\\QueueingSystemEnabled=false
Session\\AddTorrentPaused=false
Session\\DefaultSavePath={self.folder}
Session\\GlobalMaxRatio=-1
[Core]
AutoDeleteAddedTorrentFile=Never
[LegalNotice]
Accepted=true
[Network]
PortForwardingEnabled=false
[Preferences]
Connection\\UPnP=false
Connection\\ResolvePeerCountries=false
WebUI\\Enabled=true
WebUI\\Address=127.0.0.1
WebUI\\Port={self.rpc}
WebUI\\LocalHostAuth=false
WebUI\\UseUPnP=false
WebUI\\CSRFProtection=false
WebUI\\HostHeaderValidation=false
""")
        self.spawn(["qbittorrent-nox", f"--profile={self.work}", f"--webui-port={self.rpc}"], env={"QT_LOGGING_RULES": "*=false"})
        self.wait_for(lambda: self.call("app/version"), "ready", 60)

    def call(self, path, body=None, headers=None):
        return post(f"http://127.0.0.1:{self.rpc}/api/v2/{path}", body, headers)

    def add(self, torrent, peers=()):
        b = uuid.uuid4().hex
        parts = [f'--{b}\r\nContent-Disposition: form-data; name="savepath"\r\n\r\n{self.folder}\r\n'.encode()]
        with open(torrent, "rb") as f:
            parts.append(f'--{b}\r\nContent-Disposition: form-data; name="torrents"; filename="the.torrent"'
                         "\r\nContent-Type: application/x-bittorrent\r\n\r\n".encode() + f.read() + b"\r\n")
        parts.append(f"--{b}--\r\n".encode())
        answer = self.call("torrents/add", b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={b}"})
        if b"Ok" not in answer:
            raise BenchError(f"qbittorrent: add: {answer!r}")

    def states(self):
        return [t["state"] for t in json.loads(self.call("torrents/info"))]

    def done(self):
        states = self.states()
        if "error" in states or "missingFiles" in states:
            raise BenchError(f"qbittorrent: {states}")
        return bool(states) and states[0] in self.SEEDING

    def quit(self):
        self.call("app/shutdown", b"")


class Aria2(Driver):
    name = "aria2"
    program, package = "aria2c", "aria2"

    def launch(self):
        self.spawn(["aria2c", "--enable-rpc", "--rpc-listen-all=false", f"--rpc-listen-port={self.rpc}",
                    "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
                    f"--listen-port={self.port}", f"--interface={self.ip}", "--disable-ipv6=true", "--seed-ratio=0",
                    "--file-allocation=falloc", "--allow-overwrite=true", "--no-conf=true", "--quiet=true",
                    "--bt-max-open-files=2000", "--rpc-max-request-size=64M",
                    f"--check-integrity={'true' if self.option('complete') else 'false'}",
                    f"--bt-force-encryption={'true' if self.option('rc4') else 'false'}"])
        self.wait_for(lambda: self.call("getVersion"), "ready", 60)

    def call(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": "1", "method": "aria2." + method, "params": params}).encode()
        return json.loads(post(f"http://127.0.0.1:{self.rpc}/jsonrpc", body))["result"]

    def add(self, torrent, peers=()):
        with open(torrent, "rb") as f:
            self.gid = self.call("addTorrent", base64.b64encode(f.read()).decode(), [], {"dir": self.folder})

    def done(self):
        t = self.call("tellStatus", self.gid, ["status", "seeder", "verifiedLength", "errorMessage"])
        if t["status"] == "error":
            raise BenchError(f"aria2: {t}")
        return t.get("seeder") == "true" and "verifiedLength" not in t

    def quit(self):
        self.call("forceShutdown")


class RTorrent(Driver):
    name = program = package = "rtorrent"

    def launch(self):
        os.makedirs(self.work + "/session", exist_ok=True)
        with open(self.work + "/rtorrent.rc", "w") as f:
            f.write(f"""system.daemon.set = true
session.path.set = {self.work}/session
directory.default.set = {self.folder}
network.bind_address.set = {self.ip}
network.port_range.set = {self.port}-{self.port}
network.port_random.set = no
network.scgi.open_port = 127.0.0.1:{self.rpc}
network.xmlrpc.size_limit.set = 16000000
dht.mode.set = disable
protocol.pex.set = no
trackers.use_udp.set = no
protocol.encryption.set = {"require,require_RC4,allow_incoming,try_outgoing" if self.option("rc4") else "allow_incoming"}
pieces.hash.on_completion.set = no
pieces.memory.max.set = 4096M
network.max_open_files.set = 2048
network.http.max_open.set = 64
""")
        self.spawn(["rtorrent", "-n", "-o", f"import={self.work}/rtorrent.rc"], env={"TERM": "xterm"})
        self.wait_for(lambda: self.call("system.pid"), "ready", 60, (OSError, IndexError))

    def call(self, method, *params):
        body = xmlrpc.client.dumps(params, method).encode()
        head = b"CONTENT_LENGTH\0%d\0SCGI\x001\0" % len(body)
        with socket.create_connection(("127.0.0.1", self.rpc), timeout=60) as s:
            s.sendall(b"%d:%s,%s" % (len(head), head, body))
            answer = b"".join(iter(lambda: s.recv(1 << 20), b""))
        return xmlrpc.client.loads(answer.split(b"\r\n\r\n", 1)[1])[0][0]

    def add(self, torrent, peers=()):
        self.call("load.start", "", torrent, f'd.directory.set="{self.folder}"')

    def states(self):
        return self.call("d.multicall2", "", "main", "d.complete=", "d.is_active=", "d.hashing=")

    def done(self):
        states = self.states()
        return bool(states) and all(complete and active and not hashing for complete, active, hashing in states)

    def quit(self):
        self.call("system.shutdown.quick")


CLIENTS = {c.name: c for c in (Libtorrent, QBittorrent, Transmission, Aria2, RTorrent, Bare, Piecewise)}
