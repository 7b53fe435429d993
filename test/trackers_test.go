package test

import (
	"fmt"
	"image"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A tracker over UDP has two of ours find each other, tells them of a swarm, and what it
// does not serve is said to be refused.
func TestUDPTracker(t *testing.T) {
	t.Parallel()
	d := Make(t, "found over UDP", 32<<10, File{Length: 1_000_000})
	strange := Make(t, "not served", 32<<10, File{Length: 100_000})
	tracker := StartTracker(t, d)
	torrent := d.Torrent(t, strings.Replace(tracker.URL, "http://", "udp://", 1))
	seed := StartGet(t, "", torrent, strange.Torrent(t, tracker.URL), "--dir", d.Dir, "--seed")
	seed.Await(t, d, 30*time.Second, func(l Line) bool { return l.Done && l.TrackersWorking == 1 && l.SwarmSeeds >= 1 })
	seed.Await(t, strange, 30*time.Second, func(l Line) bool {
		return l.TrackerRefused && strings.Contains(l.TrackerError, "not authorized") && l.TrackersWorking == 0
	})
	leech := StartGet(t, "", torrent, "--dir", t.TempDir())
	leech.Finish(t, time.Minute, d)
}

// announces are what a tracker of the test was told.
type announces struct {
	mu  sync.Mutex
	all []url.Values
	url string
}

// listenAsTracker answers announces and scrapes, or refuses them.
func listenAsTracker(t *testing.T, answer string) *announces {
	t.Helper()
	a := &announces{}
	l, err := net.Listen("tcp", Address(t).String())
	if err != nil {
		t.Fatal(err)
	}
	a.url = fmt.Sprintf("http://%v/announce", l.Addr())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/scrape") {
			fmt.Fprintf(w, "d5:filesd20:%sd8:completei12e10:downloadedi3456e10:incompletei7eeee", r.URL.Query().Get("info_hash"))
			return
		}
		a.mu.Lock()
		a.all = append(a.all, r.URL.Query())
		a.mu.Unlock()
		fmt.Fprint(w, answer)
	})}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-ended })
	return a
}

// heard reports whether an event was ever announced.
func (a *announces) heard(event string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.all, func(q url.Values) bool { return q.Get("event") == event })
}

const works = "d8:completei12e10:incompletei7e8:intervali1800e12:min intervali1800e15:warning message11:be patient!5:peers0:e"

var (
	trackerRow   = image.Pt(200, 421) // in the first row of the tab of trackers
	trackersPage = image.Pt(218, 269) // in the list of settings
)

// Trackers are added, edited, removed and copied in the window, by keyboard.
func TestTrackersInWindow(t *testing.T) {
	onlyFull(t)
	for _, theme := range []string{"dark", "light"} {
		t.Run(theme, func(t *testing.T) { trackersInWindow(t, theme) })
	}
}

func trackersInWindow(t *testing.T, theme string) {
	good, other := listenAsTracker(t, works), listenAsTracker(t, works)
	refuses := listenAsTracker(t, "d14:failure reason20:unregistered torrente")
	desk := NewDesk(t)
	desk.Theme = theme
	d := Make(t, "with trackers", 64<<10, File{Length: 2_000_000})
	w := desk.Open(t, d.Torrent(t, good.url))
	asks := func(what string) {
		t.Helper()
		w.See(t, "the window asks: "+what, func(p Picture) bool { return !w.Calm(p) })
	}
	w.See(t, "the add dialog", func(p Picture) bool { return !w.Calm(p) && p.Has(fileHead) })
	w.Key(t, "Return")
	w.Rests(t, 1)
	w.Click(t, w.Row(0), 1)
	w.Click(t, middle(w.Picture(t).Marks(tabRow, wide)[3]), 1)
	Poll(t, 20*time.Second, "the tracker is told", func() bool { return good.heard("started") })
	w.Shot(t, "trackers "+theme)

	w.Click(t, trackerRow, 1)
	w.Key(t, "Insert")
	asks("which trackers?")
	for i, url := range []string{refuses.url, strings.Replace(other.url, "/announce", "/nowhere/announce", 1), "", "udp://127.0.0.1:9"} {
		if i > 0 {
			w.Key(t, "Return")
		}
		if url != "" {
			w.Do(t, "type", "--delay", "10", url)
		}
	}
	w.Shot(t, "add trackers "+theme)
	w.Key(t, "Tab", "Tab", "Return")
	w.See(t, "the dialog closes", w.Calm)
	Poll(t, 20*time.Second, "the new tracker is told", func() bool { return refuses.heard("started") })

	w.Click(t, trackerRow, 1)
	w.Key(t, "F2")
	asks("another address?")
	w.Key(t, "ctrl+a")
	w.Do(t, "type", "--delay", "10", other.url)
	w.Shot(t, "edit tracker "+theme)
	w.Key(t, "Return")
	w.See(t, "the dialog closes", w.Calm)
	Poll(t, 20*time.Second, "one is told that we left, the other that we came", func() bool {
		return good.heard("stopped") && other.heard("started")
	})
	w.Click(t, trackerRow, 1)
	w.Click(t, trackerRow, 3)
	time.Sleep(300 * time.Millisecond) // only for the picture
	w.Shot(t, "menu of a tracker "+theme)
	w.Key(t, "Escape")
	w.Click(t, trackerRow, 1)
	w.Key(t, "ctrl+c")
	w.Key(t, "ctrl+Down")
	w.Key(t, "Delete")
	Poll(t, 20*time.Second, "it is told that we left", func() bool { return other.heard("stopped") })
	w.Shot(t, "trackers at last "+theme)
	w.Key(t, "ctrl+comma")
	w.See(t, "the settings", func(p Picture) bool { return !w.Calm(p) })
	w.Click(t, trackersPage, 1)
	time.Sleep(300 * time.Millisecond) // likewise
	w.Shot(t, "settings "+theme)
	w.Key(t, "Escape")
	w.Key(t, "ctrl+q")
	w.Left(t)
}
