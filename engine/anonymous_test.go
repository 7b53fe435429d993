package engine

import (
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// heard is who asks for what, over HTTP, and how trackers and peers are greeted.
type heard struct {
	mu     sync.Mutex
	agents map[string]string // by path
	ids    []string          // of peers, one a tracker or connection
	keys   []string          // of extension handshakes that tell, sorted
}

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.agents[r.URL.Path] = r.UserAgent()
	if id := r.URL.Query().Get("peer_id"); id != "" {
		h.ids = append(h.ids, id)
	}
	http.NotFound(w, r)
}

// peer reads how the other side of a connection greets, and greets it as a peer that
// knows the extension protocol (BEP 10).
func (h *heard) peer(t *testing.T, c net.Conn, id ID, own string) {
	_ = c.SetDeadline(time.Now().Add(patience))
	hello := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x00"), id[:]...)
	_, _ = c.Write(append(hello, "-XX0000-abcdefghijk"+own...)) // the reading fails, too
	greeting := make([]byte, 68)
	if _, err := io.ReadFull(c, greeting); err != nil {
		t.Errorf("no greeting: %v", err)
		return
	}
	for head := make([]byte, 4); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			t.Errorf("no extension handshake: %v", err)
			return
		}
		m := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(c, m); err != nil {
			t.Errorf("half a message: %v", err)
			return
		}
		if !bytes.HasPrefix(m, []byte("\x14\x00")) {
			continue
		}
		var dict map[string]any
		if err := bencode.Unmarshal(m[2:], &dict); err != nil || dict["m"] == nil {
			t.Errorf("%q is an extension handshake: %v", m, err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ids = append(h.ids, string(greeting[48:]))
		for _, key := range []string{"ipv4", "ipv6", "p", "v", "yourip"} {
			if dict[key] != nil {
				h.keys = append(h.keys, key)
			}
		}
		slices.Sort(h.keys)
		return
	}
}

// named is a peer ID that says which program it is of (BEP 20).
var named = regexp.MustCompile(`^-[A-Za-z]{2}[0-9A-Za-z]{4}-`)

// An anonymous engine tells nobody which program it is or where it listens: not a peer
// that it dials or that dials it, not a tracker, and none from whom it fetches a torrent
// or its content. One that is not anonymous tells all of them.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	for _, anonymous := range []bool{false, true} {
		h := greet(t, anonymous)
		if asked := slices.Sorted(maps.Keys(h.agents)); !slices.Equal(asked, []string{"/announce", "/link", "/seed/data/a", "/xs"}) || len(h.ids) < 3 {
			t.Errorf("anonymous %v: %q were asked, peer IDs: %q", anonymous, asked, h.ids)
		}
		for path, agent := range h.agents {
			if strings.Contains(agent, "Piecewise") == anonymous || anonymous && agent != "curl/8.5.0" {
				t.Errorf("anonymous %v: %s is asked by %q", anonymous, path, agent)
			}
		}
		for _, id := range h.ids {
			if named.MatchString(id) == anonymous || strings.HasPrefix(id, "-PW") == anonymous {
				t.Errorf("anonymous %v: a peer ID is %q", anonymous, id)
			}
		}
		told := []string{"p", "p", "v", "v", "yourip", "yourip"}
		if anonymous {
			told = nil
		}
		if !slices.Equal(h.keys, told) {
			t.Errorf("anonymous %v: peers are told %q", anonymous, h.keys)
		}
	}
}

// greet lets an engine meet two peers, and ask for all that is asked for over HTTP.
func greet(t *testing.T, anonymous bool) *heard {
	h := &heard{agents: map[string]string{}}
	server := httptest.NewServer(h)
	defer server.Close()
	cfg := loopbackConfig(t.TempDir(), t.TempDir())
	cfg.Anonymous = anonymous
	b := launch(t, cfg)
	defer b.stop()
	at := b.addr()
	if _, err := b.Open(t.Context(), server.URL+"/link"); err == nil {
		t.Error("there is a torrent behind the link")
	}
	dir := t.TempDir()
	sample(t, dir, map[string]int{"a": 100_000})
	b.add(withWebSeed(t, dir+"/data", server.URL+"/seed", FormatV1), AddOptions{Dir: t.TempDir()})

	l := must[net.Listener](t)(net.Listen("tcp4", "127.0.0.1:0"))
	defer l.Close()
	id := must[ID](t)(ParseID(strings.Repeat("e", 40)))
	query := url.Values{"tr": {server.URL + "/announce"}, "xs": {server.URL + "/xs"}, "x.pe": {l.Addr().String()}}
	b.add("magnet:?xt=urn:btih:"+id.String()+"&"+query.Encode(), AddOptions{})
	dialed := must[net.Conn](t)(l.Accept())
	defer dialed.Close()
	h.peer(t, dialed, id, "1")
	dials := must[net.Conn](t)(net.Dial("tcp4", at.String()))
	defer dials.Close()
	h.peer(t, dials, id, "2")
	b.await("all to be asked", func(*Snapshot) bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.agents) == 4
	})
	return h
}
