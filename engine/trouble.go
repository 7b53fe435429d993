package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"piecewise/engine/internal/disk"
)

// home is where the file system of a torrent's folder began when it was seen last.
type home struct{ dir, disk string }

// onDisk says on which disk files must be, if that is known.
func (t *torrent) onDisk(o disk.Options) disk.Options {
	if t.home.dir == o.Dir {
		o.Disk = t.home.disk
	}
	return o
}

// failing returns what the files of a torrent call when the disk refuses something.
func (s *state) failing(t *torrent, o disk.Options) func(error) {
	mail := s.mail
	return func(err error) {
		mail.post(func(s *state) { s.examine(t, o, err) })
	}
}

// examine finds out what an error of the torrent's files comes to. Nothing is started
// for it meanwhile, and what runs has stopped to fetch.
func (s *state) examine(t *torrent, o disk.Options, err error) {
	if t.examined || t.trouble != nil || t.leaving != nil || s.torrents[t.id] != t {
		return
	}
	if r := t.run; r != nil && r.disk != nil {
		o.Dir, o.Names, o.Have = r.disk.Dir(), r.disk.Names(), r.disk.Have()
		t.home = home{o.Dir, r.disk.Disk()}
	}
	o = t.onDisk(o)
	o.OnError = nil
	t.examined = true
	need, r := max(0, t.missing()), t.run
	s.looks.push(func() func(*state) {
		trouble := disk.Diagnose(o, need, err)
		return func(s *state) {
			t.examined = false
			if t.run == r && t.leaving == nil {
				s.count(t)
				trouble.Need = cmp.Or(max(0, t.missing()), trouble.Need)
				s.suffer(t, trouble)
			}
			s.touch(t)
			s.steer(t)
		}
	})
}

// filesError is why a torrent's files could not be opened.
type filesError struct {
	files disk.Options
	err   error
}

func (e *filesError) Error() string { return e.err.Error() }
func (e *filesError) Unwrap() error { return e.err }

// notStarted deals with a torrent that could not be started, or not be checked.
func (s *state) notStarted(t *torrent, err error) {
	if f := (*filesError)(nil); errors.As(err, &f) && disk.KindOf(err) != disk.Unknown {
		s.examine(t, f.files, f.err)
		return
	}
	s.fault(t, because("Could not be started", err))
}

// suffer has a torrent bear what is wrong with its files.
func (s *state) suffer(t *torrent, trouble disk.Trouble) {
	foreign := (*disk.ForeignError)(nil)
	switch {
	case trouble.Kind == disk.Changed && !t.rec.Recheck:
		s.note(t, trouble.Sentence())
		s.doubt(t)
	case t.rec.Fault != "" || t.checkNow: // or the user was faster
	case t.rec.Paused && !t.fresh:
		s.note(t, trouble.Sentence())
	case trouble.Heals():
		t.trouble, t.rec.Fault = &trouble, trouble.Sentence()
		s.note(t, t.rec.Fault)
		s.wait(t)
	default:
		if errors.As(trouble.Err, &foreign) && foreign.New {
			t.rec.Foreign = append(slices.Clone(t.rec.Foreign), foreign.File)
		}
		s.fault(t, trouble.Sentence())
	}
}

// doubt has files checked that another program changed while the torrent ran: of one
// that writes nothing only those that are not as they were recorded, unless that has
// found nothing.
func (s *state) doubt(t *torrent) {
	if t.wanted.have >= t.wanted.size && !t.doubted {
		t.altered, t.doubted = true, true
		return
	}
	t.rec.Recheck, t.doubted, t.dirty = true, false, true
}

// held reports whether a running torrent goes on to seed while it cannot be written.
func (t *torrent) held() bool { return t.run != nil && t.trouble != nil && t.trouble.Readable() }

