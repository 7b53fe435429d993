package engine

import (
	"time"

	"piecewise/engine/internal/disk"
)

// files says what and where the torrent's files are; its metadata must be known. The
// result shares memory with the record, which is never changed in place.
func (t *torrent) files() disk.Options {
	return t.onDisk(disk.Options{
		Dir: t.rec.Dir, Layout: layoutOf(t.meta), Names: t.rec.Names, Foreign: t.rec.Foreign,
		Stamps: stampsOf(t.rec.Stamps), Own: ownSpan(t.rec),
		Moving: intentOf(t.rec.Moving).To, MovingKey: t.id.String(),
	})
}

// policy says how the files of all torrents are made.
func (s *state) policy() disk.Policy { return disk.Policy{Suffix: s.settings.PartSuffix} }

// finish puts the files of a running torrent that has all it wants in their places,
// once they are on the disk, and then it is finished.
func (s *state) finish(t *torrent) {
	r := t.run
	if r.settled || r.settling {
		return
	}
	r.settling = true
	d := r.disk
	s.tasks.push(func() func(*state) {
		have := d.Have()
		failed := d.Sync()
		var kept error
		if failed == nil {
			kept = d.Complete(have)
		}
		return func(s *state) {
			r.settling = false
			if t.run != r || failed != nil { // it is tried again
				return
			}
			if kept != nil {
				s.note(t, because("Not all files got their names", kept))
			}
			s.finished(t)
		}
	})
}

// finished takes over that all is in place, if all is still what is wanted.
func (s *state) finished(t *torrent) {
	s.count(t)
	s.touch(t)
	if t.wanted.have < t.wanted.size {
		return
	}
	r := t.run
	r.settled = true
	if !t.rec.Finished.IsZero() {
		return
	}
	t.rec.Finished, t.dirty = time.Now(), true
	s.note(t, "All that is wanted is there and verified.")
	if r.counters.Downloaded > 0 || r.before.Downloaded > 0 {
		s.announcer.Completed(t.id)
	}
	s.emit(Finished, t, "")
}
