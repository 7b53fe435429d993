package engine

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/store"
)

// The tests in this file run real engines on 127.0.0.1.

const patience = 90 * time.Second

// bench is an engine under test and the newest of what it has sent.
type bench struct {
	*Engine
	t      testing.TB
	cancel context.CancelFunc
	ended  chan error
	snap   *Snapshot
	events []Event
}

func loopbackConfig(profile, dir string) Config {
	return Config{
		Profile: profile, Dir: dir, Loopback: true, NoDHT: true, NoLSD: true, NoPortMapping: true, NoSuperSeed: true,
		Listen: netip.MustParseAddrPort("127.0.0.1:0"),
	}
}

func launch(t testing.TB, cfg Config) *bench {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b := &bench{Engine: New(cfg), t: t, cancel: cancel, ended: make(chan error, 1)}
	go func() { b.ended <- b.Run(ctx) }()
	t.Cleanup(func() { b.stop() })
	return b
}

// stop ends the engine in order and may be called twice.
func (b *bench) stop() {
	b.cancel()
	for range b.Updates() {
	}
	select {
	case err := <-b.ended:
		if err != nil {
			b.t.Errorf("run: %v", err)
		}
		b.ended <- nil
	case <-time.After(patience):
		b.t.Fatal("the engine did not end")
	}
}

// await reads updates until ok is true.
func (b *bench) await(what string, ok func(*Snapshot) bool) {
	b.t.Helper()
	deadline := time.After(patience)
	for b.snap == nil || !ok(b.snap) {
		select {
		case u, open := <-b.Updates():
			if !open {
				b.t.Fatalf("wait for %s: the engine ended", what)
			}
			b.snap, b.events = u.Snapshot, append(b.events, u.Events...)
		case <-deadline:
			for _, row := range b.snap.Torrents {
				b.t.Logf("%+v", *row)
			}
			b.t.Fatalf("wait for %s: not within %v", what, patience)
		}
	}
}

func (b *bench) awaitState(id ID, want State) {
	b.t.Helper()
	b.await(want.String(), func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.State == want
	})
}

