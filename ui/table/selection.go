package table

// selection is the set of selected keys, and where the keyboard is.
type selection[K comparable] struct {
	keys   map[K]struct{}
	anchor K // where a range starts
	cursor K // where the keyboard is
	active bool
}

func newSelection[K comparable]() selection[K] { return selection[K]{keys: map[K]struct{}{}} }

func (s *selection[K]) has(key K) bool {
	_, ok := s.keys[key]
	return ok
}

// clear selects nothing; the keyboard stays where it is.
func (s *selection[K]) clear() { clear(s.keys) }

// only selects one key and goes there.
func (s *selection[K]) only(key K) {
	clear(s.keys)
	s.keys[key] = struct{}{}
	s.anchor, s.cursor, s.active = key, key, true
}

// toggle selects a key or takes it out, and goes there.
func (s *selection[K]) toggle(key K) {
	if s.has(key) {
		delete(s.keys, key)
	} else {
		s.keys[key] = struct{}{}
	}
	s.anchor, s.cursor, s.active = key, key, true
}

// keep takes out every key that is not among those of rows, of which there are
// n. It reports whether any was taken out.
func (s *selection[K]) keep(n int, key func(row int) K) bool {
	if len(s.keys) == 0 {
		return false
	}
	found := make(map[K]struct{}, len(s.keys))
	for row := 0; row < n && len(found) < len(s.keys); row++ {
		if k := key(row); s.has(k) {
			found[k] = struct{}{}
		}
	}
	gone := len(found) < len(s.keys)
	if gone {
		s.keys = found
	}
	return gone
}
