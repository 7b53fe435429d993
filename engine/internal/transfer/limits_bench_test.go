package transfer

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/wire"
)

// BenchmarkLimits transfers under a limit for 30 s, up and down, with 1 and 20
// peers. It reports by how much the mean is off, the fastest second in units of the
// limit, which may be 1.3 and one block, and how long a control message took there
// and another one back meanwhile. Run it with -benchtime 1x.
func BenchmarkLimits(b *testing.B) {
	for _, direction := range []string{"up", "down"} {
		for _, rate := range []int64{50e3, 1e6, 20e6} {
			for _, peers := range []int{1, 20} {
				b.Run(fmt.Sprintf("%s/rate=%dkB/peers=%d", direction, rate/1000, peers), func(b *testing.B) {
					for b.Loop() {
						m := limited(b, direction == "up", limitCase{rate, peers, 30})
						b.ReportMetric(0, "ns/op")
						b.ReportMetric(m.off(), "%off")
						b.ReportMetric(m.worst(), "×worst-second")
						b.ReportMetric(m.allowed(), "×allowed")
						b.ReportMetric(m.quantile(0.5), "ms-control-median")
						b.ReportMetric(m.quantile(1), "ms-control-max")
					}
				})
			}
		}
	}
}

// TestLimitsHold is BenchmarkLimits in short.
func TestLimitsHold(t *testing.T) {
	for _, direction := range []string{"up", "down"} {
		for _, c := range []limitCase{{50e3, 3, 6}, {1e6, 1, 3}, {5e6, 20, 3}} {
			t.Run(fmt.Sprintf("%s/%d/%d", direction, c.rate, c.peers), func(t *testing.T) {
				t.Parallel()
				m := limited(t, direction == "up", c)
				t.Logf("%+.1f %%, worst second %.2f of %.2f, control messages %.1f ms, %.1f ms at most", m.off(), m.worst(), m.allowed(), m.quantile(0.5), m.quantile(1))
				blocks := 100 * block / float64(c.rate) / float64(c.seconds) // one more or less, in percent
				// A machine that is busy with something else may be late, but never early.
				if m.off() > 5+blocks || m.off() < -25-blocks || m.worst() > m.allowed() {
					t.Error("the limit does not hold")
				}
				if m.quantile(0.5) > 100 {
					t.Error("control messages wait behind payload")
				}
			})
		}
	}
}

// limitCase is a limit to be measured.
type limitCase struct {
	rate    int64 // bytes/s
	peers   int
	seconds int
}

// limitFigures are what came of it.
type limitFigures struct {
	limitCase
	perSecond []int64 // payload
	control   []time.Duration
}

func (m *limitFigures) off() float64 {
	sum := int64(0)
	for _, n := range m.perSecond {
		sum += n
	}
	return 100 * (float64(sum)/float64(m.seconds)/float64(m.rate) - 1)
}

func (m *limitFigures) worst() float64 { return float64(slices.Max(m.perSecond)) / float64(m.rate) }

func (m *limitFigures) allowed() float64 { return 1.3 + block/float64(m.rate) }

// quantile is of the control messages' times, in milliseconds.
func (m *limitFigures) quantile(q float64) float64 {
	slices.Sort(m.control)
	if len(m.control) == 0 {
		return 0
	}
	return float64(m.control[int(q*float64(len(m.control)-1))].Microseconds()) / 1000
}

// limited measures for some seconds, after one that does not count.
func limited(t testing.TB, up bool, c limitCase) *limitFigures {
	e := &echo{}
	if up {
		var payload atomic.Int64
		small := newContent(16, 16*block)
		s := newSide(t, small, sideOptions{have: fullBits(small), limits: seedLimits(c.rate)})
		s.SetSlots(c.peers)
		for range c.peers {
			p := join(t, s, true)
			p.c.SetDeadline(time.Now().Add(time.Minute))
			go p.take(&payload, e) // ends with the connection
			go e.probe(p, frame(wire.Request, 0, 0, 2*block))
		}
		return sampled(c, e, payload.Load)
	}
	down := limit.New()
	down.Root().SetRate(c.rate, time.Now())
	zeros := content{data: make([]byte, (c.rate*int64(c.seconds+3)/(16*block)+64)*(16*block)), pieceLength: 16 * block}
	s := newSide(t, zeros, sideOptions{limits: Limits{Up: limit.New().Torrent(), Down: down.Torrent()}})
	for range c.peers {
		p := join(t, s, true)
		p.c.SetDeadline(time.Now().Add(time.Minute))
		go p.provide(zeros, e) // ends with the connection
		go e.probe(p, frame(wire.Request, 0, 0, block))
	}
	return sampled(c, e, func() int64 { return s.Counters().Downloaded })
}

