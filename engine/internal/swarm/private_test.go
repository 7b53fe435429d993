package swarm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/lsd"
)

// capture keeps all that came somewhere.
type capture struct {
	mu  sync.Mutex
	all []byte
}

func (c *capture) add(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, b...)
}

func (c *capture) has(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Contains(c.all, b)
}

// captureDHT is a node of the DHT that answers everything and keeps all packets.
func captureDHT(t *testing.T) (*capture, string) {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	c := &capture{}
	go func() { // ends with the socket
		b := make([]byte, 2000)
		for {
			n, from, err := socket.ReadFrom(b)
			if err != nil {
				return
			}
			c.add(b[:n])
			var q struct {
				T string `bencode:"t"`
				Y string `bencode:"y"`
			}
			_ = bencode.Unmarshal(b[:n], &q) // what cannot be read gets no answer
			if q.Y == "q" {
				_, _ = socket.WriteTo(fmt.Appendf(nil, "d1:rd2:id20:%s5:token1:xe1:t%d:%s1:y1:re", "nodenodenodenodenode", len(q.T), q.T), from)
			}
		}
	}()
	return c, socket.LocalAddr().String()
}

// captureLSD hears what is announced on the loopback interface.
func captureLSD(t *testing.T) *capture {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Skip(err)
	}
	c := &capture{}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 {
			continue
		}
		socket, err := net.ListenMulticastUDP("udp4", &i, net.UDPAddrFromAddrPort(lsd.Group4))
		if err != nil {
			t.Skip("no multicast on the loopback interface here: ", err)
		}
		t.Cleanup(func() { socket.Close() })
		go func() { // ends with the socket
			b := make([]byte, 2000)
			for {
				n, _, err := socket.ReadFrom(b)
				if err != nil {
					return
				}
				c.add(b[:n])
			}
		}()
	}
	return c
}

// stranger connects to a torrent as a peer that knows all extensions, and says more if
// there is more. It keeps what it gets.
func stranger(t *testing.T, at netip.AddrPort, hash [20]byte, more ...[]byte) *capture {
	t.Helper()
	conn, err := net.Dial("tcp4", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	extended := func(number byte, payload []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(2+len(payload)))
		return append(append(b, 20, number), payload...)
	}
	hello := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05"), hash[:]...)
	hello = fmt.Appendf(hello, "-YY0000-%012d", rand.Uint32())
	hello = append(hello, extended(0, []byte("d1:md12:ut_holepunchi4e11:ut_metadatai3e6:ut_pexi1eee"))...)
	hello = append(hello, 0, 0, 0, 1, 15) // HaveNone
	if _, err := conn.Write(hello); err != nil {
		t.Fatal(err)
	}
	c := &capture{}
	go func() { // ends with the connection
		b := make([]byte, 4096)
		for first := true; ; {
			n, err := conn.Read(b)
			c.add(b[:n])
			if err != nil {
				return
			}
			if i := bytes.Index(c.bytes(), []byte("6:ut_pexi")); first && i >= 0 {
				first = false
				number := c.bytes()[i+len("6:ut_pexi")] - '0'
				for _, m := range more {
					_, _ = io.Copy(conn, bytes.NewReader(extended(number, m)))
				}
			}
		}
	}()
	return c
}

func (c *capture) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.all)
}

// port is the message by which a peer is told of our DHT node.
var port = []byte{0, 0, 0, 3, 9}

