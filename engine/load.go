package engine

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
)

// load makes the state from what the store has. It runs before the loop.
func load(e *Engine, st *store.Store) (*state, error) {
	s := newState(e)
	if err := s.loadSettings(st); err != nil {
		s.emit(Notice, nil, because("The settings could not be read, so they are as at the first start", err))
	}
	records, err := st.Records()
	if err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	kept, err := st.KeptIDs()
	if err != nil {
		return nil, err
	}
	for _, id := range kept {
		s.remembers[id] = true
	}
	for _, t := range revive(st, records) {
		s.insert(t)
		s.count(t)
		s.moveAgain(t)
		if t.lost {
			s.fault(t, lostMetainfo)
		}
	}
	return s, nil
}

// revive makes torrents of records. Those of older versions do not tell all that the
// list shows, so their metainfo is read, on all cores.
func revive(st *store.Store, records []store.Record) []*torrent {
	torrents := make([]*torrent, len(records))
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := range next {
				torrents[i] = reviveOne(st, records[i])
			}
		})
	}
	for i := range records {
		next <- i
	}
	close(next)
	wg.Wait()
	return torrents
}

func reviveOne(st *store.Store, rec store.Record) *torrent {
	t := &torrent{id: rec.ID, rec: rec, tuned: tunedOf(rec.Options)}
	t.rec.Have = nil
	t.have = plane.ParseBits(rec.Have, rec.Pieces).Compact()
	if rec.Pieces > 0 && rec.Outline != (store.Outline{}) {
		t.wanted.size, t.wanted.have, t.wanted.verified = rec.Outline.Wanted, rec.Outline.There, rec.Outline.There
		return t
	}
	raw, err := st.Metainfo(rec.ID)
	var gate *admit.Torrent
	if err == nil {
		gate, err = admit.Metainfo(raw)
	}
	if err == nil && !gate.Is(rec.ID) {
		err = errors.New("it is another torrent's")
	}
	if err != nil {
		if link, err := admit.Magnet(rec.Magnet); err == nil && rec.Pieces == 0 {
			t.hinted, t.fresh, t.hashV2 = link.Peers, true, link.HashV2
			t.only, t.exact = link.Only, link.Exact
		}
		t.lost = rec.Pieces > 0
		return t
	}
	t.meta, t.fresh = metaOf(gate), rec.Pieces == 0
	t.have = plane.ParseBits(rec.Have, t.meta.Pieces)
	t.rec.Pieces = t.meta.Pieces
	return t
}