func (b *bench) add(path string, o AddOptions) ID {
	b.t.Helper()
	src, err := Open(b.t.Context(), path, true)
	if err != nil {
		b.t.Fatal(err)
	}
	id, err := b.Add(b.t.Context(), src, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) addr() netip.AddrPort {
	b.t.Helper()
	b.await("port", func(s *Snapshot) bool { return s.Port != 0 })
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(b.snap.Port))
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// sample makes files below dir/data and a torrent of them, and returns the
// torrent's path.
func sample(t testing.TB, dir string, sizes map[string]int) string {
	t.Helper()
	return sampleOf(t, dir, sizes, 32<<10)
}

func sampleOf(t testing.TB, dir string, sizes map[string]int, pieceLength int64) string {
	t.Helper()
	r := rand.NewChaCha8([32]byte{1})
	for name, size := range sizes {
		b := make([]byte, size)
		r.Read(b)
		path := filepath.Join(dir, "data", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	info := metainfo.Info{PieceLength: pieceLength}
	if err := info.BuildFromFilePath(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	mi := metainfo.MetaInfo{InfoBytes: bencode.MustMarshal(info)}
	path := filepath.Join(dir, "sample.torrent")
	f := must[*os.File](t)(os.Create(path))
	defer f.Close()
	if err := mi.Write(f); err != nil {
		t.Fatal(err)
	}
	return path
}

var threeFiles = map[string]int{"a.bin": 300_000, "sub/ü.bin": 100_001, "sub/empty": 0}

func sameFiles(t *testing.T, want, got string) {
	t.Helper()
	err := filepath.WalkDir(want, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel := must[string](t)(filepath.Rel(want, path))
		a, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(got, rel))
		if err != nil {
			return err
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", rel)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDownload(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	torrent := sample(t, from, threeFiles)
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	if row := seed.snap.Torrent(id); row.Downloaded != 0 || row.Have != row.Size {
		t.Errorf("seed has %d of %d, downloaded %d", row.Have, row.Size, row.Downloaded)
	}

	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	leech.awaitState(id, Seeding)
	sameFiles(t, filepath.Join(from, "data"), filepath.Join(to, "data"))
	row := leech.snap.Torrent(id)
	if row.Downloaded != row.Size || !row.Done() || row.Pieces.State(0) != Verified {
		t.Errorf("leech: %+v", row)
	}
	leech.await("finish", func(*Snapshot) bool {
		for _, e := range leech.events {
			if e.Kind == Finished && e.ID == id {
				return true
			}
		}
		return false
	})

	// At the next start all is back, without a check, and the data is served.
	leech.stop()
	again := launch(t, loopbackConfig(filepath.Join(to, "p"), ""))
	again.awaitState(id, Seeding)
	for _, e := range again.events {
		t.Errorf("unexpected event %+v", e)
	}
	if got := again.snap.Torrent(id); got.Downloaded != row.Downloaded || got.Have != row.Size {
		t.Errorf("after a restart: %+v", got)
	}
}

func TestMagnet(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id := seed.add(sample(t, from, threeFiles), AddOptions{})
	seed.awaitState(id, Seeding)
	link := must[string](t)(seed.Magnet(t.Context(), id)) + "&x.pe=" + seed.addr().String()

	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	src := must[*Source](t)(Open(t.Context(), link, true))
	if err := leech.Preview(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	leech.await("metadata", func(s *Snapshot) bool { row := s.Torrent(id); return row != nil && row.Meta != nil })
	if row := leech.snap.Torrent(id); !row.Preview || len(row.Meta.Files) != 3 {
		t.Errorf("preview: %+v", row)
	}
	if _, err := os.Stat(filepath.Join(to, "data")); err == nil {
		t.Error("a preview has made files")
	}
	must[ID](t)(leech.Add(t.Context(), src, AddOptions{Priorities: map[int]Priority{0: Skip}}))
	leech.awaitState(id, Seeding)
	row := leech.snap.Torrent(id)
	if row.Preview || row.Wanted >= row.Size {
		t.Errorf("wanted %d of %d", row.Wanted, row.Size)
	}
	if err := leech.SetPriority(t.Context(), id, []int{0}, High); err != nil {
		t.Fatal(err)
	}
	leech.await("the first file", func(s *Snapshot) bool { row := s.Torrent(id); return row.Wanted == row.Size && row.State == Seeding })
	sameFiles(t, filepath.Join(from, "data"), filepath.Join(to, "data"))
}

func TestDuplicateAndRemove(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "xdg"))
	torrent := sample(t, dir, threeFiles)
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), filepath.Join(dir, "to")))
	id := b.add(torrent, AddOptions{Paused: true})
	src := must[*Source](t)(Open(t.Context(), torrent, true))
	src.Trackers = [][]string{{"http://127.0.0.1:1/announce"}}
	var dup *DuplicateError
	if _, err := b.Add(t.Context(), src, AddOptions{}); !errors.As(err, &dup) || dup.ID != id {
		t.Errorf("second add: %v", err)
	}
	b.await("merged tracker", func(s *Snapshot) bool { row := s.Torrent(id); return row != nil && row.Trackers == 1 })
	if err := b.Remove(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	b.await("removal", func(s *Snapshot) bool { return s.Torrent(id) == nil })
	if err := b.Resume(t.Context(), id); !errors.Is(err, ErrNotFound) {
		t.Errorf("resume after removal: %v", err)
	}
}

// TestStrangersFiles adds a torrent whose files are there already, some with
// other content: nothing of them may change, now or when it is removed.
func TestStrangersFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "xdg"))
	torrent := sample(t, dir, threeFiles)
	precious := filepath.Join(dir, "data", "a.bin")
	if err := os.WriteFile(precious, bytes.Repeat([]byte("precious"), 40_000), 0o644); err != nil {
		t.Fatal(err)
	}
	before := must[[]byte](t)(os.ReadFile(precious))

	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	id := b.add(torrent, AddOptions{})
	b.awaitState(id, Faulted)
	if row := b.snap.Torrent(id); row.Have == 0 || row.Err == "" {
		t.Errorf("%+v", row)
	}
	if paths := must[[]string](t)(b.Removal(t.Context(), id)); len(paths) > 0 {
		t.Errorf("would remove %q", paths)
	}
	if err := b.Remove(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	b.await("removal", func(s *Snapshot) bool { return s.Torrent(id) == nil })
	b.stop()
	if after := must[[]byte](t)(os.ReadFile(precious)); !bytes.Equal(before, after) {
		t.Error("a stranger's file was changed")
	}
	for name := range threeFiles {
		if _, err := os.Stat(filepath.Join(dir, "data", name)); err != nil {
			t.Error(err)
		}
	}
}

// TestRemoveOurs downloads and removes with files: what we made goes to the trash.
func TestRemoveOurs(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(to, "xdg"))
	torrent := sample(t, from, threeFiles)
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	leech.awaitState(id, Seeding)
	if paths := must[[]string](t)(leech.Removal(t.Context(), id)); len(paths) != 3 {
		t.Errorf("would remove %q", paths)
	}
	if err := leech.Remove(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	leech.await("the end of the torrent", func(*Snapshot) bool {
		for _, e := range leech.events {
			if e.Kind == Notice {
				t.Errorf("notice: %s", e.Text)
			}
			if e.Kind == Removed {
				return true
			}
		}
		return false
	})
	if _, err := os.Stat(filepath.Join(to, "data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the files are still there: %v", err)
	}
	leech.stop()
	again := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	again.addr()
	if len(again.snap.Torrents) > 0 {
		t.Error("the torrent is back in the list")
	}
}

