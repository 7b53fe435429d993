package engine

import (
	"context"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/transfer"
)

// The metainfo of a torrent is read when somebody needs it: to start it, to hash it,
// to look at it. The list is made of the records alone.

// keepRead is how long metainfo that nobody needs any more is kept.
const keepRead = 10 * time.Second

// lostMetainfo is said of a torrent whose metainfo is not what the record is of.
const lostMetainfo = "Its saved metainfo is missing or damaged. Remove it and add it again; its files stay as they are."

// known reports whether the torrent has metainfo, read or not.
func (t *torrent) known() bool { return t.meta != nil || t.unread() }

// unread reports whether the torrent has metainfo that must be read first.
func (t *torrent) unread() bool { return t.meta == nil && t.rec.Pieces > 0 && !t.lost }

// read reads the saved metainfo of a torrent that is in the list without it.
func (s *state) read(t *torrent) {
	st, id := s.store, t.id
	s.task(t, s.tasks, func() func(*state) {
		gate, err := reload(st, id)
		var meta *Meta
		if err == nil {
			meta = metaOf(gate)
		}
		return func(s *state) { s.wasRead(t, gate, meta) }
	})
}

func (s *state) wasRead(t *torrent, gate *admit.Torrent, meta *Meta) {
	t.tellReaders()
	if meta == nil || meta.Pieces != t.rec.Pieces {
		t.lost = true
		s.fault(t, lostMetainfo)
		return
	}
	t.gate, t.meta, t.used = gate, meta, time.Now()
	s.index(t)
	s.count(t)
	if s.watched == t.id {
		s.sampleDetail(true)
	}
}

// tellReaders has those who wait for the metainfo look again.
func (t *torrent) tellReaders() {
	for _, done := range t.readers {
		close(done)
	}
	t.readers = nil
}

// unload forgets the metainfo of a torrent that does nothing and that nobody looks at.
func (s *state) unload(t *torrent) {
	idle := t.run == nil && !t.busy && t.check == nil && t.leaving == nil && !t.fresh && !t.preview && !t.moves() && t.kept == nil
	saved := t.rec.Pieces > 0 && !t.unsaved
	if t.meta == nil || !idle || !saved || s.watched == t.id || time.Since(t.used) < keepRead {
		return
	}
	t.meta, t.renamed, t.gate, t.wanted.pieces = nil, nil, nil, transfer.Wanted{}
	t.have = t.have.Compact()
	s.touch(t)
}

// outline is what the record says of the metainfo.
func (t *torrent) outline() store.Outline {
	return store.Outline{
		HashV1: t.meta.HashV1, HashV2: t.meta.HashV2, Private: t.meta.Private,
		Size: t.meta.Size, Wanted: t.wanted.size, There: t.wanted.have,
	}
}

// private reports whether the torrent keeps to its own trackers (BEP 27).
func (t *torrent) private() bool {
	if t.meta != nil {
		return t.meta.Private
	}
	return t.rec.Outline.Private
}

// withMeta is do for what needs a torrent's metainfo, which is read first.
func (e *Engine) withMeta(ctx context.Context, id ID, f func(*state, *torrent) error) error {
	for {
		var reading chan struct{}
		err := e.do(ctx, func(s *state) error {
			t, err := s.find(id)
			if err != nil {
				return err
			}
			if !t.unread() {
				t.used = time.Now()
				return f(s, t)
			}
			reading = make(chan struct{})
			t.readers = append(t.readers, reading)
			s.steer(t)
			return nil
		})
		if err != nil || reading == nil {
			return err
		}
		select {
		case <-reading:
		case <-e.stopped:
			return ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
