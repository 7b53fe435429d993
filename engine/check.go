package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
)

// checkLanes is how many checks run at the same time, each on a disk of its own, on
// all processors. They may take hours, so they have lanes of their own.
const checkLanes = 8

// check is a check under way.
type check struct {
	cancel context.CancelFunc
	asked  bool         // for by the user
	ended  bool         // it was cancelled, and is as good as over
	done   atomic.Int64 // pieces
	bytes  atomic.Int64 // that were hashed, of those that have to be
	total  atomic.Int64 // bytes that have to be; 0 before that is known
	speed  meter
	rate   int64 // bytes/s
}

// sample takes a second's figures.
func (c *check) sample() { c.rate = c.speed.add(c.bytes.Load()) }

// left returns how long it will take at the rate of the last seconds, -1 if unknown.
func (c *check) left() time.Duration {
	if c.rate == 0 {
		return -1
	}
	return time.Duration(float64(c.total.Load()-c.bytes.Load()) / float64(c.rate) * float64(time.Second)).Round(time.Second)
}

// stop has the check end: no later than after a buffer a processor.
func (c *check) stop() {
	c.ended = true
	c.cancel()
}

// toCheck reports whether the torrent is to be hashed, now or when its turn comes.
func (t *torrent) toCheck() bool {
	return t.unchecked() && t.known() && (t.checkNow || !t.rec.Paused && t.rec.Fault == "")
}

// unchecked reports whether files must be hashed before it runs, or be looked at before
// they become ours.
func (t *torrent) unchecked() bool { return t.rec.Recheck || t.altered || t.tuned.Continue }

// hash hashes the torrent's data on disk and believes only what is right: all of it
// if a recheck is due, else what is not as it was recorded. The torrent does not run
// meanwhile. It waits for its turn while another one on the same disk is checked.
func (s *state) hash(t *torrent) {
	dir := t.rec.Dir
	device, known := s.devices[dir]
	if !known {
		s.lookUp(dir)
	}
	if !known || s.checking[device] {
		return
	}
	if t.unread() {
		s.read(t)
		return
	}
	s.checking[device] = true
	delete(s.devices, dir) // the next one looks again: disks come and go
	ctx, cancel := context.WithCancel(s.quit)
	c := &check{cancel: cancel, asked: t.checkNow}
	t.check = c
	gate, st, id := t.gate, s.store, t.id
	o := t.files()
	o.Have, o.Anyway = t.have, t.rec.Recheck
	s.touch(t)
	s.task(t, s.checks, func() func(*state) {
		defer cancel()
		var found review
		err := error(nil)
		if gate == nil {
			gate, err = reload(st, id)
		}
		if err == nil && !c.asked {
			err = o.There() // else all would seem to be lost
		}
		if err == nil {
			found, err = inspect(ctx, o, piecesOf(gate), c)
		}
		return func(s *state) {
			delete(s.checking, device)
			s.hashed(t, found, err)
			s.checkNext(t)
		}
	})
}

// inspect hashes what files hold, and tells c how far it is. It fails if the disk does:
// then nothing is known of the pieces that could not be read.
func inspect(ctx context.Context, o disk.Options, p hash.Pieces, c *check) (review, error) {
	d, err := disk.Open(o)
	if err != nil {
		return review{}, err
	}
	defer d.Close()
	scan := d.Scan()
	defer scan.Close()
	found := newReview(d, o.Have, o.Anyway)
	c.done.Add(int64(o.Layout.Pieces - found.Suspects.Count()))
	p.Only = found.Suspects.Has
	c.total.Store(bytesOf(&p))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = hash.Verify(ctx, &watchful{scan, stop}, p, func(piece int, ok bool) {
		c.done.Add(1)
		c.bytes.Add(p.Size(piece))
		if ok {
			found.have.Set(piece)
			found.right++
		}
	})
	if err != nil {
		return review{}, cmp.Or(context.Cause(ctx), err)
	}
	if err := d.SyncFound(); err != nil { // nothing is recorded that the next power cut takes away
		return review{}, err
	}
	o.Disk, o.Have, o.Stamps = d.Disk(), Bits{}, nil
	return found, o.There()
}

// checkNext begins the checks that can begin now, of all torrents but one.
func (s *state) checkNext(but *torrent) {
	for _, t := range s.order {
		if t != but && t.toCheck() {
			s.steer(t)
		}
	}
}

// lookUp finds out on which disk a folder is. One that does not answer holds up one
// lane.
func (s *state) lookUp(dir string) {
	if s.looking[dir] {
		return
	}
	s.looking[dir] = true
	deviceOf := s.deviceOf
	s.checks.push(func() func(*state) {
		device, _ := deviceOf(dir) // what is wrong with it, the check will tell
		return func(s *state) {
			delete(s.looking, dir)
			s.devices[dir] = device
			s.checkNext(nil)
		}
	})
}

// bytesOf returns how many bytes Verify hashes.
func bytesOf(p *hash.Pieces) (n int64) {
	for i := range p.Count() {
		if p.Only(i) {
			n += p.Size(i)
		}
	}
	return n
}

// review is what a check looks at and what it has found.
type review struct {
	disk.Changes
	all    bool         // Suspects are all pieces
	have   Bits         // what is believed
	right  int          // pieces of Suspects
	stamps []disk.Stamp // from before they were read
}

func newReview(d *disk.Torrent, have Bits, all bool) review {
	r := review{Changes: d.Changes(), all: all, have: have.Clone(), stamps: d.Stamps()}
	for i := range have.Len() {
		if all {
			r.Suspects.Set(i)
		}
		if r.Suspects.Has(i) {
			r.have.Clear(i)
		}
	}
	return r
}

// watchful reads for a check and ends it with the first error of the disk. That a
// file is missing or too short is none.
type watchful struct {
	io.ReaderAt
	stop context.CancelCauseFunc
}

func (w *watchful) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(b, off)
	if err != nil && err != io.EOF {
		if kind := disk.KindOf(err); kind != disk.Changed && kind != disk.Unknown {
			w.stop(err)
		}
	}
	return n, err
}

func (s *state) hashed(t *torrent, r review, err error) {
	t.check, t.checkNow = nil, t.checkNow && !t.check.asked && err != nil
	switch {
	case s.quit.Err() != nil || t.leaving != nil:
		return
	case errors.Is(err, context.Canceled): // paused; it is done after all when resumed
		return
	case err != nil: // it is still to be done, when its disk or the user lets it
		s.notStarted(t, &filesError{t.files(), err})
		return
	}
	t.rec.Recheck, t.altered, t.have, t.drawn, t.dirty = false, false, r.have, nil, true
	t.rec.Stamps, t.rec.Live, t.rec.Wrote = keptStamps(r.stamps), time.Time{}, time.Time{}
	s.reviewed(t, r.Changes)
	s.count(t)
	if r.all {
		s.note(t, fmt.Sprintf("Checked: %d of %d pieces are there.", r.have.Count(), r.have.Len()))
	} else {
		s.told(t, r.Changes, r.right)
		t.doubted = t.doubted && len(r.Edited) == 0
	}
	s.inTheWay(t)
}