// dismiss forgets a torrent's trouble and goes on with nothing.
func (s *state) dismiss(t *torrent) {
	if t.trouble == nil {
		return
	}
	if o := s.outages[spotOf(t.trouble)]; o != nil {
		delete(o.all, t)
	}
	t.trouble, t.rec.Fault, t.dirty = nil, "", true
	s.touch(t)
}

// relieve has a torrent go on whose trouble is over, or of which the user wants to
// see whether it is.
func (s *state) relieve(t *torrent) {
	r, held := t.run, t.held()
	s.dismiss(t)
	t.tries = true
	if held {
		s.tasks.push(func() func(*state) {
			r.disk.Forgive()
			r.SetFetching(true)
			return nil
		})
	}
}

// spot is the place of a trouble that torrents share.
type spot struct {
	kind  disk.Kind
	where string // a disk, or a folder
}

func spotOf(t *disk.Trouble) spot {
	switch t.Kind {
	case disk.Full, disk.ReadOnly, disk.Failing:
		if t.Disk != "" {
			return spot{t.Kind, t.Disk}
		}
	}
	return spot{t.Kind, t.Dir}
}

// outage is one disk or folder in trouble, and the torrents that wait for its end:
// whether it is over is asked for all of them at once, less and less often.
type outage struct {
	all    map[*torrent]bool
	untold []*torrent // that came since the user was told
	told   time.Time
	since  time.Time // the last torrent came
	free   int64     // bytes that those who wait have left when it was asked last; -1 if unknown
	pause  time.Duration
	next   time.Time // when it is asked next
	asking bool
}

const (
	pauseFirst  = 2 * time.Second
	pauseMax    = time.Minute
	failingMore = 10               // times the pauses for a disk that fails by itself
	quietAfter  = 10 * time.Minute // without new trouble, pauses are short again
	tellEvery   = time.Minute      // of one outage
)

// wait adds a torrent to those that wait for the end of its trouble. One that comes
// back soon makes the next pause longer.
func (s *state) wait(t *torrent) {
	at, now := spotOf(t.trouble), time.Now()
	o := s.outages[at]
	if o == nil {
		o = &outage{all: map[*torrent]bool{}}
		s.outages[at] = o
	}
	if len(o.all) == 0 {
		o.pause = s.longer(o.pause, at.kind)
		o.next, o.free = now.Add(o.pause), t.trouble.Free
	}
	o.all[t], o.since, o.untold = true, now, append(o.untold, t)
}

// joins has a torrent that is about to start wait with others for the end of an outage,
// if it has something to write to that disk, and, of a full one, more than is free. One
// that has just been told to go on tries. It reports whether it is not to be started now.
func (s *state) joins(t *torrent) bool {
	tries := t.tries
	t.tries = false
	if tries || t.missing() <= 0 || !s.outageToJoin() {
		return false
	}
	if t.near.dir != t.rec.Dir {
		dir := t.rec.Dir
		s.task(t, s.looks, func() func(*state) {
			at := disk.Begins(dir)
			return func(*state) { t.near = home{dir, at} }
		})
		return true
	}
	at := t.near.disk
	t.near = home{} // next time it may be another disk
	for _, kind := range joined {
		o := s.outages[spot{kind, at}]
		switch {
		case o == nil || len(o.all) == 0:
		case kind == disk.Full && t.missing() <= o.free:
			o.free -= t.missing()
		default:
			s.suffer(t, disk.Trouble{Kind: kind, Dir: t.rec.Dir, Disk: at, Path: t.rec.Dir, Writing: true, Need: t.missing(), Free: o.free})
			s.touch(t)
			return true
		}
	}
	return false
}

// joined are the troubles that a disk has with whatever is written to it.
var joined = []disk.Kind{disk.Full, disk.ReadOnly}

// outageToJoin reports whether there is one on any disk.
func (s *state) outageToJoin() bool {
	for at, o := range s.outages {
		if len(o.all) > 0 && slices.Contains(joined, at.kind) {
			return true
		}
	}
	return false
}

