package engine

import (
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/transfer"
)

const (
	ticksASecond = int(time.Second / tickEvery)
	freeEvery    = 10 * ticksASecond
	dhtEvery     = 2 * ticksASecond
	peersEvery   = 2 // ticks, for the watched torrent
	meterSeconds = 5
)

// wanted is what is to be downloaded, and how much of it is there.
type wanted struct {
	pieces     transfer.Wanted
	size, have int64 // bytes
	verified   int64 // bytes, also of what is not wanted; at least
}

// meter is a rate: the mean over the last seconds.
type meter struct {
	totals [meterSeconds + 1]int64
	n      int
}

// add takes the total after one more second and returns bytes/s.
func (m *meter) add(total int64) int64 {
	copy(m.totals[1:], m.totals[:])
	m.totals[0] = total
	m.n = min(m.n+1, meterSeconds)
	return (total - m.totals[m.n]) / int64(m.n)
}

// tick samples what runs: rows once a second, the watched torrent at every tick.
func (s *state) tick() {
	s.ticks++
	s.unseen.left = looksATick
	s.lookAround()
	if s.ticks%ticksASecond == 0 {
		s.limit(s.clock())
		s.care(time.Now())
		s.announceQuiet()
		for _, t := range s.order {
			s.sample(t)
		}
		s.rest(time.Now())
		s.watchFilter()
		s.sampleReach()
		s.tendHosting()
	}
	s.sampleDetail(s.ticks%peersEvery == 0)
	if s.ticks%freeEvery == 1 {
		s.measureFree()
	}
	if s.ticks%zoneEvery == 1 {
		s.watchZone()
	}
	if s.ticks%dhtEvery == 1 {
		s.askDHT()
	}
	if s.ticks%int(keepDHTEvery/tickEvery) == 0 {
		s.keepDHT()
	}
	if s.ticks%backupTicks == backupFirst {
		s.backUp()
	}
	s.save()
	s.publish()
}

// sample takes a second's figures of one torrent.
func (s *state) sample(t *torrent) {
	if t.check != nil {
		t.check.sample()
		s.touch(t)
	}
	s.sampleMove(t)
	s.unload(t)
	s.hear(t)
	r := t.run
	if r == nil {
		return
	}
	s.progress(t)
	n := r.counters
	r.downRate, r.upRate = r.down.add(n.Downloaded), r.up.add(n.Uploaded)
	r.inRate, r.outRate = r.in.add(n.ProtocolReceived), r.out.add(n.ProtocolSent)
	most := s.resolved(t).Connections
	peers, _ := r.Connected()
	t.tally.fills(most >= 0 && peers >= most)
	s.superSeed(t)
	s.dialAgain(t)
	s.fetched(t, time.Now())
	s.company(t, time.Now())
}

// progress measures a running torrent and finishes it if all that is wanted is
// there.
func (s *state) progress(t *torrent) {
	r := t.run
	s.measure(t)
	if v := r.Version(); v != r.version {
		r.version = v
		s.count(t)
	}
	s.touch(t)
	if r.disk != nil && t.complete() {
		s.finish(t)
	}
}

// lonelyMax is how many seconds without a peer go by, before those we know are dialled
// again.
const lonelyMax = 15

// dialAgain dials the peers that we know of once more, when a torrent that wants
// something has none: the library forgets those that it did not reach.
func (s *state) dialAgain(t *torrent) {
	r := t.run
	if peers, _ := r.Connected(); peers > 0 || t.known() && t.wanted.have >= t.wanted.size {
		r.lonely = 0
		return
	}
	if r.lonely++; r.lonely%lonelyMax != 0 {
		return
	}
	s.dial(t, t.peers)
	s.hint(t, t.hinted)
	if told := t.told; len(told) > 0 {
		s.library.push(func() func(*state) { r.AddPeers(told, plane.OriginTracker); return nil })
	}
}

// measure takes the counters of a running torrent.
func (s *state) measure(t *torrent) {
	if t.run != nil {
		t.run.counters = t.run.Counters()
	}
}

