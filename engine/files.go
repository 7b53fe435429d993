package engine

import (
	"errors"
	"time"

	"piecewise/engine/internal/disk"
)

// files says what and where the torrent's files are; its metadata must be known. The
// result shares memory with the record, which is never changed in place.
func (t *torrent) files() disk.Options {
	o := disk.Options{
		Dir: t.rec.Dir, Layout: layoutOf(t.meta), Names: t.rec.Names, Foreign: t.rec.Foreign,
		Stamps: stampsOf(t.rec.Stamps), Own: ownSpan(t.rec), Key: t.id.String(),
		Moving: intentOf(t.rec.Moving).To, MovingKey: t.id.String(),
	}
	o.Skip = skipped(o.Layout, t.rec.Priorities)
	return t.onDisk(o)
}

// skipped returns which files of a layout are not wanted. The priorities are of the
// files of the metainfo, which are those of the layout but for the pads.
func skipped(l disk.Layout, priorities []byte) []int {
	var files []int
	next := 0
	for i, f := range l.Files {
		if f.Pad {
			continue
		}
		if next < len(priorities) && Priority(priorities[next]) == Skip {
			files = append(files, i)
		}
		next++
	}
	return files
}

// chooseFiles tells the disk of a running torrent which files are wanted.
func (s *state) chooseFiles(t *torrent) {
	r := t.run
	if r == nil || r.disk == nil {
		return
	}
	d, files := r.disk, t.files()
	d.SetSkip(files.Skip)
	failing := s.failing(t, files)
	s.tasks.push(func() func(*state) {
		if err := d.Finish(); err != nil && !errors.Is(err, disk.ErrClosed) {
			failing(err)
		}
		return nil
	})
}

// policy says how the files of all torrents are made.
func (s *state) policy() disk.Policy {
	return disk.Policy{Suffix: s.settings.PartSuffix, Allocate: s.settings.Preallocate}
}

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
	if t.rec.Final != "" && t.move == nil {
		if err := s.relocate(t, t.rec.Final); err != nil {
			s.note(t, because("It stays in "+t.rec.Dir, err))
		}
	}
	if t.whole() && (r.counters.Downloaded > 0 || r.before.Downloaded > 0) {
		s.announcer.Completed(t.id)
	}
	if !t.rec.Finished.IsZero() {
		return
	}
	t.rec.Finished, t.dirty = time.Now(), true
	s.note(t, "All that is wanted is there and verified.")
	if t.partial() {
		s.announcer.Finished(t.id)
	}
	s.emit(Finished, t, "")
}

// spare says where the hidden file of what pieces have of skipped files is; metadata
// is not needed for that.
func (t *torrent) spare() disk.Options { return disk.Options{Dir: t.rec.Dir, Key: t.id.String()} }

// saveIn is the folder where the torrent is saved in the end.
func (t *torrent) saveIn() string {
	if t.rec.Final != "" {
		return t.rec.Final
	}
	return t.rec.Dir
}