// longer returns the pause after this one.
func (s *state) longer(pause time.Duration, kind disk.Kind) time.Duration {
	first, most := cmp.Or(s.cfg.firstPause, pauseFirst), pauseMax
	if kind == disk.Failing {
		first, most = first*failingMore, most*failingMore
	}
	return min(max(2*pause, first), most)
}

// care looks after the disks in trouble, once a second.
func (s *state) care(now time.Time) {
	for at, o := range s.outages {
		if len(o.all) == 0 {
			o.untold = nil
			if now.Sub(o.since) > quietAfter {
				delete(s.outages, at)
			}
			continue
		}
		if len(o.untold) > 0 && now.Sub(o.told) >= tellEvery {
			s.tellOf(o)
			o.untold, o.told = nil, now
		}
		if !o.asking && !now.Before(o.next) {
			s.ask(at, o)
		}
	}
}

// tellOf tells the user of an outage, once for all torrents that are new in it.
func (s *state) tellOf(o *outage) {
	fresh := slices.DeleteFunc(o.untold, func(t *torrent) bool { return !o.all[t] })
	switch len(fresh) {
	case 0:
		return
	case 1:
		s.emit(Fault, fresh[0], fresh[0].rec.Fault)
		return
	}
	all := *fresh[0].trouble
	all.Need = 0
	for _, t := range fresh {
		all.Need += t.trouble.Need
	}
	s.emit(Fault, nil, fmt.Sprintf("%d torrents have stopped. %s", len(fresh), all.Sentence()))
}

// ask finds out whether an outage is over, and for which of its torrents.
func (s *state) ask(at spot, o *outage) {
	waiting := make([]*torrent, 0, len(o.all))
	troubles := make([]disk.Trouble, 0, len(o.all))
	for _, t := range s.order { // those that were added first have what room there is
		if !o.all[t] {
			continue
		}
		waiting = append(waiting, t)
		if need := t.missing(); need >= 0 { // it is known
			t.trouble.Need = need
		}
		troubles = append(troubles, *t.trouble)
	}
	taken := s.needed(at)
	o.asking = true
	s.looks.push(func() func(*state) {
		over := disk.Over(troubles, taken)
		return func(s *state) {
			o.asking = false
			s.answered(at, waiting, troubles, over)
			o.pause = s.longer(o.pause, at.kind)
			o.next = time.Now().Add(o.pause)
		}
	})
}

// needed returns what torrents that are not in trouble have yet to write to a disk.
func (s *state) needed(at spot) (bytes int64) {
	if at.kind != disk.Full {
		return 0
	}
	for _, t := range s.order {
		if t.run != nil && t.trouble == nil && t.home.disk == at.where {
			bytes += max(0, t.missing())
		}
	}
	return bytes
}

// answered lets those torrents go on whose trouble is over.
func (s *state) answered(at spot, waiting []*torrent, troubles []disk.Trouble, over []bool) {
	var healed []*torrent
	relief := ""
	for i, t := range waiting {
		if t.trouble == nil || spotOf(t.trouble) != at || t.leaving != nil {
			continue // the user was faster
		}
		if over[i] {
			relief = troubles[i].Relief()
			s.note(t, relief+", so it goes on.")
			healed = append(healed, t)
			continue
		}
		t.trouble.Free = troubles[i].Free
		if o := s.outages[at]; o != nil {
			o.free = troubles[i].Free
		}
		if now := t.trouble.Sentence(); now != t.rec.Fault {
			t.rec.Fault = now
			s.touch(t)
		}
	}
	switch len(healed) {
	case 0:
		return
	case 1:
		s.emit(Notice, healed[0], fmt.Sprintf("%s, so %q goes on.", relief, healed[0].rec.Name))
	default:
		s.emit(Notice, nil, fmt.Sprintf("%s, so %d torrents go on.", relief, len(healed)))
	}
	for _, t := range healed {
		s.relieve(t)
		s.steer(t)
	}
}
