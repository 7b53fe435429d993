package transfer

import (
	"errors"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

const (
	maxDeliveries = 4       // peers whose metadata comes at once,
	maxLarge      = 2       // and those of them of which it is
	largeMetadata = 1 << 20 // bytes or more

	metadataAgain = 30 * time.Second // then a peer that did not send it is asked again
	maxMetaAsks   = 4096             // chunks that a peer may wait for
	extendedHead  = 6                // length of an Extended message before its data
)

var errMetadata = errors.New("it sent wrong metadata")

// exchange is what a connection knows of metadata; t.mu guards it.
type exchange struct {
	number  byte      // of the peer's for the extension, 0 without
	size    int       // as the peer says, 0 if it has none
	tried   time.Time // when it was last asked
	asks    []int     // chunks that it asks for, in order
	serving atomic.Bool
}

// fetch gets the metadata from peers until it has come. A second one sends it all
// when the first has taken a second, and so on.
type fetch struct {
	id   [20]byte
	v2   [32]byte
	done func([]byte)
	from map[*conn]*delivery

	refused, wrong, silent int // times
}

// Fetch returns how the metadata is coming, but for what is known of other peers.
func (t *Torrent) Fetch() (v plane.Fetch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v.Peers = len(t.conns)
	f := t.fetch
	if f == nil {
		return v
	}
	v.Refused, v.Wrong, v.Silent = f.refused, f.wrong, f.silent
	for c := range t.conns {
		if c.meta.number == 0 || c.meta.size == 0 {
			v.Without++
		}
		s := f.from[c]
		if s != nil && (v.Of == 0 || s.came*v.Of > v.Came*len(s.chunks)) {
			v.Came, v.Of, v.From = s.came, len(s.chunks), c.info.Addr
		}
	}
	return v
}

// FetchMetadata gets metadata from peers, before Open. It calls done once with what has
// the ID, and if that is not zero the v2 info hash, on a goroutine of a connection; it
// must return at once, and has the bytes for itself. Until then it tries on, or until Close.
func (t *Torrent) FetchMetadata(id [20]byte, v2 [32]byte, done func([]byte)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetch = &fetch{id: id, v2: v2, done: done, from: map[*conn]*delivery{}}
	t.fetch.more(t, time.Now())
}

// MetadataSize returns how many bytes of metadata peers may have, 0 while there is none.
func (t *Torrent) MetadataSize() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.cfg.Metadata)
}

// more asks one more peer, if there is one. For one that was not asked yet, a slow
// one is given up.
func (f *fetch) more(t *Torrent, now time.Time) {
	var best *conn
	for c := range t.conns {
		usable := c.meta.number != 0 && c.meta.size > 0 && f.from[c] == nil && now.Sub(c.meta.tried) > metadataAgain
		if usable && (best == nil || c.meta.tried.Before(best.meta.tried)) {
			best = c
		}
	}
	if best == nil {
		return
	}
	for !f.room(best.meta.size) {
		slow := f.slow(now)
		if slow == nil || !best.meta.tried.IsZero() {
			return
		}
		delete(f.from, slow)
	}
	best.meta.tried = now
	f.from[best] = newDelivery(best.meta.size, now)
	f.ask(best)
}

func (f *fetch) room(size int) bool {
	large := 0
	for _, s := range f.from {
		if s.size >= largeMetadata {
			large++
		}
	}
	return len(f.from) < maxDeliveries && (size < largeMetadata || large < maxLarge)
}

// slow returns a peer whose metadata would not come soon, if there is one.
func (f *fetch) slow(now time.Time) *conn {
	for c, s := range f.from {
		if s.slow(now) {
			return c
		}
	}
	return nil
}

func (f *fetch) ask(c *conn) {
	for s := f.from[c]; ; {
		chunk, ok := s.next()
		if !ok {
			return
		}
		c.sendMetadata(metadataRequest, chunk)
	}
}

func (f *fetch) tick(t *Torrent, now time.Time) {
	for c, s := range f.from {
		if s.silent(now) {
			f.silent++
			delete(f.from, c)
		}
	}
	f.more(t, now)
}

