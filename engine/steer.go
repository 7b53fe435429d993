package engine

import (
	"errors"
	"fmt"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/swarm"
)

// steer compares what the torrent does with what it should be doing and starts
// the one job that comes next. It is called whenever either may have changed.
func (s *state) steer(t *torrent) {
	if t.busy || s.torrents[t.id] != t {
		return
	}
	running := t.run != nil
	ailing := t.examined || t.trouble != nil && !running
	shouldRun := !t.rec.Paused && (t.rec.Fault == "" || t.held()) && t.leaving == nil && !t.unchecked()
	switch {
	case t.kept != nil && t.move == nil:
		s.release(t)
	case running && (!shouldRun || t.resting):
		s.stop(t)
	case !running && !shouldRun && (t.standby != nil || t.tally != nil):
		s.leave(t)
		s.unannounce(t)
		s.touch(t)
		s.steer(t)
	case t.unread() && (len(t.readers) > 0 || s.watched == t.id || t.moves() || t.leaving != nil && t.leaving.files):
		s.read(t)
	case t.leaving != nil:
		if t.move == nil {
			s.bury(t)
		}
	case t.meta != nil && t.fresh && !t.preview && !ailing:
		if s.remembers[t.id] {
			s.recall(t)
		} else {
			s.survey(t)
		}
	case t.meta != nil && !t.fresh && s.moveFiles(t):
	case ailing:
	case t.toCheck():
		if t.move == nil {
			s.hash(t)
		}
	case !shouldRun:
	case running && t.run.disk == nil && t.meta != nil && !t.preview:
		s.open(t)
	case !running && t.standby == nil && t.mayRest():
		s.standBy(t)
	case t.standby != nil && !t.standby.woken && t.complete() && len(t.peers) == 0:
	case !running && t.unread():
		s.read(t)
	case !running && t.meta == nil:
		s.seek(t)
	case !running && !t.preview:
		s.start(t)
	}
}

// task runs a job for the torrent; its result is applied before anything else
// can be started for it.
func (s *state) task(t *torrent, l *lane, j job) {
	t.busy = true
	l.push(func() func(*state) {
		done := j()
		return func(s *state) {
			t.busy = false
			if done != nil {
				done(s)
			}
			s.touch(t)
			s.steer(t)
		}
	})
}

// seek runs a torrent without metadata until peers have sent it.
func (s *state) seek(t *torrent) {
	options := s.resolved(t)
	spec := swarm.Spec{ID: t.id, HashV2: t.hashV2, Peers: t.peers, Metadata: s.metadataFor(t.id), Options: &options}
	s.task(t, s.library, func() func(*state) {
		c, err := s.control.Add(spec)
		return func(s *state) { s.started(t, &run{carrier: c, superSeed: never}, err) }
	})
}

// start opens the torrent's files and hands it to the library.
func (s *state) start(t *torrent) {
	if s.joins(t) {
		return
	}
	gate, raw, files := t.gate, s.store, t.files()
	have, wanted, peers, id := t.have, t.wanted.pieces, t.peers, t.id
	files.Have, files.Policy = have, s.policy()
	kept := t.kept // it moves, and goes on with the files that are open
	options, superSeed := s.resolved(t), s.superSeedFrom(t)
	t.busy = true
	s.tasks.push(func() func(*state) {
		spec := swarm.Spec{ID: id, Peers: peers, Options: &options, SuperSeed: &superSeed}
		err, safe := error(nil), synced{}
		if gate == nil {
			gate, err = reload(raw, id)
		}
		if err == nil {
			spec.HashV2 = gate.HashV2
			spec.Open = swarm.Open{InfoBytes: gate.InfoBytes, Private: gate.Private, Withheld: gate.Opaque && !gate.Private && !have.All(), Layout: files.Layout, Hashes: piecesOf(gate), IDs: idsOf(gate), V2: shortV2(gate), Opaque: gate.Opaque, Torn: s.tornFor(t), Wanted: wanted, Complete: s.completeFor(t), Banned: s.bannedFor(t)}
			spec.Open.WebSeeds, spec.Open.WebFiles = gate.WebSeeds, webFilesOf(gate)
			if spec.Open.Disk = kept; kept != nil {
				kept.Thaw()
				kept.Forgive()
			} else {
				spec.Open.Disk, err = s.openDisk(t, files)
			}
		}
		if err == nil {
			safe = syncOf(spec.Open.Disk)
		}
		return func(s *state) {
			t.gate = nil
			if err != nil {
				s.unopened(t, err)
				return
			}
			s.land(t, spec.Open.Disk, safe, func(s *state) {
				s.task(t, s.library, func() func(*state) {
					c, err := s.control.Add(spec)
					return func(s *state) { s.started(t, &run{carrier: c, disk: spec.Open.Disk, superSeed: superSeed}, err) }
				})
			})
		}
	})
}

