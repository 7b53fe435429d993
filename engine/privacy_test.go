package engine

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/route"
	"piecewise/engine/internal/store"
)

// wayOf waits until the snapshot's way is as it should be, and returns what was told
// meanwhile.
func wayOf(t *testing.T, e *Engine, ok func(Way) bool) (said string) {
	t.Helper()
	last := Way{}
	for late := time.After(30 * time.Second); ; {
		select {
		case u := <-e.Updates():
			for _, ev := range u.Events {
				said += ev.Text
			}
			if last = u.Snapshot.Way; ok(last) {
				return said
			}
		case <-late:
			t.Fatalf("the way is %+v; it says %q", last, said)
		}
	}
}

// The kill switch and the proxy are set while the engine runs, hold at once, and are
// shown.
func TestWayIsChosen(t *testing.T) {
	e, stop := serve(t, &fakeControl{})
	defer stop()
	v := (<-e.Updates()).Snapshot.Settings
	set := func(p Privacy) {
		t.Helper()
		v.Privacy = p
		if err := e.SetSettings(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	const gone = "nowhere0 is gone: nothing leaves"
	set(Privacy{Bind: " nowhere0 "})
	if _, err := e.Open(t.Context(), "http://127.0.0.1:1/x.torrent"); err == nil || !strings.Contains(err.Error(), gone) {
		t.Errorf("a link is fetched: %v", err)
	}
	if said := wayOf(t, e, func(w Way) bool { return w.Closed == gone && w.Bound == "nowhere0" }); !strings.Contains(said, gone) {
		t.Errorf("nobody is told: %q", said)
	}
	set(Privacy{Bind: "127.0.0.1", Proxy: Proxy{Kind: ProxySOCKS5, Address: "127.0.0.1:1", WebSeeds: true}})
	wayOf(t, e, func(w Way) bool { return w.Closed == "" && w.Bound == "127.0.0.1" && w.Proxy == "SOCKS5 127.0.0.1:1" })
	var failed *route.ProxyError
	if _, err := e.Open(t.Context(), "http://127.0.0.1:1/x.torrent"); !errors.As(err, &failed) {
		t.Errorf("past the proxy: %v", err)
	}
	wayOf(t, e, func(w Way) bool { return w.Failed != "" })
	set(Privacy{})
	wayOf(t, e, func(w Way) bool { return w == Way{} })
}

// Settings that cannot be read may have had a kill switch: nothing leaves until the user
// has saved others, even the same.
func TestLostSettingsCloseTheWay(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "p")
	st, _, err := store.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.PutSettings(json.RawMessage(`{"privacy":{"proxy":{"kind":"carrier pigeon"}}}`)), st.Close()); err != nil {
		t.Fatal(err)
	}
	if way, _, err := routeOf(Config{Profile: profile, Loopback: true}); err != nil || way.State().Closed != unreadable {
		t.Errorf("a link would be fetched: %v", err)
	}
	e, stop := serveAs(t, &fakeControl{}, Config{Profile: profile, Loopback: true})
	u := <-e.Updates()
	if u.Snapshot.Way.Closed != unreadable {
		t.Errorf("the way is %+v", u.Snapshot.Way)
	}
	if err := e.SetSettings(t.Context(), u.Snapshot.Settings); err != nil {
		t.Fatal(err)
	}
	wayOf(t, e, func(w Way) bool { return w == Way{} })
	stop()
	if way, _, err := routeOf(Config{Profile: profile, Loopback: true}); err != nil || way.State().Closed != "" {
		t.Errorf("they were not saved: %v", err)
	}
}

// What a link is fetched over is what the profile has, and what stands in for it.
func TestRouteOf(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "p")
	e, stop := serveAs(t, &fakeControl{}, Config{Profile: profile, Loopback: true})
	v := (<-e.Updates()).Snapshot.Settings
	v.Privacy.Bind = "nowhere0"
	if err := e.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if _, _, err := routeOf(Config{Profile: profile}); !errors.Is(err, ErrProfileInUse) {
		t.Errorf("the profile is in use: %v", err)
	}
	stop()
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, ""},
		{Config{Profile: filepath.Join(t.TempDir(), "none")}, ""},
		{Config{Profile: profile}, "nowhere0"},
		{Config{Profile: profile, Bind: "nowhere1"}, "nowhere1"},
	} {
		way, _, err := routeOf(c.cfg)
		if err != nil || way.Policy().Interface != c.want {
			t.Errorf("%+v is bound to %q, %v, want %q", c.cfg, way.Policy().Interface, err, c.want)
		}
	}
}

func TestParseProxy(t *testing.T) {
	all := func(x Proxy) Proxy { x.Peers, x.Trackers, x.WebSeeds = true, true, true; return x }
	for text, want := range map[string]Proxy{
		"socks5://10.0.0.1:1080":           all(Proxy{Kind: ProxySOCKS5, Address: "10.0.0.1:1080"}),
		"socks5h://me:a%40b@proxy.lan:1":   all(Proxy{Kind: ProxySOCKS5, Address: "proxy.lan:1", User: "me", Password: "a@b"}),
		"http://[::1]:3128/":               all(Proxy{Kind: ProxyHTTP, Address: "[::1]:3128"}),
		"https://proxy:1":                  {},
		"socks5://proxy":                   {},
		"socks5://proxy:0":                 {},
		"10.0.0.1:1080":                    {},
		"http://proxy:1/path":              {},
		"":                                 {},
		"socks5://proxy:99999":             {},
		"http://proxy:3128?with=something": {},
	} {
		got, err := ParseProxy(text)
		if (err == nil) != (want.Kind != NoProxy) || err == nil && got != want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}
