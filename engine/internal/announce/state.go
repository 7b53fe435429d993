package announce

import (
	"context"
	"net/netip"
	"net/url"
	"time"
)

// torrent is a torrent that is started or observed.
type torrent struct {
	Torrent
	live      context.Context // ends with Stop
	quit      context.CancelFunc
	tiers     []*tier
	trackers  []*tracker // of all tiers, in the order in which they were given
	download  bool       // something was left at Start
	completed bool
	observed  bool // its trackers are scraped only
}

// tier is a list of trackers of which one is asked at a time.
type tier struct {
	alarm
	t         *torrent
	trackers  []*tracker
	at        int // the tracker that is asked next, or now
	job       *job
	fails     int  // rounds in which no tracker answered, since the last answer
	held      bool // waits until an earlier `stopped` has arrived
	completed bool // `completed` is to be sent
}

// tracker is one tracker of one torrent.
type tracker struct {
	url, host string
	tier      int
	announced bool // it has answered `started`
	gone      bool // the user has removed it
	id        string
	min       time.Duration

	state    State
	message  string
	last     time.Time
	families Families
	external netip.Addr

	counts
	counted time.Time // when it told them, or failed to
	looked  time.Time // when it was asked for them because somebody looks
}

// line is a tracker and an info hash; announces on it are kept in order.
type line struct {
	id  [20]byte
	url string
}

// result is how a job ended.
type result struct {
	job   *job
	reply reply
	found map[[20]byte]counts // of a scrape
	err   error
}

// state is what Run owns.
type state struct {
	a        *Announcer
	work     context.Context // of all requests
	asking   context.Context // of scrapes, which nobody waits for at the end
	quiet    context.CancelFunc
	torrents map[[20]byte]*torrent
	due      alarms
	lanes    lanes
	leaving  map[line]int     // `stopped` not yet answered
	pools    map[string]*pool // by tracker: whose counts are asked for
	oneTier  bool
	results  chan result
}

// perHost is how many requests are on their way to one host.
const perHost = 6

func newState(work context.Context, a *Announcer) *state {
	s := &state{
		a:        a,
		work:     work,
		torrents: make(map[[20]byte]*torrent),
		lanes:    lanes{total: 100, each: perHost, hosts: make(map[string]*lane)},
		leaving:  make(map[line]int),
		pools:    make(map[string]*pool),
		oneTier:  a.cfg.OneTier,
		results:  make(chan result),
	}
	s.asking, s.quiet = context.WithCancel(work)
	return s
}

func (s *state) start(in Torrent) {
	if old := s.torrents[in.ID]; old != nil {
		if !old.observed {
			return
		}
		s.stop(in.ID)
	}
	t := &torrent{Torrent: in, download: in.Stats().Left != 0}
	s.insert(t)
}

// insert begins to announce or observe a torrent, in each tier with any tracker first
// (BEP 12).
func (s *state) insert(t *torrent) {
	t.live, t.quit = context.WithCancel(s.work)
	s.torrents[t.ID] = t
	s.arrange(t, t.Tiers)
	for _, r := range t.tiers {
		s.a.shuffle(r.trackers)
	}
	s.advance(t)
	s.changed(t)
}

// hostOf names the lane of a tracker.
func hostOf(tracker string) string {
	u, err := url.Parse(tracker)
	if err != nil {
		return ""
	}
	return u.Host
}

func (s *state) completed(id [20]byte) {
	t := s.torrents[id]
	if t == nil || t.completed || !t.download {
		return
	}
	t.completed = true
	for _, r := range t.tiers {
		r.completed = true
		if r.job == nil && !r.held && r.trackers[r.at].announced {
			s.due.set(&r.alarm, time.Now())
		}
	}
	s.wake(time.Now())
}

// force plans the next announce of all tiers, or that to one tracker, as early as it may
// be.
func (s *state) force(id [20]byte, url string) {
	t := s.torrents[id]
	if t == nil || t.observed {
		return
	}
	now := time.Now()
	for i, r := range t.tiers {
		at := r.at
		if url != "" {
			at = r.find(url)
		}
		if r.job != nil || r.held || at < 0 || url == "" && !s.turn(t, i) {
			continue
		}
		if at != r.at {
			r.at = at
			s.due.set(&r.alarm, time.Time{})
		}
		next := now
		if tr := r.trackers[at]; tr.state == Refusing || tr.announced && tr.state != Failing {
			next = later(now, tr.last.Add(max(tr.min, s.floor())))
		}
		if r.next.IsZero() || next.Before(r.next) {
			s.due.set(&r.alarm, next)
		}
	}
	s.wake(now)
	s.changed(t)
}

// moved announces to all trackers as soon as they allow it: the way to them has changed,
// and with it our address, or there was none.
func (s *state) moved() {
	s.a.via.changed()
	for id, t := range s.torrents {
		for _, r := range t.tiers {
			if t.observed && r.job == nil && r.fails > 0 {
				s.due.set(&r.alarm, time.Now().Add(s.firstScrape()))
			}
		}
		s.force(id, "")
	}
}

// floor is the shortest time between two announces to a tracker that has answered.
func (s *state) floor() time.Duration {
	if s.a.cfg.Loopback {
		return loopInterval
	}
	return shortInterval
}

// find returns the place of a tracker in the tier, or -1.
func (r *tier) find(url string) int {
	for i, tr := range r.trackers {
		if tr.url == url {
			return i
		}
	}
	return -1
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *state) setTwin(id, twin [20]byte) {
	if t := s.torrents[id]; t != nil && t.Twin != twin {
		t.Twin = twin
		s.force(id, "")
	}
}

func (s *state) status(id [20]byte) []Status {
	t := s.torrents[id]
	if t == nil {
		return nil
	}
	list := make([]Status, len(t.trackers))
	for i, tr := range t.trackers {
		list[i] = Status{
			URL: tr.url, Tier: tr.tier, State: tr.state, Message: tr.message,
			Seeds: tr.seeds, Leeches: tr.leeches, Downloads: tr.downloads,
			Last: tr.last, Families: tr.families, External: tr.external,
		}
		r := t.tiers[tr.tier]
		switch current := r.trackers[r.at] == tr; {
		case t.observed:
			list[i].State = Resting
		case current && s.turn(t, tr.tier):
			list[i].Next = r.next
		case tr.state == Idle:
			list[i].State = Reserve
		}
	}
	return list
}

func (s *state) changed(t *torrent) {
	if t.Changed != nil {
		t.Changed()
	}
}
