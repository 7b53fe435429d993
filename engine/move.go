package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"piecewise/engine/internal/disk"
)

// moverLanes is how many moves run at the same time: they may take hours, and never
// two on one disk.
const moverLanes = 4

// Move is a move of a torrent's files under way.
type Move struct {
	To          string // the new folder
	State       MoveState
	Done, Total int64         // bytes copied and compared; Total is 0 if nothing has to be
	Rate        int64         // bytes/s, mean of the last seconds
	Left        time.Duration // until all is copied; -1 if unknown
}

// MoveState is how far a move is.
type MoveState uint8

// The states of a move.
const (
	MoveWaiting   MoveState = iota // for other moves on the same disks, or for a check to end
	MoveRunning                    // files get their new places
	MoveEnding                     // the files are in their new places; the old copies are removed
	MoveCancelled                  // what was copied is being removed
)

// moving is a move as the loop knows it.
type moving struct {
	to       string
	state    MoveState
	begun    bool // the files are open, and it is known which disks it needs
	recorded bool // the store has it
	devices  [2]uint64
	cancel   context.CancelCauseFunc // nil unless it runs
	progress disk.Progress
	meter    meter
	rate     int64
}

// intent is what Record.Moving holds, as JSON: what is to be done, or done again, after
// a crash.
type intent struct {
	To     string         `json:",omitempty"` // files go there
	From   string         `json:",omitempty"` // files came from there, and old copies are to be removed
	Copied []int          `json:",omitempty"` // save those of strangers
	Names  map[int]string `json:",omitempty"` // files get other paths, as disk.Torrent.Rename wants them
}

func (i intent) String() string {
	b, err := json.Marshal(i)
	if err != nil {
		return "" // there is nothing in it that cannot be written
	}
	return string(b)
}

// intentOf reads what the record says; what cannot be read is nothing.
func intentOf(text string) (i intent) {
	if json.Unmarshal([]byte(text), &i) != nil {
		return intent{}
	}
	return i
}

// move has a torrent's files go to another folder, when their turn comes.
func (s *state) move(id ID, dir string) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("%q is not the full path of a folder", dir)
	}
	return s.relocate(t, filepath.Clean(dir))
}

// relocate moves a torrent's files to another folder, or notes that they will be
// there if there are none yet. dir is a full path.
func (s *state) relocate(t *torrent, dir string) error {
	m := t.move
	switch {
	case m != nil && m.state != MoveWaiting:
		return fmt.Errorf("%q is being moved already", t.name())
	case m == nil && dir == t.rec.Dir:
		return nil
	case m != nil && dir == t.rec.Dir:
		s.endMove(t, "It stays where it is.")
		return nil
	case !t.known() || t.fresh && !t.busy:
		t.rec.Dir, t.dirty = dir, true
		s.note(t, "It will be saved in "+dir+".")
		s.touch(t)
		return nil
	}
	s.moves = slices.DeleteFunc(s.moves, func(o *torrent) bool { return o == t })
	t.move = &moving{to: dir}
	t.rec.Moving, t.dirty = intent{To: dir}.String(), true
	s.note(t, "It is to be moved to "+dir+".")
	s.touch(t)
	s.steer(t)
	return nil
}

func (s *state) cancelMove(id ID) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	s.stopMove(t)
	return nil
}

// stopMove ends a move, unless the files are in their new places already.
func (s *state) stopMove(t *torrent) {
	m := t.move
	switch {
	case m == nil || m.state == MoveEnding || m.state == MoveCancelled:
	case m.cancel != nil:
		m.state = MoveCancelled
		m.cancel(disk.ErrCancelled)
		s.touch(t)
	default:
		s.endMove(t, "Its move was cancelled.")
	}
}

// endMove forgets a move; what there is to say is written into the log.
func (s *state) endMove(t *torrent, text string) {
	t.move, t.rec.Moving, t.dirty = nil, "", true
	s.moves = slices.DeleteFunc(s.moves, func(o *torrent) bool { return o == t })
	s.note(t, text)
	s.touch(t)
	s.startMoves()
	s.steer(t)
}

// moves reports whether something is to be done with where the torrent's files are.
func (t *torrent) moves() bool { return t.move != nil || t.renames != nil || t.leftover != nil }

