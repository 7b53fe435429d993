package webseed

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/wire"
)

const (
	fetchers  = 2                     // connections at most
	fewest    = 64                    // blocks of a range, if more are asked for
	most      = 1024                  // blocks of a range
	gather    = 5 * time.Millisecond  // without a new request, then a range is asked for,
	gatherFew = time.Millisecond      // or after this if it has enough blocks,
	gatherMax = 50 * time.Millisecond // but after its first request at the latest
	blockSize = 16 << 10
)

// request is a block that is asked for.
type request struct{ piece, begin, length int }

func requested(m wire.Message) request { return request{int(m.Index), int(m.Begin), int(m.Length)} }

// run is requests that follow each other, on their way.
type run struct {
	blocks []request // not delivered yet
	cancel context.CancelFunc
	heard  time.Time // when the last one came
}

// visit is the time from Attach to Leave. To the data plane it is the Link of the seed.
type visit struct {
	s    *Seed
	done chan struct{} // closed by Close
	in   atomic.Int64  // all but blocks, bytes, without what TLS adds
	out  atomic.Int64
	came int64 // bytes of blocks; guarded by turn

	targets targets

	turn sync.Mutex // delivers

	mu     sync.Mutex
	news   *sync.Cond // of all that follows
	queue  []request  // in order
	first  time.Time  // when the first of them came,
	last   time.Time  // and the last
	runs   []*run
	closed bool
	reason error
}

func newVisit(s *Seed) *visit {
	v := &visit{s: s, done: make(chan struct{})}
	v.news = sync.NewCond(&v.mu)
	return v
}

// Info implements Link.
func (v *visit) Info() wire.Info {
	return wire.Info{Addr: v.s.cfg.Addr, Outgoing: true, Fast: true}
}

// Wake implements Link.
func (v *visit) Wake() {}

// Done implements Link.
func (v *visit) Done() <-chan struct{} { return v.done }

// Overhead implements Link.
func (v *visit) Overhead() (in, out int64) { return v.in.Load(), v.out.Load() }

// Send implements Link: it takes requests, and takes them back.
func (v *visit) Send(m wire.Message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch m.Kind {
	case wire.Request:
		v.last = time.Now()
		if len(v.queue) == 0 {
			v.first = v.last
		}
		v.queue = append(v.queue, requested(m))
		v.news.Broadcast()
	case wire.Cancel:
		v.cancel(requested(m))
	}
}

// cancel takes back a request. A range of which nothing is wanted any more breaks off.
func (v *visit) cancel(r request) {
	if i := slices.Index(v.queue, r); i >= 0 {
		v.queue = slices.Delete(v.queue, i, i+1)
		return
	}
	for _, x := range v.runs {
		if i := slices.Index(x.blocks, r); i >= 0 {
			x.blocks = slices.Delete(x.blocks, i, i+1)
			if len(x.blocks) > 0 {
				return
			}
			if time.Since(x.heard) > silence && v.reason == nil {
				v.reason = errSlow
				v.close()
			}
			x.cancel()
			return
		}
	}
}

// Close implements Link.
func (v *visit) Close(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.reason == nil {
		v.reason = err
	}
	v.close()
}

func (v *visit) close() {
	if !v.closed {
		v.closed = true
		close(v.done)
		v.news.Broadcast()
	}
}

// run fetches what is asked for until ctx ends, the data plane closes the visit, or
// something fails; then it returns why.
func (v *visit) run(ctx context.Context, to Source) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { v.Close(ctx.Err()) })
	defer stop()
	var all sync.WaitGroup
	for range fetchers {
		all.Go(func() {
			f := fetcher{v: v, to: to}
			for {
				r, blocks := v.take()
				if r == nil {
					return
				}
				if err := f.fetch(ctx, r, blocks); err != nil {
					v.Close(err)
				}
				v.end(r)
			}
		})
	}
	all.Go(func() {
		<-v.done
		cancel()
	})
	all.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reason
}

// take waits for requests, and returns the next ones that follow each other; nil once
// the visit is over. blocks are the same as r has, and the caller's.
func (v *visit) take() (r *run, blocks []request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		for len(v.queue) == 0 && !v.closed {
			v.news.Wait()
		}
		if v.closed {
			return nil, nil
		}
		wait := v.gathers(time.Now())
		if wait <= 0 {
			break
		}
		v.mu.Unlock()
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-v.done:
		}
		t.Stop()
		v.mu.Lock()
	}
	idle := max(1, fetchers-len(v.runs)) // who share what there is
	n := v.s.cfg.Torrent.span(v.queue[:min(len(v.queue), most, max(fewest, len(v.queue)/idle))])
	blocks = slices.Clone(v.queue[:n])
	v.queue = slices.Delete(v.queue, 0, n)
	r = &run{blocks: slices.Clone(blocks), cancel: func() {}, heard: time.Now()}
	v.runs = append(v.runs, r)
	return r, blocks
}

// gathers is how long to wait for more requests before a range is asked for. They come
// in a burst, at the start and whenever the data plane asks for more; while another
// range is on its way that is not awaited to the end, or the server would have nothing
// to do. v.mu is held.
func (v *visit) gathers(now time.Time) time.Duration {
	quiet := gather
	if len(v.queue) >= fewest {
		quiet = gatherFew
	}
	if len(v.queue) >= most {
		return 0
	}
	return min(quiet-now.Sub(v.last), gatherMax-now.Sub(v.first))
}

// span returns how many of the requests follow each other; if all do, no more than up
// to the end of a piece.
func (t *Torrent) span(queue []request) (n int) {
	whole := 0
	for n < len(queue) {
		end := t.at(queue[n]) + int64(queue[n].length)
		if n++; end%t.PieceLength == 0 {
			whole = n
		}
		if n < len(queue) && t.at(queue[n]) != end {
			return n
		}
	}
	return cmp.Or(whole, n)
}

// at is where a block begins in the torrent.
func (t *Torrent) at(r request) int64 { return int64(r.piece)*t.PieceLength + int64(r.begin) }

func (v *visit) end(r *run) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.runs = slices.DeleteFunc(v.runs, func(x *run) bool { return x == r })
}

// wanted reports whether any of a run is still to come.
func (v *visit) wanted(r *run) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(r.blocks) > 0
}

// deliver hands over blocks of a run.
func (v *visit) deliver(r *run, blocks []wire.Segment, to Source) error {
	v.mu.Lock()
	r.heard = time.Now()
	for _, b := range blocks {
		at := request{b.Piece, b.Begin, len(b.Data)}
		if i := slices.Index(r.blocks, at); i >= 0 {
			r.blocks = slices.Delete(r.blocks, i, i+1)
		}
	}
	v.mu.Unlock()
	v.turn.Lock()
	defer v.turn.Unlock()
	for _, b := range blocks {
		v.came += int64(len(b.Data))
	}
	return to.Deliver(blocks)
}