func TestPauseRecheckResume(t *testing.T) {
	dir := t.TempDir()
	torrent := sample(t, dir, threeFiles)
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	id := b.add(torrent, AddOptions{})
	b.awaitState(id, Seeding)
	if err := b.Pause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.awaitState(id, Stopped)
	path := filepath.Join(dir, "data", "a.bin")
	data := must[[]byte](t)(os.ReadFile(path))
	data[0] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.Recheck(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.await("one piece less", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row.State != Checking && row.Pieces.State(0) == Missing && row.Pieces.State(1) == Verified
	})
	data[0] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(context.Context, ID) error{b.Recheck, b.Resume} {
		if err := f(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	b.awaitState(id, Seeding)
}

// TestQuitAfterAdd ends the engine at once after adding: the torrents are there
// at the next start all the same, and their files are looked at then.
func TestQuitAfterAdd(t *testing.T) {
	dir := t.TempDir()
	torrent := sample(t, dir, threeFiles)
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	b.addr()
	id := b.add(torrent, AddOptions{})
	b.stop()
	again := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	again.awaitState(id, Seeding)
	if paths := must[[]string](t)(again.Removal(t.Context(), id)); len(paths) > 0 {
		t.Errorf("would remove a stranger's files: %q", paths)
	}
}

// TestRemoveAndQuit ends the engine at once after removing with files: both are
// done all the same, and the seed's own files, which were there before, stay.
func TestRemoveAndQuit(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(to, "xdg"))
	torrent := sample(t, from, threeFiles)
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	leech.awaitState(id, Seeding)
	for _, b := range []*bench{leech, seed} {
		if err := b.Remove(t.Context(), id, true); err != nil {
			t.Fatal(err)
		}
		b.stop()
	}
	if _, err := os.Stat(filepath.Join(to, "data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the files are still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(from, "data", "a.bin")); err != nil {
		t.Errorf("a file that was there before is gone: %v", err)
	}
	again := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	again.addr()
	if len(again.snap.Torrents) > 0 {
		t.Error("the torrent is back in the list")
	}
}

// TestDirIsForThisTime changes another setting while Config.Dir stands in for the
// saved folder, which must stay as it was.
func TestDirIsForThisTime(t *testing.T) {
	profile, first, other := filepath.Join(t.TempDir(), "p"), t.TempDir(), t.TempDir()
	b := launch(t, loopbackConfig(profile, ""))
	b.addr()
	v := b.snap.Settings
	v.Dir = first
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	b.stop()
	b = launch(t, loopbackConfig(profile, other))
	b.addr()
	v = b.snap.Settings
	if v.Dir != other {
		t.Errorf("saves in %s", v.Dir)
	}
	v.AddPaused = true
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	b.stop()
	b = launch(t, loopbackConfig(profile, ""))
	b.addr()
	if v = b.snap.Settings; v.Dir != first || !v.AddPaused {
		t.Errorf("at the next start: %+v", v)
	}
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	id := b.add(sample(t, dir, threeFiles), AddOptions{})
	b.awaitState(id, Seeding)
	if err := b.Watch(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.await("details", func(s *Snapshot) bool { return s.Detail != nil && len(s.Detail.Log) > 0 })
	d := b.snap.Detail
	if len(d.Done) != 3 || d.Done[0] != 300_000 || len(d.Priorities) != 3 {
		t.Errorf("%+v", d)
	}
	if err := b.Watch(t.Context(), ID{}); err != nil {
		t.Fatal(err)
	}
	b.await("no details", func(s *Snapshot) bool { return s.Detail == nil })
}

func TestProfileInUse(t *testing.T) {
	dir := t.TempDir()
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	b.addr()
	if err := New(loopbackConfig(filepath.Join(dir, "p"), dir)).Run(t.Context()); !errors.Is(err, ErrProfileInUse) {
		t.Errorf("second engine: %v", err)
	}
}

// TestSuperSeedsWhatIsNew shares what nobody else has with three leeches.
func TestSuperSeedsWhatIsNew(t *testing.T) {
	from := t.TempDir()
	torrent := sampleOf(t, from, map[string]int{"data.bin": 4 << 20}, 64<<10)
	cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), from)
	cfg.UpLimit, cfg.NoSuperSeed = 2<<20, false
	seed := launch(t, cfg)
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	peers := []netip.AddrPort{seed.addr()}
	var all []*bench
	for range 3 {
		l := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
		l.add(torrent, AddOptions{Peers: peers})
		peers, all = append(peers, l.addr()), append(all, l)
	}
	seed.await("super-seeding", func(s *Snapshot) bool { return s.Torrent(id).SuperSeeding })
	for _, l := range all {
		l.awaitState(id, Seeding)
	}
	seed.await("the end of it", func(s *Snapshot) bool { return !s.Torrent(id).SuperSeeding })
	if row := seed.snap.Torrent(id); row.Options.SuperSeed != SuperSeedAutomatic {
		t.Errorf("%+v", row.Options)
	}
	seed.stop()
	st, _, err := store.Open(cfg.Profile)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if records, err := st.Records(); err != nil || !tunedOf(records[0].Options).Spread {
		t.Errorf("it would begin again: %v", err)
	}
}
