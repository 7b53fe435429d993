package engine

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
)

// The tests in this file change settings while libtorrent is connected.

// seedSlowly is an engine that seeds 2 MB at 100 kB/s.
func seedSlowly(t *testing.T) (b *bench, id ID, torrent string) {
	t.Helper()
	dir := t.TempDir()
	torrent = sample(t, dir, map[string]int{"a.bin": 2_000_000})
	b = launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	id = b.add(torrent, AddOptions{})
	b.awaitState(id, Seeding)
	b.change(func(v *Settings) { v.Limits.Up = 100_000 })
	return b, id, torrent
}

// change changes settings while it runs.
func (b *bench) change(change func(*Settings)) {
	b.t.Helper()
	v := b.snap.Settings
	change(&v)
	if err := b.SetSettings(b.t.Context(), v); err != nil {
		b.t.Fatal(err)
	}
	b.await("the settings", func(s *Snapshot) bool { return s.Settings.Equal(v) })
}

func (b *bench) awaitPeers(id ID, n int) {
	b.t.Helper()
	b.await(fmt.Sprint(n, " peers"), func(s *Snapshot) bool { return s.Torrent(id).Peers == n })
}

func (b *bench) dial(id ID, addrs ...netip.AddrPort) {
	b.t.Helper()
	if err := b.AddPeers(b.t.Context(), id, addrs); err != nil {
		b.t.Fatal(err)
	}
}

// From the moment that encryption is required plain peers are refused, whoever
// dials; those that are connected stay.
func TestEncryptionRequiredWhileRunning(t *testing.T) {
	b, id, torrent := seedSlowly(t)
	us := []netip.AddrPort{b.addr()}
	b.change(func(v *Settings) { v.Encryption = EncryptionPrefer })
	before, after := foreign(t, 61, t.TempDir(), "--plain"), foreign(t, 64, t.TempDir(), "--plain")
	before.join(torrent, us)
	after.join(torrent, nil)
	b.awaitPeers(id, 1)

	b.change(func(v *Settings) { v.Encryption = EncryptionRequire })
	refused, secret := foreign(t, 62, t.TempDir(), "--plain"), foreign(t, 63, t.TempDir(), "--rc4")
	refused.join(torrent, us)
	refused.expect("lost")
	b.dial(id, refused.addr())
	secret.join(torrent, us)
	b.awaitPeers(id, 2)
	b.change(func(v *Settings) { v.Limits.Up = Unlimited })
	before.expect("done")
	secret.expect("done")
	if its, others := refused.got([20]byte{}); its+others > 0 || !refused.done().IsZero() {
		t.Error("somebody gets plaintext")
	}

	b.change(func(v *Settings) { v.Encryption = EncryptionPrefer })
	b.dial(id, after.addr())
	after.expect("done")
}

// A lower bound closes connections at once and lets nobody in; a higher one does.
func TestFewerConnectionsWhileRunning(t *testing.T) {
	b, id, torrent := seedSlowly(t)
	us := []netip.AddrPort{b.addr()}
	var leeches []*libtorrent
	var addrs []netip.AddrPort
	for i := range 4 {
		l := foreign(t, 71+i, t.TempDir())
		leeches, addrs = append(leeches, l), append(addrs, l.addr())
	}
	for _, l := range leeches[:3] {
		l.join(torrent, us)
	}
	b.awaitPeers(id, 3)
	b.change(func(v *Settings) { v.Connections = 1 })
	b.awaitPeers(id, 1)
	leeches[3].join(torrent, us)
	leeches[3].expect("lost")
	b.dial(id, addrs...)
	b.change(func(v *Settings) { v.Limits.Up = 200_000 })
	if n := b.snap.Torrent(id).Peers; n != 1 {
		t.Errorf("%d connections, not 1", n)
	}

	b.change(func(v *Settings) { v.Connections, v.Limits.Up = Unlimited, Unlimited })
	b.dial(id, addrs...)
	for _, l := range leeches {
		l.expect("done")
	}
}