// completeFor returns what the data plane calls when all that is wanted is there:
// it is told at once, not at the next second.
func (s *state) completeFor(t *torrent) func() {
	mail := s.mail
	return func() {
		mail.post(func(s *state) {
			if t.run != nil {
				s.progress(t)
			}
		})
	}
}

// tornFor returns what the data plane calls when a hybrid is not one torrent but two.
func (s *state) tornFor(t *torrent) func(int) {
	mail := s.mail
	return func(piece int) {
		mail.post(func(s *state) {
			s.fault(t, fmt.Sprintf("Its v1 and v2 hashes are of different data (piece %d), so it can never be complete.", piece))
			s.steer(t)
		})
	}
}

// openDisk opens the torrent's files. The error is a *filesError; later ones are
// examined.
func (s *state) openDisk(t *torrent, o disk.Options) (*disk.Torrent, error) {
	d, err := disk.Open(s.reporting(t, o))
	if err != nil {
		return nil, &filesError{o, err}
	}
	if changes := d.Changes(); changes.Any() {
		d.Close()
		return nil, errAltered
	}
	if err := d.Finish(); err != nil {
		d.Close()
		return nil, &filesError{o, err}
	}
	_ = d.Complete(o.Have) // what it cannot do was said when all was there
	return d, nil
}

// reporting returns o with what the disk is to tell of.
func (s *state) reporting(t *torrent, o disk.Options) disk.Options {
	o.OnError, o.Refuse = s.failing(t, o), s.cfg.refuse
	o.OnWrite = s.store.Alive().Wrote
	return o
}

// errAltered says that files are not as they were recorded.
var errAltered = errors.New("its files were changed")

// unopened deals with files that could not be opened, or must be checked first.
func (s *state) unopened(t *torrent, err error) {
	t.busy = false
	if errors.Is(err, errAltered) {
		t.altered = true
	} else {
		s.notStarted(t, err)
	}
	s.touch(t)
	s.steer(t)
}

// started takes over what the library runs now.
func (s *state) started(t *torrent, r *run, err error) {
	if err != nil {
		if d := r.disk; d != nil && d != t.kept {
			s.tasks.push(func() func(*state) { d.Close(); return nil })
		}
		s.notStarted(t, err)
		return
	}
	t.run, t.drawn, r.alone = r, nil, time.Now()
	if t.standby != nil {
		r.dials = t.standby.dials
		s.leave(t)
	}
	r.before = plane.Counters{Downloaded: t.rec.Downloaded, Uploaded: t.rec.Uploaded}
	if r.disk != nil {
		r.saved = r.Version()
		t.home = home{r.disk.Dir(), r.disk.Disk()}
	}
	if t.meta != nil && t.wanted.have >= t.wanted.size {
		s.finished(t)
	}
	s.dial(t, t.peers) // some may have been named meanwhile
	s.hint(t, t.hinted)
	s.retune(t)
	s.announce(t)
	t.tally.runs(r)
	if told := t.told; len(told) > 0 {
		s.library.push(func() func(*state) { r.AddPeers(told, plane.OriginTracker); return nil })
	}
}

