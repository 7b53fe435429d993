package wire

import (
	"bytes"
	"crypto/sha1"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"
)

// client is the real library on our sockets.
func client(t *testing.T, e *end) *torrent.Client {
	t.Helper()
	cfg := torrent.NewDefaultClientConfig()
	cfg.DisableTCP, cfg.DisableUTP, cfg.NoDHT = true, true, true
	cfg.DisableTrackers, cfg.DisableWebtorrent, cfg.DisableWebseeds = true, true, true
	cfg.NoDefaultPortForwarding, cfg.Seed = true, true
	cfg.AlwaysWantConns = true // also while it checks the pieces that are not there
	cfg.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{RequirePreferred: true}
	cfg.DataDir = filepath.Join(t.TempDir(), "data")
	cfg.Slogger = slog.New(slog.DiscardHandler)
	cl, err := torrent.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	for _, d := range e.Dialers() {
		cl.AddDialer(d)
	}
	for _, l := range e.Listeners() {
		cl.AddListener(l)
	}
	return cl
}

// TestLibrary connects two of the library's clients through two Nets, while the
// blocks and the metadata of the same connection go from data plane to data plane.
func TestLibrary(t *testing.T) {
	info, err := bencode.Marshal(metainfo.Info{
		Name: "x", PieceLength: 16 << 10, Length: 3000 << 14, Pieces: noise(3000 * sha1.Size),
	})
	if err != nil {
		t.Fatal(err)
	}
	hash := metainfo.HashBytes(info)
	for _, policy := range []Policy{EncryptionOff, EncryptionAllow, EncryptionPrefer, EncryptionRequire} {
		t.Run(policyNames[policy], func(t *testing.T) {
			var ends [2]*end
			var torrents [2]*torrent.Torrent
			for i := range ends {
				joined := make(chan *peer, 20)
				reg := registry{hash, planeFunc(func(c *Conn) Peer {
					p := newPeer(c)
					joined <- p
					return p
				})}
				ends[i] = newEnd(t, Config{Registry: reg, Policy: policy})
				ends[i].joined = joined
			}
			for i, e := range ends {
				opts := torrent.AddTorrentOpts{InfoHash: hash}
				if i == 0 {
					opts.InfoBytes = info
				}
				torrents[i], _ = client(t, e).AddTorrentOpt(opts)
			}
			torrents[0].DownloadAll() // who wants no piece connects to nobody
			torrents[0].DisallowDataDownload()
			addr := netip.AddrPortFrom(any4(true), uint16(ends[0].Port()))
			torrents[1].AddPeers([]torrent.PeerInfo{{Addr: torrent.StringAddr(addr.String())}})
			seed, leech := ends[0].peer(t), ends[1].peer(t)
			seed.c.Send(Message{Kind: Extended, Index: 1, Bits: info[:1<<14]})
			leech.until(t, "metadata", func() bool {
				last := len(leech.msgs) - 1
				return last >= 0 && leech.msgs[last].Index == 1 && bytes.Equal(leech.msgs[last].Bits, info[:1<<14])
			})
			if torrents[1].Info() != nil {
				t.Error("the library heard of metadata")
			}
			if err := torrents[1].SetInfoBytes(info); err != nil {
				t.Error(err)
			}
			data := noise(1 << 20)
			seed.give(data)
			leech.until(t, "the blocks", func() bool { return len(leech.data) == len(data) })
			if n := len(torrents[1].PeerConns()); n != 1 {
				t.Errorf("the library has %d connections", n)
			}
			if seed.c.Info().Outgoing || !leech.c.Info().Outgoing {
				t.Error("who dialled?")
			}
		})
	}
}
