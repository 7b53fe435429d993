package ui

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
	"piecewise/ui/view"
)

// shows returns all texts in the list that can be seen.
func shows(w *Window) string {
	return test.RenderObjectToMarkup(w.rows.table)
}

func TestEmptyListIsADropTarget(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	if !w.empty.Visible() || w.split.Visible() {
		t.Error("an empty list is shown as a list")
	}
	if got := test.RenderObjectToMarkup(w.empty); !strings.Contains(got, "Drop a .torrent here, open one, or paste a magnet") ||
		!strings.Contains(got, "See how it works") {
		t.Errorf("the empty list says\n%s", got)
	}
	w.apply(engine.Update{Snapshot: aSnapshot(aTorrent(1, "a.iso"))})
	if w.empty.Visible() || !w.split.Visible() {
		t.Error("a list with a torrent is shown as empty")
	}
	w.apply(engine.Update{Snapshot: aSnapshot()})
	if !w.empty.Visible() {
		t.Error("a list that became empty is not shown as that")
	}
}

func TestRowsSayWhatTorrentsDo(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(someTorrents(7)...)})
	got := shows(w)
	for _, want := range []string{
		"debian-4.iso", "Paused at 70 %", "Starting", "Checking, 29 %", "Getting the torrent's details from 3 peers",
		"Downloading from 3 of 7 peers", "Seeding to 2 peers", "The disk is full", "9.20 MB/s", "14 s", "1 (2)", "3 (7)", "0.36",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the list does not show %q", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestStatusBarShowsTotals(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(aTorrent(1, "a"), aTorrent(2, "b"))})
	got := test.RenderObjectToMarkup(w.status.content)
	for _, want := range []string{"↓18.4 MB/s", "↑2.08 MB/s", "2 torrents", "6 peers", "port 42069", "DHT 312 nodes", "412 GB free"} {
		if !strings.Contains(got, want) {
			t.Errorf("the status bar does not show %q", want)
		}
	}
}

func TestEventsAreTold(t *testing.T) {
	tests := []struct {
		e    engine.Event
		want string
	}{
		{engine.Event{Kind: engine.Finished, Name: "a\u202eb"}, `a\u202eb is complete`},
		{engine.Event{Kind: engine.Fault, Name: "a", Text: "The disk is full."}, "a: The disk is full."},
		{engine.Event{Kind: engine.Fault, Text: "3 torrents have stopped. The disk is full."}, "3 torrents have stopped. The disk is full."},
		{engine.Event{Kind: engine.Notice, Text: "The port is taken."}, "The port is taken."},
		{engine.Event{Kind: engine.GotMetadata, Name: "a"}, "The details of a have arrived"},
	}
	w := newWindow(t)
	for _, tt := range tests {
		w.apply(engine.Update{Snapshot: aSnapshot(), Events: []engine.Event{tt.e}})
		if got := w.status.left.Text; got != tt.want {
			t.Errorf("event %v is told as %q, want %q", tt.e.Kind, got, tt.want)
		}
	}
}

func TestNamesCannotMislead(t *testing.T) {
	w := newWindow(t)
	long := strings.Repeat("long ", 100)
	w.apply(engine.Update{Snapshot: aSnapshot(
		aTorrent(1, "a\u202egnp.exe"), aTorrent(2, "two\nlines"), aTorrent(3, long), aTorrent(4, "שלום עולם"), aTorrent(5, "bad\xff"))})
	got := shows(w)
	for _, want := range []string{`a\u202egnp.exe`, `two\nlines`, "שלום עולם", `bad\xff`, "long long", "…"} {
		if !strings.Contains(got, want) {
			t.Errorf("the list does not show %q", want)
		}
	}
	if strings.ContainsAny(got, "\u202e") || strings.Contains(got, strings.TrimSpace(long)) {
		t.Error("a name is shown as it is")
	}
}

func TestSelectionStaysWithItsTorrent(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(20)
	w.apply(engine.Update{Snapshot: aSnapshot(all...)})
	w.rows.choose(all[4].ID)
	w.rows.sort(view.Size.Key(), true)
	w.rows.sort(view.Status.Key(), false)
	if len(w.chosen.rows) != 1 || w.lead != all[4].ID {
		t.Fatalf("sorting selects %v", w.chosen.ids)
	}
	w.apply(engine.Update{Snapshot: aSnapshot(all[2:]...)})
	if len(w.chosen.rows) != 1 || w.lead != all[4].ID {
		t.Fatalf("removing others selects %v", w.chosen.ids)
	}
	w.apply(engine.Update{Snapshot: aSnapshot(all[:3]...)})
	if len(w.chosen.rows) != 0 || !w.lead.IsZero() || w.details.tabs.Visible() {
		t.Errorf("a removed torrent is still selected: %v", w.chosen.ids)
	}
}

func TestChosenTorrentIsSelectedOnceItIsThere(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(3)
	w.apply(engine.Update{Snapshot: aSnapshot(all[:2]...)})
	w.rows.choose(all[2].ID)
	if w.lead != all[0].ID {
		t.Fatal("the first torrent is not selected at the start")
	}
	w.apply(engine.Update{Snapshot: aSnapshot(all...)})
	if w.lead != all[2].ID {
		t.Errorf("selected is %s", w.lead)
	}
}

