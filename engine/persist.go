package engine

import (
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/store"
)

const (
	saveEvery       = 2 * time.Second  // new pieces are recorded
	saveTotalsEvery = 20 * time.Second // so are totals, if nothing else is new
)

// entry is one record on its way to the store.
type entry struct {
	t       *torrent
	rec     store.Record
	disk    *disk.Torrent // its pieces are asked of it, nil if it does not run
	have    Bits
	version uint64
	final   bool // nothing is written to its files any more

	unsynced bool // its files could not be synced, so it was not recorded
}

// save hands what is dirty to the keeper, one batch at a time.
func (s *state) save() {
	if s.saving || time.Since(s.lastSave) < saveEvery {
		return
	}
	batch := s.batch(time.Since(s.lastSave) >= saveTotalsEvery)
	if len(batch) == 0 {
		return
	}
	s.saving = true
	st, syncs := s.store, s.syncs
	s.keeper.push(func() func(*state) {
		err := syncs.writeSoon(st, batch)
		return func(s *state) { s.saved(batch, err) }
	})
}

func (s *state) saved(batch []entry, err error) {
	s.saving, s.lastSave = false, time.Now()
	for _, e := range batch {
		e.t.dirty = e.t.dirty || e.unsynced
	}
	if err == nil {
		s.saveFailed = false
		return
	}
	for _, e := range batch {
		e.t.dirty = true
	}
	s.log.Error("save the list", "error", err)
	if !s.saveFailed {
		s.emit(Notice, nil, because("The list could not be saved, so the newest progress may be lost in a crash", err))
	}
	s.saveFailed = true
}

// batch collects the records that must be written.
func (s *state) batch(totals bool) []entry {
	var batch []entry
	for _, t := range s.order {
		unseen := t.fresh && t.meta != nil
		if t.preview || unseen && t.trouble == nil || t.leaving != nil {
			continue
		}
		e := entry{t: t, rec: t.rec, have: t.have, final: s.quit.Err() != nil}
		if t.trouble != nil {
			e.rec.Fault = "" // it is tried again at the next start
		}
		if unseen {
			e.rec.Pieces, e.have = 0, Bits{} // it is surveyed at the next start
		}
		if r := t.run; r != nil {
			e.disk, e.version = r.disk, r.Version()
			e.rec.Downloaded = r.before.Downloaded + r.counters.Downloaded
			e.rec.Uploaded = r.before.Uploaded + r.counters.Uploaded
			moved := e.rec.Downloaded != t.rec.Downloaded || e.rec.Uploaded != t.rec.Uploaded
			t.dirty = t.dirty || e.disk != nil && (e.version != r.saved || e.disk.Placed() != r.placed) || totals && moved
		}
		if !t.dirty {
			continue
		}
		t.dirty = false
		if r := t.run; r != nil {
			if r.saved = e.version; e.disk != nil {
				r.placed = e.disk.Placed()
			}
		}
		batch = append(batch, e)
	}
	return batch
}

// write syncs the files first and records their pieces afterwards. What cannot be
// synced is not recorded: what that means is for the torrent to bear, see examine.
func write(st *store.Store, batch []entry) error {
	found := map[*disk.Torrent]synced{}
	for _, e := range batch {
		if e.disk != nil {
			found[e.disk] = syncOf(e.disk)
		}
	}
	return record(st, batch, found)
}

// writeSoon is write, but it waits for no slow disk: its torrents stay to be recorded.
func (y *syncer) writeSoon(st *store.Store, batch []entry) error {
	found, old := y.sync(batch, syncPatience)
	for i, e := range batch {
		if now, late := old[e.disk]; late && now.err == nil {
			now.have = now.have.Clone()
			for piece, still := 0, e.disk.Have(); piece < still.Len(); piece++ {
				if !still.Has(piece) {
					now.have.Clear(piece)
				}
			}
			found[e.disk] = now
			batch[i].unsynced = true // what came since
		}
	}
	return record(st, batch, found)
}

