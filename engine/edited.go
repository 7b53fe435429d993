package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/store"
)

// stampsOf are a record's stamps as the disk has them.
func stampsOf(list []store.Stamp) []disk.Stamp {
	var out []disk.Stamp
	for _, s := range list {
		out = append(out, disk.Stamp(s))
	}
	return out
}

// keptStamps are the disk's stamps as a record has them.
func keptStamps(list []disk.Stamp) []store.Stamp {
	var out []store.Stamp
	for _, s := range list {
		out = append(out, store.Stamp(s))
	}
	return out
}

// ownSpan is when we may have written to a torrent's files after its record, before
// a crash.
func ownSpan(r store.Record) disk.Span {
	if r.Live.IsZero() || r.Wrote.IsZero() {
		return disk.Span{}
	}
	return disk.Span{From: r.Live.UnixNano(), To: r.Wrote.UnixNano()}
}

// reviewed takes over whose the files are now, as Open has found.
func (s *state) reviewed(t *torrent, c disk.Changes) {
	if len(c.Strange)+len(c.Freed) == 0 {
		return
	}
	foreign := slices.DeleteFunc(slices.Clone(t.rec.Foreign), func(i int) bool { return slices.Contains(c.Freed, i) })
	for _, i := range c.Strange {
		if !slices.Contains(foreign, i) {
			foreign = append(foreign, i)
		}
	}
	slices.Sort(foreign)
	t.rec.Foreign, t.dirty = foreign, true
}

// told says what was found out about files that were not as they were recorded.
func (s *state) told(t *torrent, c disk.Changes, found int) {
	n := c.Suspects.Count()
	if len(c.Edited) == 0 {
		if found > 0 {
			s.note(t, fmt.Sprintf("The program did not end in order; %d pieces that were not recorded yet are there.", found))
		}
		return
	}
	what := fmt.Sprintf("%d files were changed by another program; checked: ", len(c.Edited))
	if len(c.Edited) == 1 {
		what = fmt.Sprintf("%q was changed by another program; checked: ", strings.Join(layoutOf(t.meta).Files[c.Edited[0]].Path, "/"))
	}
	what += fmt.Sprintf("%d of %d pieces are right.", found, n)
	s.note(t, what)
	s.emit(Notice, t, fmt.Sprintf("%q: %s", t.rec.Name, what))
}

// landing is a torrent that is about to write to its files.
type landing struct {
	t    *torrent
	disk *disk.Torrent
	safe synced
	then func(*state)
}

// land records that a torrent's files, which were just synced, are about to be written,
// and goes on with then once that is on the disk: so after a crash we know what may be
// our own doing. Many torrents are recorded together. A torrent that has everything
// writes nothing.
func (s *state) land(t *torrent, d *disk.Torrent, safe synced, then func(*state)) {
	s.reviewed(t, d.Changes())
	if t.rec.Stamps == nil { // an older version has recorded it
		t.rec.Stamps, t.dirty = keptStamps(d.Stamps()), true
	}
	if t.have.All() {
		then(s)
		return
	}
	s.toLand = append(s.toLand, landing{t, d, safe, then})
	s.landNext()
}

func (s *state) landNext() {
	if s.landing || len(s.toLand) == 0 {
		return
	}
	all, batch := s.toLand, make([]entry, 0, len(s.toLand))
	found := make(map[*disk.Torrent]synced, len(s.toLand))
	s.landing, s.toLand = true, nil
	for _, l := range all {
		batch = append(batch, entry{t: l.t, rec: l.t.rec, disk: l.disk})
		found[l.disk] = l.safe
	}
	st := s.store
	s.keeper.push(func() func(*state) {
		err := record(st, batch, found)
		return func(s *state) {
			s.landing = false
			if err != nil { // after a crash more is checked than must be
				s.log.Error("record that files are about to be written", "error", err)
			}
			for _, l := range all {
				l.then(s)
			}
			s.landNext()
		}
	})
}

// stamped puts into a record what the disk tells besides its pieces.
func (e *entry) stamped(have Bits, at time.Time) {
	e.rec.Names, e.rec.Stamps = e.disk.Names(), keptStamps(e.disk.Stamps())
	e.rec.Live, e.rec.Wrote = time.Time{}, time.Time{}
	if !e.final && !have.All() {
		e.rec.Live = at
	}
}
