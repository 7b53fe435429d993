package swarm

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/transfer"
)

const (
	testPieces = 40
	testLength = testPieces*(32<<10) - 5
)

// side is one end of a transfer between two Clients.
type side struct {
	*Client
	t    *Torrent
	disk *disk.Torrent
}

func newSide(t *testing.T, cfg Config) *side {
	t.Helper()
	cfg.Listen, cfg.Loopback = netip.MustParseAddrPort("127.0.0.1:0"), true
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &side{Client: c}
}

// run adds the torrent of the file data in dir, of which all pieces are there or
// none.
func (s *side) run(t *testing.T, dir string, info []byte, full bool, peers ...netip.AddrPort) {
	t.Helper()
	var parsed metainfo.Info
	if err := bencode.Unmarshal(info, &parsed); err != nil {
		t.Fatal(err)
	}
	pieces := parsed.NumPieces()
	layout := disk.Layout{
		Files:       []disk.File{{Path: []string{"data"}, Length: parsed.Length}},
		PieceLength: 32 << 10, Length: parsed.Length, Pieces: pieces,
	}
	have := plane.MakeBits(pieces)
	if full {
		have = plane.FullBits(pieces)
	}
	d, err := disk.Open(disk.Options{Dir: dir, Layout: layout, Have: have})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	s.disk = d
	s.t, err = s.Add(Spec{
		ID: metainfo.HashBytes(info), Peers: peers,
		Open: Open{
			InfoBytes: info, Private: parsed.Private != nil && *parsed.Private,
			Disk: d, Layout: layout, Hashes: hash.Pieces{Length: parsed.Length, PieceLength: 32 << 10, Hashes: parsed.Pieces},
			Wanted: transfer.Wanted{Pieces: plane.FullBits(pieces), High: plane.MakeBits(pieces)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *side) at(ip string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(s.Port()))
}

// sample makes the file data in dir and a torrent of it.
func sample(t *testing.T, dir string, seed byte, length int) (info, data []byte) {
	t.Helper()
	data = make([]byte, length)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	if err := os.WriteFile(filepath.Join(dir, "data"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	parsed := metainfo.Info{PieceLength: 32 << 10}
	if err := parsed.BuildFromFilePath(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	return bencode.MustMarshal(parsed), data
}

// TestTransports moves a torrent from one Client to another over each transport,
// IP version and encryption.
func TestTransports(t *testing.T) {
	encrypted := &Session{Limits: plane.NoLimits, MaxSlots: plane.Unlimited, Connections: plane.Unlimited, Encryption: 3}
	for _, c := range []struct {
		name       string
		ip         string // of the seed
		cfg        Config
		transport  plane.Transport
		encryption plane.Encryption
	}{
		{"tcp", "127.0.0.1", Config{}, plane.TCP, plane.Plain},
		{"tcp, encrypted", "127.0.0.1", Config{Session: encrypted}, plane.TCP, plane.RC4},
		{"tcp over ipv6", "::1", Config{}, plane.TCP, plane.Plain},
		{"utp", "127.0.0.1", Config{UTP: true, DialUTPOnly: true}, plane.UTP, plane.Plain},
		{"utp, encrypted", "127.0.0.1", Config{UTP: true, DialUTPOnly: true, Session: encrypted}, plane.UTP, plane.RC4},
		{"utp over ipv6", "::1", Config{UTP: true, DialUTPOnly: true}, plane.UTP, plane.Plain},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ip == "::1" {
				needIPv6(t)
			}
			from, to := t.TempDir(), t.TempDir()
			raw, data := sample(t, from, 7, testLength)
			seed, leech := newSide(t, c.cfg), newSide(t, c.cfg)
			seed.run(t, from, raw, true)
			leech.run(t, to, raw, false)
			leech.t.SetFetching(false) // else all may be there before anybody looks at the peer
			leech.t.AddPeers([]netip.AddrPort{seed.at(c.ip)}, plane.OriginManual)
			var peers []plane.Peer
			await(t, func() bool { peers = leech.t.Peers(peers); return len(peers) > 0 })
			peer := peers[0]
			leech.t.SetFetching(true)
			await(t, func() bool { return leech.disk.Have().All() })
			if peer.Transport != c.transport || peer.Encryption != c.encryption {
				t.Errorf("transport %v, encryption %v", peer.Transport, peer.Encryption)
			}
			if peer.Origin != plane.OriginManual {
				t.Errorf("origin %v of a peer that was named", peer.Origin)
			}
			if got, err := os.ReadFile(filepath.Join(to, "data")); err != nil || !bytes.Equal(got, data) {
				t.Errorf("the data differs: %v", err)
			}
		})
	}
}

// await fails the test unless ready is true within 20 s.
func await(t *testing.T, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 s")
		}
	}
}

// TestLibraryLearnsOfAll tells the library of pieces while there is hardly ever time
// for it, and expects that it learns of all.
func TestLibraryLearnsOfAll(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	raw, _ := sample(t, from, 8, testLength)
	seed, leech := newSide(t, Config{}), newSide(t, Config{})
	seed.run(t, from, raw, true)
	leech.run(t, to, raw, false, seed.at("127.0.0.1"))
	deadline := time.Now().Add(20 * time.Second)
	for leech.t.lib.BytesMissing() > 0 {
		if leech.t.tellLibrary(time.Time{}) {
			leech.t.wakeComplete()
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d pieces are there, the library misses %d bytes", leech.disk.Have().Count(), testPieces, leech.t.lib.BytesMissing())
		}
		time.Sleep(time.Millisecond) // there is nothing to wait for
	}
}
