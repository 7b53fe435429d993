package engine

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"piecewise/engine/internal/admit/nasty"
)

// tree returns the content of every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNastyTorrents runs every broken or nasty torrent that we know of through
// the whole engine: each is refused with a sentence or loads, nothing outside
// its folder appears, and nothing that was there changes.
func TestNastyTorrents(t *testing.T) {
	dir := t.TempDir()
	save, decoy := filepath.Join(dir, "save"), filepath.Join(dir, "victim.txt")
	for _, path := range []string{decoy, filepath.Join(save, "victim.txt"), filepath.Join(save, "sub", "file")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("precious "+path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	profile := t.TempDir()
	b := launch(t, loopbackConfig(profile, save))
	loaded := map[ID]bool{}
	for _, c := range nasty.Cases() {
		path := filepath.Join(profile, "case.torrent")
		if err := os.WriteFile(path, c.Raw, 0o644); err != nil {
			t.Fatal(err)
		}
		src, err := Open(t.Context(), path, true)
		if (err != nil) != (c.WantErr != "") {
			t.Errorf("%s: %v, want %q", c.Name, err, c.WantErr)
		}
		if err != nil {
			if strings.Contains(err.Error(), "panic") || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("%s: not a sentence: %q", c.Name, err)
			}
			continue
		}
		if _, err := b.Add(t.Context(), src, AddOptions{}); err == nil {
			loaded[src.ID] = true
		}
	}
	b.await("all to be running", func(s *Snapshot) bool {
		settled := 0
		for _, row := range s.Torrents {
			if row.State == Downloading || row.State == Seeding || row.State == Faulted {
				settled++
			}
		}
		return settled == len(loaded)
	})
	if len(loaded) < 20 {
		t.Errorf("only %d loaded", len(loaded))
	}
	after := tree(t, dir)
	for path, content := range before {
		if after[path] != content {
			t.Errorf("%s was changed", path)
		}
		delete(after, path)
	}
	for path, content := range after {
		if !strings.HasPrefix(path, save+string(filepath.Separator)) || len(content) > 0 {
			t.Errorf("%s appeared", path)
		}
	}
	b.stop()
}

// TestZeroLengthFileOnExisting adds a torrent with an empty file where a file is
// already: it must not be emptied.
func TestZeroLengthFileOnExisting(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	torrent := sample(t, from, threeFiles)
	there := filepath.Join(to, "data", "sub", "empty")
	if err := os.MkdirAll(filepath.Dir(there), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(there, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	id := b.add(torrent, AddOptions{})
	b.await("a settled torrent", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && (row.State == Downloading || row.State == Faulted)
	})
	b.stop()
	if got := must[[]byte](t)(os.ReadFile(there)); !bytes.Equal(got, []byte("precious")) {
		t.Errorf("it now holds %q", got)
	}
}
