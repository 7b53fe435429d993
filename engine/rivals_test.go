package engine

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
)

// TestContinueSparesOtherTorrents agrees that a torrent goes on in a file that is another
// torrent's: it does not, until that one is gone, and then that one gets it back no more.
func TestContinueSparesOtherTorrents(t *testing.T) {
	dir, short, long := t.TempDir(), t.TempDir(), t.TempDir()
	one, other := sample(t, short, map[string]int{"a": 64 << 10}), sample(t, long, map[string]int{"a": 96 << 10})
	seed := launch(t, loopbackConfig(filepath.Join(short, "p"), short))
	seed.awaitState(seed.add(one, AddOptions{}), Seeding)
	b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), dir))
	first := b.add(one, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(first, Seeding)
	before := asTheyAre(t, dir)
	for _, pause := range []bool{false, true} {
		if pause {
			must[any](t)(nil, b.Pause(t.Context(), first))
			b.awaitState(first, Stopped)
		}
		second := b.add(other, AddOptions{Continue: true})
		b.awaitState(second, Faulted)
		if row := b.snap.Torrent(second); !row.InTheWay || !strings.Contains(row.Err, `a file of "data" in the list`) {
			t.Errorf("%v %q", row.InTheWay, row.Err)
		}
		must[any](t)(nil, b.Remove(t.Context(), second, false))
		b.await("removal", func(s *Snapshot) bool { return s.Torrent(second) == nil })
	}
	if now := asTheyAre(t, dir); now != before {
		t.Errorf("they were changed:\n%s%s", before, now)
	}

	must[any](t)(nil, b.Remove(t.Context(), first, false))
	b.await("removal", func(s *Snapshot) bool { return s.Torrent(first) == nil })
	second := b.add(other, AddOptions{Continue: true})
	b.awaitState(second, Downloading)
	if paths := must[[]string](t)(b.Removal(t.Context(), second)); len(paths) != 1 {
		t.Errorf("of the second are %q", paths)
	}
	b.add(one, AddOptions{})
	b.awaitState(first, Seeding)
	if paths := must[[]string](t)(b.Removal(t.Context(), first)); len(paths) > 0 {
		t.Errorf("both have %q", paths)
	}
}
