package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
)

// The commands, as the loop applies them. None waits.

func (s *state) add(src *Source, opts AddOptions) error {
	t := s.twin(nil, src.HashV2, src.ID)
	switch {
	case t == nil:
		t = s.newTorrent(src)
		s.insert(t)
	case t.leaving != nil:
		return fmt.Errorf("%q is just being removed; add it again in a moment", t.rec.Name)
	case !t.preview || t.id != src.ID:
		s.merge(t, src)
		return &DuplicateError{t.id, t.rec.Name}
	}
	t.preview, t.dirty = false, true
	s.lend(t)
	t.rec.Dir = s.settings.Dir
	if opts.Dir != "" {
		t.rec.Dir = opts.Dir
	}
	if dir, err := filepath.Abs(t.rec.Dir); err == nil {
		t.rec.Dir = dir
	}
	t.rec.Paused = opts.Paused
	if opts.Priorities != nil {
		t.only = nil
	}
	if opts.Options != nil {
		s.tune(t, *opts.Options)
	}
	if opts.Continue {
		t.tuned.Continue = true
		t.keepTuned()
	}
	s.choose(t, opts.Priorities)
	s.chooseOnly(t)
	s.fetchExact(t)
	s.note(t, "Added to the list, saved in "+t.rec.Dir+".")
	s.emit(Added, t, "")
	s.touch(t)
	s.dial(t, opts.Peers) // and steer
	return nil
}

func (s *state) newTorrent(src *Source) *torrent {
	t := &torrent{
		id: src.ID, meta: src.Meta, gate: src.gate, raw: src.raw, fresh: true, hinted: slices.Clone(src.Peers),
		hashV2: src.HashV2, made: src.made, only: src.only, exact: src.Exact,
		rec:   store.Record{ID: src.ID, Name: src.Name, Added: time.Now(), Trackers: src.Trackers},
		tuned: tuned{Options: DefaultOptions()},
	}
	if t.meta != nil {
		t.have = MakeBits(t.meta.Pieces)
		t.rec.Pieces = t.meta.Pieces
	} else {
		t.rec.Magnet = (&admit.Link{ID: src.ID, HashV2: src.HashV2, Name: src.Name, Trackers: src.Trackers, WebSeeds: src.WebSeeds, Exact: src.Exact, Only: src.only}).String()
	}
	return t
}

// choose sets the priorities that differ from Normal.
func (s *state) choose(t *torrent, p map[int]Priority) {
	if t.meta == nil || len(p) == 0 {
		s.count(t)
		return
	}
	t.rec.Priorities = make([]byte, len(t.meta.Files))
	for file, priority := range p {
		if file >= 0 && file < len(t.meta.Files) {
			t.rec.Priorities[file] = byte(priority)
		}
	}
	s.count(t)
}

// merge takes over trackers that a second source of the torrent names. A private
// torrent keeps to its own (BEP 27).
func (s *state) merge(t *torrent, src *Source) {
	if t.private() {
		return
	}
	s.hint(t, src.Peers)
	if s.addTrackers(t, src.Trackers) {
		s.note(t, "New trackers were added.")
	}
}

func (s *state) preview(src *Source) error {
	if t := s.twin(nil, src.HashV2, src.ID); t != nil {
		if t.preview && t.id == src.ID {
			return nil
		}
		if t.leaving != nil {
			return fmt.Errorf("%q is just being removed; add it again in a moment", t.rec.Name)
		}
		s.merge(t, src)
		return &DuplicateError{t.id, t.rec.Name}
	}
	t := s.newTorrent(src)
	t.preview = true
	s.lend(t)
	s.insert(t)
	s.steer(t)
	return nil
}

func (s *state) discard(id ID) error {
	if t, err := s.find(id); err == nil && t.preview {
		t.leaving = &leaving{}
		s.changed = true
		s.steer(t)
	}
	return nil
}

func (s *state) pause(id ID) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	if t.check != nil {
		t.check.stop()
	}
	t.checkNow = false
	if !t.rec.Paused {
		t.rec.Paused, t.dirty = true, true
		s.note(t, "Paused.")
	}
	s.dismiss(t)
	if t.rec.Fault != "" {
		t.rec.Fault, t.dirty = "", true
	}
	s.touch(t)
	s.steer(t)
	return nil
}

