package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
)

// checksMax is how many checks run at the same time. They may take hours, so they
// leave lanes to what all other torrents wait for.
const checksMax = taskLanes / 2

// toCheck reports whether the torrent is to be hashed, now or when its turn comes.
func (t *torrent) toCheck() bool {
	return t.rec.Recheck && t.known() && (t.checkNow || !t.rec.Paused && t.rec.Fault == "")
}

// hash hashes all of the torrent's data on disk and believes only what is right.
// The torrent does not run meanwhile. It waits for its turn while others are
// checked.
func (s *state) hash(t *torrent) {
	if s.checking >= checksMax {
		return
	}
	if t.unread() {
		s.read(t)
		return
	}
	s.checking++
	ctx, cancel := context.WithCancel(s.quit)
	c := &check{cancel: cancel}
	t.check = c
	gate, st, id := t.gate, s.store, t.id
	o := t.files()
	s.touch(t)
	s.task(t, s.tasks, func() func(*state) {
		defer cancel()
		have := MakeBits(o.Layout.Pieces)
		err := error(nil)
		if gate == nil {
			gate, err = reload(st, id)
		}
		var d *disk.Torrent
		if err == nil {
			d, err = disk.Open(o)
		}
		if err == nil {
			defer d.Close()
			r := d.Scan()
			defer r.Close()
			err = hash.Verify(ctx, r, piecesOf(gate), func(piece int, ok bool) {
				c.done.Add(1)
				if ok {
					have.Set(piece)
				}
			})
		}
		return func(s *state) {
			s.checking--
			s.hashed(t, have, err)
			for _, o := range s.order {
				if o != t && o.toCheck() {
					s.steer(o)
				}
			}
		}
	})
}

func (s *state) hashed(t *torrent, have Bits, err error) {
	t.check, t.checkNow = nil, false
	switch {
	case s.quit.Err() != nil || t.leaving != nil:
		return
	case errors.Is(err, context.Canceled): // paused; it is done after all when resumed
		return
	case err != nil: // it is still to be done, when the user resumes it
		s.fault(t, because("Could not be checked", err))
		return
	}
	t.rec.Recheck, t.have, t.drawn, t.dirty = false, have, nil, true
	s.count(t)
	s.note(t, fmt.Sprintf("Checked: %d of %d pieces are there.", have.Count(), have.Len()))
	if names := conflicts(layoutOf(t.meta), t.rec.Foreign, have, t.wanted.pieces.Pieces); len(names) > 0 {
		s.fault(t, fmt.Sprintf("%s is already there with other content, and was left as it is. "+
			"Move it away or choose another folder, then resume.", names[0]))
	}
}

// conflicts lists the files of strangers that stand where a wanted file belongs
// and hold something else: a piece that lies wholly inside is wrong.
func conflicts(l disk.Layout, foreign []int, have, wanted Bits) []string {
	var names []string
	for _, i := range foreign {
		f := l.Files[i]
		first := int((f.Offset + l.PieceLength - 1) / l.PieceLength)
		for p := first; int64(p)*l.PieceLength < f.Offset+f.Length; p++ {
			end := min(int64(p+1)*l.PieceLength, l.Length)
			if end <= f.Offset+f.Length && wanted.Has(p) && !have.Has(p) {
				names = append(names, fmt.Sprintf("%q", strings.Join(f.Path, "/")))
				break
			}
		}
	}
	return names
}
