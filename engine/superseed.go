package engine

// From how many peers on a torrent is super-seeded.
const (
	never     = -1
	always    = 0
	withOther = 2 // one alone has nobody to share with
)

// superSeed has a running torrent super-seed, or cease to. It is told only when that
// changes: the data plane ends it by itself when the peers have enough copies.
func (s *state) superSeed(t *torrent) {
	r := t.run
	hiding := r.SuperSeeding()
	if r.hiding && !hiding && r.superSeed == withOther {
		t.spread()
	}
	r.hiding = hiding
	if from := s.superSeedFrom(t); from != r.superSeed {
		r.superSeed = from
		r.SuperSeedFrom(from)
		r.hiding = r.SuperSeeding()
		s.touch(t)
	}
}

// superSeedFrom says from how many peers on the torrent is to be super-seeded: as
// the user chose, or by itself while it is new.
func (s *state) superSeedFrom(t *torrent) int {
	switch o := s.options(t).SuperSeed; {
	case o == SuperSeedOn:
		return always
	case o == SuperSeedAutomatic && t.isNew():
		return withOther
	}
	return never
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
	if seeds > 0 && sent < t.rec.Outline.Size {
		t.tuned.others = true // it was not from us that they got it
	} else if seeds > 0 {
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
func (t *torrent) whole() bool { return t.known() && t.have.Len() > 0 && t.have.All() }

// downloaded is how much payload came in the torrent's whole life, bytes.
func (t *torrent) downloaded() int64 {
	if r := t.run; r != nil {
		return r.before.Downloaded + r.counters.Downloaded
	}
	return t.rec.Downloaded
}