func TestDetailsOfTheSelected(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(7)
	s := aSnapshot(all...)
	s.Detail = aDetail(all[4], 7)
	w.apply(engine.Update{Snapshot: s})
	w.selectRows(nil, engine.ID{})
	if w.details.tabs.Visible() {
		t.Error("details are shown though nothing is selected")
	}
	w.rows.choose(all[4].ID)
	wants := [][]string{
		{"missing", "verified", "just arrived"},
		{"127.0.0.7:51413", "qBittorrent", "4.20 MB/s", "all (RC4)"},
		{"debian-4.iso", "357 MB", "Normal"},
		{"http://127.0.0.1:6969/announce", "working", "no answer", "connection refused", "in 29 min", "1 minute ago"},
		{"Info hash", all[4].ID.String(), "/srv/torrents"},
		{"12:00:01", "Announced to"},
	}
	for i, want := range wants {
		w.details.tabs.SelectIndex(i)
		got := test.RenderObjectToMarkup(w.details.tabs)
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("tab %d does not show %q", i, text)
			}
		}
	}
}

func TestHiddenTabsAreNotUpdated(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(7)
	s := aSnapshot(all...)
	s.Detail = aDetail(all[4], 7)
	w.apply(engine.Update{Snapshot: s})
	w.rows.choose(all[4].ID)
	if w.details.peers.Len() != 0 {
		t.Error("the peers were listed while they cannot be seen")
	}
	w.details.tabs.SelectIndex(1)
	if w.details.peers.Len() != 7 {
		t.Errorf("%d peers are listed", w.details.peers.Len())
	}
}

func TestDetailsOfAnotherTorrentAreNotShown(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(7)
	s := aSnapshot(all...)
	s.Detail = aDetail(all[5], 3) // the engine has not heard of the selection yet
	w.apply(engine.Update{Snapshot: s})
	w.rows.choose(all[4].ID)
	w.details.tabs.SelectIndex(1)
	if w.details.peers.Len() != 0 {
		t.Error("the peers of another torrent are shown")
	}
}

func TestPieceUnderThePointer(t *testing.T) {
	w := newWindow(t)
	one := aTorrent(1, "a")
	one.Pieces = engine.UniformPieces(340, engine.Verified)
	s := aSnapshot(one)
	s.Detail = aDetail(one, 2)
	s.Detail.Availability[11] = 3
	w.apply(engine.Update{Snapshot: s})
	w.rows.choose(one.ID)
	pieces := w.details.all[0].(*piecesTab)
	pieces.atlas.OnHover(11, 12)
	if got, want := pieces.hover.Text, "piece 12 of 340: verified, 3 peers have it"; got != want {
		t.Errorf("hover says %q, want %q", got, want)
	}
	pieces.atlas.OnHover(0, 0)
	if pieces.hover.Text != "" {
		t.Errorf("beside the pieces hover says %q", pieces.hover.Text)
	}
}

func TestTenThousandRows(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(someTorrents(10_000)...)})
	if w.rows.Len() != 10_000 {
		t.Fatalf("%d rows", w.rows.Len())
	}
	w.selectAll()
	if len(w.chosen.rows) != 10_000 {
		t.Errorf("%d are selected", len(w.chosen.rows))
	}
	w.rows.filter("debian-77 ")
	w.rows.filter("iso 9999")
	if w.rows.Len() != 1 {
		t.Errorf("the search finds %d", w.rows.Len())
	}
	w.rows.filter("nothing like this")
	if got := w.status.left.Text; got != "No torrent has “nothing like this” in its name" {
		t.Errorf("a search in vain says %q", got)
	}
}

func TestLooksAreRemembered(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(someTorrents(3)...)})
	w.rows.sort(view.Size.Key(), false)
	w.details.tabs.SelectIndex(3)
	w.split.SetOffset(0.7)
	w.win.Resize(fyne.NewSize(900, 600))
	w.save()
	again := New(w.cfg)
	if by, falling := again.list.Sorted(); by != view.Size || !falling {
		t.Errorf("sorted by %s, falling %t", by.Title(), falling)
	}
	if got := again.details.tabs.SelectedIndex(); got != 3 {
		t.Errorf("tab %d", got)
	}
	if again.split.Offset != 0.7 || again.win.Canvas().Size() != fyne.NewSize(900, 600) {
		t.Errorf("split %v, size %v", again.split.Offset, again.win.Canvas().Size())
	}
}

func TestBrokenPreferencesDoNoHarm(t *testing.T) {
	w := newWindow(t)
	p := w.cfg.App.Preferences()
	p.SetString("torrents.columns", "{no json")
	p.SetString("peers.columns", `{"Sort":"nothing"}`)
	p.SetFloat(keyWidth, -1e9)
	p.SetFloat(keySplit, 55)
	p.SetInt(keyTab, 99)
	again := New(w.cfg)
	if size := again.win.Canvas().Size(); size.Width < 480 || again.split.Offset > 0.9 {
		t.Errorf("size %v, split %v", size, again.split.Offset)
	}
}

func BenchmarkApply(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		all := someTorrents(n)
		busy := make([]*engine.Torrent, n)
		for i, t := range all {
			next := *t
			next.Down++
			busy[i] = &next
		}
		quiet, other := aSnapshot(all...), aSnapshot(busy...)
		b.Run(fmt.Sprintf("quiet/%d", n), func(b *testing.B) {
			w := newWindow(b)
			for b.Loop() {
				w.apply(engine.Update{Snapshot: quiet})
			}
		})
		b.Run(fmt.Sprintf("all selected/%d", n), func(b *testing.B) {
			w := newWindow(b)
			w.apply(engine.Update{Snapshot: quiet})
			w.selectAll()
			for b.Loop() {
				w.apply(engine.Update{Snapshot: quiet})
				w.apply(engine.Update{Snapshot: other})
			}
		})
		b.Run(fmt.Sprintf("busy/%d", n), func(b *testing.B) {
			w := newWindow(b)
			for b.Loop() {
				w.apply(engine.Update{Snapshot: quiet})
				w.apply(engine.Update{Snapshot: other})
			}
		})
	}
}
