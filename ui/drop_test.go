package ui

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"piecewise/engine"
)

// mangled returns what becomes of an address that is dropped.
func mangled(t *testing.T, address, workDir string) fyne.URI {
	t.Helper()
	decoded, err := url.PathUnescape(address)
	if err != nil {
		t.Fatal(err)
	}
	return storage.NewFileURI(path.Join(workDir, decoded))
}

func TestDropped(t *testing.T) {
	const dir = "/home/me"
	tests := []struct{ dropped, want string }{
		{"magnet:?xt=urn:btih:" + hash, "magnet:?xt=urn:btih:" + hash},
		{
			"magnet:?xt=urn:btih:" + hash + "&dn=Foo%20Bar%26Baz&tr=udp%3A%2F%2Ftracker.test%3A80%2Fannounce&tr=http://other.test/a",
			"magnet:?xt=urn:btih:" + hash + "&dn=Foo%20Bar%26Baz&tr=udp://tracker.test:80/announce&tr=http://other.test/a",
		},
		{"https://example.org/a%20b.torrent", "https://example.org/a b.torrent"},
		{"http://example.org/a.torrent", "http://example.org/a.torrent"},
	}
	for _, tt := range tests {
		if got := argument(mangled(t, tt.dropped, dir), dir); got != tt.want {
			t.Errorf("dropped %s is opened as\n%s, want\n%s", tt.dropped, got, tt.want)
		}
	}
	for _, file := range []string{"/srv/a b%.torrent", "/home/me/magnet.torrent", "/https:/x"} {
		if got := argument(storage.NewFileURI(file), dir); got != file && !strings.HasPrefix(file, "/https:") {
			t.Errorf("dropped %s is opened as %s", file, got)
		}
	}
}

func TestSeveralDropped(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI("/a.torrent"), storage.NewFileURI("/b.torrent")})
	for i := range 3 {
		if _, opens := w.opens.take(); opens != (i < 2) {
			t.Errorf("opened: %d", i)
		}
	}
}

func FuzzRestoreMagnet(f *testing.F) {
	f.Add("magnet:?xt=urn:btih:" + hash + "&dn=a&b&tr=udp:/x")
	f.Add("magnet:?&&&")
	f.Add(" ")
	f.Add("magnet:?dn=%zz+#")
	f.Fuzz(func(t *testing.T, s string) {
		got := restoreMagnet(s)
		if !strings.HasPrefix(got, "magnet:?") || strings.ContainsAny(got[8:], "# ") {
			t.Errorf("%q is restored as %q", s, got)
		}
	})
}
