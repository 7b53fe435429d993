package engine

import (
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/store"
)

// Nobody opens the files of a seed that stands by. So that what became of them is not
// only seen when a peer asks, each is looked at once, a few a second and one at a time:
// a disk that does not answer holds up one lane.

const looksATick = 5

// unseen are seeds whose files are to be looked at.
type unseen struct {
	queue  []*torrent
	left   int // looks of this tick
	abroad bool
}

// lookAt has the files of a seed looked at when its turn comes, or before all others.
func (s *state) lookAt(t *torrent, first bool) {
	if first {
		if t.standby != nil {
			t.standby.seen = false
		}
		s.unseen.queue = append([]*torrent{t}, s.unseen.queue...)
	} else {
		s.unseen.queue = append(s.unseen.queue, t)
	}
}

// lookAround looks at the files of the next seed.
func (s *state) lookAround() {
	u := &s.unseen
	for len(u.queue) > 0 && u.left > 0 && !u.abroad {
		t := u.queue[0]
		u.queue = u.queue[1:]
		b := t.standby
		if b == nil || b.seen || b.woken {
			continue
		}
		if t.moves() { // who moves its files has looked at them
			b.sound = true
			s.touch(t)
			continue
		}
		b.seen, u.abroad = true, true
		u.left--
		st, rec, have := s.store, t.rec, t.have
		s.tasks.push(func() func(*state) {
			ok := untouched(st, rec, have)
			return func(s *state) {
				u.abroad = false
				if ok {
					b.sound = true
					s.touch(t)
				} else if t.standby == b && !b.woken {
					s.wake(t) // what is wrong is found out when it is started
				}
				s.lookAround()
			}
		})
	}
}

// untouched reports whether a torrent's metainfo and files are as they were recorded.
func untouched(st *store.Store, rec store.Record, have Bits) bool {
	gate, err := reload(st, rec.ID)
	if err != nil {
		return false
	}
	o := (&torrent{rec: rec, meta: metaOf(gate)}).files()
	o.Have = have
	d, err := disk.Open(o)
	if err != nil {
		return false
	}
	defer d.Close()
	changes := d.Changes()
	return !changes.Any()
}
