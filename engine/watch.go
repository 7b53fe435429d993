package engine

import "slices"

// sampleDetail samples the watched torrent, its peers only if asked to.
func (s *state) sampleDetail(peers bool) {
	t := s.torrents[s.watched]
	if t == nil || t.leaving != nil {
		if s.detail != nil {
			s.detail, s.changed = nil, true
		}
		return
	}
	d := &Detail{ID: t.id}
	if s.detail != nil && s.detail.ID == t.id {
		*d = *s.detail
	}
	if t.meta != nil {
		s.detailFiles(t, d)
	}
	if n := len(t.lines); n > 0 && (len(d.Log) == 0 || d.Log[len(d.Log)-1] != t.lines[n-1]) {
		d.Log = slices.Clone(t.lines[max(0, n-logLines):])
	}
	if d.Trackers = t.detailTrackers(d.Trackers); s.ticks%lookEvery == 0 {
		s.announcer.Look(t.id)
	}
	if r := t.run; r != nil {
		d.Availability = r.Availability(nil)
		if peers {
			d.Peers = r.Peers(nil)
		}
	} else {
		d.Availability, d.Peers = nil, nil
	}
	if t.run != nil || s.detail == nil || s.detail.ID != t.id {
		s.touch(t)
	}
	s.detail, s.changed = d, true
}

// detailFiles works out how much of each file is verified, if that changed.
func (s *state) detailFiles(t *torrent, d *Detail) {
	if d.Priorities == nil || !sameBytes(d.Priorities, t.rec.Priorities) {
		d.Priorities = make([]Priority, len(t.meta.Files))
		for i := range t.rec.Priorities {
			d.Priorities[i] = Priority(t.rec.Priorities[i])
		}
	}
	if have := t.have.Count(); d.Done != nil && t.doneHave == have {
		return
	}
	t.doneHave = t.have.Count()
	d.Done = make([]int64, len(t.meta.Files))
	for i := range t.meta.Files {
		d.Done[i] = t.meta.fileDone(i, t.have)
	}
}

func sameBytes(a []Priority, b []byte) bool {
	for i, p := range a {
		if i < len(b) && byte(p) != b[i] || i >= len(b) && p != Normal {
			return false
		}
	}
	return true
}

// fileDone returns the file's bytes that lie in verified pieces.
func (m *Meta) fileDone(file int, have Bits) int64 {
	f, done := m.Files[file], int64(0)
	for p, end := m.PieceRange(file); p < end; p++ {
		if have.Has(p) {
			from := max(f.Offset, int64(p)*m.PieceLength)
			to := min(f.Offset+f.Length, int64(p+1)*m.PieceLength)
			done += to - from
		}
	}
	return done
}