// record records what is synced.
func record(st *store.Store, batch []entry, found map[*disk.Torrent]synced) error {
	records := make([]store.Record, 0, len(batch))
	for i, e := range batch {
		have := e.have
		if e.disk != nil {
			now, ok := found[e.disk]
			if !ok || now.err != nil {
				batch[i].unsynced = true
				continue
			}
			have = now.have
			// After Have: a move that switched over by then has taken those pieces with it.
			e.rec.Dir = e.disk.Dir()
			e.stamped(have, now.at)
		}
		e.rec.Have = have.Bytes()
		records = append(records, e.rec)
	}
	return st.Put(records, nil)
}

// flush writes all that is new, after the lanes have ended.
func (s *state) flush() {
	for _, f := range s.mail.take() {
		f(s) // such as: a file turned out to be a stranger's
	}
	for _, j := range s.keeper.todo {
		j() // its result would be for the loop, which has ended
	}
	for _, t := range s.order {
		s.freeze(t)
		if t.fresh && t.meta != nil && !t.preview && t.leaving == nil {
			s.keepUnseen(t)
		}
		s.measure(t)
		if t.leaving != nil && !t.preview {
			_ = s.forgetting(t)(s.store)   // at worst it is in the list again
			_ = s.store.DropMetainfo(t.id) // likewise
			s.trashAtEnd(t)
			_ = disk.RemoveSpare(t.spare()) // at worst a hidden file stays
		}
	}
	if err := write(s.store, s.batch(true)); err != nil {
		s.log.Error("save the list at the end", "error", err)
	}
}

// freeze ends what a torrent writes, so that its next record is the last.
func (s *state) freeze(t *torrent) {
	if r := t.run; r != nil && r.disk != nil && !r.disk.Have().All() {
		r.disk.Freeze()
		t.dirty = true
	}
}

// trashAtEnd puts the files of a torrent in the trash that was removed just before
// the end.
func (s *state) trashAtEnd(t *torrent) {
	if !t.leaving.files || t.leaving.trashed || t.fresh {
		return
	}
	if t.run != nil && t.run.disk != nil {
		t.run.disk.Close()
	}
	err := error(nil)
	if t.meta == nil {
		var gate *admit.Torrent
		if gate, err = reload(s.store, t.id); err == nil {
			t.meta = metaOf(gate)
		}
	}
	if err == nil {
		files := t.files()
		if t.run != nil {
			files.Stamps = nil // they are as it was started
		}
		err = disk.Trash(files)
	}
	if err != nil {
		s.log.Error("put files in the trash at the end", "torrent", t.id, "error", err)
	}
}

// keepUnseen saves a torrent of which nobody has looked yet what is at the place
// of its files. Without a number of pieces, that is done at the next start.
func (s *state) keepUnseen(t *torrent) {
	rec := t.rec
	rec.Pieces = 0
	err := s.store.Put([]store.Record{rec}, nil)
	if err == nil && t.raw != nil {
		err = s.store.SaveMetainfo(rec, t.raw)
	}
	if err != nil {
		s.log.Error("save a new torrent at the end", "torrent", t.id, "error", err)
	}
}

// close ends what the state holds.
func (s *state) close() {
	if nodes := s.control.DHTState(); len(nodes) > 0 {
		if err := s.store.PutDHT(nodes); err != nil {
			s.log.Warn("save the nodes of the DHT", "error", err)
		}
	}
	if err := s.control.Close(); err != nil {
		s.log.Warn("close the library", "error", err)
	}
	for _, t := range s.order {
		if t.run != nil && t.run.disk != nil {
			t.run.disk.Close()
		}
		if t.kept != nil {
			t.kept.Close()
		}
	}
	if err := s.store.Close(); err != nil {
		s.log.Error("close the profile", "error", err)
	}
}
