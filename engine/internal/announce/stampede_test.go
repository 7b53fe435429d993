package announce

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// crowd is a tracker that takes a while for each request and notes how many come at once.
type crowd struct {
	mu               sync.Mutex
	now, most, conns int
	events           map[string]int
	wait             time.Duration
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.events[r.URL.Query().Get("event")]++
	c.mu.Unlock()
	time.Sleep(c.wait)
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
	fmt.Fprint(w, "d8:intervali1800e5:peers0:e")
}

// take returns the figures since the last call.
func (c *crowd) take() (most, conns int, events map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most, conns, events = c.most, c.conns, c.events
	c.most, c.conns, c.events = 0, 0, map[string]int{}
	return most, conns, events
}

func (c *crowd) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.events) + c.events["started"] - 1
}

// TestStampede has a thousand torrents of one tracker start and stop: it is asked by few
// at a time, over connections that are used again.
func TestStampede(t *testing.T) {
	const torrents = 1000
	c := &crowd{events: map[string]int{}, wait: time.Millisecond}
	server := httptest.NewUnstartedServer(c)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.mu.Lock()
			c.conns++
			c.mu.Unlock()
		}
	}
	server.Start()
	defer server.Close()
	a := New(testConfig)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	begin := time.Now()
	for i := range torrents {
		tor := torrentOf([]string{server.URL + "/announce"})
		tor.Peers = func([]netip.AddrPort) {}
		binary.BigEndian.PutUint32(tor.ID[:], uint32(i))
		a.Start(tor)
	}
	for c.count() < torrents {
		if time.Since(begin) > time.Minute {
			t.Fatal("only", c.count(), "were announced")
		}
		time.Sleep(5 * time.Millisecond)
	}
	var last [20]byte
	binary.BigEndian.PutUint32(last[:], torrents-1)
	for a.Status(last)[0].State != Working {
		time.Sleep(time.Millisecond)
	}
	took := time.Since(begin)
	most, conns, events := c.take()
	t.Logf("start: %d announces in %v, at most %d at once, over %d connections", events["started"], took.Round(time.Millisecond), most, conns)
	if most > perHost || conns > 4*perHost || events["started"] != torrents {
		t.Errorf("%d at once over %d connections: %v", most, conns, events)
	}
	begin = time.Now()
	cancel()
	<-ended
	took = time.Since(begin)
	most, conns, events = c.take()
	t.Logf("quit: %d of %d told in %v, at most %d at once, over %d connections", events["stopped"], torrents, took.Round(time.Millisecond), most, conns)
	if most > atEnd || conns > 2*atEnd || took > shutTimeout+time.Second || len(events) != 1 {
		t.Errorf("%d at once in %v: %v", most, took, events)
	}
}
