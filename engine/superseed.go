package engine

// enoughSeeds are how many others with everything make super-seeding useless.
const enoughSeeds = 2

// superSeed has a running torrent super-seed, or cease to. It is told only when that
// changes: the data plane ends it by itself when the peers have enough copies.
func (s *state) superSeed(t *torrent) {
	r := t.run
	if r.superSeed && !r.SuperSeeding() && s.automatic(t) && t.whole() {
		t.spread()
	}
	if on := s.shouldSuperSeed(t); on != r.superSeed {
		r.superSeed = on
		r.SetSuperSeed(on)
		s.touch(t)
	}
}

func (s *state) automatic(t *torrent) bool { return s.options(t).SuperSeed == SuperSeedAutomatic }

// shouldSuperSeed reports whether the torrent is to be super-seeded: as the user
// chose, or by itself while it is new.
func (s *state) shouldSuperSeed(t *torrent) bool {
	switch s.options(t).SuperSeed {
	case SuperSeedOn:
		return true
	case SuperSeedOff:
		return false
	}
	return t.isNew()
}

// isNew reports whether nobody but us is known to have all of the torrent, which we
// did not download. Once that is over it is not looked at again, so that nothing goes
// back and forth.
func (t *torrent) isNew() bool {
	if !t.whole() || t.downloaded() > 0 || t.tuned.Spread || t.tuned.others {
		return false
	}
	seeds, sent := 0, t.rec.Uploaded
	if r := t.run; r != nil {
		_, seeds = r.Connected()
		sent = r.before.Uploaded + r.counters.Uploaded
	}
	for _, st := range t.trackers {
		seeds = max(seeds, st.Seeds-1) // trackers count us, too
	}
	switch {
	case seeds > 0 && sent < t.meta.Size:
		t.tuned.others = true // not from us have they got it
	case seeds >= enoughSeeds:
		t.spread()
	}
	return !t.tuned.Spread && !t.tuned.others
}

// spread notes that others have the torrent now.
func (t *torrent) spread() {
	if !t.tuned.Spread {
		t.tuned.Spread = true
		t.keepTuned()
	}
}

// whole reports whether we have every piece.
func (t *torrent) whole() bool { return t.meta != nil && t.have.Len() > 0 && t.have.All() }

// downloaded is how much payload came in the torrent's whole life, bytes.
func (t *torrent) downloaded() int64 {
	if r := t.run; r != nil {
		return r.before.Downloaded + r.counters.Downloaded
	}
	return t.rec.Downloaded
}
