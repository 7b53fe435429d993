package wire

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// BufferSize is the length of a receive buffer, in bytes.
const BufferSize = 256 << 10

// Pool is a bounded set of receive buffers. The one given back last is handed out
// first, so that few of them are warm; that all are in use is what slows the
// peers down when the disk does not keep up.
type Pool struct {
	tokens chan struct{} // one for each buffer that may be handed out

	mu   sync.Mutex
	free []*Buffer
}

// DefaultBuffers is how many buffers the pool of a Net has: 16 on two cores, four for
// each further one.
func DefaultBuffers() int { return 8 + 4*runtime.NumCPU() }

// NewPool returns a Pool of n buffers, each made when it is first needed.
func NewPool(n int) *Pool {
	p := &Pool{tokens: make(chan struct{}, n)}
	for range n {
		p.tokens <- struct{}{}
	}
	return p
}

// InUse returns how many buffers are handed out now.
func (p *Pool) InUse() int { return cap(p.tokens) - len(p.tokens) }

// made returns how many buffers there are, when none is handed out or given back.
func (p *Pool) made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.free) + p.InUse()
}

// get waits for a buffer, which the caller releases; nil once done is closed.
func (p *Pool) get(done <-chan struct{}) *Buffer {
	if b := p.try(); b != nil {
		return b
	}
	select {
	case <-p.tokens:
		return p.handOut()
	case <-done:
		return nil
	}
}

// try returns a buffer, nil if all are in use.
func (p *Pool) try() *Buffer {
	select {
	case <-p.tokens:
		return p.handOut()
	default:
		return nil
	}
}

func (p *Pool) handOut() *Buffer {
	p.mu.Lock()
	var b *Buffer
	if n := len(p.free); n > 0 {
		b, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()
	if b == nil {
		b = &Buffer{pool: p, data: make([]byte, BufferSize)}
	}
	b.fill = 0
	b.state.Add(1)
	return b
}

func (p *Pool) put(b *Buffer) {
	p.mu.Lock()
	p.free = append(p.free, b)
	p.mu.Unlock()
	p.tokens <- struct{}{}
}

// Buffer holds received bytes. It goes back to its pool when everyone who
// retained it has released it. Its methods may be called from any goroutine.
type Buffer struct {
	pool *Pool
	data []byte
	fill int // bytes in use; the receive goroutine's

	// The low half counts references, the high half how often the buffer was
	// handed out: both change in one step, see resume.
	state atomic.Uint64
}

const handedOut = 1 << 32

// Retain keeps the buffer from being used again until Release is called once
// more. Only who has a reference, or is in a call that was given one, may retain.
func (b *Buffer) Retain() { b.state.Add(1) }

// Release gives back one reference.
func (b *Buffer) Release() {
	for {
		old := b.state.Load()
		if uint32(old) == 0 {
			panic("wire: a buffer is released more often than it was retained")
		}
		next := old - 1
		if uint32(next) == 0 {
			next += handedOut // stale numbers of resume are refused from here on
		}
		if b.state.CompareAndSwap(old, next) {
			if uint32(next) == 0 {
				b.pool.put(b)
			}
			return
		}
	}
}

// shared reports whether anyone but the caller has a reference.
func (b *Buffer) shared() bool { return uint32(b.state.Load()) > 1 }

// number tells this use of the buffer from later ones.
func (b *Buffer) number() uint32 { return uint32(b.state.Load() >> 32) }

// resume takes a reference again if the buffer is still in the same use, because
// somebody else has held it meanwhile.
func (b *Buffer) resume(number uint32) bool {
	for {
		old := b.state.Load()
		if uint32(old) == 0 || uint32(old>>32) != number {
			return false
		}
		if b.state.CompareAndSwap(old, old+1) {
			return true
		}
	}
}
