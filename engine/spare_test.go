package engine

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// skipping is a leech that has all of a torrent but the file in the middle, whose ends
// are in the spare, and its seed. It has ended.
func skipping(t *testing.T) (cfg Config, id ID, seed *bench, spare string) {
	t.Helper()
	from, to := t.TempDir(), t.TempDir()
	torrent := sample(t, from, map[string]int{"a": 50 << 10, "b": 100 << 10, "c": 50 << 10})
	seed = launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id = seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	cfg = loopbackConfig(filepath.Join(to, "p"), filepath.Join(to, "in"))
	b := launch(t, cfg)
	b.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}, Priorities: map[int]Priority{1: Skip}})
	b.awaitState(id, Seeding)
	b.stop()
	return cfg, id, seed, filepath.Join(cfg.Dir, "."+id.String()+".piecewise")
}

// TestSpareTamperedWith edits or removes what is kept of a skipped file: the pieces that
// need it are hashed or missed, come again, and what is in the files is right.
func TestSpareTamperedWith(t *testing.T) {
	for name, tamper := range map[string]func(path string) error{
		"removed": os.Remove,
		"cut short": func(path string) error {
			return os.Truncate(path, 4096+1000)
		},
		"edited": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			data[4096+100] ^= 1
			later := time.Now().Add(time.Minute)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				return err
			}
			return os.Chtimes(path, later, later)
		},
		"replaced by a stranger's": func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.WriteFile(path, []byte("mine"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, id, seed, spare := skipping(t)
			ok(t, tamper(spare))
			b := launch(t, cfg)
			b.noticed("was changed by another program")
			ok(t, b.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
			b.awaitState(id, Seeding)
			if got := listing(t, filepath.Join(cfg.Dir, "data")); name[0] != 'r' && got != "a c" {
				t.Errorf("there is %s", got)
			}
			want := filepath.Join(filepath.Dir(seed.snap.Torrent(id).Dir), filepath.Base(seed.snap.Torrent(id).Dir), "data")
			for _, file := range []string{"a", "c"} {
				sameContent(t, filepath.Join(want, file), filepath.Join(cfg.Dir, "data", file))
			}
			if name == "replaced by a stranger's" {
				if got := must[[]byte](t)(os.ReadFile(spare)); string(got) != "mine" {
					t.Error("a stranger's file was changed")
				}
			}
			ok(t, b.Recheck(t.Context(), id))
			b.logged(id, "Checked: 5 of 7 pieces are there.")
			ok(t, b.SetPriority(t.Context(), id, []int{1}, Normal))
			ok(t, b.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
			b.await("the rest", func(s *Snapshot) bool { row := s.Torrent(id); return row.State == Seeding && row.Have == 200<<10 })
			sameFiles(t, want, filepath.Join(cfg.Dir, "data"))
		})
	}
}

// TestSkippedOfHybrid skips a file of torrents whose files do not share pieces: of v2
// and hybrids, which have pad files. Nothing of it appears, nor does a spare.
func TestSkippedOfHybrid(t *testing.T) {
	for _, format := range []Format{FormatV2, FormatHybrid} {
		t.Run(fmt.Sprint(format), func(t *testing.T) {
			content := someContent(t, "empty", "a", "b", "sub/c")
			made := makeOf(t, content, format)
			dir := filepath.Dir(content)
			path := filepath.Join(t.TempDir(), "x.torrent")
			ok(t, os.WriteFile(path, made.Raw, 0o600))
			seed := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), dir))
			id := seed.add(path, AddOptions{})
			seed.awaitState(id, Seeding)
			to := t.TempDir()
			b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), to))
			src := must[*Source](t)(Open(t.Context(), path, true))
			skip := fileOf(src.Meta, "content/b")
			b.add(path, AddOptions{Peers: []netip.AddrPort{seed.addr()}, Priorities: map[int]Priority{skip: Skip}})
			b.awaitState(id, Seeding)
			awaitListing(t, to, "content/a content/empty content/sub/c")
			b.stop()
			b = launch(t, b.cfg)
			b.awaitState(id, Seeding)
			for _, e := range b.events {
				t.Errorf("unexpected event %+v", e)
			}
			ok(t, b.SetPriority(t.Context(), id, []int{skip}, Normal))
			ok(t, b.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
			awaitListing(t, to, "content/a content/b content/empty content/sub/c")
			b.awaitState(id, Seeding)
			sameFiles(t, content, filepath.Join(to, "content"))
		})
	}
}

// TestV2StandsBy downloads a v2 torrent from its file, or from a magnet, and starts
// anew: it stands by, without the library, and wakes for the peer that asks for it.
func TestV2StandsBy(t *testing.T) {
	for _, magnet := range []bool{false, true} {
		t.Run(fmt.Sprint("magnet ", magnet), func(t *testing.T) {
			content := someContent(t, "empty", "a", "sub/c")
			made := makeOf(t, content, FormatV2)
			path := filepath.Join(t.TempDir(), "x.torrent")
			ok(t, os.WriteFile(path, made.Raw, 0o600))
			seed := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), filepath.Dir(content)))
			id := seed.add(path, AddOptions{})
			seed.awaitState(id, Seeding)
			source := path
			if magnet {
				source = must[string](t)(seed.Magnet(t.Context(), id))
				if !strings.Contains(source, "btmh") {
					t.Fatalf("the link is %s", source)
				}
			}
			b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
			b.add(source, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
			b.awaitState(id, Seeding)
			b.await("the end of the download", func(s *Snapshot) bool { return !s.Torrent(id).Finished.IsZero() })
			seed.stop()
			b.stop()

			b = launch(t, b.cfg)
			addr := b.addr()
			b.awaitState(id, Seeding)
			standsBy := func() (yes bool) {
				inLoop(t, b.Engine, func(s *state) { yes = s.torrents[id].standby != nil && s.torrents[id].run == nil })
				return yes
			}
			if !standsBy() {
				t.Fatal("it does not stand by")
			}
			friend := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
			friend.add(source, AddOptions{Peers: []netip.AddrPort{addr}})
			friend.awaitState(id, Seeding)
			if standsBy() {
				t.Error("it serves without running")
			}
			sameFiles(t, content, filepath.Join(friend.cfg.Dir, "content"))
		})
	}
}
