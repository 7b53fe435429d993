package demo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A small swarm fills itself from the seed, and nothing is left of it.
func TestSwarm(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	t.Setenv("TMPDIR", t.TempDir())
	s, err := Start(ctx, Options{Leeches: 2, Size: 2 << 20, UpLimit: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // again, if the test stops early
	if len(s.Members) != 3 || s.Members[0].Name != "seed" {
		t.Fatalf("%d members", len(s.Members))
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case <-ctx.Done():
			t.Fatal("the leeches are not done after a minute")
		case <-tick.C:
			waiting = false
			for _, m := range s.Members {
				waiting = waiting || m.Torrent() == nil || !m.Torrent().Done()
			}
		}
	}
	for _, part := range parts {
		want := content(t, s, "seed", part.name)
		for _, leech := range []string{"leech 1", "leech 2"} {
			if !bytes.Equal(content(t, s, leech, part.name), want) {
				t.Errorf("%s has other data in %s", leech, part.name)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// The first leech's updates are left to who shows it.
func TestKeepUpdates(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s, err := Start(ctx, Options{Leeches: 2, Size: 1 << 20, UpLimit: 8 << 20, KeepUpdates: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for u := range s.Members[1].Engine.Updates() {
		if row := u.Snapshot.Torrent(s.ID); row != nil && row.Done() {
			break
		}
	}
	if ctx.Err() != nil {
		t.Error("the leech that is shown is not done after a minute")
	}
	if s.Members[1].Torrent() != nil {
		t.Error("the swarm has read the updates of the leech that is shown")
	}
}

// A start that is given up leaves nothing behind.
func TestStartCanceled(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Size: 1 << 20}); err == nil {
		t.Error("Start returns no error")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func content(t *testing.T, s *Swarm, member, name string) []byte {
	t.Helper()
	for _, suffix := range []string{"", ".part"} { // a file gets its name a moment after its last piece
		data, err := os.ReadFile(filepath.Join(s.folder, member, torrentName, name+suffix))
		if err == nil {
			return data
		}
	}
	t.Fatalf("%s has no %s", member, name)
	return nil
}
