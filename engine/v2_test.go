package engine

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/admit/nasty"
)

// twins are the hybrids among the nasty torrents that load.
func twins(t *testing.T) []*admit.Torrent {
	t.Helper()
	var all []*admit.Torrent
	for _, c := range nasty.Cases() {
		if g, err := admit.Metainfo(c.Raw); err == nil && g.V2 {
			all = append(all, g)
		}
	}
	if len(all) < 8 {
		t.Fatalf("only %d v2 torrents load", len(all))
	}
	return all
}

// A torrent that came from peers is saved with the hashes of its pieces, and read
// again under either of its info hashes.
func TestMetainfoOfPeers(t *testing.T) {
	for _, want := range twins(t) {
		raw := metainfoFile(want, [][]string{{"http://a/announce"}})
		got, err := admit.Metainfo(raw)
		if err != nil {
			t.Errorf("%q: %v", want.Name, err)
			continue
		}
		if got.ID != want.ID || got.HashV2 != want.HashV2 || len(got.Trees) != len(want.Trees) || got.NeedsLayers() {
			t.Errorf("%q becomes %+v", want.Name, got)
		}
		for i := range got.Trees {
			if !slices.Equal(got.Trees[i].Layer, want.Trees[i].Layer) {
				t.Errorf("%q lost a layer", want.Name)
			}
		}
		if !got.Is(want.ID) || !got.Is(shortV2(want)) || got.Is([20]byte{1}) {
			t.Errorf("%q is not what it is", want.Name)
		}
	}
}

// A hybrid has two info hashes but is one torrent, by whichever it is added first.
func TestHybridIsThereOnce(t *testing.T) {
	var hybrid *admit.Torrent
	for _, g := range twins(t) {
		if g.Hybrid && len(g.Trees) > 0 {
			hybrid = g
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "hybrid.torrent")
	if err := os.WriteFile(path, metainfoFile(hybrid, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	v1 := (&admit.Link{ID: hybrid.ID}).String()
	v2 := (&admit.Link{ID: shortV2(hybrid), HashV2: hybrid.HashV2}).String()
	both := (&admit.Link{ID: hybrid.ID, HashV2: hybrid.HashV2}).String()
	for _, order := range [][]string{{path, v1, v2, both}, {both, path, v2, v1}, {both, v2}, {v2, both, path}} {
		b := launch(t, loopbackConfig(t.TempDir(), t.TempDir()))
		for i, arg := range order {
			src, err := Open(t.Context(), arg, true)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Add(t.Context(), src, AddOptions{Paused: true})
			if duplicate := (*DuplicateError)(nil); errors.As(err, &duplicate) != (i > 0) {
				t.Errorf("%d of %q: %v", i, order, err)
			}
		}
		b.await("one torrent", func(s *Snapshot) bool { return len(s.Torrents) == 1 })
		link, err := b.Magnet(t.Context(), ID(must[*Source](t)(Open(t.Context(), order[0], true)).ID))
		if err != nil || order[0] != v2 && !strings.HasPrefix(link, both) || order[0] == v2 && link != v2 {
			t.Errorf("the link is %s, %v", link, err)
		}
		b.stop()
	}
}

// A peer that knows a hybrid by its v2 info hash only is dialled by that, and gets all
// of it.
func TestHybridIsDialledByEitherHash(t *testing.T) {
	dir, _ := folder(t)
	ok(t, os.RemoveAll(filepath.Join(dir, "sub"))) // its names are not safe
	content := must[*Content](t)(LookAt(t.Context(), dir, nil, ""))
	made := must[*Created](t)(Create(t.Context(), content, CreateOptions{Format: FormatHybrid, PieceLength: 32 << 10}, nil))
	path := filepath.Join(t.TempDir(), "hybrid.torrent")
	ok(t, made.Save(path, false))
	seed := launch(t, loopbackConfig(t.TempDir(), filepath.Dir(dir)))
	id := seed.add(path, AddOptions{})
	seed.awaitState(id, Seeding)
	leech := launch(t, loopbackConfig(t.TempDir(), t.TempDir()))
	got := leech.add((&admit.Link{ID: ID(made.HashV2[:20]), HashV2: made.HashV2}).String(), AddOptions{})
	ok(t, seed.AddPeers(t.Context(), id, []netip.AddrPort{leech.addr()}))
	leech.awaitState(got, Seeding)
}
