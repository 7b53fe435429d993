package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"piecewise/engine/internal/disk"
)

// Files that were there before a torrent are never written, unless the user agrees:
// then those that are not complete and no other torrent's are ours from now on. They are checked first, so what
// is right in them stays, and what is missing is written into them.

// goOnIn has a torrent go on in files that were there before it.
func (s *state) goOnIn(t *torrent) error {
	switch {
	case t.meta == nil:
		return fmt.Errorf("the files of %q are not known yet", t.name())
	case t.moves():
		return fmt.Errorf("%q is being moved; try again when that is done", t.name())
	case !t.fresh && (len(t.rec.Foreign) == 0 || t.wanted.have >= t.wanted.size):
		return fmt.Errorf("%q has no files in which it could go on: none that was there before it lacks anything", t.name())
	}
	s.note(t, "The user wants it to go on in files that were there before.")
	s.relieve(t)
	t.tuned.Continue = true
	t.keepTuned()
	t.rec.Paused, t.rec.Fault, t.lost = false, "", false
	s.touch(t)
	s.steer(t)
	return nil
}

// inTheWay reports whether it has stopped, and files that were there before it may be
// why.
func (t *torrent) inTheWay() bool {
	return t.rec.Fault != "" && t.trouble == nil && !t.lost && len(t.rec.Foreign) > 0 && t.wanted.have < t.wanted.size
}

// settleConsent ends what the user has agreed to: it does not hold for files that come
// later.
func (s *state) settleConsent(t *torrent) {
	if t.tuned.Continue {
		t.tuned.Continue = false
		t.keepTuned()
	}
}

// inTheWay deals with files of others that lack something, after all were checked: if
// the user has agreed they are ours from now on, else the torrent stops.
func (s *state) inTheWay(t *torrent) {
	layout, wanted := layoutOf(t.meta), t.wanted.pieces.Pieces
	files := conflicts(layout, t.rec.Foreign, t.have, wanted)
	if t.tuned.Continue {
		s.settleConsent(t)
		if len(files) == 0 {
			files = lacking(layout, t.rec.Foreign, t.have, wanted)
		}
		s.adopt(t, files)
		return
	}
	if len(files) == 0 {
		return
	}
	what := fmt.Sprintf("%q is there already, with other content or not complete, and was left as it is", strings.Join(layout.Files[files[0]].Path, "/"))
	if more := len(files) - 1; more > 0 {
		what = fmt.Sprintf("%d files are there already, with other content or not complete, and were left as they are (the first is %q)",
			more+1, strings.Join(layout.Files[files[0]].Path, "/"))
	}
	s.fault(t, what+". Continue in the files that are there, or move them away and resume.")
}

// adopt makes files of others ours.
func (s *state) adopt(t *torrent, files []int) {
	if len(files) == 0 {
		return
	}
	o, rivals := t.files(), s.rivals(t)
	s.task(t, s.tasks, func() func(*state) {
		err := yours(rivals, o, files)
		if err == nil {
			err = disk.Adoptable(o, files)
		}
		return func(s *state) {
			switch {
			case errors.Is(err, disk.ErrOtherNames), errors.As(err, new(*rivalError)):
				s.fault(t, because("It does not go on in the files that are there", err))
				return
			case err != nil:
				s.fault(t, because("It cannot go on in the files that are there", err))
				return
			}
			t.rec.Foreign = slices.DeleteFunc(slices.Clone(t.rec.Foreign), func(i int) bool { return slices.Contains(files, i) })
			t.dirty = true
			s.note(t, fmt.Sprintf("Of the files that were there before %d are its own from now on; what is right in them stays.", len(files)))
		}
	})
}

// conflicts returns those files of others that surely are not what the torrent wants
// there: a piece that lies wholly inside is wrong.
func conflicts(l disk.Layout, foreign []int, have, wanted Bits) (files []int) {
	for _, i := range foreign {
		f := l.Files[i]
		first := int((f.Offset + l.PieceLength - 1) / l.PieceLength)
		for p := first; int64(p)*l.PieceLength < f.Offset+f.Length; p++ {
			end := min(int64(p+1)*l.PieceLength, l.Length)
			if end <= f.Offset+f.Length && wanted.Has(p) && !have.Has(p) {
				files = append(files, i)
				break
			}
		}
	}
	return files
}

// lacking returns those files of others that have a part in a wanted piece that is not
// there.
func lacking(l disk.Layout, foreign []int, have, wanted Bits) (files []int) {
	for _, i := range foreign {
		f := l.Files[i]
		for p := int(f.Offset / l.PieceLength); int64(p)*l.PieceLength < f.Offset+f.Length; p++ {
			if wanted.Has(p) && !have.Has(p) {
				files = append(files, i)
				break
			}
		}
	}
	return files
}
