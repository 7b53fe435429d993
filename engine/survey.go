package engine

import (
	"slices"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
)

// survey looks what is at the place of a new torrent's files. Whatever is there
// is a stranger's, unless we know it from when the torrent was in the list before: it is
// hashed, used where it is right, and never written.
func (s *state) survey(t *torrent) {
	files, made, before, incomplete := t.files(), t.made, t.before, s.settings.Incomplete
	var rivals []rival
	if before != nil {
		rivals = s.rivals(t)
	}
	files.Dir = t.saveIn()
	layout := files.Layout
	s.task(t, s.tasks, func() func(*state) {
		f, err := lookFor(files, incomplete, before, rivals)
		complete := err == nil && made.complete(s.quit, f.dir, layout, f.foreign)
		return func(s *state) {
			s.keepMetainfo(t)
			t.rec.Dir, t.rec.Final = f.dir, f.final
			if err != nil && disk.KindOf(err) != disk.Unknown && t.rec.Fault == "" {
				s.examine(t, t.files(), err)
				return
			}
			t.fresh, t.made, t.before = false, nil, nil
			t.rec.Names, t.rec.Foreign, t.rec.Stamps, t.renamed = f.names, f.foreign, keptStamps(f.stamps), nil
			if err != nil {
				s.fault(t, because("The folder "+f.dir+" cannot be used", err))
				return
			}
			if len(f.foreign) == 0 {
				s.settleConsent(t)
			}
			if complete {
				t.have, t.drawn, t.dirty = full(layout.Pieces), nil, true
				s.count(t)
				s.note(t, "Its files were hashed when it was made and have not changed since.")
				return
			}
			s.took(t, f)
		}
	})
}

// finding is what a survey has found.
type finding struct {
	dir, final string
	foreign    []int
	stamps     []disk.Stamp

	ours    int            // files that are ours, for they are as they were
	changed bool           // others are not as they were
	names   map[int]string // of those that are not where the layout has them
	have    Bits           // if some are ours
}

// took has what is there used.
func (s *state) took(t *torrent, f finding) {
	switch {
	case f.ours > 0 && !f.changed:
		t.have, t.drawn, t.dirty = f.have, nil, true
		s.count(t)
		s.note(t, "Its files are as they were when it was in the list before, so it goes on with them.")
	case f.ours > 0:
		t.rec.Recheck, t.checkNow, t.dirty = true, true, true
		s.note(t, "Some of its files are as they were when it was in the list before, so it goes on with them; "+
			"others are not and will not be changed. They are checked.")
	case len(f.foreign) > 0:
		t.rec.Recheck, t.checkNow = true, true
		s.note(t, "Some of its files are there already; they are checked and will not be changed.")
	}
}

// lookFor looks where files are: where they were before, in the folder for incomplete
// ones, or where they shall be.
func lookFor(files disk.Options, incomplete string, before *store.Record, rivals []rival) (f finding, err error) {
	if f, ok := recognise(files, before, rivals); ok {
		return f, nil
	}
	f.dir = files.Dir
	f.names, f.foreign, f.stamps, err = existing(files)
	if incomplete != "" && incomplete != files.Dir && err == nil && len(f.foreign) == 0 { // what is there already is used where it is
		f.dir, f.final = incomplete, files.Dir
		files.Dir = incomplete
		f.names, f.foreign, f.stamps, err = existing(files)
	}
	return f, err
}

// existing is disk.Existing for files that may also lie where the metainfo has them, with
// the names that they have then.
func existing(files disk.Options) (names map[int]string, foreign []int, stamps []disk.Stamp, err error) {
	files.Names = disk.GivenNames(files)
	foreign, stamps, err = disk.Existing(files)
	return files.Names, foreign, stamps, err
}

// recognise finds the files of a torrent that was removed from the list, if some are
// still as they were, and no other torrent goes on in them.
func recognise(files disk.Options, before *store.Record, rivals []rival) (f finding, ok bool) {
	if before == nil || before.Pieces != files.Layout.Pieces || before.Dir != files.Dir && before.Final != files.Dir {
		return f, false
	}
	if f.dir = before.Dir; before.Dir != files.Dir {
		f.final = files.Dir
	}
	files.Dir, files.Names, files.Foreign, files.Stamps = before.Dir, before.Names, before.Foreign, stampsOf(before.Stamps)
	foreign, stamps, err := disk.Existing(files)
	if err != nil || len(stamps) != len(files.Stamps) {
		return f, false
	}
	f.foreign, f.stamps, f.names = foreign, stamps, files.Names
	f.have = plane.ParseBits(before.Have, before.Pieces)
	f.changed = before.Recheck
	var mine []int
	for i, file := range files.Layout.Files {
		there, same := stamps[i].Size >= 0, stamps[i] == files.Stamps[i]
		if there && same && !slices.Contains(foreign, i) {
			mine = append(mine, i)
		}
		f.changed = f.changed || there && !same
		if !file.Pad && file.Length > 0 && !(there && same) { // what was in the spare is gone too
			for p := file.Offset / files.Layout.PieceLength; p*files.Layout.PieceLength < file.Offset+file.Length; p++ {
				f.have.Clear(int(p))
			}
		}
	}
	f.ours = len(mine)
	return f, f.ours > 0 && yours(rivals, files, mine) == nil
}

// recall asks the store what it knows of a torrent that was in the list before.
func (s *state) recall(t *torrent) {
	st, id := s.store, t.id
	s.task(t, s.keeper, func() func(*state) {
		rec, ok, err := st.Kept(id)
		return func(s *state) {
			delete(s.remembers, id)
			if ok && err == nil {
				t.before = &rec
			}
		}
	})
}

// forgetting returns what takes a torrent that leaves out of the store. If its files
// stay, it is kept there which are ours.
func (s *state) forgetting(t *torrent) func(*store.Store) error {
	id, list := t.id, [][20]byte{t.id}
	if t.preview || t.fresh || !t.known() {
		return func(st *store.Store) error { return st.Put(nil, list) }
	}
	if t.leaving.files || t.rec.Stamps == nil {
		delete(s.remembers, id)
		return func(st *store.Store) error { return st.Remove(id, nil) }
	}
	s.remembers[id] = true
	rec, have := t.rec, t.have
	rec.Recheck, rec.Moving = rec.Recheck || t.altered, ""
	var d *disk.Torrent
	if t.run != nil { // the program ends
		d = t.run.disk
	}
	return func(st *store.Store) error {
		if d != nil {
			rec.Recheck = d.Sync() != nil
			rec.Dir, rec.Names, rec.Stamps, have = d.Dir(), d.Names(), keptStamps(d.Stamps()), d.Have()
		}
		rec.Have = have.Bytes()
		return st.Remove(id, &rec)
	}
}
