package announce

import (
	"context"
	"slices"
	"time"
)

// The counts of torrents that are observed, or looked at, are asked for in batches: what
// is due of one tracker at about the same time goes into one scrape (BEP 15, 48), and the
// next one is sent when that has ended.

const (
	scrapeEvery   = 30 * time.Minute
	lookAfter     = 5 * time.Minute // counts that are older are asked for when somebody looks
	scrapeTimeout = 20 * time.Second
	collect       = time.Second     // so long a scrape waits for others to go with it
	scrapePause   = 2 * time.Second // between the scrapes of one tracker
	scrapeLater   = 10 * time.Second
)

// pool is what is to be asked of one tracker.
type pool struct {
	alarm
	url, host string
	seats     []seat // waiting
	busy      bool
	alone     bool // the tracker takes one info hash at a time only
}

// seat is a tracker of a torrent whose counts are asked for.
type seat struct {
	t  *torrent
	tr *tracker
}

func (s *state) observe(in Torrent) {
	if s.torrents[in.ID] == nil {
		s.insert(&torrent{Torrent: in, observed: true})
	}
}

// firstScrape is how long after it is observed a torrent is scraped for the first time:
// who starts a thousand is heard out.
func (s *state) firstScrape() time.Duration {
	if s.a.cfg.Loopback {
		return collect
	}
	return scrapeLater
}

// ask puts a tracker of a torrent in its pool.
func (s *state) ask(t *torrent, tr *tracker) {
	if !scrapes(tr.url) {
		return
	}
	p := s.pools[tr.url]
	if p == nil {
		p = &pool{url: tr.url, host: tr.host}
		p.alarm = newAlarm(func() { s.draw(p) })
		s.pools[tr.url] = p
	}
	if slices.Contains(p.seats, seat{t, tr}) {
		return
	}
	p.seats = append(p.seats, seat{t, tr})
	if !p.busy && p.next.IsZero() {
		s.due.set(&p.alarm, time.Now().Add(collect))
	}
}

// draw sends a scrape for the first of a pool.
func (s *state) draw(p *pool) {
	most := maxScrape
	if p.alone {
		most = 1
	}
	j := &job{pool: p, tr: &tracker{url: p.url, host: p.host}, event: scraped}
	for len(p.seats) > 0 && len(j.ids) < most {
		next := p.seats[0]
		if next.t.live.Err() == nil && !next.tr.gone {
			more := request{id: next.t.ID, twin: next.t.Twin}.ids()
			if p.alone {
				more = more[:1]
			}
			if len(j.ids)+len(more) > most {
				break
			}
			j.ids = append(j.ids, more...)
			j.seats = append(j.seats, next)
		}
		p.seats = p.seats[1:]
	}
	if len(j.seats) == 0 {
		delete(s.pools, p.url)
		return
	}
	p.busy = true
	j.ctx, j.cancel = context.WithCancel(s.asking)
	s.lanes.push(j)
}

// sendScrape runs on a goroutine of its own, as send does.
func (s *state) sendScrape(j *job) {
	ctx, cancel := context.WithTimeout(j.ctx, scrapeTimeout)
	defer cancel()
	found, err := s.a.via.scrape(ctx, j.tr.url, j.ids)
	s.results <- result{job: j, found: found, err: err}
}

// scraped takes the result of a scrape.
func (s *state) scraped(r result) {
	p, now := r.job.pool, time.Now()
	p.busy = false
	if many := len(r.job.seats) > 1; many && (refused(r.err) || r.err == nil && len(r.found) == 0) {
		p.alone = true // it may take one, as some do
		p.seats = append(r.job.seats, p.seats...)
	} else {
		for _, at := range r.job.seats {
			s.take(at, r, now)
		}
	}
	if len(p.seats) == 0 && !p.alone {
		delete(s.pools, p.url)
		return
	}
	if len(p.seats) > 0 {
		s.due.set(&p.alarm, now.Add(scrapePause))
	}
}

// take takes over what a scrape tells of one torrent, and plans its next.
func (s *state) take(at seat, r result, now time.Time) {
	t, tr := at.t, at.tr
	if t.live.Err() != nil || tr.gone {
		return
	}
	c, known := r.found[t.ID]
	if twin, ok := r.found[t.Twin]; ok && known {
		c = c.most(twin)
	} else if ok {
		c, known = twin, true
	}
	switch {
	case known && t.observed:
		tr.message = ""
		tr.count(c, now)
	case known:
		tr.count(tr.counts.most(c), now)
	default:
		tr.counted = now
	}
	tier := t.tiers[tr.tier]
	if t.observed {
		wait := scrapeEvery
		if r.err != nil {
			tr.message = explain(r.err)
			tier.at = (tier.at + 1) % len(tier.trackers)
			wait = backoff(tier.fails, false)
			tier.fails++
		} else {
			tier.fails = 0
		}
		s.due.set(&tier.alarm, now.Add(wait))
	}
	s.changed(t)
}

// forget takes a tracker out of what is to be asked.
func (s *state) forget(tr *tracker) {
	if p := s.pools[tr.url]; p != nil {
		p.seats = slices.DeleteFunc(p.seats, func(at seat) bool { return at.tr == tr })
	}
}

// look asks for what has not been told of late.
func (s *state) look(id [20]byte) {
	t := s.torrents[id]
	if t == nil {
		return
	}
	now := time.Now()
	for _, tr := range t.trackers {
		fresh := tr.downloads >= 0 && now.Sub(tr.counted) < lookAfter || now.Sub(tr.looked) < lookAfter
		if fresh || tr.state == Disabled || tr.state == Failing && !t.observed {
			continue
		}
		tr.looked = now
		s.ask(t, tr)
	}
	s.wake(now)
}
