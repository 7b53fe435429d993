package engine

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/plane"
)

// withWebSeed writes a torrent of path that names a web seed.
func withWebSeed(t *testing.T, path, url string, format Format) string {
	t.Helper()
	content := must[*Content](t)(LookAt(t.Context(), path, nil, ""))
	made := must[*Created](t)(Create(t.Context(), content, CreateOptions{Format: format, PieceLength: 32 << 10}, nil))
	file := filepath.Join(t.TempDir(), "web.torrent")
	gate := *must[*admit.Torrent](t)(admit.Metainfo(made.Raw))
	gate.WebSeeds = []string{url}
	if err := os.WriteFile(file, metainfoFile(&gate, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// folder makes some files, one of them with a name that not every system takes.
func folder(t *testing.T) (dir string, files map[string][]byte) {
	t.Helper()
	dir, files = filepath.Join(t.TempDir(), "shared"), map[string][]byte{}
	for name, size := range map[string]int{"a b.bin": 300_000, "sub/100%.dat": 70_000, "sub/x:?.txt": 5, "z": 1 << 20} {
		data := bytes.Repeat([]byte(name+"!"), size/len(name)+1)[:size]
		files["shared/"+name] = data
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

// TestWebSeed downloads a torrent from a web seed alone, of every version, and a magnet
// whose web seed it learns of before its metadata.
func TestWebSeed(t *testing.T) {
	dir, files := folder(t)
	web := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(dir))))
	defer web.Close()
	for _, format := range []Format{FormatV1, FormatV2, FormatHybrid} {
		torrent := withWebSeed(t, dir, web.URL+"/", format)
		cfg := loopbackConfig(t.TempDir(), t.TempDir())
		b := launch(t, cfg)
		id := b.add(torrent, AddOptions{})
		ok(t, b.Watch(t.Context(), id))
		b.awaitState(id, Seeding)
		b.await("the web seed among the peers", func(s *Snapshot) bool {
			return s.Detail != nil && len(s.Detail.Peers) == 1 && s.Detail.Peers[0].URL == web.URL+"/"
		})
		row := b.snap.Torrent(id)
		if p := b.snap.Detail.Peers[0]; p.Err != "" || p.Origin != OriginMetainfo || p.Downloaded < row.Size || row.Peers != 0 {
			t.Errorf("%v: %+v, %+v", format, p, row)
		}
		b.stop()
		for name, want := range files {
			path := filepath.Join(append([]string{cfg.Dir}, strings.Split(strings.NewReplacer(":", "_", "?", "_").Replace(name), "/")...)...)
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: %s is wrong, %v", format, path, err)
			}
		}
	}
}

// TestWebSeedOfAMagnet gives a magnet with a web seed the metadata only: the data can
// come from the web seed alone.
func TestWebSeedOfAMagnet(t *testing.T) {
	dir, _ := folder(t)
	web := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(dir))))
	defer web.Close()
	seed := launch(t, loopbackConfig(t.TempDir(), t.TempDir())) // of which it has no data
	id := seed.add(withWebSeed(t, dir, "http://127.0.0.1:1/", FormatV1), AddOptions{})
	profile := t.TempDir()
	leech := launch(t, loopbackConfig(profile, t.TempDir()))
	link := (&admit.Link{ID: id, WebSeeds: []string{web.URL}}).String() + "&x.pe=" + seed.addr().String()
	if got := leech.add(link, AddOptions{}); got != id {
		t.Fatal(got)
	}
	leech.awaitState(id, Seeding)
	leech.stop()
	saved, err := filepath.Glob(filepath.Join(profile, "torrents", "*.torrent"))
	if err != nil || len(saved) != 1 {
		t.Fatal(saved, err)
	}
	if src := must[*Source](t)(Open(t.Context(), saved[0], true)); len(src.WebSeeds) != 1 || src.WebSeeds[0] != web.URL {
		t.Errorf("it is saved with the web seeds %q", src.WebSeeds)
	}
}

// TestWebSeedAndPeers downloads from a web seed and a peer at once, both of which are
// limited, and both give.
func TestWebSeedAndPeers(t *testing.T) {
	const size, rate = 4 << 20, 3 << 20
	dir := filepath.Join(t.TempDir(), "shared")
	ok(t, os.MkdirAll(dir, 0o755))
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(data)
	ok(t, os.WriteFile(filepath.Join(dir, "file"), data, 0o600))
	web := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(dir))))
	defer web.Close()
	torrent := withWebSeed(t, dir, web.URL, FormatHybrid)
	seed := launch(t, loopbackConfig(t.TempDir(), filepath.Dir(dir)))
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	o := DefaultOptions()
	o.Limits.Up = rate
	ok(t, seed.SetOptions(t.Context(), id, o))
	leech := launch(t, loopbackConfig(t.TempDir(), t.TempDir()))
	leech.add(torrent, AddOptions{Paused: true})
	ok(t, leech.Watch(t.Context(), id))
	ok(t, leech.SetPeerLimit(t.Context(), id, plane.WebSeed(1), Limits{Down: rate, Up: Unlimited}))
	ok(t, leech.Resume(t.Context(), id))
	ok(t, leech.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
	gave := map[bool]int64{}
	leech.await("the end", func(s *Snapshot) bool {
		if s.Detail != nil {
			for _, p := range s.Detail.Peers {
				gave[p.URL != ""] = max(gave[p.URL != ""], p.Downloaded)
			}
		}
		return s.Torrent(id).State == Seeding
	})
	if gave[true] < size/20 || gave[false] < size/20 {
		t.Errorf("the web seed gave %d bytes, the peer %d", gave[true], gave[false])
	}
	got := must[[]byte](t)(os.ReadFile(filepath.Join(leech.snap.Torrent(id).Dir, "shared", "file")))
	if !bytes.Equal(got, data) {
		t.Error("the file is wrong")
	}
}

// TestWebSeedElsewhere names web seeds that may not be asked: nothing is sent to them.
func TestWebSeedElsewhere(t *testing.T) {
	dir, _ := folder(t)
	redirects := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	defer redirects.Close()
	for _, url := range []string{"http://192.0.2.1/", redirects.URL} {
		b := launch(t, loopbackConfig(t.TempDir(), t.TempDir()))
		id := b.add(withWebSeed(t, dir, url, FormatV1), AddOptions{})
		ok(t, b.Watch(t.Context(), id))
		b.await("the reason", func(s *Snapshot) bool {
			return s.Detail != nil && len(s.Detail.Peers) == 1 && strings.Contains(s.Detail.Peers[0].Err, "loopback")
		})
		b.stop()
	}
}
