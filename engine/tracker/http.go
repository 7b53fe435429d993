package tracker

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxRequest  = 16 << 10         // bytes of a request with its headers
	firstBuffer = 2 << 10          // hold what most requests are
	requestTime = 10 * time.Second // for a request to come and its answer to go
	idleTime    = 20 * time.Second // between two requests
	busyTime    = 2 * time.Second  // instead of both, while half of the connections are taken
	perSource   = 64               // connections of one source
)

// web is the HTTP side: as much of HTTP/1.1 (RFC 9112) as trackers' clients speak,
// with connections that are kept, and no bodies of requests.
type web struct {
	*service
	slots   chan struct{}
	closing atomic.Bool

	mu      sync.Mutex
	conns   map[net.Conn]bool
	sources map[[16]byte]int
}

func newWeb(s *service, connections int) *web {
	return &web{
		service: s, slots: make(chan struct{}, connections),
		conns: make(map[net.Conn]bool), sources: make(map[[16]byte]int),
	}
}

// serve answers until ctx ends, then lets the answers that are on their way go.
func (w *web) serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { w.close(l) })()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		c, err := l.Accept()
		if err != nil {
			<-w.slots
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			if !pause(ctx, err) {
				return err
			}
			continue
		}
		all.Go(func() {
			defer func() { <-w.slots }()
			w.talk(c)
		})
	}
}

// pause waits for a moment after an error of Accept that may pass, as when there are
// too many open files, and reports false for another.
func pause(ctx context.Context, err error) bool {
	var passing interface{ Temporary() bool }
	if !errors.As(err, &passing) || !passing.Temporary() {
		return false
	}
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return true
}

// close ends the listener and what waits for a request.
func (w *web) close(l net.Listener) {
	w.closing.Store(true)
	l.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.SetReadDeadline(time.Now()) // one that is gone already needs none
		_ = c.SetWriteDeadline(time.Now().Add(shutTimeout))
	}
}

// open notes a connection, unless its source has enough.
func (w *web) open(c net.Conn, ip netip.Addr) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := source(ip)
	if w.sources[from] >= perSource {
		return false
	}
	w.sources[from]++
	w.conns[c] = true
	return true
}

func (w *web) forget(c net.Conn, ip netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := source(ip)
	if w.sources[from]--; w.sources[from] == 0 {
		delete(w.sources, from)
	}
	delete(w.conns, c)
}

// scratch is what a connection needs while it is open.
type scratch struct {
	in        []byte
	have      int // bytes of in that came
	body, out []byte
	found     found
}

var scratches = sync.Pool{New: func() any { return &scratch{in: make([]byte, firstBuffer)} }}

// talk answers the requests of one connection and closes it.
func (w *web) talk(c net.Conn) {
	defer c.Close()
	from := addressOf(c.RemoteAddr())
	if !from.IsValid() || !w.open(c, from) {
		return
	}
	defer w.forget(c, from)
	x := scratches.Get().(*scratch)
	defer x.release()
	v := visitor{from: from, at: addressOf(c.LocalAddr()), now: time.Now()}
	for w.extend(c, v.now, requestTime); ; w.extend(c, v.now, idleTime) {
		r, size, err := x.read(c)
		if err != nil {
			return
		}
		v.now = time.Now()
		w.answer(x, &r, &v)
		if _, err := c.Write(x.out); err != nil || !r.keep {
			return
		}
		x.have = copy(x.in, x.in[size:x.have])
	}
}

// release gives the memory to the next connection, unless it has grown.
func (x *scratch) release() {
	if x.have = 0; len(x.in) == firstBuffer && cap(x.body) < maxRequest {
		scratches.Put(x)
	}
}

// extend gives a connection time for the next request, none if the server ends.
func (w *web) extend(c net.Conn, now time.Time, d time.Duration) {
	if len(w.slots) > cap(w.slots)/2 {
		d = busyTime
	}
	_ = c.SetDeadline(now.Add(d)) // if it is gone, reading tells
	if w.closing.Load() {
		_ = c.SetReadDeadline(now)
	}
}

// read returns the next request and its size, when it is whole.
func (x *scratch) read(c net.Conn) (request, int, error) {
	for {
		r, size := parseRequest(x.in[:x.have])
		switch {
		case r.status != 0:
			return r, size, nil
		case x.have == maxRequest:
			return request{status: 431}, x.have, nil
		case x.have == len(x.in):
			x.in = append(x.in, make([]byte, min(len(x.in), maxRequest-len(x.in)))...)
		}
		n, err := c.Read(x.in[x.have:])
		if x.have += n; err != nil {
			return request{}, 0, err
		}
	}
}

// addressOf returns the IP of a TCP or UDP address as it is kept.
func addressOf(a net.Addr) netip.Addr {
	at, ok := a.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.Addr{}
	}
	return unmapped(at.AddrPort().Addr())
}

// visitor is who asks: from where, at which address of ours, and when.
type visitor struct {
	from, at netip.Addr
	now      time.Time
}

// answer makes x.out of a request. Refusals by the tracker's rules are bencoded and
// successes for HTTP.
func (w *web) answer(x *scratch, r *request, v *visitor) {
	x.body = x.body[:0]
	switch path := string(r.path); {
	case r.status != 200:
		r.keep = false
	case path != "/announce" && path != "/scrape":
		r.status = 404
	case !w.allow(v.from, v.now):
		r.status, r.keep = 429, false
		x.body = appendRefusal(x.body, errOften.Error())
	case path == "/scrape":
		x.body = w.scrape(x.body, r.query)
	default:
		x.body = w.announceHTTP(x.body, x, r.query, v)
	}
	x.out = appendHead(x.out[:0], r, len(x.body))
	if !r.head {
		x.out = append(x.out, x.body...)
	}
}

func (w *web) announceHTTP(b []byte, x *scratch, query []byte, v *visitor) []byte {
	a, err := parseAnnounce(query, v.from)
	if err != nil {
		w.refused.Add(1)
		return appendRefusal(b, err.Error())
	}
	if err := w.announce(&a, v.at, v.now, &x.found); err != nil {
		return appendRefusal(b, err.Error())
	}
	return w.appendAnswer(b, &a, &x.found)
}

func (w *web) scrape(b, query []byte) []byte {
	hashes, err := parseScrape(query)
	if err != nil {
		w.refused.Add(1)
		return appendRefusal(b, err.Error())
	}
	w.scrapes.Add(1)
	return w.appendScrape(b, hashes)
}