// count works out what is wanted of the torrent and how much of it is there.
func (s *state) count(t *torrent) {
	if t.meta == nil {
		return
	}
	if r := t.run; r != nil && r.disk != nil {
		t.have = r.disk.Have()
	}
	t.wanted = want(t.meta, t.rec.Priorities, t.tuned.Options)
	for i := range t.meta.Pieces {
		if !t.have.Has(i) {
			continue
		}
		n := t.meta.pieceSize(i)
		if t.wanted.verified += n; t.wanted.pieces.Pieces.Has(i) {
			t.wanted.have += n
		}
	}
	if t.wanted.have < t.wanted.size {
		if t.rec.Finished = (time.Time{}); t.run != nil {
			t.run.settled = false
		}
	}
	if o := t.outline(); o != t.rec.Outline {
		t.rec.Outline, t.dirty = o, true
	}
	t.tally.lacks(t.left(), t.partial())
}

// want says which pieces the files' priorities and the torrent's options ask for.
func want(m *Meta, priorities []byte, o Options) wanted {
	w := wanted{pieces: transfer.Wanted{Pieces: MakeBits(m.Pieces), High: MakeBits(m.Pieces), Sequential: o.Sequential}}
	for i := range m.Files {
		p := Normal
		if i < len(priorities) {
			p = Priority(priorities[i])
		}
		if p == Skip {
			continue
		}
		first, end := m.PieceRange(i)
		for piece := first; piece < end; piece++ {
			w.pieces.Pieces.Set(piece)
			if p == High || o.EndsFirst && (piece == first || piece == end-1) {
				w.pieces.High.Set(piece)
			}
		}
	}
	for i := range m.Pieces {
		if w.pieces.Pieces.Has(i) {
			w.size += m.pieceSize(i)
		}
	}
	return w
}

// pieceSize returns the bytes of files in a piece.
func (m *Meta) pieceSize(i int) int64 {
	return min(m.PieceLength, m.length-int64(i)*m.PieceLength) - m.pads[i]
}

// measureFree asks how much room there is where new torrents go, once at a time:
// a file system that does not answer shall hold up one lane, not all.
func (s *state) measureFree() {
	if s.measuring {
		return
	}
	s.measuring = true
	dir := s.settings.Dir
	s.tasks.push(func() func(*state) {
		free, err := disk.Free(dir)
		if err != nil {
			free = -1
		}
		return func(s *state) {
			s.measuring = false
			if s.settings.Dir != dir {
				s.measureFree()
				return
			}
			s.changed = s.changed || s.free != free
			s.free = free
		}
	})
}

// publish makes the next snapshot if anything in it is new.
func (s *state) publish() {
	if !s.changed {
		return
	}
	s.changed = false
	snap := &Snapshot{
		Time: time.Now(), Torrents: make([]*Torrent, 0, len(s.order)), Detail: s.detail, Settings: s.settings, Bans: s.bans, Filter: s.filter.told, Reach: s.reach.told,
		Downloaded: s.goneDn, Uploaded: s.goneUp, Port: s.port, Way: s.way, DHT: s.dht, Free: s.free,
		ProtocolReceived: s.gone.ProtocolReceived, ProtocolSent: s.gone.ProtocolSent,
		Wasted: s.gone.Wasted, HashFailures: s.gone.HashFailures,
		Hosting: s.hosting.shown, Limits: s.session.Limits, Turtle: s.slow,
	}
	for _, t := range s.order {
		if t.leaving != nil {
			continue
		}
		if t.stale || t.row == nil {
			s.refresh(t)
		}
		snap.Torrents = append(snap.Torrents, t.row)
		snap.sum(t.row)
	}
	s.next.Snapshot = snap
}

// sum adds a torrent to the totals.
func (snap *Snapshot) sum(row *Torrent) {
	snap.Down += row.Down
	snap.Up += row.Up
	snap.Downloaded += row.Downloaded
	snap.Uploaded += row.Uploaded
	snap.ProtocolDown += row.ProtocolDown
	snap.ProtocolUp += row.ProtocolUp
	snap.ProtocolReceived += row.ProtocolReceived
	snap.ProtocolSent += row.ProtocolSent
	snap.Wasted += row.Wasted
	snap.HashFailures += row.HashFailures
	snap.Peers += row.Peers
}

