package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"piecewise/engine/internal/dht"
)

// lonelyNode starts a node of the DHT and nothing else.
func lonelyNode(t *testing.T, entrances ...string) string {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := dht.New(dht.Config{
		Loopback: true, Port: func(bool) int { return 0 },
		Resolve: func(_ context.Context, entry string) ([]netip.AddrPort, error) {
			a, err := netip.ParseAddrPort(entry)
			return []netip.AddrPort{a}, err
		},
	})
	t.Cleanup(func() { socket.Close(); s.Close() })
	s.Attach(socket)
	s.Set(true, false, entrances)
	return socket.LocalAddr().String()
}

// strangeNodes are nodes of the DHT made of libtorrent.
type strangeNodes struct {
	least atomic.Int64 // how many each of them knows, at least
	done  chan struct{}
}

// startStrangeNodes starts so many; torrents are a folder and a source each.
func startStrangeNodes(t *testing.T, number int, node string, torrents ...string) *strangeNodes {
	t.Helper()
	if err := exec.Command(python, "-c", "import libtorrent").Run(); err != nil {
		t.Skip("without libtorrent for Python: ", err)
	}
	cmd := exec.Command(python, append([]string{"testdata/libtorrent_dht.py", fmt.Sprint(number), node}, torrents...)...)
	in := must[io.WriteCloser](t)(cmd.StdinPipe())
	out := must[io.ReadCloser](t)(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	x := &strangeNodes{done: make(chan struct{})}
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends with the process
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e struct {
				Event string
				Least int64
			}
			_ = json.Unmarshal(lines.Bytes(), &e) // a line that is none is none of ours
			switch e.Event {
			case "ready":
				close(ready)
			case "nodes":
				x.least.Store(e.Least)
			case "done":
				close(x.done)
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close() // it ends by that
		<-ended
		_ = cmd.Wait()
	})
	select {
	case <-ready:
	case <-ended:
		t.Fatal("libtorrent ended at once")
	}
	return x
}

// TestDHT has fifty nodes, half of them libtorrent's: magnets without a tracker get
// their details and their data from whom the DHT names, of our client from a seed of
// libtorrent, and of libtorrent from ours. After a restart, with nobody to be asked
// first, our client still has nodes.
func TestDHT(t *testing.T) {
	t.Parallel()
	first := lonelyNode(t)
	for range 22 {
		lonelyNode(t, first)
	}
	from, theirs, to := t.TempDir(), t.TempDir(), t.TempDir()
	seeds := func(dir string) Config {
		cfg := loopbackConfig(filepath.Join(dir, "p"), dir)
		cfg.NoDHT, cfg.DHTNodes = false, []string{first}
		return cfg
	}
	seed := launch(t, seeds(from))
	ours := seed.add(sample(t, from, threeFiles), AddOptions{})
	seed.awaitState(ours, Seeding)
	other := must[*Source](t)(Open(t.Context(), sample(t, theirs, map[string]int{"other.bin": 200_000}), true))
	strange := startStrangeNodes(t, 25, first, theirs, filepath.Join(theirs, "sample.torrent"), t.TempDir(), "magnet:?xt=urn:btih:"+ours.String())

	leech := launch(t, seeds(to))
	for _, id := range []ID{ours, other.ID} {
		leech.add("magnet:?xt=urn:btih:"+id.String(), AddOptions{})
	}
	for _, id := range []ID{ours, other.ID} {
		leech.awaitState(id, Seeding)
	}
	leech.await("nodes in the snapshot", func(s *Snapshot) bool { return s.DHT.On && s.DHT.Nodes > 8 && !s.DHT.Answered.IsZero() })
	t.Logf("our leech knows %d nodes, each of libtorrent's %d at least", leech.snap.DHT.Nodes, strange.least.Load())
	leech.stop()
	<-strange.done // or the test's own deadline

	cfg := seeds(to)
	cfg.DHTNodes = []string{"127.0.0.1:9"} // where nobody is
	again := launch(t, cfg)
	again.await("nodes after a restart", func(s *Snapshot) bool { return s.DHT.Nodes > 4 })
}

// serveFile serves a file and counts who asks for it.
func serveFile(t *testing.T, path string) (asked *atomic.Int32, url string) {
	asked = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.ServeFile(w, r, path)
	}))
	t.Cleanup(s.Close)
	return asked, s.URL + "/x.torrent"
}

// A magnet that names some of its files gets only these, from the web server that it
// names, whom nobody asked before it was added.
func TestMagnetNames(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	path := sample(t, from, threeFiles)
	id := seed.add(path, AddOptions{})
	seed.awaitState(id, Seeding)
	asked, url := serveFile(t, path)
	_, wrong := serveFile(t, filepath.Join(from, "data", "a.bin"))
	link := "magnet:?xt=urn:btih:" + id.String() + "&so=2&xs=" + wrong + "&xs=" + url

	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	src := must[*Source](t)(Open(t.Context(), link, true))
	if err := leech.Preview(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	leech.awaitState(id, Metadata)
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests before the user agreed", n)
	}
	must[ID](t)(leech.Add(t.Context(), src, AddOptions{Peers: []netip.AddrPort{seed.addr()}}))
	leech.awaitState(id, Seeding)
	row := leech.snap.Torrent(id)
	if row.Wanted >= row.Size || row.Wanted == 0 || asked.Load() > 1 {
		t.Errorf("wanted %d of %d, after %d requests", row.Wanted, row.Size, asked.Load())
	}
	saved, err := leech.SaveTorrent(t.Context(), id, to)
	if err != nil {
		t.Fatal(err)
	}
	second := must[string](t)(leech.SaveTorrent(t.Context(), id, to))
	if got := must[*Source](t)(Open(t.Context(), saved, true)); got.ID != id || filepath.Base(saved) != "data.torrent" || !strings.HasSuffix(second, "data (2).torrent") {
		t.Errorf("saved as %s, then %s", saved, second)
	}
}
