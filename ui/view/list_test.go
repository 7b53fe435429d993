package view

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

// some returns n different torrents.
func some(n int) []*engine.Torrent {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]*engine.Torrent, n)
	pieces := engine.UniformPieces(100, engine.Missing)
	for i := range all {
		all[i] = &engine.Torrent{
			ID: engine.ID{byte(i), byte(i >> 8), 1}, Name: fmt.Sprintf("file %d.iso", random.IntN(n)), Pieces: pieces,
			State: engine.State(random.IntN(7)), Size: random.Int64N(1e12), Wanted: 100, Have: random.Int64N(101),
			Down: random.Int64N(3), Up: random.Int64N(3), Peers: random.IntN(9), ETA: time.Duration(random.IntN(99) - 1),
		}
	}
	return all
}

func names(l *List) string {
	var all []string
	for i := range l.Len() {
		all = append(all, l.Row(i).Title)
	}
	return strings.Join(all, " ")
}

func TestNamesSortLikePeopleDo(t *testing.T) {
	l := NewList()
	var all []*engine.Torrent
	for i, n := range []string{"b10.x", "B2.x", "a", "b0.x", "é", "Zebra", "f", "b002.y"} {
		all = append(all, &engine.Torrent{ID: engine.ID{byte(i)}, Name: n})
	}
	l.Update(all)
	if got, want := names(l), "a b0.x B2.x b002.y b10.x é f Zebra"; got != want {
		t.Errorf("sorted %s, want %s", got, want)
	}
	l.Sort(Name, true)
	if got, want := names(l), "Zebra f é b10.x b002.y B2.x b0.x a"; got != want {
		t.Errorf("falling %s, want %s", got, want)
	}
}

func TestEveryColumnSortsTotally(t *testing.T) {
	all := some(200)
	for _, c := range Columns() {
		for _, falling := range []bool{false, true} {
			one, other := NewList(), NewList()
			one.Sort(c, falling)
			other.Sort(c, falling)
			one.Update(all)
			reversed := slices.Clone(all)
			slices.Reverse(reversed)
			other.Update(reversed)
			for i := range one.Len() {
				if one.Row(i).ID != other.Row(i).ID {
					t.Fatalf("column %s: place %d depends on the order before", c.Title(), i)
				}
				if i == 0 {
					continue
				}
				order := columns[c].compare(one.Row(i-1), one.Row(i))
				if order > 0 && !falling || order < 0 && falling {
					t.Fatalf("column %s, falling %t: place %d is wrong", c.Title(), falling, i)
				}
			}
		}
	}
}

func TestUnknownTimeLeftIsLast(t *testing.T) {
	l := NewList()
	l.Sort(ETA, false)
	l.Update([]*engine.Torrent{{ID: engine.ID{1}, Name: "unknown", ETA: -1}, {ID: engine.ID{2}, Name: "soon", ETA: 5}})
	if got := names(l); got != "soon unknown" {
		t.Errorf("sorted %s", got)
	}
}

func TestUpdateKeepsRows(t *testing.T) {
	all := some(50)
	l := NewList()
	if !l.Update(all) {
		t.Error("the first update changes nothing")
	}
	if l.Update(slices.Clone(all)) {
		t.Error("the same torrents change something")
	}
	kept, busy := l.Find(all[7].ID), l.Find(all[8].ID)
	next := slices.Clone(all[1:]) // the first is removed, so all places move
	changed := *all[8]
	changed.Down = 99
	next[7] = &changed
	if !l.Update(next) {
		t.Error("another torrent changes nothing")
	}
	if l.Find(all[7].ID) != kept {
		t.Error("a row whose torrent did not change was made anew")
	}
	if got := l.Find(all[8].ID); got == busy || got.Text(Down) != "99 B/s" {
		t.Errorf("a row whose torrent changed shows %s", got.Text(Down))
	}
	if l.Len() != 49 || l.All() != 49 || l.Index(all[0].ID) != -1 {
		t.Errorf("%d rows after a removal", l.Len())
	}
}

func TestPreviewsAreLeftOut(t *testing.T) {
	l := NewList()
	all := []*engine.Torrent{{ID: engine.ID{1}, Preview: true}, {ID: engine.ID{2}}}
	l.Update(all)
	if l.Len() != 1 || l.Row(0).ID != all[1].ID || !all[0].Preview {
		t.Errorf("%d rows", l.Len())
	}
}

func TestFilter(t *testing.T) {
	l := NewList()
	l.Update([]*engine.Torrent{{ID: engine.ID{1}, Name: "Debian 13 amd64"}, {ID: engine.ID{2}, Name: "Ubuntu amd64"}})
	for filter, want := range map[string]int{"": 2, "AMD": 2, "64 deb": 1, "arch": 0} {
		l.Filter(filter)
		if l.Len() != want || l.All() != 2 {
			t.Errorf("filter %q shows %d", filter, l.Len())
		}
	}
}

func TestMissingName(t *testing.T) {
	l := NewList()
	l.Update([]*engine.Torrent{{ID: engine.ID{0xab}}})
	if got := l.Row(0).Text(Name); got != "ab"+strings.Repeat("0", 38) {
		t.Errorf("a torrent without a name is called %q", got)
	}
}

var sizes = []int{100, 1_000, 10_000}

func BenchmarkRows(b *testing.B) {
	for _, n := range sizes {
		all := some(n)
		other := make([]*engine.Torrent, n)
		for i, t := range all {
			next := *t
			other[i] = &next
		}
		b.Run(fmt.Sprintf("quiet/%d", n), func(b *testing.B) {
			l := NewList()
			l.Update(all)
			for b.Loop() {
				l.Update(all)
			}
		})
		b.Run(fmt.Sprintf("busy/%d", n), func(b *testing.B) {
			l := NewList()
			for b.Loop() {
				l.Update(all)
				l.Update(other)
			}
		})
	}
}

func BenchmarkSort(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := NewList()
			l.Update(some(n))
			for b.Loop() {
				l.Sort(Size, true)
				l.Sort(Name, false)
			}
		})
	}
}