// refresh makes the torrent's row anew, unless nothing in it changed.
func (s *state) refresh(t *torrent) {
	t.stale = false
	row := Torrent{
		ID: t.id, Name: t.name(), State: t.state(), Err: t.rec.Fault, Waits: t.trouble != nil, InTheWay: t.inTheWay(), Preview: t.preview,
		Meta: t.shown(), Dir: t.rec.Dir, Final: t.rec.Final, Move: t.move.shown(), Wanted: t.wanted.size, Have: t.wanted.have,
		Downloaded: t.rec.Downloaded, Uploaded: t.rec.Uploaded,
		SwarmPeers: -1, SwarmSeeds: -1, ETA: -1, Added: t.rec.Added, Finished: t.rec.Finished,
		Options: s.options(t),
	}
	if row.State == Metadata && t.run != nil {
		row.Fetch = t.fetch
	}
	row.overhead(t)
	if t.known() {
		row.Size, row.Pieces = t.rec.Outline.Size, t.pieces()
	}
	if c := t.check; c != nil {
		row.Checked, row.CheckRate, row.ETA = int(c.done.Load()), c.rate, c.left()
	}
	row.CheckWaits = row.State == Checking && t.check == nil
	if r := t.run; r != nil {
		row.Down, row.Up = r.downRate, r.upRate
		row.Downloaded = r.before.Downloaded + r.counters.Downloaded
		row.Uploaded = r.before.Uploaded + r.counters.Uploaded
		row.Peers, row.Seeds = r.Connected()
		row.SuperSeeding = r.SuperSeeding()
		if missing := row.Wanted - row.Have; missing > 0 && row.Down > 0 {
			row.ETA = time.Duration(float64(missing) / float64(row.Down) * float64(time.Second)).Round(time.Second)
		}
	}
	for _, tier := range t.rec.Trackers {
		row.Trackers += len(tier)
	}
	row.trackers(t.trackers)
	if t.standby != nil {
		row.SuperSeeding = row.Options.SuperSeed == SuperSeedOn && t.whole()
		row.Unseen = !t.standby.sound
	}
	if t.row == nil || *t.row != row {
		s.hosting.mind(t.row, &row)
		t.row = &row
	}
}

// overhead tells what went over besides the payload that was wanted.
func (row *Torrent) overhead(t *torrent) {
	n := t.past
	if r := t.run; r != nil {
		n = n.Plus(r.counters)
		row.ProtocolDown, row.ProtocolUp = r.inRate, r.outRate
	}
	row.ProtocolReceived, row.ProtocolSent = n.ProtocolReceived, n.ProtocolSent
	row.Wasted, row.HashFailures = n.Wasted, n.HashFailures
}

// state says in one word what the torrent is doing.
func (t *torrent) state() State {
	switch {
	case t.check != nil && !t.check.ended || t.toCheck():
		return Checking
	case t.rec.Fault != "":
		return Faulted
	case t.rec.Paused && !t.preview:
		return Stopped
	case !t.known():
		return Metadata
	case t.standby != nil:
		return Seeding
	case t.run == nil || t.run.disk == nil:
		return Starting
	case t.run.settled:
		return Seeding
	}
	return Downloading
}

// pieces returns the torrent's pieces, the same value as in the last row if none
// of them changed.
func (t *torrent) pieces() *Pieces {
	if r := t.run; r != nil && r.disk != nil {
		if v := r.Version(); t.drawn == nil || t.drawnVersion != v {
			t.drawn, t.drawnVersion = NewPieces(r.Pieces(nil)), v
		}
	} else if t.drawn == nil {
		t.drawn = piecesOfBits(t.have)
	}
	return t.drawn
}

func piecesOfBits(b Bits) *Pieces {
	switch b.Count() {
	case 0:
		return UniformPieces(b.Len(), Missing)
	case b.Len():
		return UniformPieces(b.Len(), Verified)
	}
	return &Pieces{n: b.Len(), bits: b}
}
