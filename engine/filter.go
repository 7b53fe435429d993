package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"piecewise/engine/internal/ipfilter"
)

// FilterState is what is known of the filter of addresses.
type FilterState struct {
	On       bool
	Loading  bool      // the file is being read; at the start nobody is connected meanwhile
	Rules    int       // lines that refuse addresses, of the file and of those that were typed
	Ranges   int       // of addresses that they come to
	Bad      int       // lines that could not be read
	FirstBad string    // the first of them, and why; may hold text of the file
	Err      string    // why the file is not taken, one sentence; what was read of it before holds
	Loaded   time.Time // when it was read last; zero if it never was
	Refused  int       // addresses that were refused since the start, of which 65,536 are told apart
}

// filter is what the loop knows of it.
type filter struct {
	gate    *ipfilter.Gate
	told    FilterState
	stamp   stamp // of the file that was read
	whole   bool  // what holds is of the file as well, not only what was typed
	loads   int   // how often it was begun; an older result is not taken
	looking bool  // a job looks whether the file has changed
}

// stamp tells whether a file is the one that was read.
type stamp struct {
	path string
	size int64
	time time.Time
}

const filterEvery = time.Minute // the file is looked at

// ReloadFilter reads the filter's file again, though it seems not to have changed.
func (e *Engine) ReloadFilter(ctx context.Context) error {
	return e.do(ctx, func(s *state) error {
		if !s.settings.IPFilter {
			return errors.New("the filter is off")
		}
		s.loadFilter()
		return nil
	})
}

// refilter has the settings' filter hold.
func (s *state) refilter() {
	f := &s.filter
	if s.settings.IPFilter {
		s.loadFilter()
		return
	}
	f.loads++
	f.gate.Set(nil)
	f.told, f.stamp, f.whole, s.changed = FilterState{Refused: f.told.Refused}, stamp{}, false, true
}

// loadFilter reads the file and what was typed, and has that hold.
func (s *state) loadFilter() {
	f := &s.filter
	f.loads++
	f.told.On, f.told.Loading, s.changed = true, true, true
	load, path, typed := f.loads, s.settings.FilterFile, s.settings.FilterRanges
	s.tasks.push(func() func(*state) {
		r := readFilter(path, typed)
		return func(s *state) {
			if s.filter.loads == load {
				s.filtered(r)
			}
		}
	})
}

// filterRead is what came of reading.
type filterRead struct {
	filter *ipfilter.Filter
	typed  *ipfilter.Filter // of what was typed alone
	report ipfilter.Report  // of both
	stamp  stamp
	err    error // of the file
}

func readFilter(path, typed string) filterRead {
	var r filterRead
	var alone ipfilter.Builder
	report, _ := alone.Read(strings.NewReader(typed)) // it is bounded already, and what is wrong is in the report
	r.typed, r.report = alone.Filter(), report
	r.filter = r.typed
	if path == "" {
		return r
	}
	var both ipfilter.Builder
	_, _ = both.Read(strings.NewReader(typed))
	var found ipfilter.Report
	if found, r.stamp, r.err = readFilterFile(&both, path); r.err != nil {
		return r
	}
	r.filter = both.Filter()
	r.report.Rules += found.Rules
	if r.report.Bad == 0 {
		r.report.FirstBad = found.FirstBad
	}
	r.report.Bad += found.Bad
	return r
}

func readFilterFile(b *ipfilter.Builder, path string) (ipfilter.Report, stamp, error) {
	is, err := stampOf(path)
	if err != nil {
		return ipfilter.Report{}, is, err
	}
	file, err := os.Open(path)
	if err != nil {
		return ipfilter.Report{}, is, err
	}
	defer file.Close()
	report, err := b.Read(file)
	return report, is, err
}

// stampOf looks at a file, which must be a plain one: of another reading might never
// end.
func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{path: path}, err
	}
	if !info.Mode().IsRegular() {
		return stamp{path: path}, fmt.Errorf("%s is not a file", path)
	}
	return stamp{path, info.Size(), info.ModTime()}, nil
}

// filtered takes what was read.
func (s *state) filtered(r filterRead) {
	f := &s.filter
	told := FilterState{On: true, Refused: f.told.Refused, Loaded: time.Now()}
	told.Rules, told.Bad, told.FirstBad = r.report.Rules, r.report.Bad, r.report.FirstBad
	s.changed = true
	if r.err != nil {
		told.Err = because("The filter's file cannot be read", r.err)
		if told.Err != f.told.Err {
			s.emit(Notice, nil, told.Err)
		}
		if before := f.told; f.whole && f.stamp.path == r.stamp.path {
			told.Rules, told.Ranges, told.Loaded = before.Rules, before.Ranges, before.Loaded
			f.told, f.stamp = told, r.stamp // what was read before holds
			return
		}
	}
	f.gate.Set(r.filter)
	f.whole = r.err == nil
	told.Ranges = r.filter.Ranges()
	f.told, f.stamp = told, r.stamp
	control := s.control
	s.tasks.push(func() func(*state) { control.Refilter(); return nil })
}

// watchFilter reads the file again if it has changed.
func (s *state) watchFilter() {
	f := &s.filter
	if n := f.gate.Refused(); n != f.told.Refused {
		f.told.Refused, s.changed = n, true
	}
	if s.ticks%int(filterEvery/tickEvery) != 0 || !s.settings.IPFilter || s.settings.FilterFile == "" || f.told.Loading || f.looking {
		return
	}
	f.looking = true
	path, was := s.settings.FilterFile, f.stamp
	s.tasks.push(func() func(*state) {
		is, err := stampOf(path)
		return func(s *state) {
			s.filter.looking = false
			if gone := errors.Is(err, fs.ErrNotExist); is != was && s.settings.FilterFile == path && (!gone || s.filter.told.Err == "") {
				s.loadFilter()
			}
		}
	})
}