// moveFiles does what is next with a torrent's files, and reports whether that keeps
// it from other jobs.
func (s *state) moveFiles(t *torrent) bool {
	switch {
	case t.move != nil && !t.move.begun:
		s.beginMove(t)
		return true
	case t.move == nil && t.renames != nil:
		s.applyRenames(t)
		return true
	case t.move == nil && t.leftover != nil:
		s.clearLeftover(t)
	}
	return false
}

// beginMove opens the files of a torrent that does not run, and looks on which disks
// they are and will be.
func (s *state) beginMove(t *torrent) {
	m, files := t.move, t.files()
	files.Have, files.Policy = t.have, s.policy()
	open := t.kept
	if open == nil && t.run != nil {
		open = t.run.disk
	}
	s.task(t, s.tasks, func() func(*state) {
		d, err := open, error(nil)
		if d == nil {
			files.Anyway = true // what is there is moved
			d, err = disk.Open(s.reporting(t, files))
		}
		var from, to uint64
		if err == nil {
			from, err = disk.Device(files.Dir)
		}
		if err == nil {
			to, err = disk.Device(m.to)
		}
		safe := synced{}
		if err == nil {
			safe = syncOf(d)
		}
		return func(s *state) {
			t.kept, m.begun, m.devices = d, true, [2]uint64{from, to}
			if d != nil && d != open {
				s.reviewedToMove(t, d.Changes())
			}
			switch {
			case t.move != m: // it was cancelled
			case err != nil:
				s.failMove(t, err)
			default:
				s.moves = append(s.moves, t)
				s.recordMove(t, safe, func(s *state) { m.recorded = true; s.startMoves() })
			}
		}
	})
}

// reviewedToMove has files checked, once they are moved, that are not as they were
// recorded.
func (s *state) reviewedToMove(t *torrent, c disk.Changes) {
	if !c.Any() {
		return
	}
	t.rec.Recheck, t.dirty = true, true
	s.reviewed(t, c)
	s.note(t, "Its files are not as they were recorded, so they will be checked when they are moved.")
}

// recordMove writes the torrent's record, with what of it was just synced, and goes on
// once it is on the disk. If that fails, a move that has not begun ends; of one that has happened, the old files stay.
func (s *state) recordMove(t *torrent, safe synced, then func(*state)) {
	m, st := t.move, s.store
	e := entry{t: t, rec: t.rec, disk: t.kept}
	if r := t.run; r != nil {
		e.rec.Downloaded, e.rec.Uploaded = r.before.Downloaded+r.counters.Downloaded, r.before.Uploaded+r.counters.Uploaded
	}
	batch, found := []entry{e}, map[*disk.Torrent]synced{t.kept: safe}
	s.keeper.push(func() func(*state) {
		err := cmp.Or(safe.err, record(st, batch, found))
		return func(s *state) {
			t.dirty = true // pieces may have come since it was synced
			switch {
			case t.move != m:
			case err == nil:
				then(s)
			case m.state == MoveEnding:
				t.dirty = true
				s.emit(Notice, t, because(fmt.Sprintf("%q was moved, but that could not be recorded, so its old files stay", t.name()), err))
				s.endMove(t, "Moved to "+m.to+".")
			default:
				s.failMove(t, err)
			}
		}
	})
}

// startMoves starts the moves whose disks are free.
func (s *state) startMoves() {
	busy := map[uint64]bool{}
	for _, t := range s.moves {
		if t.move.cancel != nil {
			busy[t.move.devices[0]], busy[t.move.devices[1]] = true, true
		}
	}
	for _, t := range slices.Clone(s.moves) {
		m := t.move
		if m.cancel != nil || !m.recorded {
			continue
		}
		// Names on one disk take no time, whatever else it does.
		if within := m.devices[0] == m.devices[1]; within || !busy[m.devices[0]] && !busy[m.devices[1]] {
			s.runMove(t)
		}
		busy[m.devices[0]], busy[m.devices[1]] = true, true // those behind it wait for their turn
	}
}