// leave gives up a peer that left or refuses.
func (f *fetch) leave(c *conn, now time.Time) {
	if f.from[c] != nil {
		delete(f.from, c)
		f.more(c.t, now)
	}
}

func (c *conn) sendMetadata(kind, chunk int) {
	c.w.Send(wire.Message{Kind: wire.Extended, Index: uint32(c.meta.number), Bits: appendMetadata(nil, kind, chunk, 0)})
}

// knowsMetadata takes over what the peer's extension handshake says. t.mu is held.
func (c *conn) knowsMetadata(h hello, now time.Time) {
	if n := h.M.Metadata; n != nil {
		c.meta.number = 0
		if 0 < *n && *n < 256 {
			c.meta.number = byte(*n)
		}
	}
	if n := h.MetadataSize; 0 < n && n <= maxMetadata {
		c.meta.size = int(n)
	}
	if f := c.t.fetch; f != nil && len(f.from) == 0 {
		f.more(c.t, now)
	}
}

// metadata deals with a message about metadata, whose hash is computed without t.mu.
func (c *conn) metadata(b []byte, now time.Time) error {
	t := c.t
	m, ok := parseMetadata(b)
	t.mu.Lock()
	f := t.fetch
	whole, err := c.gotMetadata(m, ok, now)
	t.mu.Unlock()
	if err != nil || whole == nil {
		return err
	}
	if !isMetadata(whole, f.id, f.v2) {
		t.mu.Lock()
		f.wrong++
		t.mu.Unlock()
		return errMetadata
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fetch == f && !t.closed {
		t.fetch = nil
		f.done(whole)
	}
	return nil
}

// gotMetadata returns all metadata of the peer when its last chunk has come. t.mu
// is held.
func (c *conn) gotMetadata(m metadataMessage, ok bool, now time.Time) (whole []byte, err error) {
	f := c.t.fetch
	switch {
	case !ok || c.meta.number == 0:
	case m.Type == metadataRequest:
		c.askedMetadata(m.Piece)
	case f == nil || f.from[c] == nil:
	case m.Type == metadataReject:
		f.refused++
		f.leave(c, now)
	case m.Type == metadataData:
		s := f.from[c]
		if !s.take(m, now) {
			f.wrong++
			f.leave(c, now)
			break
		}
		if whole = s.whole(); whole != nil {
			delete(f.from, c)
		} else {
			f.ask(c)
		}
		return whole, nil
	}
	return nil, c.idle(1, now)
}

// askedMetadata queues a chunk for the peer, or refuses it. t.mu is held.
func (c *conn) askedMetadata(chunk int64) {
	if chunk >= int64(chunks(len(c.t.cfg.Metadata))) || len(c.meta.asks) >= maxMetaAsks {
		c.sendMetadata(metadataReject, int(chunk))
		return
	}
	c.meta.asks = append(c.meta.asks, int(chunk))
	c.meta.serving.Store(true)
	c.w.Wake()
}

// fillMetadata writes what the peer asked for of the metadata, as Fill does.
func (c *conn) fillMetadata(b []byte) int {
	if !c.meta.serving.Load() {
		return 0
	}
	t, room := c.t, len(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	all, out := t.cfg.Metadata, b[:0]
	for len(c.meta.asks) > 0 {
		chunk := c.meta.asks[0]
		bits := appendMetadata(nil, metadataData, chunk, len(all))
		bits = append(bits, all[chunk*metadataChunk:min(len(all), (chunk+1)*metadataChunk)]...)
		if n := extendedHead + len(bits); len(out)+n > room {
			if len(out) == 0 {
				return -n
			}
			return len(out)
		}
		out = wire.Message{Kind: wire.Extended, Index: uint32(c.meta.number), Bits: bits}.Append(out)
		c.meta.asks = c.meta.asks[1:]
	}
	c.meta.asks = nil
	c.meta.serving.Store(false)
	return len(out)
}
