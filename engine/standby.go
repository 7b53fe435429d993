package engine

import (
	"slices"
	"time"
)

// A seed that nobody asks stands by: trackers and the DHT know of it, and the control
// plane knows its info hashes, but it has no files open, no data plane and nothing in
// the library. It is woken, that is started,
//
//   - by a peer whose handshake names it, which waits meanwhile; or
//   - when its turn comes, if a tracker knows of leeches, or the DHT or the local network
//     of peers: they may be unable to dial us.
//
// Once it has had no peer for a while it stands by again. What strangers can make us
// do is bounded by how many seeds may be awake and have no peer: further ones wait,
// with the handshakes of their peers, until another has had its time.

const (
	lonelySeeds = 100              // awake without a peer, before others have to wait
	dialSeeds   = 30               // the same, for those whose turn it is
	grace       = 10 * time.Second // so long without a peer, and a seed gives way to others
	dialFor     = 40 * time.Second // so long without ever a peer, and one whose turn it was stands by again
	restAfter   = 2 * time.Minute  // so long without a peer, and any does
)

// standby is a seed that stands by.
type standby struct {
	woken  bool // it is being started
	queued bool // it is in seeds.asked
	wishes bool // it is in seeds.wishing
	dials  bool // it was woken because it was its turn
	seen   bool // its files are or were looked at
	sound  bool // they are as they were recorded
}

// seeds are those that are awake or want to be.
type seeds struct {
	awake   map[*torrent]bool // complete ones that run, or are being started
	asked   []*torrent        // whom peers wait for, in order
	wishing []*torrent        // whose turn it is to be woken, in order
}

// How often a seed has its turn because the DHT or the local network know of peers.
const (
	turnAlone   = 25 * time.Minute // without a tracker
	turnTracked = 3 * time.Hour
)

// mayRest reports whether the torrent needs not run while it has no peer.
func (t *torrent) mayRest() bool {
	settled := !t.rec.Finished.IsZero() && (t.run == nil || t.run.settled)
	return settled && t.complete() && !t.preview && !t.fresh && !t.moves() && t.kept == nil && t.trouble == nil && len(t.peers) == 0
}

// complete reports whether all that is wanted is there.
func (t *torrent) complete() bool { return t.known() && t.wanted.have >= t.wanted.size }

// standBy lets a seed wait for somebody who asks for it.
func (s *state) standBy(t *torrent) {
	t.standby = &standby{}
	mail := s.mail
	s.control.StandBy(t.allHashes(), t.private(), func() {
		mail.post(func(s *state) { s.knocked(t) })
	}, s.foundFor(t))
	s.lookAt(t, s.watched == t.id)
	s.touch(t)
	if s.ticks == 0 {
		s.quiet = append(s.quiet, t) // first the list is to be seen
		return
	}
	s.announce(t)
}

// resigned reports whether the torrent shall not run.
func (t *torrent) resigned() bool { return t.rec.Paused || t.rec.Fault != "" }

// announceQuiet begins to announce some of the seeds that stand by since the start, and
// to observe some of the torrents that shall not run.
func (s *state) announceQuiet() {
	const some = 500
	n := min(some, len(s.quiet))
	for _, t := range s.quiet[:n] {
		if t.standby != nil || t.run != nil {
			s.announce(t)
		} else if s.torrents[t.id] == t && t.resigned() {
			s.observe(t)
		}
	}
	s.quiet = s.quiet[n:]
}

// leave ends that a torrent stands by, because it starts or shall not run.
func (s *state) leave(t *torrent) {
	if t.standby != nil {
		s.control.Leave(t.id)
		t.standby = nil
	}
}

// knocked is called when a peer's handshake has named a torrent that stands by.
func (s *state) knocked(t *torrent) {
	if b := t.standby; b != nil && !b.woken && !b.queued {
		b.queued = true
		s.seeds.asked = append(s.seeds.asked, t)
		s.rouse()
	}
}

// wish has a torrent that stands by started when its turn comes.
func (s *state) wish(t *torrent) {
	if b := t.standby; !b.woken && !b.wishes {
		b.wishes = true
		s.seeds.wishing = append(s.seeds.wishing, t)
		s.rouse()
	}
}

// rouse wakes as many seeds as may be awake: first those whom peers wait for.
func (s *state) rouse() {
	lonely := s.lonely()
	for len(s.seeds.asked) > 0 && lonely < lonelySeeds {
		t := s.seeds.asked[0]
		s.seeds.asked = s.seeds.asked[1:]
		if b := t.standby; b != nil {
			b.queued = false
			if !b.woken && s.control.Awaited(t.id) {
				s.wake(t)
				lonely++
			}
		}
	}
	for len(s.seeds.wishing) > 0 && lonely < dialSeeds {
		t := s.seeds.wishing[0]
		s.seeds.wishing = s.seeds.wishing[1:]
		if b := t.standby; b != nil {
			b.wishes = false
			if !b.woken {
				b.dials = true
				s.wake(t)
				lonely++
			}
		}
	}
}

// wake has a torrent that stands by started.
func (s *state) wake(t *torrent) {
	t.standby.woken, t.turn = true, time.Now()
	s.seeds.awake[t] = true
	s.steer(t)
}

// lonely counts the seeds that are awake and have no peer.
func (s *state) lonely() int {
	n := 0
	for t := range s.seeds.awake {
		if t.run == nil || !t.run.alone.IsZero() {
			n++
		}
	}
	return n
}

// company notes whether a running torrent has peers.
func (s *state) company(t *torrent, now time.Time) {
	r := t.run
	if peers, _ := r.Connected(); peers > 0 {
		r.alone, r.dials = time.Time{}, false
	} else if r.alone.IsZero() {
		r.alone = now
	}
	if t.mayRest() {
		s.seeds.awake[t] = true
	}
}

// rest lets seeds that have had no peer for long enough stand by again, and those that
// must make room for others; then others are woken.
func (s *state) rest(now time.Time) {
	var lonely []*torrent
	for t := range s.seeds.awake {
		switch r := t.run; {
		case r == nil && (t.standby == nil || !t.standby.woken), r != nil && !t.mayRest():
			delete(s.seeds.awake, t)
		case r != nil && !r.alone.IsZero() && !t.busy:
			lonely = append(lonely, t)
		}
	}
	slices.SortFunc(lonely, func(a, b *torrent) int { return a.run.alone.Compare(b.run.alone) })
	over := s.lonely() + len(s.seeds.asked) - lonelySeeds
	for _, t := range lonely {
		long := now.Sub(t.run.alone)
		if long >= restAfter || t.run.dials && long >= dialFor || over > 0 && long >= grace {
			over--
			t.resting = true
			s.steer(t)
		}
	}
	s.rouse()
}
