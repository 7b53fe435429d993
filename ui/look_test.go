package ui

import (
	"image/color"
	"image/png"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"piecewise/engine"
)

func init() {
	for _, p := range settingsPages {
		lookStates["settings "+p.name] = func(w *Window) {
			showSome(w, 0)
			s := *w.snapshot
			s.Reach = engine.Reach{State: engine.ReachMapped, Why: "The router forwards the port (UPnP); nobody has connected yet.", Address: netip.MustParseAddr("198.51.100.7"), Told: "3 peers"}
			s.Filter = engine.FilterState{On: true, Rules: 250_000, Ranges: 220_000, Bad: 2, FirstBad: "line 7, “nonsense”: it is no range of addresses", Loaded: noon, Refused: 12}
			w.apply(engine.Update{Snapshot: &s})
			w.askSettingsOf(p.name)
		}
	}
}

// TestLook writes pictures of the window into the folder that PIECEWISE_LOOK
// names, for people to look at; without it, it does nothing.
func TestLook(t *testing.T) {
	dir := os.Getenv("PIECEWISE_LOOK")
	if dir == "" {
		t.Skip("PIECEWISE_LOOK is not set")
	}
	for name, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for state, set := range lookStates {
			w := newWindow(t)
			w.cfg.App.Settings().SetTheme(fixed{newTheme(), variant})
			set(w)
			f, err := os.Create(filepath.Join(dir, state+"-"+name+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, w.win.Canvas().Capture()); err != nil {
				t.Error(err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			w.win.Close()
		}
	}
}

var lookStates = map[string]func(*Window){
	"empty": func(w *Window) { w.apply(engine.Update{Snapshot: aSnapshot()}) },
	"list":  func(w *Window) { showSome(w, 0) },
	"peers": func(w *Window) { showSome(w, 1) },
	"web seeds": func(w *Window) {
		showSome(w, 1)
		w.details.peers.update(nil, withWebSeeds(w.details.peers.shown))
	},
	"files":    func(w *Window) { showSome(w, 2) },
	"trackers": func(w *Window) { showSome(w, 3) },
	"overview": func(w *Window) { showSome(w, 4) },
	"log":      func(w *Window) { showSome(w, 5) },
	"add": func(w *Window) {
		showSome(w, 0)
		w.askAdd(&engine.Source{ID: engine.ID{9, 9, 9}, Name: "tree", Meta: aMeta("tree", 900,
			engine.File{Path: []string{"tree", "a", "one.iso"}, Length: 400e6}, engine.File{Path: []string{"tree", "a", "two.txt"}, Length: 1000},
			engine.File{Path: []string{"tree", "b", "three.mkv"}, Length: 500e6})})
	},
	"magnet": func(w *Window) {
		showSome(w, 0)
		w.askAdd(&engine.Source{ID: engine.ID{9, 9, 9}, Name: "ubuntu-26.04.iso"})
	},
	"remove": func(w *Window) {
		showSome(w, 0)
		w.showRemove(w.chosen.rows, []string{"/srv/torrents/debian-4.iso", "/srv/torrents/x/y.txt"})
	},
	"keys": func(w *Window) { w.showKeys() },
	"times": func(w *Window) {
		showSome(w, 0)
		w.snapshot.Settings.Timetable = engine.Timetable{workdays, {Days: 1 << time.Sunday, From: 22 * 60, To: 6 * 60}}
		w.askSettings()
		w.sheets.current.focus.(*field).SetText("500 parsecs")
		w.settings.list.choose(1)
	},
	"options": func(w *Window) {
		showSome(w, 0)
		w.askOptions()
	},
	"optionsOfSeveral": func(w *Window) {
		showSome(w, 0)
		w.selectAll()
		w.chosen.rows[3].Options = engine.Options{Limits: engine.Limits{Down: 3 << 20, Up: 50_000}, Slots: 4, Sequential: true}
		w.askOptions()
	},
	"turtle": func(w *Window) {
		showSome(w, 1)
		s := *w.snapshot
		s.Turtle = engine.Turtle{On: true, Until: noon.Add(6 * time.Hour)}
		s.Limits = s.Settings.TurtleLimits
		w.apply(engine.Update{Snapshot: &s})
		w.status.parts[2].MouseIn(nil)
	},
	"peerLimit": func(w *Window) {
		showSome(w, 1)
		w.askPeerLimit(w.lead, w.snapshot.Detail.Peers[2])
	},
	"bans": func(w *Window) {
		showSome(w, 1)
		s := *w.snapshot
		for i := range 5 {
			s.Bans = append(s.Bans, engine.Ban{
				Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 0), Since: noon,
				Torrent: w.lead, Why: "Sent a wrong block of piece 7.",
			})
		}
		w.apply(engine.Update{Snapshot: &s})
		w.showBans()
	},
}

func showSome(w *Window, tab int) {
	all := someTorrents(14)
	s := aSnapshot(all...)
	s.Detail = aDetail(all[4], 7)
	w.apply(engine.Update{Snapshot: s})
	w.rows.choose(all[4].ID)
	w.details.tabs.SelectIndex(tab)
}

type fixed struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

// Color asks for the colour of one variant, whatever the system wants.
func (f fixed) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(name, f.variant)
}