// A private torrent (BEP 27) is in no packet of the DHT or LSD, while a public one that
// was added after it is in both; its peers are offered no peer exchange and told of no
// DHT node, while those of the public one are.
func TestPrivate(t *testing.T) {
	dht, node := captureDHT(t)
	local := captureLSD(t)
	s := newSide(t, Config{Discovery: Discovery{DHT: true, Bootstrap: []string{node}, PEX: true, LSD: true}})
	var info metainfo.Info
	dir := t.TempDir()
	raw, _ := sample(t, dir, 3, testLength)
	if err := bencode.Unmarshal(raw, &info); err != nil {
		t.Fatal(err)
	}
	info.Private = new(bool)
	*info.Private = true
	private, public := bencode.MustMarshal(info), raw
	secret, known := metainfo.HashBytes(private), metainfo.HashBytes(public)
	s.run(t, dir, private, true)
	standing := [20]byte{7, 7, 7, 9, 9, 9}
	s.StandBy([][20]byte{standing}, true, func() {}, nil)
	s.run(t, dir, public, true)
	open, closed := stranger(t, s.at("127.0.0.1"), known), stranger(t, s.at("127.0.0.1"), secret)
	await(t, func() bool { return dht.has([]byte("announce_peer")) && dht.has(known[:]) })
	await(t, func() bool { return local.has([]byte(hex.EncodeToString(known[:]))) })
	await(t, func() bool { return open.has([]byte("ut_pex")) && open.has([]byte("ut_holepunch")) && open.has(port) })
	await(t, func() bool { return closed.has([]byte("ut_metadata")) })
	for _, hash := range [][20]byte{secret, standing} {
		if dht.has(hash[:]) || local.has([]byte(hex.EncodeToString(hash[:]))) {
			t.Errorf("%x was announced", hash)
		}
	}
	if closed.has([]byte("ut_pex")) || closed.has([]byte("ut_holepunch")) || closed.has(port) || closed.bytes()[27]&1 != 0 {
		t.Errorf("a peer of a private torrent is told %q", closed.bytes())
	}
	if open.bytes()[27]&1 == 0 {
		t.Error("nobody is told that we have a DHT node")
	}
	s.SetDiscovery(Discovery{}) // now for all torrents
	later := stranger(t, s.at("127.0.0.1"), known)
	await(t, func() bool { return later.has([]byte("ut_metadata")) })
	if later.has([]byte("ut_pex")) || later.has(port) {
		t.Error("peers are told of others, though that is off")
	}
}

// Two that know nothing of each other meet in the local network.
func TestLSD(t *testing.T) {
	captureLSD(t) // or it is skipped
	from, to := t.TempDir(), t.TempDir()
	raw, _ := sample(t, from, 4, testLength)
	looks := Config{Discovery: Discovery{LSD: true}}
	seed, leech := newSide(t, looks), newSide(t, looks)
	seed.run(t, from, raw, true)
	leech.run(t, to, raw, false)
	await(t, func() bool { return leech.disk.Have().All() })
}

// Ten thousand entries of a peer that name one victim lead to a few dials.
func TestAimed(t *testing.T) {
	victim := netip.MustParseAddr("127.9.9.9")
	var mu sync.Mutex
	dialled := map[int]bool{}
	for n := range 150 {
		l, err := net.Listen("tcp4", netip.AddrPortFrom(victim, uint16(22000+n)).String())
		if err != nil {
			t.Skip("a port of the victim is taken: ", err)
		}
		defer l.Close()
		go func() { // ends with the listener
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Close()
				mu.Lock()
				dialled[n] = true
				mu.Unlock()
			}
		}()
	}
	var list []byte
	for n := range 10_000 {
		b := victim.As4()
		list = binary.BigEndian.AppendUint16(append(list, b[:]...), uint16(22000+n))
	}
	s := newSide(t, Config{Discovery: Discovery{PEX: true}})
	raw, _ := sample(t, t.TempDir(), 5, testLength)
	s.run(t, t.TempDir(), raw, false)
	stranger(t, s.at("127.0.0.1"), metainfo.HashBytes(raw), append(fmt.Appendf(nil, "d5:added%d:", len(list)), append(list, 'e')...))
	await(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(dialled) > 0
	})
	until := time.Now().Add(time.Second) // a flood would come within
	await(t, func() bool { return time.Now().After(until) })
	mu.Lock()
	defer mu.Unlock()
	if len(dialled) > 4 {
		t.Errorf("%d ports of the victim were dialled", len(dialled))
	}
	if n := s.t.from.count(); n > 4 {
		t.Errorf("%d addresses are known", n)
	}
}
