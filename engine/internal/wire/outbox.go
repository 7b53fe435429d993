package wire

import (
	"bytes"
	"sync"
)

const (
	maxQueue      = 1 << 20   // bytes of control messages that wait for the peer
	maxLibraryOut = 64 << 10  // while so many wait, the library's own have to
	maxLibraryIn  = 128 << 10 // bytes of control messages that wait for the library
)

// outbox holds the control messages that wait for the peer to be sent. Those of
// the data plane stay behind the library's bitfield, which must come first.
type outbox struct {
	mu     sync.Mutex
	room   sync.Cond
	queue  bytes.Buffer
	early  []byte // of the data plane, until the bitfield is in the queue
	open   bool   // it is
	closed bool
}

// send queues a message of the data plane, false if too much is waiting.
func (o *outbox) send(m Message) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return true
	}
	if o.queue.Len()+len(o.early) > maxQueue {
		return false
	}
	if !o.open {
		o.early = m.Append(o.early)
		return true
	}
	o.queue.Write(m.Append(o.queue.AvailableBuffer()))
	return true
}

// add queues a frame, whatever is waiting.
func (o *outbox) add(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.queue.Write(frame)
	}
}

// wait waits until there is room for the library's messages.
func (o *outbox) wait() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.queue.Len() > maxLibraryOut && !o.closed {
		o.room.Wait()
	}
}

// waiting returns how many bytes wait for the peer.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.Len()
}

// begin lets the messages of the data plane follow what has been added.
func (o *outbox) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue.Write(o.early)
	o.early, o.open = nil, true
}

// take moves waiting bytes to b and returns how many, and whether there are more.
func (o *outbox) take(b []byte) (n int, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, _ = o.queue.Read(b) // io.EOF only means that it is empty
	if more = o.queue.Len() > 0; !more && o.queue.Cap() > 16<<10 {
		o.queue = bytes.Buffer{}
	}
	o.room.Broadcast()
	return n, more
}

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.queue, o.early = true, bytes.Buffer{}, nil
	o.room.Broadcast()
}