// missing returns the wanted bytes that are not there, -1 before they are known.
func (t *torrent) missing() int64 {
	if !t.known() {
		return -1
	}
	return t.wanted.size - t.wanted.have
}

// stop takes the torrent out of the library and makes its pieces safe. One that only
// rests is still announced.
func (s *state) stop(t *torrent) {
	r, kept := t.run, t.kept
	if t.resting {
		t.told = nil // they are asked for again at the next announce
	} else {
		s.unannounce(t)
	}
	s.measure(t)
	t.busy = true
	s.library.push(func() func(*state) {
		r.Drop()
		return func(s *state) {
			s.task(t, s.tasks, func() func(*state) { return s.settle(t, r, kept) })
		}
	})
}

// settle syncs and closes the files of a torrent that was dropped, but keeps them
// open if they move.
func (s *state) settle(t *torrent, r *run, kept *disk.Torrent) func(*state) {
	var have Bits
	var names map[int]string
	var stamps []store.Stamp
	var err error
	if r.disk != nil {
		r.disk.Freeze()
		have, names = r.disk.Have(), r.disk.Names()
		err = r.disk.Sync()
		stamps = keptStamps(r.disk.Stamps())
		if r.disk != kept {
			r.disk.Close()
		}
	}
	counters := r.Counters()
	return func(s *state) {
		t.run, t.drawn, t.resting = nil, nil, false
		if t.tally != nil {
			t.tally.runs(nil)
		}
		t.rec.Downloaded = r.before.Downloaded + counters.Downloaded
		t.rec.Uploaded = r.before.Uploaded + counters.Uploaded
		t.past = t.past.Plus(counters)
		t.dirty = true
		if r.disk == nil {
			return
		}
		t.have, t.rec.Names, t.rec.Stamps, t.drawn = have, names, stamps, nil
		t.rec.Live, t.rec.Wrote = time.Time{}, time.Time{}
		if err != nil {
			t.rec.Recheck = true
			s.note(t, because("Its files could not be synced, so they will be checked", err))
		}
		s.count(t)
	}
}

// bury ends a torrent that does not run any more.
func (s *state) bury(t *torrent) {
	gone, st, id, spare := t.leaving, s.store, t.id, t.spare()
	forget := s.forgetting(t)
	var files disk.Options
	read := t.meta != nil
	if read {
		files = t.files()
	}
	t.busy = true
	if !t.preview {
		s.goneDn += t.rec.Downloaded
		s.goneUp += t.rec.Uploaded
		s.gone = s.gone.Plus(t.past)
	}
	s.tasks.push(func() func(*state) {
		var trash error
		switch {
		case gone.files && !read:
			trash = errors.New("its saved metainfo, which names them, is missing or damaged")
		case gone.files && !t.fresh:
			gone.trashed = true
			trash = disk.Trash(files)
		}
		trash = errors.Join(trash, disk.RemoveSpare(spare))
		return func(s *state) {
			s.keeper.push(func() func(*state) {
				err := forget(st)
				if err == nil {
					err = st.DropMetainfo(id)
				}
				return func(s *state) { s.buried(t, trash, err) }
			})
		}
	})
}

func (s *state) buried(t *torrent, trash, err error) {
	s.erase(t)
	if t.preview {
		return
	}
	s.emit(Removed, t, "")
	if trash != nil {
		s.emit(Notice, t, because(fmt.Sprintf("The files of %q could not all be put in the trash", t.rec.Name), trash))
	}
	if err != nil {
		s.emit(Notice, t, because(fmt.Sprintf("%q may be in the list again at the next start", t.rec.Name), err))
	}
}

// reload reads the saved metainfo through the gate again.
func reload(raw interface {
	Metainfo([20]byte) ([]byte, error)
}, id ID,
) (*admit.Torrent, error) {
	b, err := raw.Metainfo(id)
	if err != nil {
		return nil, fmt.Errorf("its saved metainfo cannot be read: %w", err)
	}
	return admit.Metainfo(b)
}
