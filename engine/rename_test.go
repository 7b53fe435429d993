package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"piecewise/engine/internal/store"
)

// strangers is a seed of files that were there before, and the index of one of them.
func strangers(t *testing.T) (seed *bench, id ID, file int) {
	t.Helper()
	dir := t.TempDir()
	torrent := sample(t, dir, threeFiles)
	seed = launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), dir))
	id = seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	return seed, id, fileOf(seed.snap.Torrent(id).Meta, "data/a.bin")
}

func fileOf(m *Meta, path string) int {
	return slices.IndexFunc(m.Files, func(f File) bool { return strings.Join(f.Path, "/") == path })
}

// stillStrangers checks that the renamed file is the same one, and not ours.
func (b *bench) stillStrangers(id ID, was os.FileInfo) {
	b.t.Helper()
	must[any](b.t)(nil, b.Watch(b.t.Context(), id))
	b.await("the name", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row.State == Seeding && row.Meta != nil && fileOf(row.Meta, "data/mine") >= 0
	})
	awaitListing(b.t, filepath.Join(b.cfg.Dir, "data"), "mine sub/empty sub/ü.bin")
	now := must[os.FileInfo](b.t)(os.Lstat(filepath.Join(b.cfg.Dir, "data", "mine")))
	if !os.SameFile(was, now) || !was.ModTime().Equal(now.ModTime()) || was.Size() != now.Size() {
		b.t.Errorf("%+v has become %+v", was, now)
	}
	if paths := must[[]string](b.t)(b.Removal(b.t.Context(), id)); len(paths) > 0 {
		b.t.Errorf("files of others would be removed: %q", paths)
	}
}

// TestRenameOfStrangers renames a file that was there before the torrent, as the user
// wants it. It stays somebody else's, and nothing is overwritten for it.
func TestRenameOfStrangers(t *testing.T) {
	b, id, file := strangers(t)
	data := filepath.Join(b.cfg.Dir, "data")
	precious := []byte("precious")
	ok(t, os.WriteFile(filepath.Join(data, "taken"), precious, 0o644))
	was := must[os.FileInfo](t)(os.Lstat(filepath.Join(data, "a.bin")))
	ok(t, b.RenameFile(t.Context(), id, file, "taken"))
	b.noticed("could not be renamed")
	if got := must[[]byte](t)(os.ReadFile(filepath.Join(data, "taken"))); !bytes.Equal(got, precious) {
		t.Error("a file was overwritten")
	}
	if now := must[os.FileInfo](t)(os.Lstat(filepath.Join(data, "a.bin"))); !os.SameFile(was, now) {
		t.Error("the file is not where it was")
	}
	ok(t, os.Remove(filepath.Join(data, "taken")))

	ok(t, b.RenameFile(t.Context(), id, file, "mine"))
	b.stillStrangers(id, was)
	b.stop()
	again := launch(t, b.cfg)
	again.awaitState(id, Seeding)
	again.stillStrangers(id, was)
	for _, e := range again.events {
		t.Errorf("unexpected event %+v", e)
	}
}

// TestRenameOfStrangersAfterCrash goes on with a rename that was recorded when the
// program was killed, before or after it had happened.
func TestRenameOfStrangersAfterCrash(t *testing.T) {
	for _, happened := range []bool{false, true} {
		t.Run(fmt.Sprint("renamed ", happened), func(t *testing.T) {
			b, id, file := strangers(t)
			in := b.snap.Torrent(id).Meta.inLayout()[file]
			b.stop()
			st, _, err := store.Open(b.cfg.Profile)
			ok(t, err)
			rec := must[[]store.Record](t)(st.Records())[0]
			rec.Moving = intent{Names: map[int]string{in: "data/mine"}}.String()
			ok(t, st.Put([]store.Record{rec}, nil))
			ok(t, st.Close())
			old := filepath.Join(b.cfg.Dir, "data", "a.bin")
			was := must[os.FileInfo](t)(os.Lstat(old))
			if happened {
				ok(t, os.Rename(old, filepath.Join(filepath.Dir(old), "mine")))
			}
			again := launch(t, b.cfg)
			again.stillStrangers(id, was)
			again.stop()
			last := launch(t, b.cfg)
			last.awaitState(id, Seeding)
			last.stillStrangers(id, was)
		})
	}
}
