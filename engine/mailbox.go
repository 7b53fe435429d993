package engine

import "sync"

// mailbox takes functions for the loop from callbacks that must not wait.
type mailbox struct {
	signal chan struct{} // holds one token while there is mail

	mu    sync.Mutex
	posts []func(*state)
}

func newMailbox() *mailbox { return &mailbox{signal: make(chan struct{}, 1)} }

// post leaves f for the loop and returns at once.
func (m *mailbox) post(f func(*state)) {
	m.mu.Lock()
	m.posts = append(m.posts, f)
	m.mu.Unlock()
	select {
	case m.signal <- struct{}{}:
	default:
	}
}

// take returns what was posted, in order.
func (m *mailbox) take() []func(*state) {
	m.mu.Lock()
	defer m.mu.Unlock()
	posts := m.posts
	m.posts = nil
	return posts
}
