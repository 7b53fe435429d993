package engine

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"piecewise/engine/internal/admit"
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
