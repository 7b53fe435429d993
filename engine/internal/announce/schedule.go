package announce

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"piecewise/engine/internal/route"
)

const (
	announceTimeout = 45 * time.Second
	stoppedTimeout  = 10 * time.Second
	shutTimeout     = 2 * time.Second

	defaultInterval = 30 * time.Minute
	shortInterval   = time.Minute
	loopInterval    = time.Second // the least one with Config.Loopback
	longInterval    = 24 * time.Hour

	firstRetry   = 3 * time.Second
	shortBackoff = 15 * time.Second
	longBackoff  = 30 * time.Minute
)

// wake does what is due.
func (s *state) wake(now time.Time) {
	for {
		next, ok := s.due.next()
		if !ok || next.After(now) {
			return
		}
		first := s.due[0]
		s.due.set(first, time.Time{})
		first.ring()
	}
}

// ring does what a tier is due for.
func (s *state) ring(r *tier) {
	if r.t.observed {
		s.ask(r.t, r.trackers[r.at])
		return
	}
	s.queue(r)
}

// queue queues the announce of a tier, unless its tracker has still to hear of
// an earlier stop.
func (s *state) queue(r *tier) {
	tr := r.trackers[r.at]
	if s.leaving[line{r.t.ID, tr.url}] > 0 {
		r.held = true
		return
	}
	e := regular
	switch {
	case !tr.announced:
		e = started
	case r.completed:
		e = completed
	}
	r.job = s.job(r.t, tr, e)
	r.job.tier = r
	s.lanes.push(r.job)
}

func (s *state) job(t *torrent, tr *tracker, e event) *job {
	j := &job{t: t, tr: tr, event: e}
	j.ctx, j.cancel = context.WithCancel(s.work)
	return j
}

// launch sends the queued jobs that may run now.
func (s *state) launch() {
	for j := s.lanes.pop(); j != nil; j = s.lanes.pop() {
		if err := s.lanes.hosts[j.tr.host].dead(time.Now()); err != nil {
			s.finish(result{job: j, err: err})
			continue
		}
		j.sent, j.begin = true, time.Now()
		if j.pool != nil {
			go s.sendScrape(j)
			continue
		}
		r := s.request(j)
		if j.tier != nil {
			j.tr.state = Announcing
			s.changed(j.t)
		}
		go s.send(j, r)
	}
}

// request is what a job says, as of now.
func (s *state) request(j *job) request {
	r := request{url: j.tr.url, id: j.t.ID, twin: j.t.Twin, event: j.event, trackerID: j.tr.id}
	if j.stats != nil {
		r.stats = *j.stats
	} else {
		r.stats = j.t.Stats()
	}
	if r.event == regular && r.stats.Partial {
		r.event = paused
	}
	t := j.t
	r.found = func(peers []netip.AddrPort) {
		if t.live.Err() == nil {
			t.Peers(peers)
		}
	}
	return r
}

// send runs on a goroutine of its own, which launch starts and finish or shut
// awaits by reading its result.
func (s *state) send(j *job, r request) {
	timeout := announceTimeout
	if r.event == stopped {
		timeout = stoppedTimeout
	}
	ctx, cancel := context.WithTimeout(j.ctx, timeout)
	defer cancel()
	rep, err := s.a.via.announce(ctx, r)
	if err == nil && len(rep.peers) > 0 {
		r.found(rep.peers)
	}
	s.results <- result{job: j, reply: rep, err: err}
}

// finish takes the result of a job.
func (s *state) finish(r result) {
	j := r.job
	s.lanes.done(j, r.err)
	cut := j.ctx.Err() != nil
	j.cancel()
	s.log(r)
	if j.pool != nil {
		s.scraped(r)
		return
	}
	over := j.t.live.Err() != nil || j.tr.gone
	switch {
	case j.event == stopped:
		s.left(j)
	case over && j.after == nil:
	case over && (r.err == nil || cut || j.tr.announced):
		s.lanes.push(j.after)
	case over:
		for j.after != nil {
			j = j.after
			j.cancel()
		}
		s.left(j)
	default:
		if j.tier.job == j {
			j.tier.job = nil
		}
		if r.err != nil {
			s.failed(j, r.err)
		} else {
			s.answered(j, r.reply)
		}
		s.advance(j.t)
		s.changed(j.t)
	}
}

// log leaves out the address, which may hold the user's passkey.
func (s *state) log(r result) {
	outcome := "answered"
	if r.err != nil {
		outcome = explain(r.err)
	}
	s.a.cfg.Logger.Debug("announce", "tracker", r.job.tr.host, "event", r.job.event.String(),
		"peers", len(r.reply.peers), "outcome", outcome)
}

// answered plans the next announce of a tier whose tracker has answered.
func (s *state) answered(j *job, rep reply) {
	now, tr, r := time.Now(), j.tr, j.tier
	tr.state, tr.message, tr.last = Working, rep.warning, now
	tr.families, tr.external = rep.families, rep.external
	tr.count(rep.counts, now)
	if rep.trackerID != "" {
		tr.id = rep.trackerID
	}
	tr.min = rep.minInterval
	tr.announced = true
	if j.event == completed {
		r.completed = false
	}
	r.promote(tr)
	r.fails = 0
	interval := rep.interval
	if interval <= 0 {
		interval = defaultInterval
	}
	interval = min(max(interval, rep.minInterval, s.floor()), longInterval)
	if r.completed {
		interval = 0
	}
	s.due.set(&r.alarm, now.Add(interval))
}

// count takes over what a tracker tells of the swarm. What it does not tell now it has
// told before.
func (tr *tracker) count(c counts, now time.Time) {
	if c.downloads < 0 {
		c.downloads = tr.downloads
	}
	tr.counts, tr.counted = c, now
}

// failed goes on to the next tracker of the tier, or waits after the last one.
func (s *state) failed(j *job, err error) {
	now, r, tr := time.Now(), j.tier, j.tr
	tr.state, tr.message, tr.last = stateAfter(err), explain(err), now
	r.at = slices.Index(r.trackers, tr) + 1
	if r.at < len(r.trackers) {
		s.due.set(&r.alarm, now)
		return
	}
	r.at = 0
	fresh := !slices.ContainsFunc(r.trackers, func(tr *tracker) bool { return tr.announced })
	wait := backoff(r.fails, fresh)
	r.fails++
	var refusal *refusedError
	if errors.As(err, &refusal) {
		wait = min(max(wait, refusal.retry), longInterval)
	}
	s.due.set(&r.alarm, now.Add(wait))
}

// stateAfter is the state of a tracker after a failure.
func stateAfter(err error) State {
	var closed *route.ClosedError
	var barred *route.RefusedError
	switch {
	case errors.As(err, &closed) || errors.As(err, &barred) || errors.Is(err, errScheme):
		return Disabled
	case refused(err):
		return Refusing
	}
	return Failing
}

// backoff is how long a tier waits after its fails+1st failure in a row; fresh
// says that none of its trackers ever answered.
func backoff(fails int, fresh bool) time.Duration {
	wait := firstRetry
	switch {
	case fresh && fails > 0:
		wait = shortBackoff << min(fails-1, 10)
	case !fresh:
		wait = shortBackoff << min(fails, 10)
	}
	return time.Duration(float64(min(wait, longBackoff)) * (0.8 + 0.4*rand.Float64()))
}