// take downloads and counts until the connection ends, with 64 requests on their
// way.
func (p *script) take(payload *atomic.Int64, e *echo) {
	p.send(wire.Interested)
	next := 0
	ask := func(n int) {
		var all [][]byte
		for range n {
			all = append(all, frame(wire.Request, next%15, next/15%16*block, block))
			next++
		}
		p.c.Write(bytes.Join(all, nil))
	}
	for {
		kind, body, err := p.read()
		if err != nil {
			return
		}
		switch kind {
		case wire.Unchoke:
			ask(64)
		case wire.Reject:
			e.back(p)
		case pieceKind:
			payload.Add(int64(len(body) - 8))
			ask(1)
		}
	}
}

// provide uploads whatever is asked for until the connection ends.
func (p *script) provide(c content, e *echo) {
	p.c.Write(p.all)
	p.send(wire.Unchoke)
	for {
		kind, body, err := p.read()
		if err != nil {
			return
		}
		switch kind {
		case wire.Request:
			r := parseRequest(body)
			p.give(r, c.block(r))
		case wire.Reject:
			e.back(p)
		}
	}
}

// echo times requests that are refused at once: one message there, one back.
type echo struct {
	mu    sync.Mutex
	sent  map[*script]time.Time
	times []time.Duration
}

// probe sends such a request every so often until the connection ends.
func (e *echo) probe(p *script, request []byte) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		e.mu.Lock()
		waiting := !e.sent[p].IsZero()
		if !waiting {
			if e.sent == nil {
				e.sent = map[*script]time.Time{}
			}
			e.sent[p] = time.Now()
		}
		e.mu.Unlock()
		if waiting {
			continue
		}
		if _, err := p.c.Write(request); err != nil {
			return
		}
	}
}

// back takes in the refusal.
func (e *echo) back(p *script) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at := e.sent[p]; !at.IsZero() {
		e.times = append(e.times, time.Since(at))
		e.sent[p] = time.Time{}
	}
}

// read returns what has come, and counts what has not as late.
func (e *echo) read() []time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Clone(e.times)
	for _, at := range e.sent {
		if late := time.Since(at); !at.IsZero() && late > time.Second {
			all = append(all, late)
		}
	}
	return all
}

// sampled reads a count every second.
func sampled(c limitCase, e *echo, count func() int64) *limitFigures {
	m := &limitFigures{limitCase: c}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	<-second.C
	last, at := count(), time.Now()
	for range c.seconds {
		<-second.C
		n, now := count(), time.Now()
		m.perSecond = append(m.perSecond, int64(float64(n-last)/now.Sub(at).Seconds()))
		last, at = n, now
	}
	m.control = e.read()
	return m
}

// Blocks that nobody asked for are read no faster than the limit, and what was asked
// for comes later for them.
func TestFloodUnderLimit(t *testing.T) {
	const rate, span = 400e3, 1500 * time.Millisecond
	down := limit.New()
	down.Root().SetRate(rate, time.Now())
	c := newContent(64, 16*block)
	s := newSide(t, c, sideOptions{limits: Limits{Up: limit.New().Torrent(), Down: down.Torrent()}})
	flood := join(t, s, true)
	go func() { // ends with the connection
		for flood.send(pieceKind, 0, 0, make([]byte, block)) == nil {
		}
	}()
	start := time.Now()
	until(t, "the flood", func() bool { return time.Since(start) > span })
	if got := s.Counters().Wasted; got == 0 || float64(got) > 1.2*rate*span.Seconds()+2*wire.BufferSize {
		t.Errorf("%d bytes were read in %v at a limit of %v bytes/s", got, span, rate)
	}
}