func (s *state) runMove(t *torrent) {
	m, d, key := t.move, t.kept, t.id.String()
	ctx, cancel := context.WithCancelCause(s.quit)
	m.cancel, m.state = cancel, MoveRunning
	s.touch(t)
	s.movers.push(func() func(*state) {
		moved, err := d.Move(ctx, m.to, key, &m.progress)
		cancel(nil)
		safe := synced{}
		if err == nil {
			safe = syncOf(d)
		}
		return func(s *state) { s.moved(t, moved, safe, err) }
	})
}

// moved takes over where the files are now.
func (s *state) moved(t *torrent, moved *disk.Moved, safe synced, err error) {
	m := t.move
	switch {
	case err != nil && s.quit.Err() != nil: // the next start goes on
		return
	case errors.Is(err, context.Canceled):
		s.endMove(t, "Its move was cancelled. It stays in "+t.rec.Dir+".")
		return
	case err != nil:
		s.failMove(t, err)
		return
	}
	m.state = MoveEnding
	t.rec.Dir, t.rec.Foreign, t.rec.Stamps = m.to, nil, keptStamps(t.kept.Stamps())
	s.relieve(t) // it is another disk
	t.rec.Moving, t.dirty = intent{From: moved.From, Copied: moved.Copied}.String(), true
	t.rec.Final = "" // if it was another, the user wants it here
	if n := len(moved.Copied); n > 0 {
		s.emit(Notice, t, fmt.Sprintf("%q was moved. %d of its files were there before it and were copied; they also stay in %s.", t.name(), n, moved.From))
	}
	s.touch(t)
	s.recordMove(t, safe, func(s *state) {
		s.movers.push(func() func(*state) {
			err := moved.Finish()
			return func(s *state) {
				if err != nil {
					s.emit(Notice, t, because(fmt.Sprintf("%q was moved, but not all old files could be removed", t.name()), err))
				}
				s.endMove(t, "Moved to "+m.to+".")
			}
		})
	})
}

// failMove ends a move that could not be done: the files are where they were.
func (s *state) failMove(t *torrent, err error) {
	text := because(fmt.Sprintf("%q could not be moved to %s", t.name(), t.move.to), err)
	s.emit(Notice, t, text)
	s.endMove(t, text+" It stays in "+t.rec.Dir+".")
}

// release closes the files that a move had opened, unless the torrent runs with them.
func (s *state) release(t *torrent) {
	d := t.kept
	t.kept = nil
	if t.run != nil && t.run.disk == d {
		s.steer(t)
		return
	}
	s.task(t, s.tasks, func() func(*state) { d.Close(); return nil })
}

// moveAgain goes on with what a record says that was under way when the program ended.
func (s *state) moveAgain(t *torrent) {
	switch i := intentOf(t.rec.Moving); {
	case i.To != "":
		t.move = &moving{to: i.To}
	case i.Names != nil:
		t.renames = i.Names
	case i.From != "":
		t.leftover = &i
	case t.rec.Moving != "":
		t.rec.Moving, t.dirty = "", true
	}
}

// clearLeftover removes the old copies of a move that was recorded, but not finished.
func (s *state) clearLeftover(t *torrent) {
	i, files, key, quit := *t.leftover, t.files(), t.id.String(), s.quit
	t.leftover = nil
	s.movers.push(func() func(*state) {
		if quit.Err() != nil {
			return nil
		}
		err := disk.Leftover(files, i.From, key, i.Copied)
		return func(s *state) {
			if err != nil {
				s.emit(Notice, t, because(fmt.Sprintf("Not all old files of %q could be removed", t.name()), err))
			}
			if intentOf(t.rec.Moving).From == i.From {
				t.rec.Moving, t.dirty = "", true
			}
		}
	})
}

// sampleMove takes a second's figures of a move.
func (s *state) sampleMove(t *torrent) {
	if m := t.move; m != nil {
		m.rate = m.meter.add(m.progress.Done())
		s.touch(t)
	}
}

// shown returns the move as a row has it.
func (m *moving) shown() *Move {
	if m == nil {
		return nil
	}
	v := &Move{To: m.to, State: m.state, Done: m.progress.Done(), Total: m.progress.Total(), Rate: m.rate, Left: -1}
	if v.Rate > 0 {
		v.Left = time.Duration(float64(max(0, v.Total-v.Done)) / float64(v.Rate) * float64(time.Second)).Round(time.Second)
	}
	return v
}