func (s *state) resume(id ID) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	if t.rec.Paused || t.rec.Fault != "" {
		s.note(t, "Resumed.")
	}
	s.relieve(t)
	if t.standby != nil && !t.standby.sound {
		s.lookAt(t, true)
	}
	if t.rec.Fault != "" && t.run == nil {
		t.fresh = t.fresh || t.rec.Stamps == nil && t.rec.Downloaded == 0 // nobody could look at its folder
		t.altered = t.altered || len(t.rec.Foreign) > 0                   // what was in the way may be gone
	}
	t.rec.Paused, t.rec.Fault, t.lost, t.dirty = false, "", false, true
	s.touch(t)
	s.steer(t)
	return nil
}

func (s *state) remove(id ID, files bool) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	if t.check != nil {
		t.check.stop()
	}
	s.dismiss(t)
	t.leaving = &leaving{files: files && t.known() && !t.preview}
	s.stopMove(t)
	s.changed = true
	s.steer(t)
	return nil
}

func (e *Engine) removal(ctx context.Context, id ID) ([]string, error) {
	var look func() []string
	err := e.withMeta(ctx, id, func(s *state, t *torrent) error {
		if t.meta == nil || t.fresh {
			return nil
		}
		files := t.files()
		if t.run != nil {
			files.Stamps = nil // they are as it was started
		}
		look = func() []string { return disk.Ours(files) }
		return nil
	})
	if err != nil || look == nil {
		return nil, err
	}
	return look(), nil
}

func (s *state) recheck(id ID) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	if !t.known() {
		return errors.New("there is nothing to check before the torrent's details are known")
	}
	s.dismiss(t)
	t.rec.Recheck, t.checkNow, t.rec.Fault, t.dirty = true, true, "", true
	s.note(t, "Recheck was asked for.")
	s.touch(t)
	s.steer(t)
	return nil
}

func (s *state) setPriority(t *torrent, files []int, p Priority) error {
	if t.meta == nil {
		return errors.New("set priority: the torrent's files are not known yet")
	}
	priorities := make([]byte, len(t.meta.Files))
	copy(priorities, t.rec.Priorities)
	for _, f := range files {
		if f < 0 || f >= len(priorities) {
			return fmt.Errorf("set priority: there is no file %d", f)
		}
		priorities[f] = byte(p)
	}
	t.rec.Priorities, t.dirty = priorities, true
	s.chooseFiles(t)
	s.choosePieces(t)
	s.touch(t)
	s.steer(t)
	return nil
}

// choosePieces works out which pieces are wanted, after priorities or options changed.
func (s *state) choosePieces(t *torrent) {
	s.count(t)
	if r := t.run; r != nil && r.disk != nil {
		r.SetWanted(t.wanted.pieces)
	}
}

func (s *state) addPeers(id ID, peers []netip.AddrPort) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	s.dial(t, peers)
	return nil
}

// dial has the library dial peers that the user or a magnet names, now and
// whenever the torrent is started.
func (s *state) dial(t *torrent, peers []netip.AddrPort) {
	for _, p := range peers {
		if !slices.Contains(t.peers, p) && len(t.peers) < 1000 {
			t.peers = append(t.peers, p)
		}
	}
	if r := t.run; r != nil && len(peers) > 0 {
		s.library.push(func() func(*state) { r.AddPeers(peers, plane.OriginManual); return nil })
	}
	s.steer(t) // if it stands by, it has something to do now
}

func (s *state) magnet(id ID) (string, error) {
	t, err := s.find(id)
	if err != nil {
		return "", err
	}
	l := &admit.Link{ID: t.id, HashV2: t.hashV2, Name: t.rec.Name, Trackers: t.rec.Trackers}
	if o := t.rec.Outline; t.known() {
		if l.HashV2 = o.HashV2; o.HashV1 != [20]byte{} {
			l.ID = o.HashV1
		}
	}
	return l.String(), nil
}

func (s *state) watch(id ID) error {
	if _, err := s.find(id); !id.IsZero() && err != nil {
		return err
	}
	if s.watched != id {
		s.watched, s.detail, s.changed = id, nil, true
		s.announcer.Look(id)
		s.sampleDetail(true)
		if t := s.torrents[id]; t != nil {
			s.lookAt(t, true)
			s.steer(t)
		}
	}
	return nil
}
